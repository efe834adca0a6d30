import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPacer } from './pacer.ts';

test('whoever waits goes on in the order of coming, one in a turn', async () => {
  const pace = createPacer();
  let turn = 0;
  let ends = false;
  const count = (): void => {
    turn++;
    if (!ends) setImmediate(count);
  };
  setImmediate(count);
  const seen: { readonly who: number; readonly turn: number }[] = [];
  const walk = async (who: number): Promise<void> => {
    for (let step = 0; step < 3; step++) {
      await pace();
      seen.push({ who, turn });
    }
  };
  await Promise.all([0, 1, 2, 3].map(walk));
  ends = true;
  assert.deepEqual(
    seen.map(({ who }) => who),
    [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3],
  );
  assert.equal(new Set(seen.map((each) => each.turn)).size, seen.length);
  // It begins again once nobody waited for a while.
  await new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
  await pace();
});
