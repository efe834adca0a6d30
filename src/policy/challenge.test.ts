import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerChallenge } from './challenge.ts';

test('a challenge names the API as its realm, and an error only where a token was sent', () => {
  assert.deepEqual(bearerChallenge('orders'), [['www-authenticate', 'Bearer realm="orders"']]);
  assert.deepEqual(bearerChallenge('orders-2', 'invalid_token'), [
    ['www-authenticate', 'Bearer realm="orders-2", error="invalid_token"'],
  ]);
  assert.deepEqual(bearerChallenge('a', 'insufficient_scope'), [
    ['www-authenticate', 'Bearer realm="a", error="insufficient_scope"'],
  ]);
});
