import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAmbiguous, readScalar } from './scalar.ts';
import { formsOf } from './styled-text.ts';
import { shapeOf, type ValueShape } from './value-shape.ts';

function shape(schema: unknown, specification: '3.0' | '3.1' = '3.1', schemas: unknown = {}): ValueShape {
  return shapeOf({ document: { components: { schemas } }, specification }, schema);
}

function scalars(given: ValueShape): readonly string[] | null {
  return given === null ? null : [...given.scalars].sort();
}

test('kinds of value come from types, or from what else a schema says', () => {
  assert.deepEqual(scalars(shape({ type: 'integer' })), ['integer']);
  assert.deepEqual(scalars(shape({ type: ['string', 'null'] })), ['null', 'string']);
  assert.deepEqual(scalars(shape({ type: 'string', nullable: true })), ['string']);
  assert.deepEqual(scalars(shape({ type: 'string', nullable: true }, '3.0')), ['null', 'string']);
  assert.deepEqual(scalars(shape({ enum: [1, 'a', null, true] })), ['boolean', 'null', 'number', 'string']);
  assert.deepEqual(scalars(shape({ const: 1 })), ['number']);
  assert.deepEqual(formsOf(shape({ properties: {} })), ['object']);
  assert.deepEqual(formsOf(shape({ items: {} })), ['array']);
  for (const nothing of [{}, true, false, null, 5, { maxLength: 3 }, { type: 5 }]) assert.equal(shape(nothing), null);
});

test('allOf narrows, anyOf and oneOf widen, references are followed', () => {
  const schemas = { Id: { type: 'integer' }, Loop: { allOf: [{ $ref: '#/components/schemas/Loop' }] } };
  const id = { $ref: '#/components/schemas/Id' };
  assert.deepEqual(scalars(shape(id, '3.1', schemas)), ['integer']);
  assert.deepEqual(scalars(shape({ anyOf: [id, { type: 'string' }] }, '3.1', schemas)), ['integer', 'string']);
  assert.deepEqual(scalars(shape({ allOf: [{ type: 'number' }, id] }, '3.1', schemas)), ['integer']);
  assert.deepEqual(scalars(shape({ type: ['number', 'string'], allOf: [id] }, '3.1', schemas)), ['integer']);
  assert.equal(shape({ oneOf: [id, {}] }, '3.1', schemas), null);
  assert.equal(shape({ $ref: '#/components/schemas/Loop' }, '3.1', schemas), null);
  assert.equal(shape({ $ref: '#/nowhere' }, '3.1', schemas), null);
  assert.deepEqual(scalars(shape({ ...id, type: 'string' }, '3.0', schemas)), ['integer']);
});

test('properties of joined objects count together', () => {
  const one = { type: 'object', properties: { a: { type: 'integer' } } };
  const two = { type: 'object', properties: { b: { type: 'boolean' } } };
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const joined = shape({ [keyword]: [one, two] });
    assert.deepEqual([...(joined?.object?.properties.keys() ?? [])], ['a', 'b'], keyword);
  }
  assert.equal(shape(one)?.object?.others, undefined);
  for (const parts of [
    [one, { type: 'object' }],
    [{ type: 'object' }, one],
  ]) {
    assert.equal(shape({ allOf: parts })?.object?.others, undefined);
    assert.equal(shape({ anyOf: [...parts, { type: 'object', additionalProperties: true }] })?.object?.others, null);
  }
  assert.equal(shape({ type: 'object' })?.object?.others, null);
  assert.deepEqual(scalars(shape({ ...one, additionalProperties: { type: 'integer' } })?.object?.others ?? null), [
    'integer',
  ]);
});

test('a schema without end, or without measure, has a shape in the time of a compile', () => {
  const tree = {
    type: 'object',
    properties: { left: { $ref: '#/components/schemas/T' }, right: { $ref: '#/components/schemas/T' } },
  };
  assert.deepEqual(formsOf(shape({ $ref: '#/components/schemas/T' }, '3.1', { T: tree })), ['object']);
  const wide = { anyOf: Array.from({ length: 10 }, () => ({ $ref: '#/components/schemas/W' })) };
  assert.equal(shape({ $ref: '#/components/schemas/W' }, '3.1', { W: wide }), null);
});

test('the two readings of text differ only where a shape has room for both', () => {
  const either = shape({ type: ['integer', 'string', 'boolean'] });
  assert.equal(isAmbiguous(either), true);
  assert.deepEqual(
    ['5', 'true', '05'].map((text) => readScalar(text, either, 'typed')),
    [5, true, '05'],
  );
  assert.deepEqual(
    ['5', 'true', '05'].map((text) => readScalar(text, either, 'text')),
    ['5', 'true', '05'],
  );
  for (const plain of [shape({ type: 'string' }), shape({ type: ['integer', 'null'] }), null]) {
    assert.equal(isAmbiguous(plain), false);
  }
  assert.equal(isAmbiguous(shape({ type: 'array', items: { type: ['string', 'number'] } })), true);
  assert.equal(isAmbiguous(shape({ type: 'object', additionalProperties: { type: ['string', 'number'] } })), true);
});

test('a schema that is kept for one version is read anew for another, and in another document', () => {
  const schema = { type: 'string', nullable: true };
  const document = {};
  for (let again = 0; again < 2; again++) {
    assert.deepEqual(scalars(shapeOf({ document, specification: '3.0' }, schema)), ['null', 'string']);
    assert.deepEqual(scalars(shapeOf({ document, specification: '3.1' }, schema)), ['string']);
  }
  const one = shapeOf({ document, specification: '3.1' }, schema);
  assert.equal(shapeOf({ document, specification: '3.1' }, schema), one);
  const referring = { $ref: '#/a' };
  const of = (a: unknown): ValueShape => shapeOf({ document: { a }, specification: '3.1' }, referring);
  assert.deepEqual([scalars(of({ type: 'integer' })), scalars(of({ type: 'null' }))], [['integer'], ['null']]);
});
