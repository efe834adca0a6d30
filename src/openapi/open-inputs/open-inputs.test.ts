import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { described, documentOf, type Members, OPERATION } from '../fixtures.test.ts';
import { compileValidator } from '../validate/validator.ts';
import { findOpenInputs, type OpenInput, type OpenInputs } from './open-inputs.ts';

function inputsOf(document: Members): OpenInputs {
  return findOpenInputs(document, described(document));
}

/** A document with one operation that takes this body as JSON. */
function withBody(schema: unknown, more: Members = {}): Members {
  const requestBody = { content: { 'application/json': { schema } } };
  return documentOf({ '/a': { post: { operationId: 'a', ...OPERATION, requestBody } } }, more);
}

function withQuery(name: string, schema: unknown, more: Members = {}): Members {
  const parameters = [{ name, in: 'query', schema, ...more }];
  return documentOf({ '/a': { get: { operationId: 'a', ...OPERATION, parameters } } });
}

/** An object with properties, and with more of them under a condition. */
function conditional(properties: Members, more: Members): unknown {
  return { type: 'object', properties, if: false, else: { properties: more } };
}

/** What of a body is open, as `NAME: MISSING`. */
function openOf(schema: unknown, more: Members = {}): readonly string[] {
  return inputsOf(withBody(schema, more)).open.map(({ name, missing }) => `${name}: ${missing.join()}`);
}

function proposalOf(name: string, schema: unknown, more: Members = {}): unknown {
  return inputsOf(withQuery(name, schema, more)).open[0]?.proposal;
}

test('a value without a type, or that nothing bounds, is open', () => {
  for (const [schema, missing] of [
    [true, 'type'],
    [{}, 'type'],
    [{ description: 'x' }, 'type'],
    [{ maxLength: 5 }, 'type'],
    [{ type: 'string' }, 'length'],
    [{ type: 'string', minLength: 1 }, 'length'],
    [{ type: 'string', pattern: '[a-z]+' }, 'length'],
    [{ type: 'string', format: 'password' }, 'length'],
    [{ type: 'string', format: 'byte' }, 'length'],
    [{ type: ['string', 'null'] }, 'length'],
    [{ type: 'integer' }, 'range'],
    [{ type: 'integer', minimum: 0 }, 'range'],
    [{ type: 'number', exclusiveMaximum: 5 }, 'range'],
    [{ type: 'number', format: 'double' }, 'range'],
    [{ type: ['string', 'integer'] }, 'length,range'],
    [{ type: 'integer', allOf: [{ type: 'number' }] }, 'range'],
    [{ type: 'number', allOf: [{ type: 'integer' }] }, 'range'],
    [{ type: 'array', items: { type: 'boolean' } }, 'count'],
    [{ type: 'array', maxItems: 5 }, 'items'],
    [{ type: 'array', maxItems: 5, items: {} }, 'items'],
    [{ type: 'object' }, 'names'],
    [{ type: 'object', additionalProperties: true }, 'names'],
    [{ type: 'object', properties: {}, additionalProperties: {} }, 'names'],
    [{ type: 'object', additionalProperties: { type: 'boolean' } }, 'count'],
    [{ properties: { a: { type: 'boolean' } } }, 'type'],
    [{ allOf: [{ type: 'string' }, { minLength: 5 }] }, 'length'],
  ] as const) {
    assert.deepEqual(openOf(schema), [`body: ${missing}`], JSON.stringify(schema));
  }
});

