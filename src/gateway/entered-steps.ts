import type { Outcome } from '../policy/index.ts';
import { raiseFault } from './faults.ts';
import type { AnyStep } from './plan.ts';
import type { Walk } from './walk.ts';

/** Steps of a passage whose `release` is due, each once. */
export class EnteredSteps {
  readonly #entered: AnyStep[] = [];

  /** Notes that a step is about to run. */
  note(planned: AnyStep): void {
    // A step that sees an upstream's reply and the refusal in its place runs twice and is released once.
    if (!this.#entered.some((entered) => entered.step === planned.step)) this.#entered.push(planned);
  }

  /** Releases what was entered, whatever each of them throws. */
  release(passage: Walk): void {
    for (const planned of this.#entered.splice(0)) {
      passage.reading = planned.step.reads.request;
      try {
        planned.step.release?.(passage);
      } catch (fault) {
        raiseLateFault(passage, planned, fault);
      }
    }
  }
}

/** Runs the steps of `record`. The reply is out: what one of them throws changes nothing but is told. */
export function runRecordSteps(passage: Walk, outcome: Outcome): void {
  for (const planned of passage.plan.record) {
    passage.enter(planned);
    passage.reading = planned.step.reads.request;
    try {
      const pending: unknown = planned.step.run(passage, outcome);
      if (pending instanceof Promise) pending.catch((fault: unknown) => raiseLateFault(passage, planned, fault));
    } catch (fault) {
      raiseLateFault(passage, planned, fault);
    }
  }
}

function raiseLateFault(passage: Walk, { policy }: AnyStep, fault: unknown): void {
  raiseFault(passage.context.ports, { policy, operation: passage.operation.id, request: passage.id }, fault);
}
