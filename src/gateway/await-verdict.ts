import type { Walk } from './walk.ts';

/** A policy that takes longer than this to make up its mind has failed. */
export const STEP_LIMIT_MS = 10_000;

/**
 * Waits for a verdict, no longer than the limit. Exactly one of the two is told, and none when the passage has ended
 * meanwhile: then nobody waits any more.
 */
export function awaitVerdict<V>(
  passage: Walk,
  pending: Promise<V>,
  then: { readonly settled: (verdict: V) => void; readonly failed: (what: unknown) => void },
): void {
  let over = false;
  const once = (go: () => void): void => {
    if (over) return;
    over = true;
    timer.cancel();
    if (!passage.ended) go();
  };
  const timer = passage.wait(STEP_LIMIT_MS, () =>
    once(() => then.failed(new Error(`no verdict within ${STEP_LIMIT_MS} ms`))),
  );
  pending.then(
    (verdict) => once(() => then.settled(verdict)),
    (fault: unknown) => once(() => then.failed(fault)),
  );
}
