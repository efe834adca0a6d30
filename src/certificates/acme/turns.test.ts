import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('only so many run at once, in the order in which they came, and one that fails makes room too', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (at: number) =>
    turns.run(async () => {
      begun.push(at);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends[at] = resolve;
      await promise;
      if (at === 0) throw new Error('failed');
      return at;
    });
  const all = [0, 1, 2, 3].map(work);
  const first = assert.rejects(all[0] as Promise<number>, /failed/);
  assert.deepEqual(begun, [0, 1]);
  ends[0]?.();
  await first;
  assert.deepEqual(begun, [0, 1, 2]);
  ends[1]?.();
  assert.equal(await all[1], 1);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  assert.deepEqual(await Promise.all(all.slice(1)), [1, 2, 3]);
  assert.equal(await turns.run(() => Promise.resolve('free')), 'free');
});
