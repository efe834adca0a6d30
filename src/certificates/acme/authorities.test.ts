import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthorityChoice } from './authorities.ts';
import { fault } from './fault.ts';

const passing = fault('unreachable', 'x');
const lasting = fault('rejectedIdentifier', 'x');
const DAY_MS = 86_400_000;

test('a CA is left after three failures in a row, or at once where waiting does not help', () => {
  const choice = new AuthorityChoice(3);
  assert.deepEqual([choice.failed(passing, 0), choice.failed(passing, 0), choice.current(0)], [false, false, 0]);
  assert.deepEqual([choice.failed(passing, 0), choice.current(0)], [true, 1]);
  assert.deepEqual([choice.failed(lasting, 0), choice.current(0)], [true, 2]);
});

test('behind the last comes the first, and then there is something to wait for', () => {
  const choice = new AuthorityChoice(2);
  assert.equal(choice.failed(lasting, 0), true);
  assert.deepEqual([choice.failed(lasting, 0), choice.current(0)], [false, 0]);
});

test('a success makes the failures before it forgotten', () => {
  const choice = new AuthorityChoice(2);
  choice.failed(passing, 0);
  choice.failed(passing, 0);
  choice.succeeded();
  choice.failed(passing, 0);
  assert.equal(choice.current(0), 0);
});

test('the first is asked again a day after it was left, however often the others changed', () => {
  const choice = new AuthorityChoice(3);
  choice.failed(lasting, 0);
  choice.failed(lasting, DAY_MS / 2);
  assert.equal(choice.current(DAY_MS - 1), 2);
  assert.equal(choice.current(DAY_MS), 0);
});

test('the only one is never left', () => {
  const choice = new AuthorityChoice(1);
  for (let times = 0; times < 9; times++) assert.equal(choice.failed(lasting, 0), false);
  assert.equal(choice.current(0), 0);
});
