import type { Clock, Timer } from '../ports/index.ts';

const FIRST_MS = 30_000;
/** What is down for long is not asked more often than this, and not forgotten either. */
const MOST_MS = 5 * 60_000;

/** Tries again after 30 s, 1, 2, 4 and then every 5 minutes until `renew` says that nothing is lacking. Returns how to stop. */
export function startRenewal(clock: Pick<Clock, 'after'>, renew: () => Promise<boolean>): () => void {
  let timer: Timer | null = null;
  let stopped = false;
  const wait = (delayMs: number): void => {
    timer = clock.after(delayMs, () => {
      void renew()
        .catch(() => false)
        .then((done) => {
          if (!done && !stopped) wait(Math.min(delayMs * 2, MOST_MS));
        });
    });
  };
  wait(FIRST_MS);
  return () => {
    stopped = true;
    timer?.cancel();
  };
}
