import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { importJWK, jwtVerify } from 'jose';
import { type IdTokenDemand, verifyIdToken } from './id-token.ts';
import type { IdentityProfile } from './identity-profile.ts';
import { createSigner, NOW, NOW_MS, part, readJson, rowsOf, tokenOf } from './jwt-fixture.test.ts';
import { readJwt } from './jwt-text.ts';
import { SIGNATURE_ALGORITHMS } from './token-profile.ts';

const signer = createSigner('ES256', 'ec');
const ROWS = rowsOf(signer.row);
const PROFILE: IdentityProfile = {
  ...{ issuer: 'https://id.example', clientId: 'gateway', tenants: null, hostedDomains: null, skewMs: 30_000 },
  algorithms: ['ES256', 'RS256'],
};
const CLAIMS = { aud: 'gateway', nonce: 'n1', iat: NOW - 5, exp: NOW + 300 };
const DEMAND: IdTokenDemand = { nonce: 'n1', accessToken: 'token', maxAgeMs: null, acrValues: null, earlier: null };

interface Given {
  readonly claims?: object;
  readonly header?: object;
  readonly demand?: Partial<IdTokenDemand>;
  readonly profile?: Partial<IdentityProfile>;
}

/** What is said of an ID token: the fault, or null where it is taken. */
function judge({ claims, header, demand, profile }: Given, token?: string): string | null {
  const read = readJwt(token ?? tokenOf(signer, { ...CLAIMS, ...claims }, header), readJson);
  if (!read.ok) return read.error;
  const judging = { rows: ROWS, nowMs: NOW_MS };
  const verified = verifyIdToken(read.value, { ...PROFILE, ...profile }, { ...DEMAND, ...demand }, judging);
  return verified.ok ? null : verified.error;
}

test('an ID token that answers what was asked says who it is', () => {
  const read = readJwt(tokenOf(signer, { ...CLAIMS, sid: 's1', auth_time: NOW - 60 }), readJson);
  assert.ok(read.ok);
  const verified = verifyIdToken(read.value, PROFILE, DEMAND, { rows: ROWS, nowMs: NOW_MS });
  assert.ok(verified.ok);
  const { subject, sessionId, authTimeMs, expiresAtMs } = verified.value;
  assert.deepEqual(
    [subject, sessionId, authTimeMs, expiresAtMs],
    ['ada', 's1', (NOW - 60) * 1_000, (NOW + 300) * 1_000],
  );
});

const halfOf = (text: string, hash: string): string => {
  const digest = createHash(hash).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
};

