import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOf, type Members, OPERATION, warningsOf, withItem } from './fixtures.test.ts';

/** A document whose one operation takes a body of `schema`. */
function withSchema(schema: unknown, schemas: Members = {}, more: Members = {}): Members {
  const content = { 'application/json': { schema } };
  return withItem({ post: { ...OPERATION, requestBody: { content } } }, { components: { schemas }, ...more });
}

const SCHEMA = '/paths/~1orders/post/requestBody/content/application~1json/schema';
const OLD = { openapi: '3.0.3' };

test('recursive types are fine', () => {
  const node = {
    type: 'object',
    properties: { children: { type: 'array', items: { $ref: '#/components/schemas/node' } } },
    additionalProperties: { $ref: '#/components/schemas/node' },
  };
  const document = withSchema({ $ref: '#/components/schemas/node' }, { node });
  assert.deepEqual([...errorsOf(document), ...warningsOf(document)], []);
});

test('references are checked wherever a schema has schemas', () => {
  const lost = { $ref: '#/lost' };
  const behind = (keyword: string): Members => ({ [keyword]: lost });
  for (const schema of [
    ...['not', 'if', 'then', 'else', 'items', 'contains', 'propertyNames', 'additionalProperties'].map(behind),
    ...['unevaluatedItems', 'unevaluatedProperties', 'contentSchema', 'additionalItems'].map(behind),
    { items: [lost] },
    { allOf: [{}, lost] },
    { anyOf: [lost] },
    { oneOf: [lost] },
    { prefixItems: [lost] },
    { properties: { a: lost } },
    { patternProperties: { a: lost } },
    { dependentSchemas: { a: lost } },
    { $defs: { a: lost } },
    { properties: { a: { items: { allOf: [lost] } } } },
  ]) {
    const [error, ...more] = errorsOf(withSchema(schema));
    assert.match(error ?? '', /\$ref: refers to `#\/lost`, which is not in the document$/, JSON.stringify(schema));
    assert.ok(error?.startsWith(SCHEMA));
    assert.deepEqual(more, []);
  }
});

test('what only looks like a reference is none', () => {
  const document = withSchema({
    properties: { $ref: { type: 'string' }, $id: { type: 'string' } },
    example: { $ref: '#/lost' },
    default: { $ref: '#/lost' },
    const: { $ref: '#/lost' },
    enum: [{ $ref: '#/lost' }],
    'x-note': { $ref: '#/lost' },
  });
  assert.deepEqual(errorsOf(document), []);
});

test('references of schemas lead on, over the places they come to', () => {
  const document = withSchema(
    { $ref: '#/components/schemas/a/properties/b' },
    { a: { properties: { b: { $ref: '#/components/x-hidden/c' } } } },
  );
  const hidden = {
    ...document,
    components: { ...(document['components'] as object), 'x-hidden': { c: { items: 7 } } },
  };
  assert.deepEqual(errorsOf(hidden), ['/components/x-hidden/c/items: must be a schema, an object']);
});

test('schemas that only refer to each other are an error', () => {
  const schemas = { a: { $ref: '#/components/schemas/b' }, b: { $ref: '#/components/schemas/a' } };
  const errors = errorsOf(withSchema({ items: { $ref: '#/components/schemas/a' } }, schemas));
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? '', /circle .*`#\/components\/schemas\/a` → `#\/components\/schemas\/b` → /);
});

test('a schema that judges a value by itself is an error, whatever stands between', () => {
  for (const schema of [
    { allOf: [{ type: 'object' }, { $ref: '#/components/schemas/a' }] },
    { anyOf: [{ not: { $ref: '#/components/schemas/a' } }] },
    { oneOf: [{ $ref: '#/components/schemas/b' }] },
    { dependentSchemas: { x: { $ref: '#/components/schemas/a' } } },
    { if: {}, else: { $ref: '#/components/schemas/a' } },
  ]) {
    const schemas = { a: schema, b: { allOf: [{ $ref: '#/components/schemas/a' }] } };
    const errors = errorsOf(withSchema({ $ref: '#/components/schemas/a' }, schemas));
    assert.equal(errors.length, 1, JSON.stringify(schema));
    assert.match(errors[0] ?? '', /judges a value by itself/);
  }
});

