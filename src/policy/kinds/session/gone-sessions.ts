/** So long a thread goes by it; an id that was never given out, or has ended, does not come to be one again. */
const KEPT_MS = 30_000;
/** Those that are remembered; the one that was asked for longest ago goes first, and is asked for again. */
const LIMIT = 4_096;

/**
 * The keys of sessions that are not there, as the control side has said lately. Pages that are left open ask again and
 * again with a cookie whose session has ended: each of them must be told so, and none must cost a look. Times are monotonic.
 */
export class GoneSessions {
  /** Until when, in the order in which they were added. */
  readonly #untilMs = new Map<string, number>();

  has(key: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    return untilMs !== undefined && nowMs < untilMs;
  }

  add(key: string, nowMs: number): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, nowMs + KEPT_MS);
    if (this.#untilMs.size <= LIMIT) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      break;
    }
  }
}
