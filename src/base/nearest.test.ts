import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearestName } from './nearest.ts';

const KEYS = ['version', 'server', 'admin', 'data', 'apis'];

test('a slip of the keyboard finds the key that was meant', () => {
  for (const [written, meant] of [
    ['sevrer', 'server'],
    ['Server', 'server'],
    ['serve', 'server'],
    ['api', 'apis'],
    ['vresion', 'version'],
    ['adminn', 'admin'],
  ] as const) {
    assert.equal(nearestName(written, KEYS), meant, written);
  }
});

test('a word that resembles none gets no suggestion', () => {
  for (const written of ['issuers', 'x', '', 'roles', 'y'.repeat(5000)]) {
    assert.equal(nearestName(written, KEYS), null, written);
    assert.equal(didYouMean(written, KEYS), undefined);
  }
});

test('the closest of several wins', () => {
  assert.equal(nearestName('getOrdr', ['getOrders', 'getOrder', 'getUser']), 'getOrder');
  assert.equal(didYouMean('getOrdr', ['getOrder']), 'did you mean "getOrder"?');
});
