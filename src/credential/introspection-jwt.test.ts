import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnswerProfile, readIntrospectionJwt } from './introspection-jwt.ts';
import { CLAIMS, createSigner, NOW, NOW_MS, part, PROFILE, readGood, rowsOf } from './jwt-fixture.test.ts';
import { verifyJwt } from './jwt.ts';

const signer = createSigner('ES256');
const stranger = createSigner('ES256');
const ROWS = rowsOf(signer.row);
const ANSWERS: AnswerProfile = { ...PROFILE, clientId: 'gateway' };
const TOLD = { active: true, sub: 'ada' };

function answer(claims: object = {}, header: object = {}, by = signer): string {
  const fields = { alg: 'ES256', kid: by.row.kid, typ: 'token-introspection+jwt', ...header };
  const said = { iss: PROFILE.issuer, aud: 'gateway', iat: NOW, token_introspection: TOLD, ...claims };
  const input = `${part(fields)}.${part(said)}`;
  return `${input}.${by.sign(input).toString('base64url')}`;
}

function judge(token: string): unknown {
  const read = readIntrospectionJwt(readGood(token), ANSWERS, ROWS, NOW_MS);
  return read.ok ? read.value : read.error;
}

test('an answer that the issuer has signed for this client just now is read', () => {
  assert.deepEqual(judge(answer()), TOLD);
  assert.deepEqual(judge(answer({ aud: ['else', 'gateway'] }, { typ: 'application/Token-Introspection+JWT' })), TOLD);
});

test('one of another type, issuer, client, time, key or algorithm is not', () => {
  assert.equal(judge(answer({}, { typ: 'JWT' })), 'type');
  assert.equal(judge(answer({}, { typ: undefined })), 'type');
  assert.equal(judge(answer({}, { typ: 'at+jwt' })), 'type');
  assert.equal(judge(answer({ iss: `${PROFILE.issuer}/` })), 'issuer');
  assert.equal(judge(answer({ aud: 'another' })), 'audience');
  assert.equal(judge(answer({ aud: undefined })), 'audience');
  assert.equal(judge(answer({ iat: NOW - 91 })), 'expired');
  assert.equal(judge(answer({ iat: NOW + 31 })), 'issued-in-future');
  assert.equal(judge(answer({ iat: undefined })), 'claims');
  assert.equal(judge(answer({ token_introspection: 'active' })), 'claims');
  assert.equal(judge(answer({ token_introspection: undefined, active: true })), 'claims');
  assert.equal(judge(answer({}, {}, stranger)), 'signature');
  assert.equal(judge(answer({}, { alg: 'none' })), 'algorithm');
  assert.equal(judge(answer({}, { kid: 'else' })), 'unknown-key');
});

test('times of its own count where an answer has them', () => {
  assert.deepEqual(judge(answer({ exp: NOW - 29, nbf: NOW + 30 })), TOLD);
  for (const claims of [{ exp: NOW - 30 }, { exp: `${NOW + 60}` }, { exp: null }, { nbf: NOW + 31 }, { nbf: 'now' }])
    assert.equal(judge(answer(claims)), 'expired', JSON.stringify(claims));
});

test('neither an access token passes for an answer, nor an answer for an access token', () => {
  const input = `${part({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt' })}.${part({ ...CLAIMS, aud: 'gateway', token_introspection: TOLD })}`;
  assert.equal(judge(`${input}.${signer.sign(input).toString('base64url')}`), 'type');
  const both = readGood(answer({ ...CLAIMS }));
  const verified = verifyJwt(both, PROFILE, ROWS, NOW_MS);
  assert.equal(verified.ok ? 'taken' : verified.error, 'type');
});
