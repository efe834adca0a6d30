import type { Clock, Timer } from '../ports/index.ts';
import { raiseFault } from './faults.ts';
import type { AnyStep } from './planned-step.ts';
import type { Walk } from './walk.ts';

/** What a walk has taken on and must put back when it ends. Most walks take on nothing and have none. */
export class LooseEnds {
  readonly #entered: AnyStep[] = [];
  #timer: Timer | null = null;
  #heldBytes = 0;

  /** Notes that a step is about to run whose `release` is then due, once. */
  enter(planned: AnyStep): void {
    // A step that sees an upstream's reply and the refusal in its place runs twice and is released once.
    if (!this.#entered.some((entered) => entered.step === planned.step)) this.#entered.push(planned);
  }

  /** Calls back after a while, in the place of whatever was waited for before. */
  wait(clock: Clock, delayMs: number, callback: () => void): Timer {
    this.#timer?.cancel();
    this.#timer = clock.after(delayMs, callback);
    return this.#timer;
  }

  /** Takes room for pieces of bodies out of the budget of all; false where there is none. */
  hold({ context, request }: Walk, pieces: readonly Buffer[]): boolean {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const taken = context.bodies.take(request.peer, bytes);
    if (taken) this.#heldBytes += bytes;
    return taken;
  }

  /** Stops waiting, and gives back what was held. */
  settle({ context, request }: Walk): void {
    this.#timer?.cancel();
    if (this.#heldBytes > 0) context.bodies.giveBack(request.peer, this.#heldBytes);
  }

  /** Releases what was entered, whatever each of them throws. */
  release(passage: Walk): void {
    for (const planned of this.#entered.splice(0)) {
      passage.reading = planned.reads;
      try {
        planned.step.release?.(passage);
      } catch (fault) {
        raiseLateFault(passage, planned, fault);
      }
    }
  }
}

/** Tells that a step failed when the reply was out already. */
export function raiseLateFault(passage: Walk, { policy }: AnyStep, fault: unknown): void {
  raiseFault(passage.context.ports, { policy, operation: passage.operation.id, request: passage.id }, fault);
}
