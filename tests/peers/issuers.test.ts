import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask, type Reply } from '../system/https-client.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { hasGlewlwyd, startGlewlwyd } from './glewlwyd.ts';
import { findKeycloak, startKeycloak } from './keycloak.ts';

// Access tokens of issuers that nobody here wrote, in other languages than ours.

const AUDIENCE = 'https://api.acme.example';

interface Served {
  readonly gateway: GatewayProcess;
  readonly get: (bearer: string) => Promise<Reply>;
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
    stop: async () => {
      await gateway.stop();
      upstream.stop();
    },
  };
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
  // Without `resource` it names its scope as audience: that is not us.
  const form = { grant_type: 'password', username: issuer.user.name, password: issuer.user.password, scope: 'orders' };
  assert.equal((await served.get(await issuer.token(form))).status, 401);
});

test('access tokens of Keycloak (Java) open what the roles of its realm permit, and no changed one does', async (t) => {
  const home = await findKeycloak();
  if (home === null) return skipOrFail(t, 'Java 17, or Keycloak from Maven Central, is not at hand');
  const options = { audience: AUDIENCE, redirectUri: 'https://app.example/callback', logoutUri: null };
  const issuer = await startKeycloak(home, options);
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
  // A service of its own without the role.
  assert.equal((await served.get(await issuer.token({ grant_type: 'client_credentials' }))).status, 403);
  const withIdToken = await issuer.token({ ...form, scope: 'openid' });
  assert.equal((await served.get(withIdToken)).status, 200);
});
