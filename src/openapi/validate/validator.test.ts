// `then` is a keyword of JSON Schema; nobody awaits a schema.
/* oxlint-disable unicorn/no-thenable */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asParsed, assertVerdicts, issuesOf, validatorOf } from './fixtures.test.ts';
import { VIOLATION_LIMIT } from './validator.ts';

type Row = readonly [schema: object, passes: readonly unknown[], fails: readonly unknown[]];

const SCALARS: readonly Row[] = [
  [{ type: 'string' }, ['', 'a'], [1, null, true, [], {}]],
  [{ type: 'integer' }, [1, 1.0, -0, 1e20], [1.5, '1', true, null]],
  [{ type: 'number' }, [1, 1.5], ['1', null]],
  [{ type: 'boolean' }, [true, false], [0, 'true', null]],
  [{ type: 'null' }, [null], [0, '', {}, []]],
  [{ type: 'array' }, [[]], [{}, null]],
  [{ type: 'object' }, [{}], [[], null]],
  [{ type: ['string', 'null'] }, ['a', null], [1]],
  [{ enum: [1, 'a', null, { a: [1] }] }, [1, 'a', null, { a: [1] }], [2, '1', { a: [2] }, { a: [1], b: 1 }, [1]]],
  [{ enum: [] }, [], [null, 1]],
  [{ const: { a: 1, b: [2] } }, [{ b: [2], a: 1 }], [{ a: 1 }, { a: 1, b: [2, 3] }, [1]]],
  [{ const: null }, [null], [0, false, '']],
  [{ const: 0 }, [0, -0], [false, '', null]],
  [{ multipleOf: 0.1 }, [0.3, 1.1, 2, 'a'], [0.35, 0.05]],
  [{ multipleOf: 0.01 }, [19.99, 1_234_567.89, 0], [19.999]],
  [{ minimum: 1, maximum: 3 }, [1, 3, 'a'], [0.99, 3.01]],
  [{ exclusiveMinimum: 1, exclusiveMaximum: 3 }, [1.01, 2.99], [1, 3]],
  [{ minLength: 2, maxLength: 3 }, ['ab', 'abc', '😀😀', '😀😀😀', 5], ['a', 'abcd', '😀', '😀😀😀😀']],
  [{ pattern: '^a+$' }, ['a', 'aa', 1], ['', 'ab', 'a\n']],
  [{ pattern: 'b' }, ['abc'], ['ac']],
  [{ format: 'date' }, ['2024-02-29', 1], ['2023-02-29', '2024-1-1']],
  [{ format: 'int32' }, [2147483647, -2147483648, 'a'], [2147483648, 1.5]],
  [{ format: 'colour' }, ['anything'], []],
];

const ARRAYS: readonly Row[] = [
  [{ minItems: 1, maxItems: 2 }, [[1], [1, 2], {}], [[], [1, 2, 3]]],
  [
    { uniqueItems: true },
    [[], [1, '1', true], [{ a: 1 }, { a: 2 }], [[1], [2]]],
    [
      [1, 1.0],
      [0, -0],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [[1], [1]],
    ],
  ],
  [{ items: { type: 'integer' } }, [[], [1, 2]], [[1, 'a']]],
  [{ items: false }, [[]], [[1]]],
  [
    { prefixItems: [{ type: 'integer' }, { type: 'string' }], items: { type: 'null' } },
    [[], [1], [1, 'a', null]],
    [['a'], [1, 'a', 1]],
  ],
  [{ items: [{ type: 'integer' }], additionalItems: false }, [[1], []], [['a'], [1, 2]]],
  [{ contains: { const: 1 } }, [[1], [2, 1]], [[], [2]]],
  [
    { contains: { const: 1 }, minContains: 2, maxContains: 3 },
    [
      [1, 1],
      [1, 1, 1, 2],
    ],
    [[1], [1, 1, 1, 1]],
  ],
  [{ contains: { const: 1 }, minContains: 0, maxContains: 1 }, [[], [1]], [[1, 1]]],
  [{ prefixItems: [true], unevaluatedItems: false }, [[1], []], [[1, 2]]],
  [
    { allOf: [{ prefixItems: [true, true] }], unevaluatedItems: { type: 'null' } },
    [
      [1, 2],
      [1, 2, null],
    ],
    [[1, 2, 3]],
  ],
  [{ contains: { const: 1 }, unevaluatedItems: { const: 2 } }, [[1, 2, 1]], [[1, 3]]],
];

