import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CheckStreak } from './check-streak.ts';

/** What is held after each check: `u` or `d`; in capitals where it changed. */
function heldAfter(outcomes: string, rise = 2, fall = 3): string {
  const streak = new CheckStreak({ rise, fall });
  return Array.from(outcomes, (outcome) => {
    const changed = streak.take(outcome === '+');
    const held = streak.isUp ? 'u' : 'd';
    return changed ? held.toUpperCase() : held;
  }).join('');
}

test('a target falls and rises only behind as many checks in a row as are asked for', () => {
  assert.equal(heldAfter('+--+---+-++'), 'uuuuuuDdddU');
});

test('the first check decides alone', () => {
  assert.equal(heldAfter('-++'), 'DdU');
  assert.equal(heldAfter('+--'), 'uuu');
});

test('whatever the checks say, what is held changes only against a whole row of them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 200 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      (outcomes, rise, fall) => {
        const streak = new CheckStreak({ rise, fall });
        for (const [at, outcome] of outcomes.entries()) {
          const before = streak.isUp;
          if (!streak.take(outcome)) {
            assert.equal(streak.isUp, before);
            continue;
          }
          assert.equal(streak.isUp, outcome);
          assert.notEqual(streak.isUp, before);
          const row = outcomes.slice(Math.max(0, at + 1 - (outcome ? rise : fall)), at + 1);
          assert.ok(row.every((each) => each === outcome));
        }
      },
    ),
  );
});
