/** How many checks in a row it takes to change what is held of a target. */
export interface StreakBounds {
  /** That pass, until a target that is down is up. */
  readonly rise: number;
  /** That fail, until a target that is up is down. */
  readonly fall: number;
}

/**
 * What the checks of one target say together. It is held to be up before the first has ended, and the first decides
 * alone: a gateway that starts beside a dead target need not send it requests until several checks have failed.
 */
export class CheckStreak {
  readonly #bounds: StreakBounds;
  #isUp: boolean;
  #isKnown = false;
  /** Checks in a row that spoke against what is held. */
  #against = 0;

  /** `isUp`: what was held of it by other checks before. */
  constructor(bounds: StreakBounds, isUp = true) {
    this.#bounds = bounds;
    this.#isUp = isUp;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Takes the outcome of a check. True where the target has changed by it: it is up now and was down, or the reverse. */
  take(passed: boolean): boolean {
    const isFirst = !this.#isKnown;
    this.#isKnown = true;
    if (passed === this.#isUp) {
      this.#against = 0;
      return false;
    }
    this.#against++;
    const needed = this.#isUp ? this.#bounds.fall : this.#bounds.rise;
    if (!isFirst && this.#against < needed) return false;
    this.#isUp = passed;
    this.#against = 0;
    return true;
  }
}
