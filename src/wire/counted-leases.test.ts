import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Leases } from '../ports/index.ts';

/** Leases of one thread, and how many are held under each key. */
export function countedLeases(): Leases & { readonly held: ReadonlyMap<string, number> } {
  const held = new Map<string, number>();
  return {
    held,
    take(key, limit) {
      const count = held.get(key) ?? 0;
      if (count >= limit) return null;
      held.set(key, count + 1);
      let isHeld = true;
      return {
        release() {
          if (isHeld) held.set(key, (held.get(key) as number) - 1);
          isHeld = false;
        },
      };
    },
  };
}

test('a lease is given back once', () => {
  const leases = countedLeases();
  const lease = leases.take('a', 1);
  assert.equal(leases.take('a', 1), null);
  lease?.release();
  lease?.release();
  assert.equal(leases.held.get('a'), 0);
});
