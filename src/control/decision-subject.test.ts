import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../body/index.ts';
import type { Config } from '../config/index.ts';
import { callerOf } from './decision-subject.ts';

type Issuers = Config['issuers'];
const issuer = (name: string, tenants: readonly string[] | null = null): Issuers[number] =>
  ({ name, issuer: `https://${name}.example${tenants === null ? '' : '/{tenantid}'}`, tenants }) as Issuers[number];
const ONE = [issuer('acme')];
const MANY = [issuer('acme'), issuer('entra', ['t1', 't2'])];

function told(properties: JsonObject, type = 'user', issuers: Issuers = ONE) {
  const read = callerOf({ type, id: 'ada', properties }, issuers);
  return read.ok ? read.value : read.error;
}

test('all that is said of a subject is what the gateway would know of a caller', () => {
  const caller = told({
    ...{ roles: ['a'], permissions: ['p'], scope: 'x y', tenant: 't', client: 'c', claims: { n: [1] } },
    ...{ attributes: { unit: 'u', units: ['u'] }, acr: 'high', amr: ['mfa'], authAge: '5m', proof: 'dpop', other: 1 },
  });
  assert.deepEqual(caller, {
    kind: 'known',
    principalKind: 'user',
    issuer: { identifier: 'https://acme.example', way: 'acme' },
    told: {
      ...{ kind: 'known', subject: 'ada', roles: ['a'], permissions: ['p'], scopes: ['x', 'y'] },
      ...{ tenant: 't', clientId: 'c', claims: { n: [1] }, attributes: { unit: 'u', units: ['u'] } },
      assurance: { acr: 'high', amr: ['mfa'], authAgeMs: 300_000, proof: 'dpop' },
    },
  });
});

test('an issuer is told by its name or its identifier, and is not guessed among several', () => {
  const issuerOf = (properties: JsonObject, type?: string, issuers: Issuers = MANY): unknown => {
    const caller = told(properties, type, issuers);
    return typeof caller === 'string' || caller.kind === 'anonymous' ? caller : (caller.issuer?.identifier ?? null);
  };
  assert.equal(issuerOf({}, 'user', ONE), 'https://acme.example');
  assert.equal(issuerOf({}), null);
  assert.equal(issuerOf({ issuer: 'acme' }), 'https://acme.example');
  assert.equal(issuerOf({ issuer: 'https://entra.example/t2' }, 'service'), 'https://entra.example/t2');
  assert.match(String(issuerOf({ issuer: 'entra' })), /names several/);
  assert.match(String(issuerOf({ issuer: 'https://entra.example/t3' })), /no issuer/);
  assert.equal(issuerOf({}, 'key'), 'api-key');
  assert.match(String(issuerOf({ issuer: 'acme' }, 'key')), /keys are vouched for/);
  assert.equal(issuerOf({}, 'certificate'), null);
});

test('nobody is a subject of its own, and a type that is not known is not somebody', () => {
  assert.deepEqual(told({ roles: ['a'] }, 'anonymous'), { kind: 'anonymous' });
  for (const type of ['group', '__proto__', 'constructor', 'User'])
    assert.match(JSON.stringify(told({}, type)), /subject\.type/);
});

test('what is said and can not be read does not count as unsaid', () => {
  for (const properties of [
    { roles: 'admin' },
    { roles: [1] },
    { scopes: 'a b' },
    { scope: ['a'] },
    { scope: 'a', scopes: ['a', 'b'] },
    { tenant: 7 },
    { claims: [] },
    { attributes: { a: { b: 1 } } },
    { attributes: { a: null } },
    { authAge: 5 },
    { authAge: 'long' },
    { proof: 'none' },
    { amr: 'mfa' },
    { issuer: ['acme'] },
  ] as readonly JsonObject[])
    assert.equal(typeof told(properties), 'string', JSON.stringify(properties));
});
