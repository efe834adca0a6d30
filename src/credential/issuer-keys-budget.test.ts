import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COOL_DOWN_MS, FetchBudget, SOURCE_COOL_DOWN_MS } from './issuer-keys-budget.ts';

test('an issuer is fetched once in its cool-down, by a source once in its own', () => {
  const budget = new FetchBudget();
  assert.equal(budget.take('acme', '192.0.2.1', 0), true);
  assert.equal(budget.take('acme', '192.0.2.2', COOL_DOWN_MS - 1), false);
  assert.equal(budget.take('acme', '192.0.2.1', COOL_DOWN_MS), false);
  assert.equal(budget.take('acme', '192.0.2.2', COOL_DOWN_MS), true);
  assert.equal(budget.take('acme', '192.0.2.1', SOURCE_COOL_DOWN_MS - 1), false);
  assert.equal(budget.take('acme', '192.0.2.1', SOURCE_COOL_DOWN_MS), true);
});

test('a refusal costs nothing, and issuers do not share a budget', () => {
  const budget = new FetchBudget();
  assert.equal(budget.take('acme', '192.0.2.1', 0), true);
  assert.equal(budget.take('acme', '192.0.2.2', 1), false);
  assert.equal(budget.take('acme', '192.0.2.2', COOL_DOWN_MS), true, 'its own budget was not spent by asking');
  assert.equal(budget.take('other', '192.0.2.1', 1), true);
});

test('text cannot make two pairs of issuer and source one', () => {
  const budget = new FetchBudget();
  assert.equal(budget.take('a', 'b","c', 0), true);
  assert.equal(budget.take('a","b', 'c', 0), true);
  assert.equal(budget.take('__proto__', 'constructor', 0), true);
});

test('an address is one source however it is written, an IPv6 network is one', () => {
  const budget = new FetchBudget();
  assert.equal(budget.take('a', '2001:db8::1', 0), true);
  assert.equal(budget.take('a', '2001:DB8:0:0:9::2', COOL_DOWN_MS), false);
  assert.equal(budget.take('a', '2001:db8:0:1::1', COOL_DOWN_MS), true);
  assert.equal(budget.take('b', '192.0.2.1', 0), true);
  assert.equal(budget.take('b', '::ffff:192.0.2.1', COOL_DOWN_MS), false);
});

test('of more than a thousand sources the one that asked longest ago is forgotten', () => {
  const budget = new FetchBudget();
  const flood = (count: number): void => {
    for (let at = 0; at < count; at++) budget.take(`issuer ${at}`, '192.0.2.9', 0);
  };
  budget.take('acme', '192.0.2.1', 0);
  flood(999);
  assert.equal(budget.take('acme', '192.0.2.1', COOL_DOWN_MS), false);
  flood(1_000);
  assert.equal(budget.take('acme', '192.0.2.1', COOL_DOWN_MS), true);
});
