import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineBudget } from './line-budget.ts';

test('so many lines are told in a span, then once that there are more, and in the next span anew', () => {
  const budget = new LineBudget(2, 1_000);
  const taken = [0, 1, 2, 3, 999, 1_000, 1_001, 1_002].map((nowMs) => budget.take(nowMs));
  assert.deepEqual(taken, ['tell', 'tell', 'last', 'hush', 'hush', 'tell', 'tell', 'last']);
});
