import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTurns } from './turns-fixture.test.ts';
import { Turns } from './turns.ts';

test('work is done at once until a slice is full, and others have their turn then', async () => {
  const turns = new Turns();
  assert.equal(await countTurns(async () => await Promise.resolve(turns.spend(200_000))), 0);
  assert.equal(await countTurns(async () => await turns.spend(200_000)), 1, 'small pieces count together');
  assert.equal(turns.spend(200_000), null, 'behind it a new slice begins');
});
