import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerToken, isDpopScheme } from './token-field.ts';

test('the scheme is read in any case, and as many spaces as there are belong to nothing', () => {
  for (const value of ['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c', 'BeArEr    a.b.c']) {
    assert.equal(bearerToken(value), 'a.b.c', value);
  }
});

test('a scheme without a token has an empty one, and is not another scheme', () => {
  for (const value of ['Bearer', 'bearer ', 'Bearer    ']) assert.equal(bearerToken(value), '', JSON.stringify(value));
});

test('what stands behind the space is given as it is', () => {
  assert.equal(bearerToken('Bearer a b'), 'a b');
  assert.equal(bearerToken('Bearer a, Bearer b'), 'a, Bearer b');
  assert.equal(bearerToken('Bearer\ta'), '\ta');
});

test('any other scheme is not ours', () => {
  const values = [
    '',
    ' ',
    'Basic YTpi',
    'DPoPs a.b.c',
    'Bearers a',
    'Bearer=a',
    'Bearer,a',
    'Beare a',
    ' Bearer a',
    '"earer a',
  ];
  for (const value of values) assert.equal(bearerToken(value), null, JSON.stringify(value));
});

test('the scheme DPoP has a token too, and is told apart', () => {
  for (const value of ['DPoP a.b.c', 'dpop a.b.c', 'DPOP   a.b.c']) {
    assert.equal(bearerToken(value), 'a.b.c', value);
    assert.equal(isDpopScheme(value), true, value);
  }
  assert.equal(bearerToken('DPoP'), '');
  for (const value of ['Bearer a', 'DPoPs a', 'DPo a', ' DPoP a', 'DPoP,a'])
    assert.equal(isDpopScheme(value), false, value);
});
