import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyBudget } from './body-budget.ts';

test('what is taken is held until it is given back, and never more than the limit', () => {
  const budget = new BodyBudget(10);
  assert.equal(budget.take(10), true);
  assert.equal(budget.take(1), false);
  assert.equal(budget.take(0), true);
  budget.giveBack(4);
  assert.equal(budget.usedBytes, 6);
  assert.equal(budget.take(5), false);
  assert.equal(budget.take(4), true);
});
