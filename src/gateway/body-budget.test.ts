import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyBudget, COLLECTED_LIMIT_BYTES } from './body-budget.ts';

const MIB = 1024 * 1024;
const at = (address: string) => ({ address });

test('a network alone holds half of all, until it gives some back', () => {
  const budget = new BodyBudget(20);
  const one = at('192.0.2.1');
  assert.equal(budget.take(one, 10), true);
  assert.equal(budget.take(one, 1), false);
  assert.equal(budget.take(one, 0), true);
  budget.giveBack(one, 4);
  assert.equal(budget.usedBytes, 6);
  assert.equal(budget.take(one, 5), false);
  assert.equal(budget.take(one, 4), true);
});

test('a client that holds all it can leaves room for whoever comes later', () => {
  const budget = new BodyBudget(COLLECTED_LIMIT_BYTES);
  let taken = 0;
  for (let connection = 0; connection < 52; connection++) if (budget.take(at('192.0.2.1'), 9.4 * MIB)) taken++;
  assert.equal(taken, 13);
  assert.equal(budget.take(at('192.0.2.1'), 9.4 * MIB), false);
  for (let client = 2; client < 8; client++) assert.equal(budget.take(at(`192.0.2.${client}`), 10 * MIB), true);
});

test('each greedy network gets half of what the ones before it left', () => {
  const budget = new BodyBudget(1_024);
  const most = (address: string): number => {
    let bytes = 0;
    while (budget.take(at(address), 1)) bytes++;
    return bytes;
  };
  assert.deepEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.1'].map(most), [512, 256, 128, 0]);
});

test('addresses of one IPv6 network count together, another is another', () => {
  const budget = new BodyBudget(400);
  assert.equal(budget.take(at('2001:db8:0:1::1'), 150), true);
  assert.equal(budget.take(at('2001:db8:0:1:ffff::2'), 100), false);
  assert.equal(budget.take(at('2001:db8:0:2::1'), 100), true);
  assert.equal(budget.networks, 2);
});

test('a network that holds nothing any more is forgotten', () => {
  const budget = new BodyBudget(1_000_000);
  for (let client = 0; client < 1_000; client++) {
    const one = at(`10.0.${client >> 8}.${client & 255}`);
    budget.take(one, 0);
    assert.equal(budget.take(one, 10), true);
    budget.giveBack(one, 10);
  }
  assert.deepEqual([budget.networks, budget.usedBytes], [0, 0]);
});

test('whatever is taken and given back, no network holds more than is free, and all of it comes back', () => {
  const limit = 1_000;
  const holders = ['192.0.2.1', '192.0.2.2', '2001:db8::1'].map(at);
  const takes = fc.array(fc.tuple(fc.nat(holders.length - 1), fc.nat(600), fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(takes, (steps) => {
      const budget = new BodyBudget(limit);
      const held = holders.map(() => [] as number[]);
      const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);
      for (const [who, bytes, gives] of steps) {
        const holder = holders[who] as (typeof holders)[number];
        const own = held[who] as number[];
        if (gives) budget.giveBack(holder, own.pop() ?? 0);
        else {
          const fits = sum(own) + bytes <= limit - budget.usedBytes - bytes;
          assert.equal(budget.take(holder, bytes), bytes === 0 || fits);
          if (bytes === 0 || fits) own.push(bytes);
        }
        assert.equal(budget.usedBytes, sum(held.flat()));
        assert.ok(budget.usedBytes <= limit);
      }
      for (const [who, own] of held.entries())
        for (const bytes of own) budget.giveBack(holders[who] as (typeof holders)[number], bytes);
      assert.deepEqual([budget.usedBytes, budget.networks], [0, 0]);
    }),
  );
});
