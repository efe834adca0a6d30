import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../../body/index.ts';
import { type JwtClaims, type KeyRow, type VerifiedJwt } from '../../../credential/index.ts';
import { GOOD_CLAIMS, issuerOf, NOW, PERMISSIONS, roleTable } from './fixture.test.ts';
import type { IssuerConfig } from './config.ts';
import type { Principal } from '../../principal.ts';
import { principalOf } from '../../claims/principal-of.ts';

const TABLE = roleTable();
const KEY: KeyRow = { thumbprint: 't', kid: null, algorithms: ['ES256'], jwk: {} };

function readJwt(claims: object): VerifiedJwt {
  const read = parseJson(Buffer.from(JSON.stringify({ ...GOOD_CLAIMS, ...claims })));
  assert.ok(read.ok);
  const times = { expiresAtMs: (NOW + 600) * 1_000, validFromMs: 0, validUntilMs: 1 };
  return {
    claims: read.value as JwtClaims,
    issuer: GOOD_CLAIMS.iss,
    subject: 'ada',
    key: KEY,
    algorithm: 'ES256',
    ...times,
  };
}

function principal(claims: object, issuer: Partial<IssuerConfig> = {}): Principal {
  const made = principalOf(readJwt(claims), issuerOf(issuer), TABLE);
  assert.ok(made.ok, 'the claims are malformed');
  return made.value;
}

function granted(claims: object, issuer: Partial<IssuerConfig> = {}): string[] {
  const { permissions } = principal(claims, issuer);
  return PERMISSIONS.filter((name) => permissions.has(TABLE.permission(name) ?? -1));
}

const BOTH = { roles: ['roles'], tenant: null, permissions: ['permissions'] } as const;

test('permissions are those of the roles and those that the token names', () => {
  assert.deepEqual(granted({ roles: ['customer'], permissions: ['orders:refund'] }, { claims: BOTH }), [
    ...PERMISSIONS,
  ]);
  assert.deepEqual(granted({ permissions: 'orders:refund orders:fly' }, { claims: BOTH }), ['orders:refund']);
  assert.deepEqual(granted({ permissions: ['orders:refund'] }), [], 'the issuer maps no such claim');
});

test('scopes narrow roles and named permissions alike, unless the issuer’s scopes are to be ignored', () => {
  const claims = { roles: ['customer'], permissions: ['orders:refund'], scope: 'orders:read' };
  assert.deepEqual(granted(claims, { claims: BOTH }), ['orders:read']);
  assert.deepEqual(granted(claims, { claims: BOTH, scopes: 'ignore' }), [...PERMISSIONS]);
  assert.deepEqual(principal(claims, { scopes: 'ignore' }).scopes, ['orders:read']);
});

test('a scope never gives a permission that would not be there without it', () => {
  const names = fc.array(fc.constantFrom<string>(...PERMISSIONS, 'openid', 'customer'), { maxLength: 4 });
  const roles = fc.array(fc.constantFrom('customer', 'support', 'nobody'), { maxLength: 2 });
  fc.assert(
    fc.property(roles, names, names, (roleNames, permissions, scopes) => {
      const without = granted({ roles: roleNames, permissions }, { claims: BOTH });
      const narrowed = granted({ roles: roleNames, permissions, scope: scopes.join(' ') }, { claims: BOTH });
      assert.deepEqual(
        narrowed,
        without.filter((name) => scopes.includes(name)),
      );
    }),
  );
});

test('scope counts before scp, and both must be well-formed', () => {
  assert.deepEqual(principal({ scope: 'a', scp: ['b'] }).scopes, ['a']);
  assert.deepEqual(principal({ scp: 'b c' }).scopes, ['b', 'c']);
  assert.equal(principal({}).scopes, null);
  assert.equal(principalOf(readJwt({ scope: 'a', scp: 5 }), issuerOf(), TABLE).ok, false);
});

test('client_id counts before azp, and a subject that is the client is a service', () => {
  assert.equal(principal({ client_id: 'web', azp: 'app' }).clientId, 'web');
  assert.equal(principal({ azp: 'app' }).clientId, 'app');
  assert.deepEqual([principal({ azp: 'app' }).kind, principal({ azp: 'ada' }).kind], ['user', 'service']);
  assert.equal(principal({}).kind, 'user');
});

test('how sure the issuer was is told, and nothing of it made up', () => {
  assert.deepEqual(principal({}).assurance, { acr: null, amr: [], authTimeMs: null });
  assert.deepEqual(principal({ acr: 'high', amr: ['otp'], auth_time: NOW }).assurance, {
    acr: 'high',
    amr: ['otp'],
    authTimeMs: NOW * 1_000,
    skewMs: 30_000,
  });
});

test('a principal and all that it holds can’t be changed, and its claims inherit nothing', () => {
  const one = principal({ roles: ['customer'], scope: 'a', deep: { list: [{ x: 1 }] } });
  for (const part of [one, one.roles, one.scopes, one.assurance, one.assurance.amr, one.claims]) {
    assert.ok(Object.isFrozen(part));
  }
  const { deep } = one.claims as { deep: { list: object[] } };
  assert.ok(Object.isFrozen(deep) && Object.isFrozen(deep.list) && Object.isFrozen(deep.list[0]));
  assert.equal((one.claims as Record<string, unknown>)['toString'], undefined);
});

test('what a token is bound to is told, what is not known is refused, and so is what is not bound as it has to be', () => {
  const thumbprint = 'A'.repeat(43);
  const made = (claims: object, proof: IssuerConfig['proof'] = 'none') => {
    const read = principalOf(readJwt(claims), issuerOf(proof === undefined ? {} : { proof }), TABLE);
    return read.ok ? read.value.confirmation : read.error;
  };
  assert.equal(made({}), null);
  assert.deepEqual(made({ cnf: { jkt: thumbprint } }), { key: thumbprint, certificate: null });
  assert.deepEqual(made({ cnf: { 'x5t#S256': thumbprint } }), { key: null, certificate: thumbprint });
  assert.deepEqual(made({ cnf: { jkt: thumbprint, 'x5t#S256': thumbprint } }, 'mtls'), {
    key: thumbprint,
    certificate: thumbprint,
  });
  assert.equal(made({ cnf: { jkt: thumbprint, kid: 'a' } }), 'sender-constrained');
  assert.equal(made({ cnf: null }), 'sender-constrained');
  assert.equal(made({}, 'any'), 'unbound');
  assert.equal(made({ cnf: { jkt: thumbprint } }, 'mtls'), 'unbound');
  assert.deepEqual(made({ cnf: { jkt: thumbprint } }, 'dpop'), { key: thumbprint, certificate: null });
});
