import type { Outcome } from '../policy/index.ts';
import { raiseLateFault } from './loose-ends.ts';
import type { Walk } from './walk.ts';

/** Runs the steps of `record`. The reply is out: what one of them throws changes nothing but is told. */
export function runRecordSteps(passage: Walk, end: Outcome): void {
  const outcome = copyOf(end);
  for (const planned of passage.plan.record) {
    if (planned.releases) passage.enter(planned);
    passage.reading = planned.reads;
    try {
      const pending: unknown = planned.step.run(passage, outcome);
      if (pending instanceof Promise) pending.catch((fault: unknown) => raiseLateFault(passage, planned, fault));
    } catch (fault) {
      raiseLateFault(passage, planned, fault);
    }
  }
}

/** What a step may keep: it is the passage itself that knows how it ended, with all that the client sent. */
function copyOf(end: Outcome): Outcome {
  return {
    verdict: end.verdict,
    problem: end.problem,
    problemCode: end.problemCode,
    policy: end.policy,
    rule: end.rule,
    status: end.status,
    upstreamStatus: end.upstreamStatus,
    requestBytes: end.requestBytes,
    responseBytes: end.responseBytes,
    durationUs: end.durationUs,
    upstreamUs: end.upstreamUs,
    complete: end.complete,
  };
}
