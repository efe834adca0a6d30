import type { Clock } from '../ports/index.ts';

/** So many costly looks in one turn of the loop: a few milliseconds, and then whatever has come meanwhile is done. */
const SLICE = 100;

/** Looks at many things again and again, without keeping the loop for long. */
export class Slices {
  readonly #clock: Clock;
  #busy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks at each; `look` says whether that took time. Does nothing where the last round is still under way. */
  round<T>(all: () => Iterator<T>, look: (each: T) => boolean): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#goOn(all(), look);
  }

  #goOn<T>(rest: Iterator<T>, look: (each: T) => boolean): void {
    let looks = 0;
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      if (look(next.value)) looks++;
      if (looks < SLICE) continue;
      this.#clock.after(0, () => this.#goOn(rest, look));
      return;
    }
    this.#busy = false;
  }
}
