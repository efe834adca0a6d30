import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCelError, run } from '@bufbuild/cel';
import fc from 'fast-check';
import { compiledAs, faultOf, ruleOf } from './fixtures.test.ts';
import { stepBudget } from './index.ts';

/** What a condition of times says, and what CEL says. */
function agree(text: string): void {
  const rule = compiledAs(text);
  const wanted = run(text, {});
  // A time that is written out and is none is an issue already.
  const words = typeof rule === 'string' ? '' : rule.judge({}, stepBudget());
  const own = words === null ? true : words === 'is not so' ? false : null;
  assert.equal(own, isCelError(wanted) ? null : wanted, `${text}: ${typeof rule === 'string' ? rule : ''}`);
}

const FRACTIONS = ['', '.5', '.123'];
const UNITS = ['h', 'm', 's', 'ms'];

const timestampOf = (fractions: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.date({ min: new Date('1601-01-01'), max: new Date('2999-12-31'), noInvalidDate: true }),
      fc.constantFrom('Z', '+02:00', '-11:30'),
      fc.constantFrom(...fractions),
    )
    .map(([date, zone, fraction]) => `timestamp('${date.toISOString().slice(0, 19)}${fraction}${zone}')`);
const durationOf = (units: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.constantFrom(...units)), { minLength: 1, maxLength: 3 }),
    )
    .map(([sign, pieces]) => `duration('${sign}${pieces.map(([count, unit]) => `${count}${unit}`).join('')}')`);
const pointOf = (timestamp: fc.Arbitrary<string>, duration: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    timestamp,
    fc.tuple(timestamp, fc.constantFrom('+', '-'), duration).map(([one, sign, other]) => `(${one} ${sign} ${other})`),
  );
const timestamp = timestampOf([...FRACTIONS, '.123456789']);
const duration = durationOf([...UNITS, 'us', 'ns']);
const order = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');

test('points and spans of time are compared, added and taken apart as CEL does', () => {
  const point = pointOf(timestamp, duration);
  // The oracle rounds a point to milliseconds before it is taken apart, so that the last of a minute is the next one.
  const rounded = pointOf(timestampOf(FRACTIONS), durationOf(UNITS));
  const span = fc.oneof(
    duration,
    fc.tuple(point, point).map(([one, other]) => `(${one} - ${other})`),
    fc.tuple(duration, fc.constantFrom('+', '-'), duration).map(([one, sign, other]) => `(${one} ${sign} ${other})`),
  );
  const part = fc
    .tuple(
      rounded,
      fc.constantFrom(
        'getFullYear',
        'getMonth',
        'getDate',
        'getDayOfMonth',
        'getDayOfWeek',
        'getDayOfYear',
        'getHours',
        'getMinutes',
        'getSeconds',
        'getMilliseconds',
      ),
    )
    .map(([of, name]) => `${of}.${name}()`);
  const piece = fc
    .tuple(duration, fc.constantFrom('getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'))
    .map(([of, name]) => `${of}.${name}()`);
  const same = (of: fc.Arbitrary<string>) => fc.tuple(of, order, of).map(([one, is, other]) => `${one} ${is} ${other}`);
  const number = fc.oneof(
    part,
    piece,
    point.map((of) => `int(${of})`),
  );
  const value = fc
    .tuple(number, order, fc.integer({ min: -60, max: 2_100 }))
    .map(([one, is, other]) => `${one} ${is} ${other}`);
  fc.assert(fc.property(fc.oneof(same(point), same(span), value), agree), { numRuns: 3_000 });
});

test('the last billionth of a year is in that year', () => {
  const last = `(timestamp('2027-01-01T00:00:00Z') - duration('1ns'))`;
  for (const text of [
    `${last}.getFullYear() == 2026`,
    `${last}.getSeconds() == 59`,
    `${last}.getMilliseconds() == 999`,
  ])
    assert.equal(ruleOf(text).judge({}, stepBudget()), null, text);
});

test('a time of a request that is none is a fault, where the oracle would take the next day for it', () => {
  for (const text of [
    '2026-02-30T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01',
    '2026-01-01t00:00:00z',
    '0000-01-01T00:00:00Z',
    '2026-01-01T00:00:00+24:00',
    '2026-13-01T00:00:00Z',
    '',
    ' 2026-01-01T00:00:00Z',
    '2026-01-01T00:00:60Z',
  ])
    assert.match(
      ruleOf('timestamp(body) > timestamp("2000-01-01T00:00:00Z")').judge({ body: text }, stepBudget()) ?? '',
      /can make none of this/,
      text,
    );
  for (const text of ['', '1', '1d', 'h', '1.5', '--1h', '1h 2m', '.5h', `${'1h'.repeat(9)}`])
    assert.match(
      ruleOf('duration(body) > duration("0s")').judge({ body: text }, stepBudget()) ?? '',
      /can make none of this/,
      text,
    );
  assert.equal(
    ruleOf('timestamp(body) == timestamp("2024-02-29T00:00:00Z")').judge(
      { body: '2024-02-29T01:00:00+01:00' },
      stepBudget(),
    ),
    null,
  );
});

test('a time that is written out is read before, and one that is none is an issue', () => {
  assert.match(faultOf('timestamp("2026-02-30T00:00:00Z") < timestamp(body)'), /this is no timestamp/);
  assert.match(faultOf('duration("1d") < duration(body)'), /this is no duration/);
});
