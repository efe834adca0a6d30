import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limiterContract } from '../../ports/limiter-contract.ts';
import type { Rate } from '../../ports/index.ts';
import { createMemoryLimiter } from './memory-limiter.ts';

const ONE_A_MINUTE: Rate = { count: 1, periodMs: 60_000, burst: 1 };
const TWO_A_MINUTE: Rate = { count: 2, periodMs: 60_000, burst: 2 };

limiterContract('the limiter in memory', () => createMemoryLimiter());

function limiterOf64() {
  const counts = new Map<string, number>();
  const instrument = (name: string) => ({
    add: (amount: number) => void counts.set(name, (counts.get(name) ?? 0) + amount),
    set: () => {},
    observe: () => {},
  });
  const meter = { counter: instrument, gauge: instrument, histogram: instrument };
  const limiter = createMemoryLimiter({ keyLimit: 64, meter });
  const charge = (key: string, rate: Rate, ms = 0) => limiter.charge([{ key, rate }], ms)[0];
  return { limiter, counts, charge };
}

test('a key that is used up is never reset by a crowd of other keys', () => {
  const { charge, counts } = limiterOf64();
  charge('victim', ONE_A_MINUTE);
  for (let n = 0; n < 10_000; n++) assert.equal(charge(`crowd ${n}`, TWO_A_MINUTE)?.allowed, true);
  assert.equal(charge('victim', ONE_A_MINUTE)?.allowed, false);
  assert.equal(counts.get('portcullis_limiter_dropped_keys_total'), 10_000 - 63);
});

test('the key idle for longest makes room first', () => {
  const { charge } = limiterOf64();
  for (let n = 0; n < 64; n++) charge(`key ${n}`, TWO_A_MINUTE);
  charge('key 0', { ...TWO_A_MINUTE });
  charge('new', TWO_A_MINUTE);
  assert.equal(charge('key 0', TWO_A_MINUTE)?.allowed, false);
  assert.equal(charge('key 2', TWO_A_MINUTE)?.remaining, 0);
  assert.equal(charge('key 1', TWO_A_MINUTE)?.remaining, 1);
});

test('where every key is used up a new one is refused, known ones are judged, and time makes room', () => {
  const { limiter, charge, counts } = limiterOf64();
  for (let n = 0; n < 64; n++) charge(`key ${n}`, ONE_A_MINUTE);
  assert.deepEqual(charge('new', ONE_A_MINUTE), { allowed: false, remaining: 0, resetMs: 1000, retryMs: 1000 });
  assert.equal(charge('key 7', ONE_A_MINUTE)?.retryMs, 60_000);
  const both = ['new', 'newer'].map((key) => ({ key, rate: ONE_A_MINUTE }));
  assert.ok(limiter.charge(both, 0).every(({ allowed }) => !allowed));
  assert.equal(counts.get('portcullis_limiter_full_total'), 2);
  assert.ok(limiter.charge(both, 60_000).every(({ allowed }) => allowed));
});

test('making room for some rules of a call never drops the others', () => {
  const { limiter, charge } = limiterOf64();
  charge('mine', TWO_A_MINUTE);
  for (let n = 0; n < 63; n++) charge(`key ${n}`, TWO_A_MINUTE);
  const charges = ['mine', 'new'].map((key) => ({ key, rate: TWO_A_MINUTE }));
  assert.deepEqual(
    limiter.charge(charges, 0).map(({ remaining }) => remaining),
    [0, 1],
  );
  assert.equal(charge('mine', TWO_A_MINUTE)?.allowed, false);
});

test('more charges at once than any policy makes are a bug and throw', () => {
  const charges = Array.from({ length: 33 }, (_, n) => ({ key: `${n}`, rate: ONE_A_MINUTE }));
  assert.throws(() => createMemoryLimiter().charge(charges, 0), RangeError);
  assert.throws(() => createMemoryLimiter({ keyLimit: 63 }), RangeError);
});

test('a call taken back from keys that are not kept takes no room from others', () => {
  const { limiter, charge, counts } = limiterOf64();
  for (let n = 0; n < 60; n++) charge(`key ${n}`, TWO_A_MINUTE);
  for (let n = 0; n < 1000; n++) limiter.refund([{ key: `stranger ${n}`, rate: TWO_A_MINUTE }], 0);
  for (let n = 0; n < 4; n++) charge(`new ${n}`, TWO_A_MINUTE);
  assert.equal(counts.get('portcullis_limiter_dropped_keys_total'), undefined);
  assert.equal(charge('key 0', TWO_A_MINUTE)?.remaining, 0);
});
