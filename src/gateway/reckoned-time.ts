import type { Clock } from '../ports/index.ts';

/** Longer than this between request and reply, and the wall clock is asked anew: it may have been set. */
const RECKONED_MS = 1_000;

/**
 * Wall time at `momentMs` of the monotonic clock, reckoned from a time that is known by both clocks; by the wall clock
 * itself where that is long ago, or no moment is known (null). All in milliseconds.
 */
export function reckonWallMs(
  clock: Pick<Clock, 'now'>,
  wallMs: number,
  monotonicMs: number,
  momentMs: number | null,
): number {
  const tookMs = momentMs === null ? Number.POSITIVE_INFINITY : momentMs - monotonicMs;
  return tookMs > RECKONED_MS ? clock.now() : wallMs + Math.round(tookMs);
}