const OBJECTS: readonly Row[] = [
  [{ required: ['a'] }, [{ a: null }, 'a'], [{}, { A: 1 }]],
  [{ required: ['toString', '__proto__'] }, [JSON.parse('{"toString":1,"__proto__":1}')], [{}, { toString: 1 }]],
  [{ properties: { a: { type: 'integer' } } }, [{}, { a: 1 }, { b: 'x' }], [{ a: 'x' }]],
  [{ patternProperties: { '^x-': { type: 'integer' } } }, [{ 'x-a': 1, b: 'b' }], [{ 'x-a': 'b' }]],
  [
    { properties: { a: true }, patternProperties: { '^b': true }, additionalProperties: false },
    [{ a: 1, b1: 2 }],
    [{ c: 1 }],
  ],
  [{ properties: { a: true }, additionalProperties: { type: 'integer' } }, [{ a: 'x', b: 1 }], [{ b: 'x' }]],
  [{ propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [{ abc: 1 }]],
  [{ minProperties: 1, maxProperties: 2 }, [{ a: 1 }, { a: 1, b: 1 }], [{}, { a: 1, b: 1, c: 1 }]],
  [{ dependentRequired: { a: ['b'] } }, [{}, { b: 1 }, { a: 1, b: 1 }], [{ a: 1 }]],
  [{ dependentSchemas: { a: { required: ['b'] } } }, [{}, { a: 1, b: 1 }], [{ a: 1 }]],
  [
    { dependencies: { a: ['b'], c: { required: ['d'] } } },
    [
      { a: 1, b: 1 },
      { c: 1, d: 1 },
    ],
    [{ a: 1 }, { c: 1 }],
  ],
  [{ properties: { a: true }, unevaluatedProperties: false }, [{ a: 1 }], [{ b: 1 }]],
  [
    {
      properties: { a: true },
      anyOf: [{ properties: { b: { const: 1 } }, required: ['b'] }, {}],
      unevaluatedProperties: false,
    },
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ b: 2 }, { a: 1, c: 1 }],
  ],
];

const LOGIC: readonly Row[] = [
  [{ allOf: [{ minimum: 1 }, { maximum: 3 }] }, [2], [0, 4]],
  [{ anyOf: [{ type: 'string' }, { minimum: 3 }] }, ['a', 3], [2]],
  [{ oneOf: [{ multipleOf: 2 }, { multipleOf: 3 }] }, [2, 3], [1, 6]],
  [{ not: { type: 'string' } }, [1], ['a']],
  [{ if: { minimum: 10 }, then: { multipleOf: 10 }, else: { multipleOf: 2 } }, [10, 4], [11, 3]],
  [{ if: { minimum: 10 } }, [1, 10], []],
  [{ then: false }, [1], []],
  [
    {
      oneOf: [
        { properties: { k: { const: 'a' }, v: { type: 'string' } } },
        { properties: { k: { const: 'b' }, v: { type: 'integer' } } },
      ],
      required: ['k'],
    },
    [
      { k: 'a', v: 'x' },
      { k: 'b', v: 1 },
    ],
    [
      { k: 'a', v: 1 },
      { k: 'c', v: 1 },
    ],
  ],
];

for (const [about, rows] of Object.entries({ SCALARS, ARRAYS, OBJECTS, LOGIC })) {
  test(`keywords judge as JSON Schema has it: ${about.toLowerCase()}`, () => {
    for (const [schema, passes, fails] of rows) assertVerdicts(schema, { passes, fails });
  });
}

test('true and false are schemas', () => {
  assertVerdicts(true, { passes: [1, null, {}] });
  assertVerdicts(false, { fails: [1, null, {}] });
});

