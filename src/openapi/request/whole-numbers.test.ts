import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileValidator } from '../validate/validator.ts';
import { REQUEST_VALIDATION } from './parameter.ts';
import { wholeNumbersOf } from './whole-numbers.ts';

const EXACT = { least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER };

function known(schema: unknown, specification: '3.0' | '3.1' = '3.1', schemas: object = {}) {
  return wholeNumbersOf({ document: { components: { schemas } }, specification }, schema);
}

test('bounds of a schema are those of its whole numbers, the narrowest of them', () => {
  assert.deepEqual(known({ type: 'integer' }), EXACT);
  assert.deepEqual(known({ type: 'number', minimum: 1, maximum: 9, title: 'n' }), { least: 1, most: 9 });
  assert.deepEqual(known({ type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 9 }), { least: 2, most: 8 });
  assert.deepEqual(known({ type: 'integer', minimum: 5, exclusiveMinimum: 1, maximum: 7, exclusiveMaximum: 7 }), {
    least: 5,
    most: 6,
  });
  assert.deepEqual(known({ type: 'integer', format: 'int32', minimum: 0 }), { least: 0, most: 2_147_483_647 });
});

test('a schema that refers to another one and says nothing else has the whole numbers of that', () => {
  const schemas = {
    Id: { type: 'integer', minimum: 1 },
    Alias: { $ref: '#/components/schemas/Id' },
    Loop: { $ref: '#/components/schemas/Loop' },
  };
  assert.deepEqual(known({ $ref: '#/components/schemas/Alias' }, '3.1', schemas), { ...EXACT, least: 1 });
  assert.equal(known({ $ref: '#/components/schemas/Id', maximum: 3 }, '3.1', schemas), null);
  for (const name of ['Loop', 'Nothing'])
    assert.equal(known({ $ref: `#/components/schemas/${name}` }, '3.1', schemas), null);
});

test('of a schema that says anything else nothing is known', () => {
  const number = { type: 'integer' };
  const others: readonly unknown[] = [
    ...[undefined, null, true, false, [], {}, 7, { minimum: 1 }, { type: 'string' }, { type: ['integer'] }],
    ...[{ enum: [1] }, { const: 1 }, { multipleOf: 2 }, { not: {} }, { allOf: [] }, { nullable: true }].map((more) => ({
      ...number,
      ...more,
    })),
    ...[{ minimum: 0.5 }, { maximum: '9' }, { minimum: null }, { minimum: 2 ** 60 }, { exclusiveMaximum: true }].map(
      (more) => ({ ...number, ...more }),
    ),
    ...[{ format: 'float' }, { format: 'int8' }, { format: 'uuid' }, { 'x-mine': 1 }].map((more) => ({
      ...number,
      ...more,
    })),
  ];
  for (const schema of others) assert.equal(known(schema), null, JSON.stringify(schema));
});

test('every whole number that is known to hold is one that the validator takes, in every version', () => {
  const odd = fc.constantFrom<unknown>(true, false, 2.5, 2 ** 53);
  const whole = fc.integer({ min: -4, max: 12 });
  const bound = fc.option(fc.oneof({ weight: 20, arbitrary: whole }, odd), { nil: undefined, freq: 1 });
  const schema = fc
    .record({
      type: fc.constantFrom('integer', 'number', 'string'),
      format: fc.constantFrom(undefined, undefined, 'int32', 'int64', 'float', 'uint8'),
      minimum: bound,
      maximum: bound,
      exclusiveMinimum: bound,
      exclusiveMaximum: bound,
      multipleOf: fc.constantFrom(undefined, undefined, undefined, 3),
    })
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
  let judged = 0;
  fc.assert(
    fc.property(schema, fc.constantFrom('3.0' as const, '3.1' as const), (given, specification) => {
      const source = { document: { schema: given }, specification };
      const numbers = wholeNumbersOf(source, given);
      const validator = compileValidator(source, '/schema', REQUEST_VALIDATION);
      if (numbers === null || !validator.ok) return;
      const near = [numbers.least, numbers.least + 1, 0, 1, 5, numbers.most - 1, numbers.most];
      for (const number of near) {
        if (number < numbers.least || number > numbers.most) continue;
        judged++;
        assert.equal(validator.value(number), null, `${number} ${JSON.stringify(given)}`);
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(judged > 200, String(judged));
});
