import type { Clock } from '../ports/index.ts';

/** How often one thing is told: what is so of one reply of an upstream's is mostly so of every one. */
const PAUSE_MS = 60_000;
/** So many are told in that time. One more takes the place of the one that was told first, once that may be told again. */
const REMEMBERED = 1_000;

/** Says what is due to be told: each thing once a minute, and of things without number a bounded number. */
export class ToldOnce {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #told = new Map<string, { readonly atMs: number; since: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** How often it came since it was told last, this time too; null where it is not due. */
  due(key: string): number | null {
    const nowMs = this.#clock.monotonic();
    const before = this.#told.get(key);
    if (before !== undefined && nowMs - before.atMs < PAUSE_MS) {
      before.since += 1;
      return null;
    }
    this.#told.delete(key);
    const [first] = this.#told;
    if (first !== undefined && this.#told.size >= REMEMBERED) {
      if (nowMs - first[1].atMs < PAUSE_MS) return null;
      this.#told.delete(first[0]);
    }
    this.#told.set(key, { atMs: nowMs, since: 0 });
    return (before?.since ?? 0) + 1;
  }
}