test('what no JSON text says never passes', () => {
  for (const value of [undefined, Number.NaN, Infinity, Symbol('a'), 1n, () => 1]) {
    assert.notEqual(validatorOf({})(value), null);
    assert.notEqual(validatorOf({ properties: { a: {} } })({ a: value }), null);
  }
});

test('names that objects inherit are names like others', () => {
  const schema: unknown = JSON.parse('{"properties":{"__proto__":{"type":"integer"},"constructor":{"type":"string"}}}');
  const validator = validatorOf(schema, { closed: true });
  assert.equal(validator(asParsed({})), null);
  assert.equal(validator({}), null);
  assert.equal(validator(JSON.parse('{"__proto__":1,"constructor":"a"}')), null);
  assert.equal(validator(JSON.parse('{"__proto__":"a"}'))?.length, 1);
  assert.equal(validator(JSON.parse('{"constructor":1}'))?.length, 1);
  assert.deepEqual(validator(JSON.parse('{"toString":1}')), [{ pointer: '/toString', message: 'is not described' }]);
});

test('each violation says where, and repeats neither the value nor the pattern', () => {
  const validator = validatorOf({
    type: 'object',
    required: ['id'],
    properties: { 'a/b': { type: 'array', items: { type: 'string', pattern: '^secret$' } }, n: { maximum: 3 } },
  });
  assert.deepEqual(validator({ 'a/b': ['secret', 'hunter2', 7], n: 9 }), [
    { pointer: '', message: 'must have the property `id`' },
    { pointer: '/a~1b/1', message: 'must match the pattern described' },
    { pointer: '/a~1b/2', message: 'must be a string' },
    { pointer: '/n', message: 'must be at most 3' },
  ]);
});

test('the one alternative that can be meant is explained', () => {
  const branch = (k: string) => ({ required: ['k'], properties: { k: { const: k }, v: { type: 'integer' } } });
  const validator = validatorOf({ oneOf: [branch('a'), branch('b')] });
  assert.deepEqual(validator({ k: 'b', v: 'x' }), [{ pointer: '/v', message: 'must be a whole number' }]);
  assert.deepEqual(validator({ k: 'c' }), [{ pointer: '', message: 'matches none of the alternatives' }]);
});

test('no more violations are told than the limit', () => {
  const violations = validatorOf({ items: { type: 'string' } })(Array.from({ length: 1000 }, () => 1));
  assert.equal(violations?.length, VIOLATION_LIMIT);
});

test('a validator judges each value afresh', () => {
  const validator = validatorOf({ properties: { a: { type: 'integer' } } }, { closed: true });
  for (let round = 0; round < 3; round += 1) {
    assert.equal(validator({ a: 1 }), null);
    assert.deepEqual(validator({ a: 1, b: 1 }), [{ pointer: '/b', message: 'is not described' }]);
  }
});

test('a verdict does not depend on the order of members', () => {
  const validator = validatorOf(
    {
      required: ['a'],
      properties: { a: { type: 'integer' }, b: { type: 'string' }, c: {} },
      anyOf: [{ required: ['b'] }, { properties: { d: { type: 'null' } }, required: ['d'] }],
    },
    { closed: true },
  );
  const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null));
  const members = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), value), {
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(members, (entries) => {
      const forth = validator(asParsed(Object.fromEntries(entries)));
      const back = validator(asParsed(Object.fromEntries(entries.toReversed())));
      assert.equal(forth === null, back === null);
    }),
  );
});

test('any schema compiles or is an issue, and any value is judged', () => {
  const word = fc.constantFrom(
    'type',
    'properties',
    'items',
    'allOf',
    'oneOf',
    'not',
    'enum',
    '$ref',
    'required',
    'pattern',
  );
  const schema = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue(),
      fc.constantFrom('string', 'object', '#', '^a'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(word, tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  fc.assert(
    fc.property(schema, fc.jsonValue(), (written, value) => {
      if (issuesOf(written).length > 0) return;
      const violations = validatorOf(written, { closed: true })(asParsed(value));
      assert.ok(violations === null || violations.length > 0);
    }),
  );
});
