import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescribedParameter } from './index.ts';
import {
  documentOf,
  errorsOf,
  type Members,
  OPERATION,
  onlyOperation,
  pathParameter,
  warningsOf,
  withItem,
  withOperation,
} from './fixtures.test.ts';

function onlyParameter(parameter: Members, more: Members = {}): DescribedParameter {
  const [only] = onlyOperation(withOperation({ parameters: [parameter] }, more)).parameters;
  assert.ok(only !== undefined);
  return only;
}

function errorsOfParameter(parameter: unknown, more: Members = {}): string {
  return errorsOf(withOperation({ parameters: [parameter] }, more)).join('\n');
}

test('a parameter comes with the defaults of its place', () => {
  assert.deepEqual(onlyParameter({ name: 'limit', in: 'query', schema: { type: 'integer' } }), {
    pointer: '/paths/~1orders/get/parameters/0',
    name: 'limit',
    in: 'query',
    required: false,
    deprecated: false,
    style: 'form',
    explode: true,
    allowReserved: false,
    allowEmptyValue: false,
    schemaPointer: '/paths/~1orders/get/parameters/0/schema',
    contentMediaType: null,
  });
  for (const [place, style, explode] of [
    ['header', 'simple', false],
    ['cookie', 'form', true],
  ] as const) {
    const parameter = onlyParameter({ name: 'a', in: place, schema: {} });
    assert.deepEqual([parameter.style, parameter.explode], [style, explode]);
  }
});

test('what a parameter says is kept', () => {
  const said = { required: true, deprecated: true, explode: false, allowReserved: true, allowEmptyValue: true };
  const parameter = onlyParameter({ name: 'ids', in: 'query', style: 'pipeDelimited', schema: {}, ...said });
  assert.deepEqual({ ...parameter, ...said }, parameter);
  assert.equal(parameter.style, 'pipeDelimited');
});

test('a parameter may be described by a media type', () => {
  const content = { 'Application/JSON': { schema: { type: 'object' } } };
  const parameter = onlyParameter({ name: 'filter', in: 'query', content });
  assert.equal(parameter.contentMediaType, 'application/json');
  assert.equal(parameter.schemaPointer, '/paths/~1orders/get/parameters/0/content/Application~1JSON/schema');
});

test('a value described in two ways, or by no media type, is refused', () => {
  const json = { 'application/json': {} };
  const query = { name: 'q', in: 'query' };
  assert.match(errorsOfParameter({ ...query, schema: {}, content: json }), /beside `schema`/);
  assert.match(errorsOfParameter({ ...query, content: {} }), /exactly one media type/);
  assert.match(errorsOfParameter({ ...query, content: { ...json, 'text/plain': {} } }), /exactly one media type/);
  assert.match(errorsOfParameter({ ...query, content: { nonsense: {} } }), /exactly one media type/);
});

test('a value that nothing describes is told', () => {
  assert.match(warningsOf(withOperation({ parameters: [{ name: 'q', in: 'query' }] })).join(), /any value is valid/);
});

test('a parameter without name or place, or of a strange place or style, is refused', () => {
  assert.match(errorsOfParameter({ in: 'query' }), /no `name`/);
  assert.match(errorsOfParameter({ name: '', in: 'query' }), /no `name`/);
  assert.match(errorsOfParameter({ name: 'a' }), /no `in`/);
  assert.match(errorsOfParameter({ name: 'a', in: 'body' }), /no place/);
  assert.match(errorsOfParameter({ name: 'a', in: 'constructor' }), /no place/);
  assert.match(errorsOfParameter({ name: 'a', in: 'query', schema: {}, style: 'simple' }), /no style/);
  assert.match(errorsOfParameter({ name: 'a b', in: 'header', schema: {} }), /no name of a header/);
  assert.match(errorsOfParameter({ name: 'a', in: 'query', schema: {}, required: 'yes' }), /true or false/);
  assert.match(errorsOfParameter('a'), /must be a parameter/);
  assert.match(errorsOfParameter({ name: 'a', in: 'query', schema: {}, requierd: true }), /`requierd` is not known/);
  assert.match(errorsOf(withOperation({ parameters: {} })).join(), /must be an array/);
});

test('the operation describes anew what its path describes', () => {
  const q = { name: 'q', in: 'query', schema: {} };
  const id = { name: 'X-Id', in: 'header', schema: {} };
  const document = withItem({
    parameters: [q, id, { ...q, in: 'cookie' }],
    get: {
      ...OPERATION,
      parameters: [
        { ...q, required: true },
        { ...id, name: 'x-id' },
        { ...q, name: 'Q' },
      ],
    },
  });
  assert.deepEqual(
    onlyOperation(document).parameters.map((one) => `${one.in} ${one.name} ${one.pointer}`),
    [
      'cookie q /paths/~1orders/parameters/2',
      'query q /paths/~1orders/get/parameters/0',
      'header x-id /paths/~1orders/get/parameters/1',
      'query Q /paths/~1orders/get/parameters/2',
    ],
  );
});