test('what no operation uses is told as a warning', () => {
  const schemas = {
    lost: { $ref: '#/lost' },
    strange: { properties: [] },
    itself: { allOf: [{ $ref: '#/components/schemas/itself' }] },
    'x-note': 'none',
  };
  const document = withSchema({}, schemas);
  assert.deepEqual(errorsOf(document), []);
  assert.deepEqual(
    warningsOf(document).map((warning) => warning.split(':')[0]),
    ['/components/schemas/lost/$ref', '/components/schemas/strange/properties', '/components/schemas/itself'],
  );
});

test('in 3.0 the siblings of a reference do not count, and those that would are told', () => {
  const sibling = { $ref: '#/components/schemas/a', nullable: true, description: 'mine', allOf: [{ $ref: '#/lost' }] };
  const document = withSchema(sibling, { a: {} }, OLD);
  assert.deepEqual(errorsOf(document), []);
  assert.deepEqual(warningsOf(document), [
    `${SCHEMA}: has \`nullable\`, \`allOf\` beside \`$ref\`, which OpenAPI 3.0 ignores`,
  ]);
  assert.match(errorsOf(withSchema(sibling, { a: {} })).join(), /#\/lost/);
});

test('true and false are schemas from 3.1 on', () => {
  assert.deepEqual(errorsOf(withSchema({ properties: { a: true, b: false }, items: true })), []);
  assert.deepEqual(errorsOf(withSchema({ additionalProperties: false }, {}, OLD)), []);
  assert.match(errorsOf(withSchema({ properties: { a: true } }, {}, OLD)).join(), /must be a schema/);
});

test('what is no schema where one stands is an error', () => {
  for (const schema of [
    null,
    'string',
    [],
    7,
    { items: null },
    { allOf: {} },
    { allOf: [1] },
    { properties: { a: 'b' } },
  ]) {
    assert.equal(errorsOf(withSchema(schema)).length, 1, JSON.stringify(schema));
  }
});

test('a reference under an $id may mean two places, so it is refused', () => {
  const schemas = { a: {} };
  const inside = { $id: 'https://example.com/a', items: { $ref: '#/components/schemas/a' } };
  assert.match(errorsOf(withSchema(inside, schemas)).join(), /may mean two places/);
  assert.deepEqual(errorsOf(withSchema(inside, schemas, OLD)), []);
  assert.deepEqual(errorsOf(withSchema({ $id: 'https://example.com/a', items: {} })), []);
});

test('anchors and dynamic references lead to what is there', () => {
  const tree = { $dynamicAnchor: 'node', properties: { left: { $dynamicRef: '#node' }, right: { $ref: '#leaf' } } };
  assert.deepEqual(errorsOf(withSchema(tree, { leaf: { $anchor: 'leaf' } })), []);
  assert.match(errorsOf(withSchema(tree)).join(), /anchor `leaf`/);
  assert.match(errorsOf(withSchema({ $dynamicRef: '#nothing' })).join(), /refers to nothing/);
});

test('a mapping that leads nowhere is told', () => {
  const mapping = { cat: '#/components/schemas/cat', dog: '#/components/schemas/dog', emu: 'Emu', fox: 7 };
  const document = withSchema({ discriminator: { propertyName: 'kind', mapping } }, { cat: {} });
  assert.deepEqual(
    warningsOf(document).map((warning) => warning.split(':')[0]),
    [`${SCHEMA}/discriminator/mapping/dog`, `${SCHEMA}/discriminator/mapping/fox`],
  );
});

test('schemas nested and chained beyond any stack are read', () => {
  const long = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, index) => [
      `s${index}`,
      { allOf: [{ type: 'object' }, { $ref: `#/components/schemas/s${(index + 1) % 100_000}` }] },
    ]),
  );
  const errors = errorsOf(withSchema({ $ref: '#/components/schemas/s0' }, long));
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? '', /judges a value by itself/);
  assert.ok((errors[0] ?? '').length < 1000);
});

test('references that all lead to each other are read in linear time', () => {
  const references = Array.from({ length: 600 }, (_, index) => ({ $ref: `#/components/schemas/s${index}` }));
  const dense = Object.fromEntries(references.map((_, index) => [`s${index}`, { properties: { ...references } }]));
  assert.deepEqual(errorsOf(withSchema({ $ref: '#/components/schemas/s0' }, dense)), []);
  const tangled = Object.fromEntries(references.map((_, index) => [`s${index}`, { anyOf: references }]));
  assert.ok(errorsOf(withSchema({ $ref: '#/components/schemas/s0' }, tangled)).length > 1);
});
