import type { TestContext } from 'node:test';

/**
 * Skips a test for want of something on the machine, and says what. The caller returns after it.
 * On CI nothing may be wanting, so there it fails.
 */
export function skipOrFail(t: TestContext, reason: string): void {
  if (process.env['CI'] === 'true') throw new Error(`on CI nothing is skipped: ${reason}`);
  t.skip(reason);
}
