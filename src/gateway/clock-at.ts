import type { Clock } from '../ports/index.ts';

/** The same clock as if this moment were now; null leaves it as it is. */
export function clockAt(clock: Clock, atMs: number | null): Clock {
  if (atMs === null) return clock;
  const aheadMs = atMs - clock.now();
  return {
    now: () => clock.now() + aheadMs,
    monotonic: () => clock.monotonic(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    every: (periodMs, callback) => clock.every(periodMs, callback),
  };
}
