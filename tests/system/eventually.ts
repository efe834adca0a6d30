import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 45_000;
const PAUSE_MS = 25;

/** Tries until it does not throw; after 45 seconds what it threw last is thrown. */
export async function eventually(attempt: () => Promise<void> | void): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (fault) {
      if (Date.now() > deadline) throw fault;
    }
    await delay(PAUSE_MS);
  }
}

/** Waits until something is so; after 45 seconds it fails with what was waited for. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await delay(PAUSE_MS);
  }
}
