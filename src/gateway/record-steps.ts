import type { Outcome } from '../policy/index.ts';
import { completionOf, type DecidedBy, type IntentState } from './ledger-records.ts';
import { raiseLateFault } from './loose-ends.ts';
import type { Walk } from './walk.ts';

/**
 * Tells how a walk ended: the steps of `record`, the metrics, and the ledger where it has taken an intent of it. `since`:
 * who has decided on it since then.
 */
export function recordEnd(passage: Walk, end: Outcome, intent: IntentState | 'due', since: DecidedBy): void {
  if (passage.plan.record.length > 0) runRecordSteps(passage, end);
  const { ledger, metrics } = passage.context.ports;
  metrics.finished(passage.operation.api, end.status, end.durationUs);
  if (intent !== 'taken') return;
  const completion = completionOf({ id: passage.id, at: passage.wallMs() }, end, since);
  const { observations } = passage;
  ledger.append(observations === null ? completion : { ...completion, ...observations.take() });
}

/** Runs the steps of `record`. The reply is out: what one of them throws changes nothing but is told. */
function runRecordSteps(passage: Walk, end: Outcome): void {
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
    grpcStatus: end.grpcStatus,
    originalHash: end.originalHash,
    cleaned: end.cleaned,
    complete: end.complete,
  };
}
