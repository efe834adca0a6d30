import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

const FLOOR = 10;
const WINDOW_MS = 10_000;

test('with few requests ten are sent again within ten seconds, and then as many once more', () => {
  const budget = new RetryBudget(0.2);
  const taken = (nowMs: number): number => {
    let count = 0;
    while (budget.takeRetry(nowMs)) count++;
    return count;
  };
  budget.requested(0);
  assert.equal(taken(0), FLOOR);
  assert.equal(taken(8_000), 0);
  assert.equal(taken(WINDOW_MS), FLOOR);
});

test('with many requests a share of them is sent again, and no more', () => {
  const budget = new RetryBudget(0.2);
  for (let n = 0; n < 1_000; n++) budget.requested(n);
  let taken = 0;
  while (budget.takeRetry(1_000)) taken++;
  assert.equal(taken, 200);
});

test('without a share only the floor is left', () => {
  const budget = new RetryBudget(0);
  for (let n = 0; n < 1_000; n++) budget.requested(n);
  let taken = 0;
  while (budget.takeRetry(1_000)) taken++;
  assert.equal(taken, FLOOR);
});

test('whatever comes when, a window holds no more retries than its share of its requests, or the floor', () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), retries: fc.integer({ min: 0, max: 4 }) }),
    { minLength: 1, maxLength: 200 },
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), steps, (share, all) => {
      const budget = new RetryBudget(share);
      const requests: number[] = [];
      const retries: number[] = [];
      let nowMs = 0;
      for (const step of all) {
        nowMs += step.afterMs;
        budget.requested(nowMs);
        requests.push(nowMs);
        const within = (some: readonly number[], ms: number): number => some.filter((atMs) => nowMs - atMs < ms).length;
        for (let n = 0; n < step.retries; n++) {
          const isTaken = budget.takeRetry(nowMs);
          if (isTaken) retries.push(nowMs);
          // The window slides in tenths: the bound surely holds of the shorter one, and is used up where it is refused.
          if (isTaken)
            assert.ok(within(retries, WINDOW_MS * 0.9) <= Math.max(FLOOR, share * within(requests, WINDOW_MS)));
          else assert.ok(within(retries, WINDOW_MS) >= Math.max(FLOOR, Math.floor(share * within(requests, 9_000))));
        }
      }
    }),
  );
});
