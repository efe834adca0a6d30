/** In so many parts the window is forgotten. */
const PARTS = 10;

/**
 * Counts what has come about in the last while, and how much of it was marked. The window slides in ten steps: what is
 * counted is forgotten after its length, or up to a tenth of it earlier. Times are milliseconds of the monotonic clock.
 */
export class SlidingCounts {
  readonly #partMs: number;
  readonly #totals = new Array<number>(PARTS).fill(0);
  readonly #marks = new Array<number>(PARTS).fill(0);
  /** The number of the part that is being counted in, since the clock began. */
  #part = Number.NEGATIVE_INFINITY;
  #total = 0;
  #marked = 0;

  constructor(windowMs: number) {
    this.#partMs = windowMs / PARTS;
  }

  /** All that was counted within the window, as it stood when `at` or `count` was last called. */
  get total(): number {
    return this.#total;
  }

  /** What of it was marked. */
  get marked(): number {
    return this.#marked;
  }

  /** Forgets what is too old by now. */
  at(nowMs: number): void {
    const part = Math.floor(nowMs / this.#partMs);
    if (part <= this.#part) return;
    if (part - this.#part >= PARTS) this.clear();
    else for (let old = this.#part + 1; old <= part; old++) this.#forget(((old % PARTS) + PARTS) % PARTS);
    this.#part = part;
  }

  /** Counts one, marked or not. */
  count(nowMs: number, marked: boolean): void {
    this.at(nowMs);
    const slot = ((this.#part % PARTS) + PARTS) % PARTS;
    this.#totals[slot] = (this.#totals[slot] as number) + 1;
    this.#total++;
    if (!marked) return;
    this.#marks[slot] = (this.#marks[slot] as number) + 1;
    this.#marked++;
  }

  /** Forgets all. */
  clear(): void {
    this.#totals.fill(0);
    this.#marks.fill(0);
    this.#total = this.#marked = 0;
  }

  #forget(slot: number): void {
    this.#total -= this.#totals[slot] as number;
    this.#marked -= this.#marks[slot] as number;
    this.#totals[slot] = this.#marks[slot] = 0;
  }
}
