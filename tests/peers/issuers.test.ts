import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask, type Reply } from '../system/https-client.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { hasGlewlwyd, startGlewlwyd } from './glewlwyd.ts';

// Access tokens of issuers that nobody here wrote, in other languages than ours.

const AUDIENCE = 'https://api.acme.example';

interface Served {
  readonly gateway: GatewayProcess;
  readonly get: (bearer: string) => Promise<Reply>;
  readonly stop: () => Promise<void>;
}

async function serve(issuer: string, more = ''): Promise<Served> {
  const upstream: LocalServer = await startLocalServer((request, response) =>
    response.end(JSON.stringify(request.headers)),
  );
  const gateway = await startGateway(`version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
issuers:
  foreign: { issuer: '${issuer}', audience: '${AUDIENCE}', claims: { permissions: scope }${more} }
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
  const served = await serve(issuer.issuer, ', typ: at+jwt');
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
