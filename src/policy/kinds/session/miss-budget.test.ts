import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MissBudget } from './miss-budget.ts';

function spentFor(budget: MissBudget, network: string, atMs: number): void {
  for (let count = 0; count < 50; count++) budget.spend(network, atMs);
}

test('a network may miss fifty at once, then ten a second, and no other network waits for it', () => {
  const budget = new MissBudget();
  spentFor(budget, 'a', 0);
  assert.ok(budget.isSpent('a', 0) && !budget.isSpent('b', 0));
  assert.ok(!budget.isSpent('a', 1));
  for (let count = 0; count < 10; count++) budget.spend('a', 1_000);
  assert.ok(budget.isSpent('a', 1_000) && !budget.isSpent('a', 1_100));
});

test('of very many networks the one is forgotten that missed longest ago', () => {
  const budget = new MissBudget();
  spentFor(budget, 'first', 0);
  for (let count = 0; count < 1_024; count++) budget.spend(String(count), 0);
  assert.ok(!budget.isSpent('first', 0));
});
