import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkClaims } from './jwt-claims.ts';
import type { JwtFault } from './jwt-fault.ts';
import { CLAIMS, NOW, NOW_MS, PROFILE } from './jwt-fixture.test.ts';

function faultOf(claims: object, nowMs = NOW_MS): JwtFault | null {
  const checked = checkClaims({ ...CLAIMS, ...claims }, PROFILE, nowMs);
  return checked.ok ? null : checked.error;
}

function without(name: keyof typeof CLAIMS): JwtFault | null {
  const { [name]: _, ...rest } = CLAIMS;
  const checked = checkClaims(rest, PROFILE, NOW_MS);
  return checked.ok ? null : checked.error;
}

test('a good token says who, until when, and from when to when the answer stays', () => {
  assert.deepEqual(checkClaims(CLAIMS, PROFILE, NOW_MS), {
    ok: true,
    value: {
      subject: 'ada',
      expiresAtMs: (NOW + 600) * 1_000,
      validFromMs: (NOW - 60 - 30) * 1_000,
      validUntilMs: (NOW + 600 + 30) * 1_000,
    },
  });
});

test('issuer, audience, subject and expiry must be there', () => {
  assert.equal(without('iss'), 'issuer');
  assert.equal(without('aud'), 'audience');
  assert.equal(without('sub'), 'subject');
  assert.equal(without('exp'), 'claims');
  assert.equal(without('iat'), null);
});