test('a value that is bounded is not', () => {
  for (const schema of [
    false,
    { enum: ['a', 5] },
    { const: 'a' },
    { type: 'boolean' },
    { type: 'null' },
    { type: 'string', maxLength: 5 },
    { type: 'string', pattern: '^[a-z]{1,5}$' },
    { type: 'string', format: 'uuid' },
    { type: 'integer', minimum: 0, exclusiveMaximum: 5 },
    { type: 'integer', format: 'int64' },
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'array', maxItems: 5, items: { type: 'boolean' } },
    { type: 'object', properties: { a: { type: 'boolean' } } },
    { type: 'object', properties: { a: { type: 'boolean' } }, additionalProperties: false },
    { type: 'object', additionalProperties: { type: 'boolean' }, maxProperties: 5 },
    { allOf: [{ type: 'string' }, { maxLength: 5 }] },
    { type: 'string', anyOf: [{ maxLength: 5 }, { format: 'uuid' }] },
    { oneOf: [{ type: 'string', maxLength: 5 }, { type: 'null' }] },
    { type: 'object', oneOf: [{ properties: { a: { type: 'boolean' } } }, { properties: {} }] },
  ]) {
    assert.deepEqual(openOf(schema), [], JSON.stringify(schema));
  }
});

test('what is inside is looked at wherever it stands', () => {
  const open = { type: 'string' };
  for (const [schema, name] of [
    [{ type: 'object', properties: { a: { type: 'object', properties: { b: open } } } }, 'body.a.b'],
    [{ type: 'array', maxItems: 1, items: open }, 'body[]'],
    [{ type: 'array', maxItems: 1, prefixItems: [open], items: false }, 'body[]'],
    [{ type: 'object', maxProperties: 1, additionalProperties: open }, 'body.*'],
    [{ type: 'object', patternProperties: { '^a$': open } }, 'body.*'],
    [{ type: 'object', allOf: [{ properties: { a: open } }] }, 'body.a'],
    [{ type: 'object', anyOf: [{ properties: { a: open } }, { properties: {} }] }, 'body.a'],
    [conditional({}, { a: open }), 'body.a'],
    [{ type: 'object', properties: {}, dependentSchemas: { b: { properties: { a: open } } } }, 'body.a'],
  ] as const) {
    assert.deepEqual(openOf(schema), [`${name}: length`], JSON.stringify(schema));
  }
});

test('what a condition says of a property that is described before is not asked again', () => {
  const a = { type: 'string', maxLength: 5 };
  assert.deepEqual(openOf(conditional({ a }, { a: { minLength: 2 } })), []);
});

test('each alternative is told by itself', () => {
  assert.deepEqual(openOf({ oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'boolean' }] }), [
    'body: length',
    'body: range',
  ]);
});

test('what is read-only is refused in requests, so it is no input', () => {
  const schemas = { Id: { type: 'string', readOnly: true } };
  const properties = { a: { type: 'string', readOnly: true }, b: { $ref: '#/components/schemas/Id' } };
  const { open, operations } = inputsOf(withBody({ type: 'object', properties }, { components: { schemas } }));
  assert.deepEqual([open, operations], [[], [{ operation: 'a', inputs: 1, open: 0 }]]);
});

test('a shared schema counts once in an operation and is told once where it stands', () => {
  const ref = { $ref: '#/components/schemas/Name' };
  const schemas = {
    Name: { type: 'string' },
    Order: { type: 'object', properties: { one: ref, other: ref, next: { $ref: '#/components/schemas/Order' } } },
  };
  const order = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } };
  const name = { name: 'n', in: 'query', schema: ref };
  const document = documentOf(
    {
      '/a': { post: { operationId: 'a', ...OPERATION, requestBody: order, parameters: [name] } },
      '/b': { post: { operationId: 'b', ...OPERATION, requestBody: order } },
      '/c': { get: { operationId: 'c', ...OPERATION } },
    },
    { components: { schemas } },
  );
  const { operations, open } = inputsOf(document);
  assert.deepEqual(operations, [
    { operation: 'a', inputs: 2, open: 1 },
    { operation: 'b', inputs: 2, open: 1 },
    { operation: 'c', inputs: 0, open: 0 },
  ]);
  assert.deepEqual(
    open.map(({ pointer, operations, operation }) => [pointer, operations, operation]),
    [['/components/schemas/Name', 2, 'a']],
  );
});

