import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { type DemoIssuer, startDemoIssuer } from './index.ts';

const ISSUER = 'https://localhost:18443/id';
const AUDIENCE = 'https://localhost:18443/v1';
const SECRET = 'a-secret_of-ada.0123456789';

const faults: string[] = [];
let issuer: DemoIssuer;

before(async () => {
  issuer = await startDemoIssuer({
    issuer: ISSUER,
    audience: AUDIENCE,
    scopes: ['orders:read', 'orders:create'],
    clients: [
      { id: 'ada', secret: SECRET, roles: ['customer'] },
      { id: 'sam', secret: 'another-secret', roles: ['support', 'customer'] },
    ],
    onFault: (message) => faults.push(message),
  });
});

after(async () => {
  await issuer.close();
  assert.deepEqual(faults, [], 'nothing that clients did was a fault of the server');
});

function at(path: string): string {
  return `http://127.0.0.1:${issuer.port}${path}`;
}

interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

async function token(fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...fields });
  const reply = await fetch(at('/id/token'), { method: 'POST', body, headers });
  return { status: reply.status, json: (await reply.json()) as Answer['json'] };
}

async function keys(): Promise<JSONWebKeySet> {
  return (await (await fetch(at('/id/jwks'))).json()) as JSONWebKeySet;
}

const asAda = { client_id: 'ada', client_secret: SECRET };

test('a client gets a signed token for the one resource, with its roles, for an hour', async () => {
  const { status, json } = await token(asAda);
  assert.deepEqual([status, json['token_type'], json['expires_in']], [200, 'Bearer', 3600]);
  const text = String(json['access_token']);
  const verified = await jwtVerify(text, createLocalJWKSet(await keys()), {
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  const { sub, client_id: clientId, roles, scope, iat = 0, exp = 0, jti } = verified.payload;
  assert.deepEqual([sub, clientId, roles, scope, exp - iat], ['ada', 'ada', ['customer'], undefined, 3600]);
  assert.equal(typeof jti, 'string');
});

test('the secret may come by Basic, and each client has its own roles', async () => {
  const credentials = Buffer.from('sam:another-secret').toString('base64');
  const { status, json } = await token({}, { authorization: `Basic ${credentials}` });
  assert.equal(status, 200);
  const { payload } = await jwtVerify(String(json['access_token']), createLocalJWKSet(await keys()));
  assert.deepEqual([payload.sub, payload['roles']], ['sam', ['support', 'customer']]);
});

test('a scope narrows a token to what it names, and unknown ones are left out', async () => {
  const { json } = await token({ ...asAda, scope: 'orders:read nothing:known' });
  assert.equal(json['scope'], 'orders:read');
});

test('the resource may be named, and there are tokens for no other', async () => {
  assert.equal((await token({ ...asAda, resource: AUDIENCE })).status, 200);
  const other = await token({ ...asAda, resource: 'https://elsewhere.example' });
  assert.deepEqual([other.status, other.json['error']], [400, 'invalid_target']);
});

const REFUSED = [
  ['a wrong secret', { client_id: 'ada', client_secret: 'another-secret' }, 401, 'invalid_client'],
  ['no secret', { client_id: 'ada' }, 401, 'invalid_client'],
  ['an unknown client', { client_id: 'eve', client_secret: SECRET }, 401, 'invalid_client'],
  ['nobody at all', {}, 400, 'invalid_request'],
  ['another grant', { ...asAda, grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ['a grant that needs a person', { ...asAda, grant_type: 'authorization_code', code: 'x' }, 400, 'invalid_request'],
] as const;

for (const [what, fields, status, error] of REFUSED) {
  test(`${what} gets no token`, async () => {
    const reply = await token(fields);
    assert.deepEqual([reply.status, reply.json['error'], reply.json['access_token']], [status, error, undefined]);
  });
}

for (const path of [
  '/id/.well-known/openid-configuration',
  '/id/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/id',
]) {
  test(`its metadata at ${path} name the issuer's own URLs, whatever name they were asked under`, async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' };
    const reply = await fetch(at(path), { headers });
    const metadata = (await reply.json()) as Record<string, unknown>;
    assert.deepEqual(
      [metadata['issuer'], metadata['token_endpoint'], metadata['jwks_uri']],
      [ISSUER, `${ISSUER}/token`, `${ISSUER}/jwks`],
    );
    assert.doesNotMatch(JSON.stringify(metadata), /evil|127\.0\.0\.1/);
  });
}

test('the keys it shows are public, and each start has its own', async () => {
  const { keys: shown } = await keys();
  assert.deepEqual(
    shown.map(({ kty, crv, alg, use, d }) => [kty, crv, alg, use, d]),
    [['EC', 'P-256', 'ES256', 'sig', undefined]],
  );
  const options = { issuer: ISSUER, audience: AUDIENCE, scopes: [], clients: [], onFault: () => {} };
  const second = await startDemoIssuer(options);
  try {
    const reply = await fetch(`http://127.0.0.1:${second.port}/id/jwks`);
    assert.notDeepEqual(((await reply.json()) as JSONWebKeySet).keys[0]?.x, shown[0]?.x);
  } finally {
    await second.close();
  }
});

test('the key of a token is the one it shows', async () => {
  const { json } = await token(asAda);
  assert.equal(decodeProtectedHeader(String(json['access_token'])).kid, (await keys()).keys[0]?.kid);
});

for (const path of [
  '/',
  '/id',
  '/idx/jwks',
  '/jwks',
  '/id/nothing',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/idx',
  '/%69d/jwks',
]) {
  test(`there is nothing at ${path}`, async () => {
    assert.equal((await fetch(at(path))).status, 404);
  });
}

test('there is nobody to sign in as a person, and the page that says so loads nothing from elsewhere', async () => {
  const reply = await fetch(at('/id/auth?client_id=ada&response_type=code'), { redirect: 'manual' });
  assert.equal(reply.status, 400);
  assert.match(String(reply.headers.get('content-type')), /^application\/json/);
});
