import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { generateKeyPair, generateProof, type KeyPair } from 'dpop';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask, type Reply } from '../system/https-client.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { askOver, codeOf, VERSIONS } from '../system/possession-scene.ts';
import { hasGlewlwyd, startGlewlwyd } from './glewlwyd.ts';
import { findKeycloak, startKeycloak } from './keycloak.ts';

// Access tokens of issuers that nobody here wrote, in other languages than ours.

const AUDIENCE = 'https://api.acme.example';

interface Served {
  readonly gateway: GatewayProcess;
  readonly get: (bearer: string) => Promise<Reply>;
  /** The same with these fields, over a version of HTTP. */
  readonly send: (headers: Readonly<Record<string, string>>, version: (typeof VERSIONS)[number]) => Promise<Reply>;
  readonly stop: () => Promise<void>;
}

/** How its claims say what callers may do, and other keys of the issuer. */
interface Said {
  readonly claims: string;
  readonly more?: string;
}

async function serve(issuer: string, { claims, more = '' }: Said): Promise<Served> {
  const upstream: LocalServer = await startLocalServer((request, response) =>
    response.end(JSON.stringify(request.headers)),
  );
  const gateway = await startGateway(`version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
issuers:
  foreign: { issuer: '${issuer}', audience: '${AUDIENCE}', claims: { ${claims} }${more} }
roles: { customer: { can: [orders] } }
apis:
  orders:
    routes: ['GET /orders']
    upstream: '${upstream.url}'
    auth: [foreign]
    operations: { 'GET /orders': { needs: orders } }
`);
  return {
    gateway,
    get: async (bearer) =>
      await ask({
        ...{ port: gateway.https, ca: gateway.ca, path: '/orders' },
        headers: { authorization: `Bearer ${bearer}` },
      }),
    send: async (headers, version) => {
      const { https: port, ca } = gateway;
      const host = `localhost:${port}`;
      return await askOver({ port, ca, version, path: '/orders', headers: { host, ...headers } });
    },
    stop: async () => {
      await gateway.stop();
      upstream.stop();
    },
  };
}

/** An issuer that binds tokens to the keys of the clients that ask for them (RFC 9449 §5). */
interface Binding {
  readonly token: (
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ) => Promise<string>;
  readonly tokenEndpoint: string;
}

/**
 * A token that is bound to the key of a client, which nobody here wrote, opens an API by new proofs with that key, and in no
 * other way.
 */
async function opensByItsKeyAlone(served: Served, issuer: Binding, form: Readonly<Record<string, string>>) {
  // Whoever made a proof before the gateway began is asked for a nonce, and times in proofs are whole seconds.
  await pause(1_100);
  const key = await generateKeyPair('ES256');
  const dpop = await generateProof(key, issuer.tokenEndpoint, 'POST');
  const token = await issuer.token(form, { dpop });
  const url = `https://localhost:${served.gateway.https}/orders`;
  const proven = async (by: KeyPair, method = 'GET') => ({
    authorization: `DPoP ${token}`,
    dpop: await generateProof(by, url, method, undefined, token),
  });
  for (const version of VERSIONS) {
    const told = async (headers: Readonly<Record<string, string>>) => codeOf(await served.send(headers, version));
    const fields = await proven(key);
    const reply = await served.send(fields, version);
    assert.equal(reply.status, 200, `${version}: ${reply.body}`);
    const arrived = JSON.parse(reply.body) as Record<string, string>;
    assert.deepEqual([arrived['authorization'], arrived['dpop']], [undefined, undefined]);
    assert.equal(await told(fields), '401 invalid-proof', 'the same proof again');
    assert.equal(await told(await proven(await generateKeyPair('ES256'))), '401 invalid-proof', 'another key');
    assert.equal(await told(await proven(key, 'POST')), '401 invalid-proof', 'another method');
    assert.equal(await told({ authorization: `DPoP ${token}` }), '401 invalid-proof', 'no proof');
    assert.equal(await told({ authorization: `Bearer ${token}` }), '401 invalid-token', 'as a bearer’s');
    const beside = { ...(await proven(key)), authorization: `Bearer ${token}` };
    assert.equal(await told(beside), '401 invalid-token', 'as a bearer’s beside its proof');
    assert.equal(await told(await proven(key)), '200');
  }
}

test('access tokens of Glewlwyd (C) open what their scope permits, and no changed one does', async (t) => {
  if (!(await hasGlewlwyd())) return skipOrFail(t, 'glewlwyd is not installed');
  const issuer = await startGlewlwyd(AUDIENCE, 'https://app.example/callback');
  t.after(() => issuer.stop());
  const served = await serve(issuer.issuer, { claims: 'permissions: scope', more: ', typ: at+jwt' });
  t.after(() => served.stop());
  const own = await issuer.token({ grant_type: 'client_credentials', scope: 'orders', resource: AUDIENCE });
  const reply = await served.get(own);
  assert.equal(reply.status, 200, reply.body);
  const told = JSON.parse(reply.body) as Record<string, string>;
  assert.equal(told['x-portcullis-subject'], issuer.client.id);
  assert.equal(told['authorization'], undefined);
  const [head = '', claims = '', signature = ''] = own.split('.');
  const other = signature.startsWith('A') ? 'B' : 'A';
  assert.equal((await served.get(`${head}.${claims}.${other}${signature.slice(1)}`)).status, 401);
  await opensByItsKeyAlone(
    served,
    { token: issuer.token, tokenEndpoint: `${issuer.issuer}/token` },
    { grant_type: 'client_credentials', scope: 'orders', resource: AUDIENCE },
  );
  // Without `resource` it names its scope as audience: that is not us.
  const form = { grant_type: 'password', username: issuer.user.name, password: issuer.user.password, scope: 'orders' };
  assert.equal((await served.get(await issuer.token(form))).status, 401);
});

test('access tokens of Keycloak (Java) open what the roles of its realm permit, and no changed one does', async (t) => {
  const found = await findKeycloak();
  if ('missing' in found) return skipOrFail(t, found.missing);
  const options = { audience: AUDIENCE, redirectUri: 'https://app.example/callback', logoutUri: null };
  const issuer = await startKeycloak(found.home, options);
  t.after(() => issuer.stop());
  const served = await serve(issuer.issuer, { claims: 'roles: realm_access.roles', more: ', scopes: ignore' });
  t.after(() => served.stop());
  const form = { grant_type: 'password', username: issuer.user.name, password: issuer.user.password };
  const own = await issuer.token(form);
  const reply = await served.get(own);
  assert.equal(reply.status, 200, reply.body);
  const told = JSON.parse(reply.body) as Record<string, string>;
  assert.match(told['x-portcullis-roles'] ?? '', /customer/);
  const [head = '', claims = '', signature = ''] = own.split('.');
  assert.equal((await served.get(`${head}.${claims}.${signature.slice(4)}AAAA`)).status, 401);
  const tokenEndpoint = `${issuer.issuer}/protocol/openid-connect/token`;
  await opensByItsKeyAlone(served, { token: issuer.token, tokenEndpoint }, form);
  // A service of its own without the role.
  assert.equal((await served.get(await issuer.token({ grant_type: 'client_credentials' }))).status, 403);
  const withIdToken = await issuer.token({ ...form, scope: 'openid' });
  assert.equal((await served.get(withIdToken)).status, 200);
});
