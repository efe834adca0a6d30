/**
 * What became of something that may come once only: it came for the first time, or again, or there is no room to tell; or
 * whoever it is of has taken his share of the room.
 */
export type Use = 'first' | 'again' | 'full' | 'exceeded';

/** Something that may come once only. */
export interface Used {
  readonly key: string;
  /** Whose it is: who takes the room. Nobody may be able to have as many names as he likes. */
  readonly source: string;
  /** Wall time. */
  readonly madeAtMs: number;
}

/** What is used is remembered for so long after it was made. */
export const REPLAYS_KEPT_MS = 150_000;

/** What is used was made at most so long after now: clocks differ. */
export const REPLAYS_AHEAD_MS = 30_000;

/** Remembers what may be used once, over all threads, such as proofs of possession (RFC 9449 §11.1). */
export interface Replays {
  /** Wall time at which the memory began: what was made before may have been used before, and nobody knows. */
  readonly sinceMs: number;
  /**
   * Uses a key that was made at some time. Of all who use one key with one time, however many at the same
   * moment, at most one hears `first`; nobody does while there is no room. It holds for a time that is not more than
   * REPLAYS_KEPT_MS ago and not more than REPLAYS_AHEAD_MS ahead. One source never takes the room of all others.
   */
  use(used: Used): Use;
}