test('two of one name and place are refused, but for the same one listed twice', () => {
  const a = { name: 'a', in: 'header', schema: {} };
  assert.match(errorsOf(withOperation({ parameters: [a, { ...a, name: 'A' }] })).join(), /a second time/);
  const ref = { $ref: '#/components/parameters/a' };
  const same = withOperation({ parameters: [ref, ref] }, { components: { parameters: { a } } });
  assert.equal(onlyOperation(same).parameters.length, 1);
  assert.match(warningsOf(same).join(), /a second time/);
});

test('the parameters of a template are described, and no others are of the path', () => {
  const at = (template: string, ...parameters: readonly unknown[]): readonly string[] =>
    errorsOf(documentOf({ [template]: { get: { ...OPERATION, parameters } } }));
  assert.deepEqual(at('/{a}/{b}-{c}.json', pathParameter('a'), pathParameter('b'), pathParameter('c')), []);
  assert.deepEqual(at('/{a}'), ['/paths/~1{a}/get: has no description of the path parameter `a`']);
  assert.match(at('/{a}', { ...pathParameter('a'), in: 'query' }).join(), /no description of the path parameter/);
  assert.deepEqual(at('/a', pathParameter('a')), [
    '/paths/~1a/get/parameters/0: describes the path parameter `a`, which is not in the template',
  ]);
});

test('a path parameter that is unfit for its path is told once for all its methods', () => {
  const item = { parameters: [pathParameter('b')], get: OPERATION, put: OPERATION };
  assert.deepEqual(errorsOf(withItem(item)), [
    '/paths/~1orders/parameters/0: describes the path parameter `b`, which is not in the template',
  ]);
});

test('a path parameter is required, whether it says so or not', () => {
  const parameter = { name: 'a', in: 'path', schema: {} };
  const document = documentOf({ '/{a}': { get: { ...OPERATION, parameters: [parameter] } } });
  assert.equal(onlyOperation(document).parameters[0]?.required, true);
  assert.match(warningsOf(document).join(), /does not say so/);
});

test('headers that HTTP gives a meaning are no parameters', () => {
  for (const name of ['Accept', 'content-type', 'AUTHORIZATION']) {
    const document = withOperation({ parameters: [{ name, in: 'header', schema: {} }] });
    assert.deepEqual(onlyOperation(document).parameters, []);
    assert.match(warningsOf(document).join(), /ignores/);
  }
});

test('a component is read once and leads to where it stands', () => {
  const components = {
    parameters: { a: { $ref: '#/components/parameters/b' }, b: { name: 'b', in: 'query', schema: {} } },
  };
  const parameter = onlyParameter({ $ref: '#/components/parameters/a', description: 'mine' }, { components });
  assert.equal(parameter.schemaPointer, '/components/parameters/b/schema');
});

test('a parameter that refers to something else, or says more beside its reference, is told', () => {
  const components = { schemas: { a: { type: 'string' } }, parameters: { q: { name: 'q', in: 'query', schema: {} } } };
  assert.match(
    errorsOfParameter({ $ref: '#/components/schemas/a' }, { components }),
    /must be a parameter, but refers to a schema/,
  );
  const sibling = withOperation(
    { parameters: [{ $ref: '#/components/parameters/q', required: true }] },
    { components },
  );
  assert.match(warningsOf(sibling).join(), /`required` beside `\$ref`/);
  assert.equal(onlyOperation(sibling).parameters[0]?.required, false);
});

test('the whole query is one parameter from 3.2 on, beside no other of the query', () => {
  const whole = { name: 'q', in: 'querystring', content: { 'application/json': { schema: {} } } };
  const version = { openapi: '3.2.0' };
  assert.equal(onlyParameter(whole, version).in, 'querystring');
  assert.match(errorsOfParameter(whole), /no place/);
  assert.match(errorsOfParameter({ name: 'q', in: 'querystring', schema: {} }, version), /must have `content`/);
  const both = { parameters: [whole, { name: 'a', in: 'query', schema: {} }] };
  assert.match(errorsOf(withOperation(both, version)).join(), /query as a whole/);
});

test('the style that needs a semicolon is told', () => {
  const parameter = { ...pathParameter('a'), style: 'matrix' };
  const document = documentOf({ '/{a}': { get: { ...OPERATION, parameters: [parameter] } } });
  assert.match(warningsOf(document).join(), /needs a `;`/);
});
