import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pace } from './pace.ts';

const BOUNDS = { bodyBytesPerSecond: 500, bodyGraceMs: 5_000, idleMs: 30_000 };
const SWEEP_MS = 500;

/** The moment at which a transfer is given up that brings so many bytes each half second; null where it is borne for an hour. */
function givenUpAt(bytesAt: (moment: number) => number, bounds = BOUNDS): number | null {
  const pace = new Pace(bounds, 0, 0);
  let counted = 0;
  for (let now = SWEEP_MS; now <= 3_600_000; now += SWEEP_MS) {
    counted += bytesAt(now);
    if (pace.isTooSlow(counted, true, now)) return now;
  }
  return null;
}

test('what stands still is given up when the grace is used up', () => {
  assert.equal(
    givenUpAt(() => 0),
    5_500,
  );
});

test('what is as fast as it must be is borne for ever, what is slower is not', () => {
  assert.equal(
    givenUpAt(() => 250),
    null,
  );
  assert.notEqual(
    givenUpAt(() => 249),
    null,
  );
});

test('what was quick at first is borne no longer for it than it may stand still', () => {
  assert.equal(
    givenUpAt((moment) => (moment === SWEEP_MS ? 1_000_000 : 0)),
    30_500,
  );
  assert.equal(
    givenUpAt((moment) => (moment <= 100_000 ? 1_000_000 : 1)),
    130_000,
  );
});

test('standing still is counted where no pace is asked', () => {
  const still = { ...BOUNDS, bodyBytesPerSecond: 0 };
  assert.equal(
    givenUpAt((moment) => (moment === SWEEP_MS ? 1 : 0), still),
    31_000,
  );
  assert.equal(
    givenUpAt((moment) => (moment % 30_000 === 0 ? 1 : 0), still),
    null,
  );
});

test('the time in which it is we who let it wait is not counted', () => {
  const pace = new Pace(BOUNDS, 0, 0);
  assert.equal(pace.isTooSlow(0, true, 4_000), false);
  pace.rest(1_000_000);
  assert.equal(pace.isTooSlow(0, true, 1_001_000), false);
  assert.equal(pace.isTooSlow(0, true, 1_001_500), true);
});

test('what has moved before the first look counts for nothing', () => {
  const pace = new Pace(BOUNDS, 1_000_000, 0);
  assert.equal(pace.isTooSlow(1_000_000, true, 5_000), false);
  assert.equal(pace.isTooSlow(1_000_000, true, 5_001), true);
});

test('half the time waited for is half the pace', () => {
  const pace = new Pace(BOUNDS, 0, 0);
  for (let now = 500; now <= 10_500; now += 500) assert.equal(pace.isTooSlow(0, now % 1_000 === 0, now), false);
  assert.equal(pace.isTooSlow(0, true, 11_000), true);
});

test('a transfer that begins has its own grace, whatever the one before did', () => {
  const pace = new Pace(BOUNDS, 0, 0);
  assert.equal(pace.isTooSlow(1_000_000, true, 4_000), false);
  pace.begin(7, 10_000);
  assert.equal(pace.isTooSlow(7, true, 15_000), false);
  assert.equal(pace.isTooSlow(7, true, 15_500), true);
});

test('however it comes, nothing is borne that brought less than it owed, nor given up that was never behind', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(600), { minLength: 1, maxLength: 200 }), (steps) => {
      let total = 0;
      const end = givenUpAt((moment) => {
        const bytes = steps[moment / SWEEP_MS - 1] ?? 0;
        total += bytes;
        return bytes;
      });
      assert.ok(end !== null && total + 2_500 < (end / 1_000) * 500 + 15_000 + 600);
      if (steps.every((bytes) => bytes >= 250)) assert.ok(end > steps.length * SWEEP_MS);
    }),
  );
});