const REFUSED: readonly [string, Given, string][] = [
  ['no nonce', { claims: { nonce: undefined } }, 'nonce'],
  ['another nonce', { claims: { nonce: 'n2' } }, 'nonce'],
  ['a nonce that begins so', { claims: { nonce: 'n11' } }, 'nonce'],
  ['a list with the nonce', { claims: { nonce: ['n1'] } }, 'nonce'],
  ['another audience', { claims: { aud: 'other' } }, 'audience'],
  ['an audience that begins so', { claims: { aud: 'gateway2' } }, 'audience'],
  ['no audience', { claims: { aud: undefined } }, 'audience'],
  ['an empty audience', { claims: { aud: [] } }, 'audience'],
  ['an object among audiences', { claims: { aud: ['gateway', {}] } }, 'audience'],
  ['several audiences without azp', { claims: { aud: ['gateway', 'other'] } }, 'audience'],
  ['several audiences, given to another', { claims: { aud: ['gateway', 'other'], azp: 'other' } }, 'audience'],
  ['one audience, given to another', { claims: { azp: 'other' } }, 'audience'],
  ['another issuer', { claims: { iss: 'https://evil.example' } }, 'issuer'],
  ['an issuer with a slash behind', { claims: { iss: 'https://id.example/' } }, 'issuer'],
  ['no subject', { claims: { sub: undefined } }, 'subject'],
  ['an empty subject', { claims: { sub: '' } }, 'subject'],
  ['an object for a subject', { claims: { sub: {} } }, 'subject'],
  ['a subject of 256 characters', { claims: { sub: 'x'.repeat(256) } }, 'subject'],
  ['no exp', { claims: { exp: undefined } }, 'claims'],
  ['exp as text', { claims: { exp: String(NOW + 300) } }, 'claims'],
  ['exp beyond all dates', { claims: { exp: 1e308 } }, 'claims'],
  ['no iat', { claims: { iat: undefined } }, 'claims'],
  ['a time that is over', { claims: { exp: NOW - 31, iat: NOW - 60 } }, 'expired'],
  ['a time to come', { claims: { iat: NOW + 31 } }, 'issued-in-future'],
  ['nbf to come', { claims: { nbf: NOW + 31 } }, 'not-yet-valid'],
  ['an iat of long ago', { claims: { iat: NOW - 700 } }, 'expired'],
  ['an end before its beginning', { claims: { iat: NOW + 20, exp: NOW + 10 } }, 'lifetime'],
  ['the hash of another access token', { claims: { at_hash: halfOf('other', 'sha256') } }, 'access-token-hash'],
  [
    'a whole hash',
    { claims: { at_hash: createHash('sha256').update('token').digest('base64url') } },
    'access-token-hash',
  ],
  ['a hash of another length', { claims: { at_hash: halfOf('token', 'sha384') } }, 'access-token-hash'],
  [
    'a hash of no access token',
    { claims: { at_hash: halfOf('token', 'sha256') }, demand: { accessToken: null } },
    'access-token-hash',
  ],
  ['no auth_time where an age is asked', { demand: { maxAgeMs: 60_000 } }, 'authentication-age'],
  [
    'an auth_time too long ago',
    { claims: { auth_time: NOW - 91 }, demand: { maxAgeMs: 60_000 } },
    'authentication-age',
  ],
  ['an auth_time to come', { claims: { auth_time: NOW + 31 } }, 'authentication-age'],
  ['auth_time as text', { claims: { auth_time: String(NOW) } }, 'claims'],
  ['no acr where one is asked', { demand: { acrValues: ['strong'] } }, 'authentication-class'],
  ['another acr', { claims: { acr: 'weak' }, demand: { acrValues: ['strong'] } }, 'authentication-class'],
  ['a list with the acr', { claims: { acr: ['strong'] }, demand: { acrValues: ['strong'] } }, 'authentication-class'],
  ['an event', { claims: { events: {} } }, 'token-kind'],
  ['token_use access', { claims: { token_use: 'access' } }, 'token-kind'],
  ['typ Bearer among the claims', { claims: { typ: 'Bearer' } }, 'token-kind'],
  ['the type of an access token', { header: { typ: 'at+jwt' } }, 'type'],
  ['the type of a logout token', { header: { typ: 'logout+jwt' } }, 'type'],
  ['no algorithm', { header: { alg: 'none' } }, 'algorithm'],
  ['a symmetric algorithm', { header: { alg: 'HS256' } }, 'algorithm'],
  ['an algorithm that is not taken', { header: { alg: 'ES384' } }, 'algorithm'],
  ['another key', { header: { kid: 'other' } }, 'unknown-key'],
  ['a critical extension', { header: { crit: ['exp'] } }, 'critical'],
  ['the wrong domain', { claims: { hd: 'evil.example' }, profile: { hostedDomains: ['acme.example'] } }, 'tenant'],
  ['no domain where one is asked', { profile: { hostedDomains: ['acme.example'] } }, 'tenant'],
  ['a sid that is an object', { claims: { sid: {} } }, 'claims'],
];

for (const [what, given, fault] of REFUSED) {
  test(`an ID token with ${what} is refused`, () => assert.equal(judge(given), fault));
}

