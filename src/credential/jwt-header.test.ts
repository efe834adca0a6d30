import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROFILE } from './jwt-fixture.test.ts';
import type { JwtFault } from './jwt-fault.ts';
import { readJwtHeader, takesType } from './jwt-header.ts';

const REFUSED: readonly (readonly [fields: Record<string, unknown>, fault: JwtFault])[] = [
  [{}, 'header'],
  [{ alg: null }, 'header'],
  [{ alg: ['ES256'] }, 'header'],
  [{ alg: { name: 'ES256' } }, 'header'],
  [{ alg: 'ES256', kid: ['a'] }, 'header'],
  [{ alg: 'ES256', kid: { a: 1 } }, 'header'],
  [{ alg: 'ES256', kid: null }, 'header'],
  [{ alg: 'ES256', kid: 7 }, 'header'],
  [{ alg: 'ES256', kid: '' }, 'header'],
  [{ alg: 'ES256', kid: 'k'.repeat(257) }, 'header'],
  [{ alg: 'ES256', typ: ['at+jwt'] }, 'header'],
  [{ alg: 'ES256', typ: '' }, 'header'],
  [{ alg: 'ES256', typ: null }, 'header'],
  [{ alg: 'ES256', crit: ['b64'], b64: false }, 'critical'],
  [{ alg: 'ES256', crit: ['exp'] }, 'critical'],
  [{ alg: 'ES256', crit: [] }, 'critical'],
  [{ alg: 'ES256', crit: null }, 'critical'],
  [{ alg: 'ES256', b64: false }, 'critical'],
  [{ alg: 'ES256', b64: true }, 'critical'],
  [{ alg: 'RSA-OAEP', enc: 'A256GCM' }, 'encrypted'],
  [{ alg: 'ES256', zip: 'DEF' }, 'encrypted'],
];

for (const [fields, fault] of REFUSED) {
  test(`the header ${JSON.stringify(fields).slice(0, 60)} is refused as ${fault}`, () => {
    assert.deepEqual(readJwtHeader(fields), { ok: false, error: fault });
  });
}

test('keys and addresses of keys that a token brings along are told and never used', () => {
  const jwk = { kty: 'oct', k: 'AA' };
  const read = readJwtHeader({ alg: 'ES256', jku: 'http://127.0.0.1/', x5u: 'http://127.0.0.1/', x5c: ['AA'], jwk });
  assert.ok(read.ok);
  assert.deepEqual(read.value, { algorithm: 'ES256', kid: null, type: null, ignored: ['jku', 'jwk', 'x5u', 'x5c'] });
});

test('by default the types of access tokens and no type at all are taken, in any case', () => {
  for (const type of [
    null,
    'JWT',
    'jwt',
    'application/jwt',
    'at+jwt',
    'AT+JWT',
    'application/at+jwt',
    'Application/At+Jwt',
  ]) {
    assert.equal(takesType(PROFILE, type), true, String(type));
  }
});

test('a profile of RFC 9068 takes its own type alone', () => {
  const profile = { ...PROFILE, typ: 'at+jwt' } as const;
  for (const type of ['at+jwt', 'AT+jwt', 'application/at+jwt']) assert.equal(takesType(profile, type), true, type);
  for (const type of [null, 'JWT', 'application/jwt', 'at+jwt ', 'xat+jwt']) {
    assert.equal(takesType(profile, type), false, String(type));
  }
});

test('the types of other tokens, known or not, are never taken', () => {
  const others = [
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'client-authentication+jwt',
    'entity-statement+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'application/dpop+jwt',
    'id+jwt',
    'JWT\n',
    'ＪＷＴ',
    'JOSE',
  ];
  for (const type of others) {
    assert.equal(takesType(PROFILE, type), false, type);
    assert.equal(takesType({ ...PROFILE, typ: 'at+jwt' }, type), false, type);
  }
});
