import type { Entry } from './entry.ts';

/** By what rule a target is picked. */
export type BalanceRule = 'p2c' | 'round-robin' | 'least-requests' | 'hash';

/**
 * Picks targets. Made anew for another set of entries. `begun` and `ended` are told to the picker in force, also for what
 * was picked by the one before it, and for entries it no longer has.
 */
export interface Picker<E extends Entry> {
  /**
   * One that is usable and none of `tried`; null where there is none. `hash`: 32 bits, of what the rule hashes (0 where it
   * hashes nothing).
   */
  pick(hash: number, tried: readonly E[]): E | null;
  /** The share of one or more has changed. Costs nothing by itself: the next pick looks at all of them. */
  changed(): void;
  /** A request was sent to it. */
  begun(entry: E): void;
  /** A request to it ended, `elapsedMs` after it began; null where nothing can be learned of its latency (given up by us). */
  ended(entry: E, elapsedMs: number | null, nowMs: number): void;
}
