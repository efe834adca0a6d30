import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchIssuerKeys } from './issuer-keys-fetch.ts';
import type { IssuerSource } from './issuer-source.ts';
import {
  BY_DISCOVERY,
  BY_URL,
  DOWN,
  FakeEgress,
  ISSUER,
  JWKS_URL,
  publicJwk,
  reply,
} from './issuer-keys-fixture.test.ts';

const KEY = publicJwk('only');
const OPENID = `${ISSUER}/.well-known/openid-configuration`;
const OAUTH = `${ISSUER}/.well-known/oauth-authorization-server`;

/** An issuer of which everything is right, unless a test changes it. */
function soundIssuer(): FakeEgress {
  const egress = new FakeEgress();
  egress.answers.set(OPENID, reply({ issuer: ISSUER, jwks_uri: JWKS_URL }));
  egress.answers.set(JWKS_URL, reply({ keys: [KEY] }));
  return egress;
}

async function errorOf(egress: FakeEgress, source: IssuerSource = BY_DISCOVERY): Promise<string> {
  const fetched = await fetchIssuerKeys(source, egress);
  assert.ok(!fetched.ok, 'this gives no keys');
  return fetched.error;
}

async function urlOf(egress: FakeEgress, source: IssuerSource = BY_DISCOVERY): Promise<string> {
  const fetched = await fetchIssuerKeys(source, egress);
  assert.ok(fetched.ok, fetched.ok ? '' : fetched.error);
  return fetched.value.url;
}

test('the metadata of OpenID Connect says where the keys are', async () => {
  const egress = soundIssuer();
  assert.equal(await urlOf(egress), JWKS_URL);
  assert.deepEqual(egress.taken(), [OPENID, JWKS_URL]);
});

test('each call is bounded in time and size, and reaches no address where clouds keep credentials', async () => {
  const egress = soundIssuer();
  await urlOf(egress);
  for (const { method, timeoutMs, limitBytes, reach } of egress.calls) {
    assert.deepEqual([method, timeoutMs, limitBytes, reach], ['GET', 5_000, 262_144, 'named']);
  }
});

test('an issuer with a path has its metadata behind it, or in front of it as RFC 8414 says', async () => {
  for (const issuer of [`${ISSUER}/realms/a`, `${ISSUER}/realms/a/`]) {
    const egress = soundIssuer();
    const oauth = `${OAUTH}/realms/a`;
    egress.answers.set(oauth, reply({ issuer, jwks_uri: JWKS_URL }));
    assert.equal(await urlOf(egress, { name: 'acme', issuer, origin: { kind: 'discovery' } }), JWKS_URL);
    assert.deepEqual(egress.taken(), [`${ISSUER}/realms/a/.well-known/openid-configuration`, oauth, JWKS_URL]);
  }
});

test('the other metadata is asked only where there is none of OpenID Connect', async () => {
  for (const answer of [DOWN, reply('', { status: 500 }), reply('', { status: 403 }), reply('{'), reply({})]) {
    const egress = soundIssuer();
    egress.answers.set(OPENID, answer);
    egress.answers.set(OAUTH, reply({ issuer: ISSUER, jwks_uri: JWKS_URL }));
    await errorOf(egress);
    assert.deepEqual(egress.taken(), [OPENID]);
  }
  const neither = new FakeEgress();
  assert.equal(await errorOf(neither), `${OPENID}: status 404; ${OAUTH}: status 404`);
});

test('the metadata of an issuer with many tenants is that of all of them, and names it with its place', async () => {
  const issuer = 'https://login.example/{tenantid}/v2.0';
  const place = 'https://login.example/common/v2.0/.well-known/openid-configuration';
  const egress = soundIssuer();
  egress.answers.set(place, reply({ issuer, jwks_uri: JWKS_URL }));
  assert.equal(await urlOf(egress, { ...BY_DISCOVERY, issuer }), JWKS_URL);
  egress.answers.set(place, reply({ issuer: 'https://login.example/common/v2.0', jwks_uri: JWKS_URL }));
  assert.match(await errorOf(egress, { ...BY_DISCOVERY, issuer }), /about another issuer/);
});

test('metadata must name the very issuer that was asked for', async () => {
  for (const issuer of [`${ISSUER}/`, ISSUER.toUpperCase(), 'https://evil.example', undefined, [ISSUER], null]) {
    const egress = soundIssuer();
    egress.answers.set(OPENID, reply({ issuer, jwks_uri: JWKS_URL }));
    assert.match(await errorOf(egress), /is about another issuer than https:\/\/id\.acme\.example$/);
    assert.deepEqual(egress.taken(), [OPENID], 'and its keys are not looked at');
  }
  const elsewhere = soundIssuer();
  elsewhere.answers.set(OPENID, reply(`{"__proto__":{"issuer":"${ISSUER}","jwks_uri":"${JWKS_URL}"}}`));
  assert.match(await errorOf(elsewhere), /about another issuer/);
});

