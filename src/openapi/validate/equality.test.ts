import assert from 'node:assert/strict';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { areUnique, equals } from './equality.ts';
import { asParsed } from './fixtures.test.ts';

// JSON has one zero; what is parsed from it may have two.
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

test('values are equal as JSON has it', () => {
  fc.assert(
    fc.property(json, json, (left, right) => assert.equal(equals(left, right), isDeepStrictEqual(left, right))),
  );
  fc.assert(fc.property(json, (value) => assert.equal(equals(asParsed(value), value), true)));
  assert.equal(equals(0, -0), true);
  assert.equal(equals({ a: 1, b: 2 }, { b: 2, a: 1 }), true);
  for (const [left, right] of [
    [{}, []],
    [[], {}],
    [{ a: 1 }, { b: 1 }],
    [[1], [1, 1]],
    [null, {}],
    [{}, null],
    [1, '1'],
    [{ toString: 1 }, {}],
  ]) {
    assert.equal(equals(left, right), false);
  }
});

test('a list has an item twice where two of its items are equal', () => {
  const item = fc.oneof(
    fc.constantFrom<unknown>(0, 1, '0', '1', null, true, 'null', '[]', '{}', [], {}, [1], { a: [1] }),
    json,
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), (items) => {
      const twice = items.some((left, index) => items.slice(index + 1).some((right) => equals(left, right)));
      assert.equal(areUnique(items), !twice);
    }),
  );
  assert.equal(
    areUnique([
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]),
    false,
  );
  assert.equal(areUnique([{ 'a":1,"b': 2 }, { a: 1, b: 2 }]), true);
});

test('a long list is compared in one walk', () => {
  assert.equal(areUnique(Array.from({ length: 250_000 }, (_, index) => `item ${index}`)), true);
  assert.equal(areUnique(Array.from({ length: 100_000 }, (_, index) => ({ index: index % 99_999 }))), false);
});
