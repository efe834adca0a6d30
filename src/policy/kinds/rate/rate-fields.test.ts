import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RateDecision } from '../../../ports/index.ts';
import { rule } from './bench.test.ts';
import { LimitField } from './rate-fields.ts';

const RULES = ['10/min per user', '3/s per app'].map((text) => ({ name: text, rule: rule(text) }));

function said(remaining: number, resetMs: number): RateDecision {
  return { allowed: remaining > 0, remaining, resetMs, retryMs: 0 };
}

test('a field says what is left of each rule, and rounds its seconds up', () => {
  const text = new LimitField(RULES).textOf([said(9, 5001), said(0, 0)]);
  assert.equal(text, '"10/min per user";r=9;t=6, "3/s per app";r=0;t=0');
});

test('whatever was said before, a field says what is left now', () => {
  const numbers = fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 999, 1000, 1001, 2000));
  const calls = fc.array(fc.tuple(numbers, numbers, fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(calls, (all) => {
      const field = new LimitField(RULES);
      let last: readonly RateDecision[] | null = null;
      for (const [user, app, again] of all) {
        const now: readonly RateDecision[] = again && last !== null ? last : [said(...user), said(...app)];
        last = now;
        assert.equal(field.textOf(now), new LimitField(RULES).textOf(now));
      }
    }),
  );
});

test('names of rules that a field can not hold stand there without what it can not hold', () => {
  const named = [{ name: 'a"b\\c\u00e9', rule: rule('1/s per user') }];
  assert.equal(new LimitField(named).textOf([said(1, 1)]), '"a\\"b\\\\c?";r=1;t=1');
});
