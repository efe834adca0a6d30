import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint, exportJWK, flattenedVerify, type FlattenedJWSInput } from 'jose';
import { Secret } from '../../base/index.ts';
import { bindExternally, keyAuthorization, newAccountKey, signRequest } from './jws.ts';

const key = newAccountKey();
const url = 'https://ca.test/new-order';

test('another library verifies a request, and finds the account, the nonce and the URL in its head', async () => {
  const jws = signRequest({ key, account: 'https://ca.test/account/1' }, { url, nonce: 'n1' }, { a: 'é' });
  const read = await flattenedVerify(jws as FlattenedJWSInput, createPublicKey(key), { algorithms: ['ES256'] });
  assert.deepEqual(read.protectedHeader, { alg: 'ES256', kid: 'https://ca.test/account/1', nonce: 'n1', url });
  assert.deepEqual(JSON.parse(new TextDecoder().decode(read.payload)), { a: 'é' });
});

test('without an account the public key stands in the head, and never the private one', async () => {
  const jws = signRequest({ key, account: null }, { url, nonce: 'n1' }, {});
  const { jwk } = JSON.parse(Buffer.from(jws.protected, 'base64url').toString()) as { jwk: Record<string, string> };
  assert.deepEqual(Object.keys(jwk), ['crv', 'kty', 'x', 'y']);
  await flattenedVerify(jws as FlattenedJWSInput, createPublicKey(key));
});

test('a POST-as-GET has the empty text as its payload, which is not that of an empty object', () => {
  const nothing = signRequest({ key, account: 'a' }, { url, nonce: 'n' }, null);
  assert.equal(nothing.payload, '');
  assert.equal(signRequest({ key, account: 'a' }, { url, nonce: 'n' }, {}).payload, 'e30');
});

test('a key authorization is the token and the thumbprint that another library finds', async () => {
  const thumbprint = await calculateJwkThumbprint(await exportJWK(createPublicKey(key)));
  assert.equal(keyAuthorization('token', key), `token.${thumbprint}`);
});

test('an external binding is signed by the key of the operator, over the public key of the account', async () => {
  const secret = Buffer.alloc(32, 7);
  const jws = bindExternally({ id: 'kid-1', key: new Secret(secret) }, key, url);
  const read = await flattenedVerify(jws as FlattenedJWSInput, secret, { algorithms: ['HS256'] });
  assert.deepEqual(read.protectedHeader, { alg: 'HS256', kid: 'kid-1', url });
  assert.deepEqual(JSON.parse(new TextDecoder().decode(read.payload)), await exportJWK(createPublicKey(key)));
});
