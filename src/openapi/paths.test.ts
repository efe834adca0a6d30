import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  described,
  documentOf,
  errorsOf,
  OPERATION,
  onlyOperation,
  pathParameter,
  warningsOf,
  withItem,
  withOperation,
} from './fixtures.test.ts';

const REFERRED = { components: { pathItems: { orders: { get: OPERATION } } } };

test('each method of each path is an operation, in order', () => {
  const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
  const item = Object.fromEntries(methods.map((method) => [method, OPERATION]));
  const { operations } = described(documentOf({ '/b': item, '/a': { get: OPERATION } }));
  assert.deepEqual(
    operations.map(({ id }) => id),
    [...methods.map((method) => `${method.toUpperCase()} /b`), 'GET /a'],
  );
});

test('an operation bears its id, or method and canonical template', () => {
  assert.equal(onlyOperation(withOperation({ operationId: 'listOrders' })).id, 'listOrders');
  const unnamed = onlyOperation(documentOf({ '/%7Eorders/café': { post: OPERATION } }));
  assert.deepEqual(
    { id: unnamed.id, template: unnamed.template, pointer: unnamed.pointer },
    { id: 'POST /~orders/caf%C3%A9', template: '/~orders/caf%C3%A9', pointer: '/paths/~1%7Eorders~1café/post' },
  );
  assert.match(errorsOf(withOperation({ operationId: '' })).join(), /is empty/);
  assert.match(errorsOf(withOperation({ operationId: 7 })).join(), /must be text/);
});

test('an id stands for one operation', () => {
  const twice = withItem({ get: { ...OPERATION, operationId: 'a' }, put: { ...OPERATION, operationId: 'a' } });
  assert.deepEqual(errorsOf(twice), ['/paths/~1orders/put: has the operationId `a`, which another operation has too']);
  const mimic = withItem({ get: OPERATION, put: { ...OPERATION, operationId: 'GET /orders' } });
  assert.equal(errorsOf(mimic).length, 1);
});

test('the methods of 3.2 are known there and nowhere else', () => {
  const item = { query: OPERATION, additionalOperations: { COPY: OPERATION } };
  assert.deepEqual(
    described(withItem(item, { openapi: '3.2.0' })).operations.map(({ method }) => method),
    ['QUERY', 'COPY'],
  );
  assert.deepEqual(described(withItem(item)).operations, []);
  assert.equal(warningsOf(withItem(item)).length, 3);
  for (const method of ['GET', 'copy', 'QUERY', '', 'A B']) {
    const wrong = withItem({ additionalOperations: { [method]: OPERATION } }, { openapi: '3.2.0' });
    assert.match(errorsOf(wrong).join(), /cannot stand here/, method);
  }
});

test('a method in upper case is a slip, and TRACE never comes through', () => {
  assert.match(errorsOf(withItem({ GET: OPERATION })).join(), /`GET` is not known/);
  assert.match(warningsOf(withItem({ trace: OPERATION })).join(), /never lets through/);
  assert.match(errorsOf(withItem({ get: [] })).join(), /must be an operation/);
});

test('templates that cannot be read are errors at their paths', () => {
  for (const template of ['orders', '/a//b', '/a/../b', '/{a}{b}', '/{a', '/a;b', '/{rest...}', '/100%']) {
    const [error, ...more] = errorsOf(documentOf({ [template]: { get: OPERATION } }));
    assert.match(error ?? '', /the template/, template);
    assert.deepEqual(more, []);
  }
});

test('a path with a query or a fragment is left out, since no path has one', () => {
  const document = documentOf({
    '/orders': { post: OPERATION },
    '/orders?draft=true': { post: OPERATION },
    '/orders#draft': { post: OPERATION },
    '/orders/{a?}{b}?c': { post: OPERATION },
  });
  assert.equal(onlyOperation(document).template, '/orders');
  assert.equal(warningsOf(document).length, 3);
});

test('two templates of one shape are an error where they share a method, and a warning elsewhere', () => {
  const at = (name: string, method: string): unknown => ({
    [method]: { ...OPERATION, parameters: [pathParameter(name)] },
  });
  const shared = documentOf({ '/a/{x}': at('x', 'get'), '/%61/{y}': at('y', 'get') });
  assert.match(
    errorsOf(shared).join(),
    /^\/paths\/~1%61~1\{y\}: .*`\/a\/\{y\}` matches the same paths as `\/a\/\{x\}`/,
  );
  const apart = documentOf({ '/a/{x}': at('x', 'get'), '/a/{y}': at('y', 'put') });
  assert.match(warningsOf(apart).join(), /matches the same paths/);
  assert.deepEqual(
    described(apart).operations.map(({ id }) => id),
    ['GET /a/{x}', 'PUT /a/{y}'],
  );
});

test('a path item may stand elsewhere', () => {
  const operation = onlyOperation(withItem({ $ref: '#/components/pathItems/orders', summary: 'Orders' }, REFERRED));
  assert.equal(operation.id, 'GET /orders');
  assert.equal(operation.pointer, '/components/pathItems/orders/get');
});

test('a path item that stands in two places is refused, since tools differ in what it means', () => {
  const both = withItem({ $ref: '#/components/pathItems/orders', put: OPERATION }, REFERRED);
  assert.deepEqual(errorsOf(both), ['/paths/~1orders: has `put` beside `$ref`']);
});

test('path items that refer in a circle are told by name', () => {
  const document = documentOf({ '/a': { $ref: '#/paths/~1b' }, '/b': { $ref: '#/paths/~1a' } });
  assert.match(errorsOf(document).join(), /circle .*`#\/paths\/~1a` → `#\/paths\/~1b` → `#\/paths\/~1a`/);
});

test('operations are bounded, also where one path item serves many paths', () => {
  const item = Object.fromEntries(['get', 'put', 'post', 'delete', 'patch'].map((method) => [method, OPERATION]));
  const paths = Object.fromEntries(
    Array.from({ length: 10_001 }, (_, index) => [`/p${index}`, { $ref: '#/components/pathItems/a' }]),
  );
  const errors = errorsOf(documentOf(paths, { components: { pathItems: { a: item } } }));
  assert.ok(errors.includes('/paths: describes more than 50000 operations'));
});

test('what references multiply is bounded too', () => {
  const parameters = Array.from({ length: 1000 }, (_, index) => ({ name: `q${index}`, in: 'query', schema: {} }));
  const paths = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`/p${index}`, { $ref: '#/components/pathItems/a' }]),
  );
  const item = { parameters, get: OPERATION };
  const errors = errorsOf(documentOf(paths, { components: { pathItems: { a: item } } }));
  assert.ok(errors.some((error) => error.includes('more than 2000000 parameters')));
});
