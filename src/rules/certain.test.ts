import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alternativesOf, alwaysHolds, neverHolds } from './certain.ts';
import type { Expression } from './expression.ts';
import { type Asked, compiledAs } from './fixtures.test.ts';
import { stepBudget } from './index.ts';
import { readExpression } from './text.ts';

function read(text: string): Expression {
  const expression = readExpression(text);
  assert.ok(expression.ok, text);
  return expression.value;
}

const DEAD = [
  'false',
  '1 > 2',
  '!true',
  'i == 1 && i == 2',
  'i == 1 && s == "a" && i != 1',
  'body.x == "a" && body.x == "b"',
  'body.x == 1 && "b" == body.x',
  'i < 1 && i > 2',
  'i < 1 && 1 < i',
  'i <= 1 && i > 1',
  'i >= 3 && i in [1, 2]',
  's in ["a", "b"] && s in ["c"]',
  's in ["a"] && s != "a"',
  's in []',
  'b && !b',
  'has(body.x) && !has(body.x)',
  '(i == 1 && i == 2) || (s == "a" && s == "b")',
  'b && (false || i < 1 && i > 1)',
  '!(i != 1 || i != 2)',
  '!(i in [1, 2]) && i == 1',
  'li.exists(x, x == 1 && x == 2)',
  'body.x == "a" && body.x > 3',
  'body.x == -1 && body.x > 0',
  'b ? false : 1 > 2',
  'size(s) > 3 && size(s) < 2',
];

const LIVE = [
  'true',
  'i == 1 || i == 2',
  'i == 1 && d == 2.0',
  'i > 1 && i < 2',
  'body.x == 1 && body.x == 1.0',
  'body.x == 1 && body.y == 2',
  's in ["a", "b"] && s in ["b", "c"]',
  'li.all(x, x == 1 && x == 2)',
  '!li.exists(x, x == 1 && x == 2)',
  'i <= 1 && i >= 1',
  's < "a" && s > "b"',
  '!(d < 1.0) && !(d >= 1.0)',
  'li.exists(x, x == 1) && li.exists(x, x == 2)',
  'body.x != 1 && body.x != 2',
];

test('what contradicts itself is never true', () => {
  for (const text of DEAD) assert.equal(neverHolds(read(text)), true, text);
});

test('of what may be true nothing is said, nor of what only seems not to', () => {
  for (const text of LIVE) assert.equal(neverHolds(read(text)), false, text);
});

test('only what needs nothing that might not be there is always true', () => {
  for (const text of ['true', '1 < 2', 'b || true', '!false', '"a" in ["a"]'])
    assert.equal(alwaysHolds(read(text)), true, text);
  for (const text of ['b || !b', 'i == i', 'i != 1 || i != 2', 'b && true', 'false'])
    assert.equal(alwaysHolds(read(text)), false, text);
});

test('alternatives are told apart, and what is none stands alone', () => {
  assert.equal(alternativesOf(read('b || (i == 1 || s == "a")')).length, 3);
  assert.equal(alternativesOf(read('b && (i == 1 || s == "a")')).length, 1);
});

/** Conditions of few names and few values, so that they often contradict themselves. */
const conditions = fc.letrec<{ atom: string; part: string }>((tie) => ({
  atom: fc.oneof(
    fc
      .tuple(
        fc.constantFrom('i', 'body.x', 'body["x"]', 'd', 'size(s)'),
        fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
        fc.constantFrom('0', '1', '2', '-1', '1.0', '1.5'),
        fc.boolean(),
      )
      .map(([name, operator, value, turned]) =>
        turned ? `${value} ${operator} ${name}` : `${name} ${operator} ${value}`,
      ),
    fc
      .tuple(fc.constantFrom('s', 'body.x'), fc.constantFrom('==', '!=', '<', '>'), fc.constantFrom('"a"', '"b"', '""'))
      .map((parts) => parts.join(' ')),
    fc.constantFrom(
      'b',
      'has(body.x)',
      'body.x',
      'body.y.z',
      'true',
      'false',
      '1 > 2',
      'body.x == null',
      'body.x / 0 == 1',
    ),
    fc
      .tuple(
        fc.constantFrom('i', 'body.x', 's'),
        fc.constantFrom('[]', '[1]', '[1, 2]', '["a", "b"]', '[1, "a", null]'),
      )
      .map((parts) => parts.join(' in ')),
    tie('part').map((part) => `li.exists(x, x == 1 && (${part}))`),
    tie('part').map((part) => `li.all(x, x != 1 || (${part}))`),
  ),
  part: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    tie('atom'),
    fc.tuple(tie('part'), tie('part')).map(([left, right]) => `(${left}) && (${right})`),
    fc.tuple(tie('part'), tie('part')).map(([left, right]) => `(${left}) || (${right})`),
    tie('part').map((part) => `!(${part})`),
    fc.tuple(tie('part'), tie('part'), tie('part')).map(([when, yes, no]) => `(${when}) ? (${yes}) : (${no})`),
  ),
}));

const values = fc.constantFrom<unknown>(0, 1, 2, -1, 1.5, 'a', 'b', '', true, false, null, [], {}, [1]);
const inputs: fc.Arbitrary<Asked> = fc.record(
  {
    body: fc.oneof(fc.record({ x: values }, { requiredKeys: [] }), values),
    i: fc.integer({ min: -1, max: 3 }),
    d: fc.constantFrom(0, 1, 1.5, 2, Number.POSITIVE_INFINITY, Number.NaN),
    s: fc.constantFrom('', 'a', 'b', 'abc'),
    b: fc.boolean(),
    li: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

test('whatever is written, what is said to be never true is not, and what is said to be always true is', () => {
  let [dead, certain] = [0, 0];
  fc.assert(
    fc.property(conditions.part, fc.array(inputs, { minLength: 20, maxLength: 40 }), (text, asked) => {
      const rule = compiledAs(text);
      // What is too much for one condition, or compares what can't be compared, starts nowhere.
      if (typeof rule === 'string') return;
      const expression = read(text);
      const [isDead, isCertain] = [neverHolds(expression), alwaysHolds(expression)];
      dead += isDead ? 1 : 0;
      certain += isCertain ? 1 : 0;
      if (!isDead && !isCertain) return;
      for (const input of asked) {
        const said = rule.answer(input, stepBudget());
        if (isDead) assert.notEqual(said, true, text);
        if (isCertain) assert.equal(said, true, text);
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(dead > 50 && certain > 20, `${dead} ${certain}`);
});
