import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, paceOf, unitsAt } from './rate-pace.ts';

test('the interval between two calls is whole, in the coarsest unit that makes it so', () => {
  const paces = [
    [{ count: 10, periodMs: 60_000, burst: 10 }, 1, 6_000],
    [{ count: 7, periodMs: 60_000, burst: 7 }, 7, 60_000],
    [{ count: 1_000_000, periodMs: 1_000, burst: 1 }, 1_000, 1],
    [{ count: 999_983, periodMs: 3_600_000, burst: 1 }, 999_983, 3_600_000],
  ] as const;
  for (const [rate, unitsPerMs, interval] of paces) {
    const pace = paceOf(rate);
    assert.deepEqual([pace.unitsPerMs, pace.interval], [unitsPerMs, interval]);
    assert.deepEqual([pace.tolerance, pace.capacity], [(rate.burst - 1) * interval, rate.burst * interval]);
  }
});

test('every rate that a configuration can hold has a pace without rounding', () => {
  const count = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(count, fc.constantFrom(1_000, 60_000, 3_600_000), (calls, periodMs) => {
      const pace = paceOf({ count: calls, periodMs, burst: calls });
      assert.equal(BigInt(pace.interval) * BigInt(calls), BigInt(pace.unitsPerMs) * BigInt(periodMs));
      assert.ok(pace.round <= 2 ** 52 && pace.round === pace.roundMs * pace.unitsPerMs);
    }),
  );
});

test('a time is as far ahead of another as it was, wherever the times begin again', () => {
  const pace = paceOf({ count: 999_983, periodMs: 1_000, burst: 5 });
  const ahead = pace.round / 4;
  fc.assert(
    fc.property(
      fc.nat(Number.MAX_SAFE_INTEGER - 1_000_000),
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      (nowMs, laterMs) => {
        const [now, time] = [unitsAt(nowMs, pace), unitsAt(nowMs + laterMs, pace)];
        assert.equal(distance(time, now, { round: pace.round, ahead }), laterMs * pace.unitsPerMs);
      },
    ),
  );
});

test('what is farther in front than anything can be is from long ago', () => {
  assert.equal(distance(600, 0, { round: 1_000, ahead: 500 }), -400);
  assert.equal(distance(500, 0, { round: 1_000, ahead: 500 }), 500);
  assert.equal(distance(0, 999, { round: 1_000, ahead: 500 }), 1);
});
