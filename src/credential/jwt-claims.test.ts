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
      issuer: 'https://id.example',
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

/** Of so many actors each acts for the next. */
function chainOf(actors: number): object {
  return actors === 1 ? { sub: 'a1' } : { sub: `a${actors}`, act: chainOf(actors - 1) };
}

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
  [{ typ: 'DPoP' }, 'token-kind'],
  [{ typ: 'DPoP', cnf: { 'x5t#S256': 'A'.repeat(43) } }, 'token-kind'],
  [{ typ: 'DPoP', cnf: { jkt: 'x' } }, 'sender-constrained'],
  [{ htm: 'GET', htu: 'https://api.example/' }, 'token-kind'],
  [{ response_type: 'code' }, 'token-kind'],
  [{ token_introspection: { active: true } }, 'token-kind'],
  [{ token_type: 'Refresh' }, 'token-kind'],
  [{ type: 'refresh' }, 'token-kind'],
  [{ sub: 'https://id.example' }, 'token-kind'],
  [{ act: 'grace' }, 'claims'],
  [{ act: [{ sub: 'grace' }] }, 'claims'],
  [{ act: null }, 'claims'],
  [{ act: chainOf(9) }, 'claims'],
  [{ may_act: 'grace' }, 'claims'],
  [{ may_act: chainOf(2) }, 'claims'],
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
  { typ: 'DPoP', cnf: { jkt: 'A'.repeat(43) } },
  { token_type: 'Bearer', type: 'user' },
  { act: chainOf(8), may_act: { sub: 'grace' } },
];

for (const claims of TAKEN) {
  test(`a token with ${JSON.stringify(claims).slice(0, 70)} is taken`, () => assert.equal(faultOf(claims), null));
}

test('an issuer is told exactly, also where the profile is for another', () => {
  const profile = { ...PROFILE, issuer: 'https://other.example' };
  assert.deepEqual(checkClaims(CLAIMS, profile, NOW_MS), { ok: false, error: 'issuer' });
});

test('the profile of RFC 9068 takes no token that lacks what it demands', () => {
  const profile = { ...PROFILE, typ: 'at+jwt' } as const;
  const whole = { ...CLAIMS, client_id: 'app', jti: 'j1' };
  const faultFor = (claims: object): JwtFault | null => {
    const checked = checkClaims({ ...whole, ...claims }, profile, NOW_MS);
    return checked.ok ? null : checked.error;
  };
  assert.equal(faultFor({}), null);
  const demanded = { iss: 'issuer', aud: 'audience', sub: 'subject', exp: 'claims' } as const;
  for (const [name, fault] of Object.entries(demanded)) assert.equal(faultFor({ [name]: undefined }), fault, name);
  for (const name of ['iat', 'client_id', 'jti']) assert.equal(faultFor({ [name]: undefined }), 'profile', name);
  for (const value of ['', 7, null, ['app'], {}, 'a'.repeat(257), 'a\nb']) {
    assert.equal(faultFor({ client_id: value }), 'profile');
    assert.equal(faultFor({ jti: value }), 'profile');
  }
  assert.equal(checkClaims(CLAIMS, PROFILE, NOW_MS).ok, true, 'any other profile does not ask for them');
});

const TENANTS = {
  ...PROFILE,
  issuer: 'https://login.example/{tenantid}/v2.0',
  tenants: ['t1', 't2'],
} as const;

test('of an issuer with many tenants those that are named are let in, each by its own identifier', () => {
  const faultFor = (iss: unknown, tid: unknown): JwtFault | null => {
    const checked = checkClaims({ ...CLAIMS, iss, tid }, TENANTS, NOW_MS);
    return checked.ok ? null : checked.error;
  };
  const nameOf = (tenant: string): string => `https://login.example/${tenant}/v2.0`;
  assert.equal(faultFor(nameOf('t1'), 't1'), null);
  assert.equal(faultFor(nameOf('t2'), 't2'), null);
  const checked = checkClaims({ ...CLAIMS, iss: nameOf('t2'), tid: 't2' }, TENANTS, NOW_MS);
  assert.equal(checked.ok && checked.value.issuer, nameOf('t2'), 'subjects of two tenants are two callers');
  assert.equal(faultFor(nameOf('t3'), 't3'), 'issuer', 'a tenant of somebody else');
  assert.equal(faultFor(nameOf('{tenantid}'), 't1'), 'issuer', 'the identifier as it is written');
  assert.equal(faultFor(nameOf('t1/v2.0/x'), 't1'), 'issuer');
  assert.equal(faultFor([nameOf('t1')], 't1'), 'issuer');
  assert.equal(faultFor(nameOf('t1'), 't2'), 'tenant', 'one tenant in the name of another');
  for (const tid of [undefined, 't3', '', null, ['t1'], 'T1']) assert.equal(faultFor(nameOf('t1'), tid), 'tenant');
});

test('where domains are named, an account of another domain or of none is not let in', () => {
  const profile = { ...PROFILE, hostedDomains: ['acme.example'] };
  const faultFor = (claims: object): JwtFault | null => {
    const checked = checkClaims({ ...CLAIMS, ...claims }, profile, NOW_MS);
    return checked.ok ? null : checked.error;
  };
  assert.equal(faultFor({ hd: 'acme.example' }), null);
  assert.equal(faultFor({ hd: 'Acme.Example' }), null, 'host names have no case');
  const wrong = [undefined, '', 'evil.example', 'acme.example.evil.example', 'xacme.example', ['acme.example'], null];
  for (const hd of wrong) assert.equal(faultFor({ hd, email: 'eve@acme.example', email_verified: true }), 'tenant');
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
