// `then` is a keyword of JSON Schema; nobody awaits a schema.
/* oxlint-disable unicorn/no-thenable */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asParsed, assertVerdicts, issuesOf, validatorOf } from './fixtures.test.ts';

const CLOSED = { closed: true };
const a = { properties: { a: { type: 'integer' } } };
const b = { properties: { b: { type: 'integer' } } };

test('of an object whose properties are described, only those pass', () => {
  assertVerdicts(a, { passes: [{}, { a: 1 }, 'text'], fails: [{ b: 1 }, { a: 1, b: 1 }] }, CLOSED);
  assertVerdicts({ type: 'object', properties: {} }, { passes: [{}], fails: [{ b: 1 }] }, CLOSED);
  assertVerdicts({ patternProperties: { '^x-': true } }, { passes: [{ 'x-a': 1 }], fails: [{ a: 1 }] }, CLOSED);
  assertVerdicts({ patternProperties: {} }, { passes: [{}], fails: [{ a: 1 }] }, CLOSED);
});

test('an object whose properties nobody describes stays open', () => {
  for (const schema of [{}, true, { type: 'object' }, { required: ['x'] }, { minProperties: 1 }, { allOf: [{}] }]) {
    assertVerdicts(schema, { passes: [{ x: 1, y: { z: 1 } }] }, CLOSED);
  }
});

test('a schema that says what more there may be decides for itself', () => {
  assertVerdicts({ ...a, additionalProperties: true }, { passes: [{ a: 1, x: 1 }], fails: [{ a: 'x' }] }, CLOSED);
  assertVerdicts(
    { ...a, additionalProperties: { type: 'string' } },
    { passes: [{ x: 'x' }], fails: [{ x: 1 }] },
    CLOSED,
  );
  assertVerdicts({ ...a, unevaluatedProperties: true }, { passes: [{ a: 1, x: 1 }] }, CLOSED);
  assertVerdicts(
    { allOf: [{ ...a, additionalProperties: true }, b] },
    { passes: [{ x: 1 }], fails: [{ b: 'x' }] },
    CLOSED,
  );
  assertVerdicts({ anyOf: [{ ...a, additionalProperties: true }, b] }, { passes: [{ x: 1 }] }, CLOSED);
});

test('schemas joined by allOf and $ref describe an object together', () => {
  const passes = [{}, { a: 1 }, { a: 1, b: 1 }];
  const fails = [{ c: 1 }, { a: 1, b: 1, c: 1 }, { a: 'x' }];
  assertVerdicts({ allOf: [a, b] }, { passes, fails }, CLOSED);
  assertVerdicts({ ...a, allOf: [b] }, { passes, fails }, CLOSED);
  assertVerdicts({ ...a, $ref: '#/$defs/b', $defs: { b } }, { passes, fails }, CLOSED);
  assertVerdicts({ allOf: [{ $ref: '#/$defs/ab' }], $defs: { ab: { allOf: [a, b] } } }, { passes, fails }, CLOSED);
  assertVerdicts({ $ref: '#/$defs/ab', $defs: { ab: { allOf: [a, b] } } }, { passes, fails }, CLOSED);
});

test('of alternatives, those describe an object that it matches', () => {
  const one = { properties: { kind: { const: 'one' }, x: {} }, required: ['kind'] };
  const two = { properties: { kind: { const: 'two' }, y: {} }, required: ['kind'] };
  const passes = [
    { kind: 'one', x: 1 },
    { kind: 'two', y: 1 },
  ];
  const fails = [{ kind: 'one', y: 1 }, { kind: 'two', x: 1 }, { kind: 'one', z: 1 }, { kind: 'three' }];
  for (const schema of [
    { oneOf: [one, two] },
    { anyOf: [one, two] },
    { properties: { kind: true }, oneOf: [one, two] },
  ]) {
    assertVerdicts(schema, { passes, fails }, CLOSED);
  }
  const missed = { anyOf: [{ ...b, allOf: [{ required: ['z'] }] }, a] };
  assertVerdicts(missed, { passes: [{ a: 1 }], fails: [{ b: 1 }, { a: 1, b: 1 }] }, CLOSED);
  assertVerdicts({ anyOf: [a, b] }, { passes: [{ a: 1, b: 1 }], fails: [{ a: 1, c: 1 }] }, CLOSED);
});

