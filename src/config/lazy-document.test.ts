import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileValidator, describeApi, propertyNamesOf, valueAt } from '../openapi/index.ts';
import { divideDocument, openDocument, readWhole } from './lazy-document.ts';

function sharedText(text: string): SharedArrayBuffer {
  const bytes = Buffer.from(text);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}

function opened(text: string): unknown {
  return openDocument(structuredClone(divideDocument(sharedText(text), { withNames: true })));
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
  const divided = divideDocument(shared, { withNames: false });
  // Whoever reads this part gets an error, and nobody does.
  Buffer.from(shared).write('#', text.indexOf('{"type":"integer"}'));
  const document = openDocument(divided);
  assert.deepEqual(valueAt(document, '/components/schemas/Thing'), DOCUMENT.components.schemas.Thing);
  assert.throws(() => valueAt(document, '/components/schemas/a~0~1b'), SyntaxError);
});

test('a document whose paths are none is given as it is', () => {
  for (const text of ['{"paths":[],"components":7}', '{"paths":null}', '{}', '{"components":{"schemas":[1]}}'])
    assert.deepEqual(JSON.parse(JSON.stringify(opened(text))), JSON.parse(text));
});

/** A document with parts that nobody can read any more, as it comes to a thread. */
function withUnreadable(document: object, ...parts: readonly string[]) {
  const text = JSON.stringify(document);
  const shared = sharedText(text);
  const divided = divideDocument(shared, { withNames: true });
  for (const part of parts) Buffer.from(shared).write('#', text.indexOf(part));
  return openDocument(structuredClone(divided));
}

test('the names of all properties are known without a reading of the whole document', () => {
  const document = withUnreadable(DOCUMENT, '{"type":"object","properties"', '{"type":"integer"}', '{"post"');
  const names = propertyNamesOf(document);
  assert.equal(names.has('a'), true);
  for (const name of ['b', '', 'type', 'toString', '__proto__']) assert.equal(names.has(name), false, name);
  assert.throws(() => valueAt(document, '/components/schemas/Thing'), SyntaxError);
});

test('an anchor is found without a reading of the whole document, and one that stands twice is none', () => {
  const schemas = {
    Here: { $anchor: 'here', type: 'integer' },
    Twice: { anyOf: [{ $anchor: 'twice' }, { $dynamicAnchor: 'twice' }] },
    Other: { type: 'string' },
    Refers: { $ref: '#here' },
    Lost: { $ref: '#twice' },
    Nowhere: { $ref: '#nowhere' },
  };
  const document = withUnreadable({ ...DOCUMENT, components: { schemas } }, '{"type":"string"}', '{"anyOf"');
  const compiled = (name: string) =>
    compileValidator({ document, specification: '3.1' }, `/components/schemas/${name}`, {
      direction: 'request',
      closed: true,
    });
  const validator = compiled('Refers');
  assert.ok(validator.ok);
  assert.equal(validator.value(3), null);
  assert.notEqual(validator.value('x'), null);
  assert.equal(compiled('Lost').ok, false);
  assert.equal(compiled('Nowhere').ok, false);
});

test('an anchor whose key is written with escapes is known too', () => {
  const text = '{"components":{"schemas":{"A":{"\\u0024ancho\\u0072":"a","type":"null"},"B":{"$ref":"#a"}}}}';
  const divided = divideDocument(sharedText(text), { withNames: false });
  for (const document of [openDocument(divided), readWhole(divided)]) {
    const options = { direction: 'request', closed: true } as const;
    const found = compileValidator({ document, specification: '3.1' }, '/components/schemas/B', options);
    assert.ok(found.ok);
    assert.equal(found.value(null), null);
  }
});

test('the same names are told of any document as by reading it', () => {
  const name = fc.constantFrom('properties', 'a', 'b', 'c', '__proto__');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.constant(1),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(name, tie('tree'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(name, tree), (value) => {
      const text = JSON.stringify({ components: value });
      const told = propertyNamesOf(opened(text));
      const read = propertyNamesOf(JSON.parse(text));
      for (const asked of ['properties', 'a', 'b', 'c', '__proto__', 'd'])
        assert.equal(told.has(asked), read.has(asked), asked);
    }),
  );
});

test('a reference inside a schema with an `$id` is refused, however that key is written', () => {
  for (const key of ['$id', '\\u0024id', '$other']) {
    const text = `{"openapi":"3.1.0","a":{"${key}":"https://x.example/","items":{"$ref":"#/b"}},"b":{}}`;
    const divided = divideDocument(sharedText(text), { withNames: false });
    assert.equal(divided.identified, key !== '$other');
    for (const document of [openDocument(structuredClone(divided)), readWhole(divided), JSON.parse(text) as unknown]) {
      const made = compileValidator({ document, specification: '3.1' }, '/a', { closed: true, direction: 'request' });
      assert.equal(made.ok, key === '$other', key);
    }
  }
});
