import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatKeyPath } from './key-path.ts';

test('a key path is written with dots, and with brackets where a key is no plain word', () => {
  assert.equal(formatKeyPath([]), '');
  assert.equal(formatKeyPath(['apis', 'orders', 'routes', 0]), 'apis.orders.routes[0]');
  assert.equal(
    formatKeyPath(['apis', 'a', 'operations', 'GET /x/{id}', 'auth']),
    'apis.a.operations["GET /x/{id}"].auth',
  );
  assert.equal(formatKeyPath(['a.b', 'c']), '["a.b"].c');
});

test('two different key paths are never written alike', () => {
  const paths = [['a.b'], ['a', 'b'], ['a', 0], ['a', '0'], ['a["b"]'], ['a[0]'], ['a', 'b', 0], ['']];
  assert.equal(new Set(paths.map(formatKeyPath)).size, paths.length);
});