const REFUSED: readonly (readonly [claims: Record<string, unknown>, fault: JwtFault])[] = [
  [{ iss: ['https://id.example'] }, 'issuer'],
  [{ iss: 'https://id.example/' }, 'issuer'],
  [{ iss: 'https://ID.example' }, 'issuer'],
  [{ iss: 'https://id.example.evil' }, 'issuer'],
  [{ iss: '' }, 'issuer'],
  [{ aud: 'https://api.example/' }, 'audience'],
  [{ aud: 'https://api.exampl' }, 'audience'],
  [{ aud: 'https://api.example.evil' }, 'audience'],
  [{ aud: 'https://api.example https://other.example' }, 'audience'],
  [{ aud: [] }, 'audience'],
  [{ aud: ['https://other.example'] }, 'audience'],
  [{ aud: ['https://api.example', 7] }, 'audience'],
  [{ aud: [['https://api.example']] }, 'audience'],
  [{ aud: { 'https://api.example': true } }, 'audience'],
  [{ aud: null }, 'audience'],
  [{ sub: '' }, 'subject'],
  [{ sub: 7 }, 'subject'],
  [{ sub: { id: 'ada' } }, 'subject'],
  [{ sub: ['ada'] }, 'subject'],
  [{ sub: null }, 'subject'],
  [{ sub: 'ada\r\nx-admin: 1' }, 'subject'],
  [{ sub: 'ada\x7f' }, 'subject'],
  [{ sub: 'ada\x85' }, 'subject'],
  [{ sub: 'a'.repeat(1_025) }, 'subject'],
  [{ exp: String(NOW + 600) }, 'claims'],
  [{ exp: -1 }, 'claims'],
  [{ exp: Number.NaN }, 'claims'],
  [{ exp: Number.POSITIVE_INFINITY }, 'claims'],
  [{ exp: 1e308 }, 'claims'],
  [{ exp: null }, 'claims'],
  [{ exp: true }, 'claims'],
  [{ exp: [NOW + 600] }, 'claims'],
  [{ iat: String(NOW) }, 'claims'],
  [{ iat: null }, 'claims'],
  [{ nbf: String(NOW) }, 'claims'],
  [{ nbf: null }, 'claims'],
  [{ exp: 0 }, 'expired'],
  [{ exp: NOW - 30 }, 'expired'],
  [{ nbf: NOW + 31 }, 'not-yet-valid'],
  [{ iat: NOW + 31 }, 'issued-in-future'],
  [{ iat: NOW - 60, exp: NOW - 60 + 86_401 }, 'lifetime'],
  [{ iat: undefined, exp: NOW + 86_401 }, 'lifetime'],
  [{ iat: 0 }, 'lifetime'],
  [{ iat: NOW + 20, exp: NOW + 20 }, 'lifetime'],
  [{ iat: NOW + 20, exp: NOW + 10 }, 'lifetime'],
  [{ nonce: 'n' }, 'token-kind'],
  [{ nonce: null }, 'token-kind'],
  [{ at_hash: 'x' }, 'token-kind'],
  [{ c_hash: 'x' }, 'token-kind'],
  [{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 'token-kind'],
  [{ token_use: 'id' }, 'token-kind'],
  [{ token_use: 'refresh' }, 'token-kind'],
  [{ token_use: ['access'] }, 'token-kind'],
  [{ typ: 'ID' }, 'token-kind'],
  [{ typ: 'Refresh' }, 'token-kind'],
  [{ typ: 'Offline' }, 'token-kind'],
  [{ typ: 'Logout' }, 'token-kind'],
  [{ typ: 7 }, 'token-kind'],
  [{ cnf: { jkt: 'x' } }, 'sender-constrained'],
  [{ cnf: { 'x5t#S256': 'x' } }, 'sender-constrained'],
  [{ cnf: { jwk: {} } }, 'sender-constrained'],
  [{ cnf: {} }, 'sender-constrained'],
  [{ cnf: null }, 'sender-constrained'],
];

for (const [claims, fault] of REFUSED) {
  test(`a token with ${JSON.stringify(claims).slice(0, 70)} is refused as ${fault}`, () => {
    assert.equal(faultOf(claims), fault);
  });
}

const TAKEN: readonly Record<string, unknown>[] = [
  { aud: ['https://other.example', 'https://api.example'] },
  { sub: 'Ädä 🦊' },
  { sub: 'a'.repeat(1_024) },
  { exp: NOW + 0.5 },
  { exp: NOW - 29 },
  { nbf: NOW + 30 },
  { iat: NOW + 30 },
  { iat: NOW - 60, exp: NOW - 60 + 86_400 },
  { iat: undefined, exp: NOW + 86_400 },
  { token_use: 'access' },
  { typ: 'Bearer' },
];

for (const claims of TAKEN) {
  test(`a token with ${JSON.stringify(claims).slice(0, 70)} is taken`, () => assert.equal(faultOf(claims), null));
}

test('an issuer is told exactly, also where the profile is for another', () => {
  const profile = { ...PROFILE, issuer: 'https://other.example' };
  assert.deepEqual(checkClaims(CLAIMS, profile, NOW_MS), { ok: false, error: 'issuer' });
});

test('a profile or a clock that is no number takes nothing', () => {
  assert.equal(checkClaims(CLAIMS, { ...PROFILE, skewMs: Number.NaN }, NOW_MS).ok, false);
  assert.equal(checkClaims(CLAIMS, { ...PROFILE, maxLifetimeMs: Number.NaN }, NOW_MS).ok, false);
  assert.equal(checkClaims(CLAIMS, PROFILE, Number.NaN).ok, false);
  assert.equal(checkClaims(CLAIMS, { ...PROFILE, audiences: [] }, NOW_MS).ok, false);
});

test('within the times that are given the check says the same, outside it refuses', () => {
  const second = fc.integer({ min: NOW - 100_000, max: NOW + 100_000 });
  const times = fc.record({ exp: second, iat: fc.option(second), nbf: fc.option(second) });
  fc.assert(
    fc.property(times, second, second, ({ exp, iat, nbf }, first, later) => {
      const claims = { ...CLAIMS, exp, iat: iat ?? undefined, nbf: nbf ?? undefined };
      const checked = checkClaims(claims, PROFILE, first * 1_000);
      if (!checked.ok) return;
      const { validFromMs, validUntilMs } = checked.value;
      const within = later * 1_000 >= validFromMs && later * 1_000 < validUntilMs;
      assert.equal(checkClaims(claims, PROFILE, later * 1_000).ok, within);
    }),
    { numRuns: 2_000 },
  );
});
