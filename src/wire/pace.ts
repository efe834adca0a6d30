import type { ServerBounds } from './server.ts';

/** How slow a transfer may be: see `ServerBounds`. */
export type PaceBounds = Pick<ServerBounds, 'idleMs' | 'bodyBytesPerSecond' | 'bodyGraceMs'>;

/**
 * Whether a transfer is as fast as it must be, by looking about twice a second. The slowest pace is owed for each moment
 * in which the peer lets us wait, and what comes faster is kept for later, but no more than is owed in `idleMs`: what was
 * quick at first and then drips would be waited for for hours. Times in milliseconds of the monotonic clock.
 */
export class Pace {
  readonly #bounds: PaceBounds;
  /** Bytes counted so far, and what of them is ahead of the slowest pace. */
  #counted = 0;
  #ahead = 0;
  #movedAt = 0;
  #judgedAt = 0;

  /** `bytes`: what has moved before. */
  constructor(bounds: PaceBounds, bytes: number, now: number) {
    this.#bounds = bounds;
    this.begin(bytes, now);
  }

  /** A transfer begins, with a grace of its own. */
  begin(bytes: number, now: number): void {
    const { bodyGraceMs, bodyBytesPerSecond } = this.#bounds;
    this.#counted = bytes;
    this.#ahead = (bodyGraceMs * bodyBytesPerSecond) / 1_000;
    this.rest(now);
  }

  /** Up to now the peer was not waited for. */
  rest(now: number): void {
    this.#movedAt = this.#judgedAt = now;
  }

  /** `bytes`: all that have moved so far; `waits`: whether it is the peer that more is waited for from. */
  isTooSlow(bytes: number, waits: boolean, now: number): boolean {
    const { bodyBytesPerSecond, idleMs } = this.#bounds;
    const bytesPerMs = bodyBytesPerSecond / 1_000;
    const moved = bytes - this.#counted;
    const passedMs = now - this.#judgedAt;
    this.#counted = bytes;
    this.#judgedAt = now;
    if (!waits || moved > 0) this.#movedAt = now;
    this.#ahead = Math.min(this.#ahead + moved, idleMs * bytesPerMs);
    if (!waits) return false;
    this.#ahead -= passedMs * bytesPerMs;
    return this.#ahead < 0 || now - this.#movedAt > idleMs;
  }
}
