import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeApi, valueAt } from '../openapi/index.ts';
import { divideDocument, openDocument } from './lazy-document.ts';

function sharedText(text: string): SharedArrayBuffer {
  const bytes = Buffer.from(text);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}

function opened(text: string): unknown {
  return openDocument(structuredClone(divideDocument(sharedText(text))));
}

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'A', version: '1' },
  paths: {
    '/constructor': { post: { responses: { default: { description: 'x' } } } },
    '/things/{id}': {
      get: {
        operationId: 'getThing',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 200: { $ref: '#/components/responses/thing' } },
      },
    },
  },
  components: {
    schemas: { Thing: { type: 'object', properties: { a: { type: 'string' } } }, 'a~/b': { type: 'integer' } },
    responses: {
      thing: { description: 'x', content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
    },
  },
  tags: [{ name: 'x' }],
};

test('a document is described the same whether it is read at once or as it is needed', () => {
  const text = JSON.stringify(DOCUMENT);
  assert.deepEqual(
    describeApi(opened(text), () => null),
    describeApi(JSON.parse(text), () => null),
  );
});

test('each pointer leads to the same value, and to the same object each time', () => {
  const document = opened(JSON.stringify(DOCUMENT));
  for (const pointer of ['/openapi', '/paths/~1things~1{id}/get', '/components/schemas/a~0~1b', '/tags/0'])
    assert.deepEqual(valueAt(document, pointer), valueAt(DOCUMENT, pointer), pointer);
  for (const pointer of ['/components', '/paths/~1things~1{id}', '/components/schemas/Thing'])
    assert.equal(valueAt(document, pointer), valueAt(document, pointer), pointer);
  for (const pointer of ['/nothing', '/paths/~1none', '/components/schemas/toString', '/components/schemas/__proto__'])
    assert.equal(valueAt(document, pointer), undefined, pointer);
});

test('any document is the same data, names of any kind included', () => {
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'a/b', '~1', ''));
  const members = fc.dictionary(name, fc.jsonValue());
  const some = fc.record(
    { openapi: fc.string(), paths: members, components: fc.dictionary(name, members), extra: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(some, (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(JSON.parse(JSON.stringify(opened(text))), JSON.parse(text));
    }),
  );
});

test('a name that an object has not is found neither by itself nor in a prototype', () => {
  const document = opened('{"paths":{},"__proto__":{"a":1}}') as Record<string, unknown>;
  assert.equal(Object.hasOwn(document, 'toString'), false);
  assert.equal('valueOf' in document, false);
  assert.equal(document['constructor'], undefined);
  assert.deepEqual(Reflect.get(document, '__proto__'), { a: 1 });
  assert.equal(Object.hasOwn(document, '__proto__'), true);
  assert.deepEqual(Object.keys(document), ['__proto__', 'paths']);
});

test('nobody can change it', () => {
  const document = opened(JSON.stringify(DOCUMENT)) as Record<string, unknown>;
  assert.throws(() => (document['paths'] = {}), TypeError);
  assert.throws(() => Object.defineProperty(document, 'x', { value: 1 }), TypeError);
  assert.throws(() => delete document['paths'], TypeError);
  assert.equal(Object.hasOwn(document, 'x'), false);
});

test('only what is asked for is read', () => {
  const text = JSON.stringify(DOCUMENT);
  const shared = sharedText(text);
  const record = divideDocument(shared);
  // Whoever reads this part gets an error, and nobody does.
  Buffer.from(shared).write('#', text.indexOf('{"type":"integer"}'));
  const document = openDocument(record);
  assert.deepEqual(valueAt(document, '/components/schemas/Thing'), DOCUMENT.components.schemas.Thing);
  assert.throws(() => valueAt(document, '/components/schemas/a~0~1b'), SyntaxError);
});

test('a document whose paths are none is given as it is', () => {
  for (const text of ['{"paths":[],"components":7}', '{"paths":null}', '{}', '{"components":{"schemas":[1]}}'])
    assert.deepEqual(JSON.parse(JSON.stringify(opened(text))), JSON.parse(text));
});
