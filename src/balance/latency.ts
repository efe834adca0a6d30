/** In this time what was learned counts for 1/e of what it did. A target that was slow is asked again by and by. */
const DECAY_MS = 5_000;
/** Differences below this are the network's. */
const LEAST_MS = 0.5;

/** How slow a target is: a moving average in time that jumps up to every peak and comes down slowly (Peak EWMA). */
export class Latency {
  #averageMs = 0;
  #atMs: number | null = null;

  /** Something took so long, and ended now. `nowMs` never goes back. */
  observe(elapsedMs: number, nowMs: number): void {
    const sample = Math.max(elapsedMs, LEAST_MS);
    if (this.#atMs === null || sample >= this.#averageMs) this.#averageMs = sample;
    else this.#averageMs = sample + (this.#averageMs - sample) * Math.exp((this.#atMs - nowMs) / DECAY_MS);
    this.#atMs = nowMs;
  }

  /** In milliseconds, at least 0.5; null where nothing is known. Without news it comes down with time. */
  at(nowMs: number): number | null {
    if (this.#atMs === null) return null;
    return Math.max(LEAST_MS, this.#averageMs * Math.exp((this.#atMs - nowMs) / DECAY_MS));
  }
}
