/**
 * How many lines of one sort the log gets: so many in so long, so that a failure of much at once does not fill it. Times
 * are of the monotonic clock, in milliseconds.
 */
export class LineBudget {
  readonly #lines: number;
  readonly #spanMs: number;
  #used = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(lines: number, spanMs: number) {
    this.#lines = lines;
    this.#spanMs = spanMs;
  }

  /** `tell`: there is room for it. `last`: there was none for the first time in this span, which may be told in its place. */
  take(nowMs: number): 'tell' | 'last' | 'hush' {
    if (nowMs - this.#sinceMs >= this.#spanMs) {
      this.#sinceMs = nowMs;
      this.#used = 0;
    }
    this.#used++;
    if (this.#used <= this.#lines) return 'tell';
    return this.#used === this.#lines + 1 ? 'last' : 'hush';
  }
}
