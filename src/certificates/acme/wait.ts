import type { Clock } from '../../ports/index.ts';

/** Waits so long, or until nobody wants it any more. */
export async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = clock.after(ms, end);
  signal.addEventListener('abort', end);
  await promise;
  timer.cancel();
  signal.removeEventListener('abort', end);
}