test('what stands beside a reference bounds what it refers to, in the versions that say so', () => {
  const schemas = { Name: { type: 'string' } };
  const schema = { $ref: '#/components/schemas/Name', maxLength: 5 };
  assert.deepEqual(openOf(schema, { components: { schemas } }), []);
  assert.deepEqual(openOf(schema, { openapi: '3.0.3', components: { schemas } }), ['Name: length']);
  const all = { allOf: [{ $ref: '#/components/schemas/Name' }, { maxLength: 5 }] };
  assert.deepEqual(openOf(all, { openapi: '3.0.3', components: { schemas } }), []);
});

test('parameters of every place are inputs, and those without a schema have no type', () => {
  const parameters = ['query', 'header', 'cookie', 'path'].map((place) => ({
    name: 'p',
    in: place,
    schema: { type: 'string' },
    ...(place === 'path' ? { required: true } : {}),
  }));
  const filter = { name: 'f', in: 'query', content: { 'application/json': { schema: { type: 'integer' } } } };
  const bare = { name: 'g', in: 'query', content: { 'application/json': {} } };
  const get = { operationId: 'a', ...OPERATION, parameters: [...parameters, filter, bare] };
  const { open } = inputsOf(documentOf({ '/a/{p}': { get } }));
  assert.deepEqual(open.map(({ place, name, missing }) => `${place} ${name}: ${missing.join()}`).toSorted(), [
    'cookie p: length',
    'header p: length',
    'path p: length',
    'query f: range',
    'query g: type',
    'query p: length',
  ]);
});

test('of bodies those are inputs that are read', () => {
  const bytes = { type: 'string', format: 'binary' };
  for (const [content, open] of [
    [{ 'image/png': { schema: bytes }, 'application/zip': {} }, 0],
    [{ 'application/xml': { schema: { type: 'string' } } }, 0],
    [{ 'application/json': {} }, 1],
    [{ 'application/json': { schema: bytes } }, 1],
    [{ 'text/plain': { schema: { type: 'string' } } }, 1],
    [{ 'application/x-www-form-urlencoded': { schema: { type: 'object', properties: { a: { type: 'string' } } } } }, 1],
  ] as const) {
    const document = documentOf({ '/a': { post: { ...OPERATION, requestBody: { content } } } });
    assert.equal(inputsOf(document).open.length, open, JSON.stringify(content));
  }
});

const ROOMY = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`a${index}`, true]));

test('what is proposed goes by the name', () => {
  for (const [name, schema, proposal] of [
    ['email', { type: 'string' }, { format: 'email' }],
    ['billing_email', { type: 'string' }, { format: 'email' }],
    ['createdAt', { type: 'string' }, { format: 'date-time' }],
    ['birth-date', { type: 'string' }, { format: 'date' }],
    ['webhookUrl', { type: 'string' }, { format: 'uri', maxLength: 2048 }],
    ['country', { type: 'string' }, { pattern: '^[A-Z]{2}$' }],
    ['currency', { type: 'string' }, { pattern: '^[A-Z]{3}$' }],
    ['orderUuid', { type: 'string' }, { format: 'uuid' }],
    ['id', { type: 'string' }, { maxLength: 64 }],
    ['id', { type: 'string', example: '7c9e6679-7425-40de-944b-e07fc1f90ae7' }, { format: 'uuid' }],
    ['name', { type: 'string' }, { maxLength: 255 }],
    ['name', { type: 'string', default: 'x'.repeat(200) }, { maxLength: 1000 }],
    ['limit', { type: 'integer' }, { minimum: 1, maximum: 100 }],
    ['per_page', { type: 'integer' }, { minimum: 1, maximum: 100 }],
    ['limit', { type: 'integer', minimum: 0 }, { maximum: 100 }],
    ['limit', { type: 'integer', default: 500 }, { minimum: 1, maximum: 500 }],
    ['limit', { type: 'integer', minimum: 5000 }, { maximum: 5000 }],
    ['latitude', { type: 'number' }, { minimum: -90, maximum: 90 }],
    ['id', { type: 'integer' }, { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }],
    ['tags', { type: 'array', items: { type: 'boolean' } }, { maxItems: 100 }],
    ['a', { type: 'array', maxItems: 5 }, { items: { type: 'string', maxLength: 255 } }],
    [
      'a',
      { type: 'array', maxItems: 5, examples: [[7], [12]] },
      { items: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 } },
    ],
    ['a', { type: 'object', additionalProperties: { type: 'boolean' }, example: ROOMY }, { maxProperties: 1000 }],
    ['isOpen', {}, { type: 'boolean' }],
    ['limit', {}, { type: 'integer', minimum: 1, maximum: 100 }],
    ['name', {}, { type: 'string', maxLength: 255 }],
    ['a', { type: 'object' }, { properties: {}, additionalProperties: false }],
    ['a', { type: 'object', properties: {}, additionalProperties: true }, { additionalProperties: false }],
  ] as const) {
    assert.deepEqual(proposalOf(name, schema), proposal, `${name} ${JSON.stringify(schema)}`);
  }
});