test('conditions describe an object where they hold', () => {
  const schema = {
    properties: { country: {} },
    if: { properties: { country: { const: 'AT' } }, required: ['country'] },
    then: { properties: { vat: {} } },
    else: { properties: { taxId: {} } },
  };
  const passes = [{ country: 'AT', vat: 1 }, { country: 'US', taxId: 1 }, { taxId: 1 }];
  assertVerdicts(
    schema,
    {
      passes,
      fails: [
        { country: 'AT', taxId: 1 },
        { country: 'US', vat: 1 },
      ],
    },
    CLOSED,
  );
  const dependent = { ...a, dependentSchemas: { a: b } };
  assertVerdicts(dependent, { passes: [{ a: 1, b: 1 }], fails: [{ b: 1 }, { a: 1, c: 1 }] }, CLOSED);
});

test('what is asked by not, if and contains is judged unclosed, so that closing lets nothing more pass', () => {
  const inner = { properties: { o: { properties: { secret: true } } }, required: ['o'] };
  assertVerdicts({ not: inner }, { fails: [{ o: {} }, { o: { other: 1 } }], passes: [{}] }, CLOSED);
  assertVerdicts(
    { properties: { o: {} }, if: inner, then: false },
    { fails: [{ o: { other: 1 } }], passes: [{}] },
    CLOSED,
  );
  assertVerdicts(
    { contains: { ...a, required: ['a'] }, maxContains: 1 },
    { fails: [[{ a: 1 }, { a: 2, z: 1 }]] },
    CLOSED,
  );
  const nested = { contains: inner, maxContains: 1 };
  assertVerdicts(nested, { passes: [[{ o: { other: 1 } }]], fails: [[{ o: {} }, { o: { other: 1 } }]] }, CLOSED);
  const both = { oneOf: [{ properties: { o: a } }, { properties: { o: b } }] };
  assertVerdicts(both, { fails: [{ o: { a: 1 } }, { o: { b: 1 } }] }, CLOSED);
});

test('an object inside another is closed by its own description', () => {
  const nested = { properties: { o: { allOf: [a, b] }, list: { items: a }, free: {} } };
  const passes = [{ o: { a: 1, b: 1 }, list: [{ a: 1 }], free: { x: 1 } }];
  assertVerdicts(nested, { passes, fails: [{ o: { c: 1 } }, { list: [{ b: 1 }] }] }, CLOSED);
  const twice = { allOf: [{ properties: { o: a } }, { properties: { o: b } }] };
  assertVerdicts(twice, { passes: [{ o: {} }], fails: [{ o: { a: 1 } }] }, CLOSED);
});

test('a closed validator passes nothing that an open one refuses', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const leaf = fc.constantFrom<unknown>({}, true, false, { type: 'integer' }, { type: 'object' }, { const: 1 }, a, b);
  const wrapped = (inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => {
    const list = fc.array(inner, { minLength: 1, maxLength: 2 });
    const map = fc.dictionary(name, inner, { maxKeys: 2 });
    const keyword = fc.oneof(
      map.map((properties) => ({ properties })),
      map.map((dependentSchemas) => ({ dependentSchemas })),
      inner.map((additionalProperties) => ({ additionalProperties })),
      inner.map((unevaluatedProperties) => ({ unevaluatedProperties })),
      list.map((allOf) => ({ allOf })),
      list.map((anyOf) => ({ anyOf })),
      list.map((oneOf) => ({ oneOf })),
      inner.map((not) => ({ not })),
      inner.map((contains) => ({ contains, maxContains: 1 })),
      fc.array(inner, { minLength: 3, maxLength: 3 }).map(([if_, then_, else_]) => conditional(if_, then_, else_)),
      fc.constant({ required: ['a'] }),
    );
    return fc.oneof(
      inner,
      fc.array(keyword, { minLength: 1, maxLength: 3 }).map((parts) => Object.assign({}, ...parts) as unknown),
    );
  };
  const schema = wrapped(wrapped(wrapped(leaf)));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(1, 'x', null),
      fc.dictionary(name, tie('any'), { maxKeys: 3 }),
      fc.array(tie('any'), { maxLength: 2 }),
    ),
  })).any;
  fc.assert(
    fc.property(schema, fc.array(value, { minLength: 4, maxLength: 4 }), (written, values) => {
      if (issuesOf(written).length > 0) return;
      const open = validatorOf(written);
      const closed = validatorOf(written, CLOSED);
      for (const each of values.map(asParsed)) if (closed(each) === null) assert.equal(open(each), null);
    }),
    { numRuns: 400 },
  );
});

function conditional(condition: unknown, whenTrue: unknown, whenFalse: unknown): object {
  return Object.fromEntries([
    ['if', condition],
    ['then', whenTrue],
    ['else', whenFalse],
  ]);
}
