import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../body/index.ts';
import type { Config } from '../config/index.ts';
import type { CompiledOperation } from '../gateway/index.ts';
import { type InForce, requestOf } from './decision-target.ts';

const operation = (id: string, method: string, template: string): CompiledOperation => {
  const api = id.slice(0, id.indexOf('/'));
  const named = { id, api, name: id.slice(api.length + 1), method, template };
  return { operation: named } as unknown as CompiledOperation;
};

const OPERATIONS = [
  operation('orders/getOrder', 'GET', '/v1/orders/{id}'),
  operation('orders/getItem', 'GET', '/v1/orders/{id}/items/{item}'),
  operation('orders/listOrders', 'GET', '/v1/orders'),
  operation('orders/getFile', 'GET', '/files/{path...}'),
  operation('things/getOrder', 'GET', '/things/{id}'),
  operation('things/any', '*', '/any'),
];

const api = (name: string, host: string | null): object => ({ name, host, party: null });
const inForce = (...hosts: readonly (string | null)[]): InForce => ({
  config: { apis: [api('orders', hosts[0] ?? null), api('things', hosts[1] ?? null)] } as unknown as Config,
  snapshot: { operations: OPERATIONS },
});

const targetIn =
  (force: InForce) =>
  (name: string, type: string, id: string, properties: JsonObject = {}): string => {
    const read = requestOf({ action: { name, properties: {} }, resource: { type, id, properties } }, force);
    if (!read.ok) return `no: ${read.error}`;
    const { question, operation: wanted } = read.value;
    return `${question.method} ${question.host} ${question.target}${wanted === null ? '' : ` (${wanted})`}`;
  };
const targetOf = targetIn(inForce());
const amongHosts = targetIn(inForce('a.example', 'b.example'));

test('a route is its path, or its template with the parameters that are told', () => {
  assert.equal(targetOf('GET', 'route', '/v1/orders/7?x=1'), 'GET localhost /v1/orders/7?x=1');
  const params = { params: { id: 'a b/c' } };
  assert.equal(
    targetOf('GET', 'route', '/v1/orders/{id}', params),
    'GET localhost /v1/orders/a%20b%2Fc (orders/getOrder)',
  );
  assert.equal(targetOf('HEAD', 'route', '/v1/orders/{id}', params).startsWith('HEAD localhost /v1'), true);
  const path = { path: '/v1/orders/9' };
  assert.equal(targetOf('GET', 'route', '/v1/orders/{id}', path), 'GET localhost /v1/orders/9 (orders/getOrder)');
  assert.match(targetOf('GET', 'route', '/v1/orders/{id}'), /^no: nothing is told of the parameter id/);
  assert.match(targetOf('GET', 'route', '/v1/other/{id}', params), /^no: no operation has the template/);
});

test('an operation of an API is its template with the object in its place', () => {
  assert.equal(targetOf('getOrder', 'orders', '7'), 'GET localhost /v1/orders/7 (orders/getOrder)');
  assert.equal(targetOf('orders/getOrder', 'orders', '7'), 'GET localhost /v1/orders/7 (orders/getOrder)');
  assert.equal(targetOf('listOrders', 'orders', '*'), 'GET localhost /v1/orders (orders/listOrders)');
  const item = { params: { id: '7' } };
  assert.equal(targetOf('getItem', 'orders', '3', item), 'GET localhost /v1/orders/7/items/3 (orders/getItem)');
  assert.equal(targetOf('getFile', 'orders', 'a/b c'), 'GET localhost /files/a/b%20c (orders/getFile)');
});

test('what is not said in one way alone is not guessed', () => {
  for (const [said, why] of [
    [targetOf('listOrders', 'orders', '7'), /has no object/],
    [targetOf('getItem', 'orders', '3'), /value of one parameter/],
    [targetOf('getOrder', 'route', '7'), /several operations/],
    [targetOf('any', 'things', '*'), /takes every method/],
    [targetOf('get', 'orders', '7'), /names no operation/],
    [targetOf('getOrder', 'nothing', '7'), /resource\.type/],
    [targetOf('GET', 'route', 'orders/7'), /is a path/],
    [amongHosts('GET', 'route', '/x'), /several hosts/],
    [targetOf('GET', 'route', '/x?y=1', { query: { z: 1 } }), /stands in the path, or/],
    [targetOf('GET', 'route', '/x', { query: { z: {} } }), /query holds/],
    [targetOf('GET', 'route', '/x', { headers: { Authorization: 'x' } }), /not told, but sent/],
    [targetOf('GET', 'route', '/x', { headers: { 'content-length': '5' } }), /not told, but sent/],
    [targetOf('GET', 'route', '/x', { headers: { 'a b': 'x' } }), /is none/],
    [targetOf('GET', 'route', '/x', { headers: { a: {} } }), /holds texts/],
  ] as const)
    assert.match(said, why);
  assert.equal(amongHosts('getOrder', 'things', '7').split(' ')[1], 'b.example');
});

test('nothing of an id leaves its place in the path', () => {
  for (const id of ['..', '.', 'a/..', '', '../v1/orders', '\ud800'])
    assert.match(targetOf('getOrder', 'orders', id), id === 'a/..' || id === '../v1/orders' ? /%2F/ : /^no: /, id);
  for (const id of ['a/../b', '../x', 'a//b']) assert.match(targetOf('getFile', 'orders', id), /^no: /);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (id) => {
      const target = targetOf('getOrder', 'orders', id);
      if (target.startsWith('no: ') || id.startsWith('/')) return;
      const [, , path = ''] = target.split(' ');
      assert.equal(path.split('/').length, 4);
      assert.equal(decodeURIComponent(path.split('/')[3] ?? ''), id);
      assert.doesNotMatch(path, /[?#;\\]/);
    }),
  );
});
