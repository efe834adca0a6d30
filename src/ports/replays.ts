/** What became of something that may come once only: it came for the first time, or again, or there is no room to tell. */
export type Use = 'first' | 'again' | 'full';

/** What is used is remembered for so long after it was made. */
export const REPLAYS_KEPT_MS = 150_000;

/** What is used was made at most so long after now: clocks differ. */
export const REPLAYS_AHEAD_MS = 30_000;

/** Remembers what may be used once, over all threads, such as proofs of possession (RFC 9449 §11.1). */
export interface Replays {
  /** Wall time at which the memory began: what was made before may have been used before, and nobody knows. */
  readonly sinceMs: number;
  /**
   * Uses a key that was made at `madeAtMs` of wall time. Of all who use one key with one time, however many at the same
   * moment, at most one hears `first`; nobody does while there is no room. It holds for a time that is not more than
   * REPLAYS_KEPT_MS ago and not more than REPLAYS_AHEAD_MS ahead.
   */
  use(key: string, madeAtMs: number): Use;
}