test('keys come over https, or over http on loopback where the issuer itself is there', async () => {
  for (const place of ['http://id.acme.example/jwks', 'http://127.0.0.1/jwks', 'file:///etc/passwd', 'data:,{}']) {
    const egress = soundIssuer();
    egress.answers.set(OPENID, reply({ issuer: ISSUER, jwks_uri: place }));
    assert.match(await errorOf(egress), /names a `jwks_uri` that is not https/);
    assert.deepEqual(egress.taken(), [OPENID]);
  }
  for (const place of [undefined, 7, '', '/jwks', ['https://id.acme.example']]) {
    const egress = soundIssuer();
    egress.answers.set(OPENID, reply({ issuer: ISSUER, jwks_uri: place }));
    assert.match(await errorOf(egress), /names no `jwks_uri`/);
  }
  const issuer = 'http://localhost:4000';
  const local: IssuerSource = { name: 'local', issuer, origin: { kind: 'discovery' } };
  const egress = soundIssuer();
  const metadata = `${issuer}/.well-known/openid-configuration`;
  egress.answers.set(`${issuer}/jwks`, reply({ keys: [KEY] }));
  egress.answers.set(metadata, reply({ issuer, jwks_uri: `${issuer}/jwks` }));
  assert.equal(await urlOf(egress, local), `${issuer}/jwks`);
  egress.answers.set(metadata, reply({ issuer, jwks_uri: 'http://id.acme.example/jwks' }));
  assert.match(await errorOf(egress, local), /that is not https/);
});

test('an issuer that could be answered for by others is not asked', async () => {
  for (const issuer of [
    'http://id.acme.example',
    'http://localhost.evil.example',
    'ftp://a',
    'nonsense',
    `${ISSUER}?a`,
  ]) {
    const egress = soundIssuer();
    await errorOf(egress, { name: 'acme', issuer, origin: { kind: 'discovery' } });
    assert.deepEqual(egress.taken(), [], issuer);
  }
});

test('only JSON of status 200 is read, and the error says what came instead', async () => {
  const page = { headers: { 'content-type': 'text/html; charset=utf-8' } };
  const cases = [
    [reply({ keys: [KEY] }, page), /is not served as JSON$/],
    [reply({ keys: [KEY] }, { headers: { 'content-type': 'text/json' } }), /is not served as JSON$/],
    [reply({ keys: [KEY] }, { headers: { 'content-type': 'application/jsonp' } }), /is not served as JSON$/],
    [reply({ keys: [KEY] }, { status: 203 }), /status 203$/],
    [reply({ keys: [KEY] }, { status: 500 }), /status 500$/],
    [reply('', { status: 302, headers: { location: 'http://169.254.169.254/' } }), /302; redirects are not followed$/],
    [reply('<html>'), /can't be used as a key set: it is not JSON in UTF-8$/],
    [reply({ keys: [] }), /can't be used as a key set: it holds no keys$/],
    [DOWN, /unreachable: connection refused$/],
  ] as const;
  for (const [answer, expected] of cases) {
    const egress = soundIssuer();
    egress.answers.set(JWKS_URL, answer);
    const error = await errorOf(egress);
    assert.match(error, expected);
    assert.ok(error.startsWith(JWKS_URL), error);
    assert.equal(egress.taken().length, 2, 'nothing else is called');
  }
});

test('every media type of JSON will do', async () => {
  for (const type of [
    'application/json',
    'Application/JSON;charset=UTF-8',
    'application/jwk-set+json',
    'application/x+json ;a',
  ]) {
    const egress = soundIssuer();
    egress.answers.set(JWKS_URL, reply({ keys: [KEY] }, { headers: { 'content-type': type } }));
    assert.equal(await urlOf(egress, BY_URL), JWKS_URL);
  }
});

test('what the reply says of age and time is passed on', async () => {
  const egress = soundIssuer();
  const headers = { 'cache-control': 'public, Max-Age=300', date: 'Thu, 01 Jan 2026 00:00:07 GMT' };
  egress.answers.set(JWKS_URL, reply({ keys: [KEY, { kty: 'oct' }] }, { headers }));
  const fetched = await fetchIssuerKeys(BY_URL, egress);
  assert.ok(fetched.ok);
  const { maxAgeMs, dateMs, rows, skipped } = fetched.value;
  assert.deepEqual([maxAgeMs, dateMs, rows.length, skipped.length], [300_000, Date.UTC(2026, 0, 1, 0, 0, 7), 1, 1]);
  egress.answers.set(JWKS_URL, reply({ keys: [KEY] }, { headers: { 'cache-control': 'x-max-age=5', date: 'soon' } }));
  const bare = await fetchIssuerKeys(BY_URL, egress);
  assert.ok(bare.ok);
  assert.deepEqual([bare.value.maxAgeMs, bare.value.dateMs], [null, null]);
});