test('what a parameter gives as an example is one too', () => {
  const schema = { type: 'string' };
  assert.deepEqual(proposalOf('country', schema, { example: 'DEU' }), { pattern: '^[A-Z]{3}$' });
  assert.deepEqual(proposalOf('country', schema, { examples: { one: { value: 'Germany' } } }), { maxLength: 255 });
});

test('no proposal refuses an example of the document, and each closes what it is for', () => {
  const names = ['id', 'email', 'date', 'startDate', 'url', 'phone', 'zip', 'limit', 'age', 'code', 'x', 'ip', 'sku'];
  const value = fc.oneof(
    fc.string({ maxLength: 600 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), value, fc.boolean(), (name, example, typed) => {
      const type = typeof example === 'string' ? 'string' : Number.isInteger(example) ? 'integer' : 'number';
      const schema = { ...(typed ? { type } : {}), example };
      const [open] = inputsOf(withQuery(name, schema)).open as [OpenInput];
      const mended = withQuery(name, { ...schema, ...open.proposal });
      assert.deepEqual(inputsOf(mended).open, []);
      const pointer = '/paths/~1a/get/parameters/0/schema';
      const options = { closed: true, direction: 'request' } as const;
      const validate = compileValidator({ document: mended, specification: '3.1' }, pointer, options);
      assert.ok(validate.ok);
      assert.equal(validate.value(example), null, JSON.stringify([name, example, open.proposal]));
    }),
  );
});

test('alternatives of alternatives without end are looked at no longer than a bound', () => {
  const schemas = Object.fromEntries(
    Array.from({ length: 40 }, (_, level) => {
      const next = level === 39 ? { type: 'string' } : { $ref: `#/components/schemas/L${level + 1}` };
      return [`L${level}`, { type: 'string', oneOf: [next, { ...next, title: 'other' }] }];
    }),
  );
  const started = process.cpuUsage().user;
  assert.ok(openOf({ $ref: '#/components/schemas/L0' }, { components: { schemas } }).length > 0);
  assert.ok(process.cpuUsage().user - started < 4_000_000);
});

test('schemas that are joined in longer chains than any validator takes are counted all the same', () => {
  const length = 10_000;
  const links: readonly ((next: unknown) => Members)[] = [
    (next) => ({ allOf: [next] }),
    (next) => ({ type: 'string', anyOf: [next] }),
  ];
  for (const link of links) {
    const chain = Array.from(
      { length },
      (_, at) => [`S${at}`, link({ $ref: `#/components/schemas/S${at + 1}` })] as const,
    );
    const schemas = { ...Object.fromEntries(chain), [`S${length}`]: { type: 'string' } };
    assert.equal(openOf({ $ref: '#/components/schemas/S0' }, { components: { schemas } }).length, 1);
  }
});
