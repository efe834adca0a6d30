import type { Clock } from '../ports/index.ts';

/** Whether something happens within so many milliseconds; it is not waited for longer. What it rejects with is passed on. */
export async function soon(taken: Promise<void>, clock: Pick<Clock, 'after'>, limitMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = clock.after(limitMs, () => resolve(false));
  try {
    return await Promise.race([taken.then(() => true), late]);
  } finally {
    timer.cancel();
  }
}