test('what an ID token may have besides is taken', () => {
  assert.equal(judge({}), null);
  assert.equal(judge({ claims: { aud: ['gateway'] } }), null);
  assert.equal(judge({ claims: { aud: ['gateway', 'other'], azp: 'gateway' } }), null);
  assert.equal(judge({ claims: { at_hash: halfOf('token', 'sha256') } }), null);
  assert.equal(judge({ claims: { auth_time: NOW - 50 }, demand: { maxAgeMs: 60_000 } }), null);
  assert.equal(judge({ claims: { acr: 'strong' }, demand: { acrValues: ['stronger', 'strong'] } }), null);
  assert.equal(judge({ claims: { token_use: 'id', typ: 'ID' }, header: { typ: 'JWT' } }), null);
  assert.equal(judge({ claims: { hd: 'Acme.example' }, profile: { hostedDomains: ['acme.example'] } }), null);
});

test('a renewed ID token is of the same person and the same sign-in', () => {
  const demand = {
    nonce: null,
    earlier: { issuer: 'https://id.example', subject: 'ada', nonce: 'n1', authTimeMs: NOW_MS - 60_000 },
  };
  assert.equal(judge({ claims: { nonce: undefined }, demand }), null);
  assert.equal(judge({ demand }), null);
  assert.equal(judge({ claims: { auth_time: NOW - 60 }, demand }), null);
  assert.equal(judge({ claims: { nonce: 'n2' }, demand }), 'nonce');
  assert.equal(judge({ claims: { sub: 'bob' }, demand }), 'other-subject');
  const elsewhere = { ...demand, earlier: { ...demand.earlier, issuer: 'https://other.example' } };
  assert.equal(judge({ demand: elsewhere }), 'issuer');
  assert.equal(judge({ claims: { auth_time: NOW - 5 }, demand }), 'authentication-age');
});

for (const algorithm of SIGNATURE_ALGORITHMS) {
  test(`at_hash is of the hash that ${algorithm} has`, () => {
    const one = createSigner(algorithm, 'one');
    const bits = algorithm.startsWith('Ed') ? '512' : algorithm.slice(2);
    const verdict = (hash: string): string | null => {
      const read = readJwt(tokenOf(one, { ...CLAIMS, at_hash: halfOf('token', hash) }), readJson);
      if (!read.ok) return read.error;
      const profile = { ...PROFILE, algorithms: [algorithm] };
      const verified = verifyIdToken(read.value, profile, DEMAND, { rows: rowsOf(one.row), nowMs: NOW_MS });
      return verified.ok ? null : verified.error;
    };
    assert.equal(verdict(`sha${bits}`), null);
    assert.equal(verdict(bits === '256' ? 'sha512' : 'sha256'), 'access-token-hash');
  });
}

test('a token that somebody else signed, or that was changed, is nobody’s', () => {
  const thief = createSigner('ES256', 'ec');
  assert.equal(judge({}, tokenOf(thief, CLAIMS)), 'signature');
  assert.equal(judge({}, tokenOf(thief, CLAIMS, { jwk: thief.row.jwk })), 'signature');
  const [header = '', , signature = ''] = tokenOf(signer, CLAIMS).split('.');
  const forged = `${header}.${part({ iss: 'https://id.example', ...CLAIMS, sub: 'admin' })}.${signature}`;
  assert.equal(judge({}, forged), 'signature');
});

test('whatever is taken jose takes too', async () => {
  const key = await importJWK(signer.row.jwk, 'ES256');
  const odd = fc.constantFrom<unknown>(undefined, null, '', 0, [], {}, 'gateway', ['gateway']);
  const time = fc.oneof(fc.integer({ min: NOW - 900, max: NOW + 900 }), odd);
  const claims = fc.record(
    { aud: odd, iat: time, exp: time, nbf: time, sub: fc.oneof(fc.constant('ada'), odd) },
    { requiredKeys: [] },
  );
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(claims, async (given) => {
      const token = tokenOf(signer, { ...CLAIMS, ...given });
      if (judge({}, token) !== null) return;
      taken++;
      await jwtVerify(token, key, {
        ...{ issuer: PROFILE.issuer, audience: PROFILE.clientId, algorithms: ['ES256'], clockTolerance: 30 },
        currentDate: new Date(NOW_MS),
        requiredClaims: ['sub', 'exp', 'iat'],
      });
    }),
    { numRuns: 500 },
  );
  assert.ok(taken > 0, 'none was taken');
});
