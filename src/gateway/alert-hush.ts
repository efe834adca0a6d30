/** A thread tells the control side of one thing at most this often; that tells the operator of it each ten minutes. */
const HUSH_MS = 10_000;

/**
 * Keeps a thread from telling again and again what one flood brings about. Keys are of a closed set: each is kept. Times in
 * milliseconds of the monotonic clock.
 */
export class AlertHush<K extends string> {
  readonly #untilMs = new Map<K, number>();

  /** Whether this may be told now. Then it has been, and may not be again for ten seconds. */
  mayTell(key: K, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs !== undefined && nowMs < untilMs) return false;
    this.#untilMs.set(key, nowMs + HUSH_MS);
    return true;
  }
}
