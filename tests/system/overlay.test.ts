import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { OverlayDraft } from '../../src/control/client.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient, askAdmin } from './admin.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { COMMAND, until } from './odd/gateway.ts';

const ISSUER = 'https://id.acme.example';
const AUDIENCE = 'https://api.acme.example';
const THREADS = 2;

let outside: LocalServer;
let gateway: GatewayProcess;
let token: string;

before(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] });
  outside = await startLocalServer((request, reply) => {
    if (request.url === '/jwks') return reply.setHeader('content-type', 'application/json').end(keys);
    return reply.end(String(request.headers['x-portcullis-roles'] ?? 'no role'));
  });
  const { url } = outside;
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: ${THREADS} }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${ISSUER}', audience: '${AUDIENCE}', jwks: '${url}/jwks' } }
roles: { customer: { can: ['orders:read'] }, support: { can: ['orders:refund'] } }
apis:
  orders:
    routes: ['GET /orders', 'GET /refunds']
    upstream: '${url}'
    auth: [acme]
    operations: { GET /orders: { needs: 'orders:read' }, GET /refunds: { needs: 'orders:refund' } }
    policies: { odd: {} }
`,
    { command: COMMAND },
  );
  token = await new SignJWT({ roles: ['customer'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('ada')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
});

after(async () => {
  await gateway?.stop();
  outside?.stop();
});

function get(path: string): Promise<Reply> {
  const headers = { authorization: `Bearer ${token}` };
  return ask({ port: gateway.https, ca: gateway.ca, path, headers });
}

/** What becomes of a request in every thread: connections are given to any of them. */
async function everywhere(path: string): Promise<readonly string[]> {
  const outcomes = new Set<string>();
  const threads = new Set<unknown>();
  await until('every thread was asked', async () => {
    const { status, body, headers } = await get(path);
    outcomes.add(`${status} ${status === 200 ? body : (JSON.parse(body) as { code: string }).code}`);
    threads.add(headers['x-thread']);
    return threads.size === THREADS ? true : null;
  });
  return [...outcomes];
}

const DRAFT: OverlayDraft = {
  ...{ effect: 'add', kind: 'subject', issuer: 'acme', name: 'ada', reason: 'on call' },
  ...{ roles: ['support'], permissions: [], all: false, forMs: null },
};

test('what is granted and denied by hand holds in every thread by the answer, for tokens that are remembered', async () => {
  const client = await adminClient(gateway);
  const change = async (draft: Partial<OverlayDraft>): Promise<string> => {
    const made = await client.addGrant({ ...DRAFT, ...draft }, 'kim');
    assert.ok(made.ok, made.ok ? '' : made.error);
    assert.equal(made.value.everywhere, true);
    return made.value.id;
  };
  assert.deepEqual(await everywhere('/orders'), ['200 customer']);
  assert.deepEqual(await everywhere('/refunds'), ['403 forbidden']);
  const grant = await change({});
  assert.deepEqual(await everywhere('/refunds'), ['200 customer,support']);
  const denial = await change({ effect: 'deny', roles: [], permissions: ['orders:refund'] });
  assert.deepEqual(await everywhere('/refunds'), ['403 forbidden']);
  assert.deepEqual(await everywhere('/orders'), ['200 customer,support']);
  const out = await change({ effect: 'deny', roles: [], all: true });
  assert.deepEqual(await everywhere('/orders'), ['403 access-denied']);
  for (const id of [out, denial, grant]) {
    const removed = await client.removeGrant(id, 'kim');
    assert.equal(removed.ok && removed.value?.everywhere, true);
  }
  assert.deepEqual(await everywhere('/orders'), ['200 customer']);
  assert.deepEqual(await everywhere('/refunds'), ['403 forbidden']);
});

test('the admin API refuses what is no grant, and what the configuration does not know', async () => {
  const post = (body: string, query = ''): Promise<Reply> => {
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    return askAdmin(gateway, `/v1/grants${query}`, { method: 'POST', body, headers });
  };
  const statusOf = async (body: unknown, query = ''): Promise<number> =>
    (await post(JSON.stringify(body), query)).status;
  assert.equal(await statusOf({ ...DRAFT, roles: ['root'] }), 409);
  assert.equal(await statusOf({ ...DRAFT, more: true }), 400);
  assert.equal(await statusOf({ ...DRAFT, name: 'a\nb' }), 400);
  assert.equal(await statusOf({ ...DRAFT, forMs: -1 }), 400);
  assert.equal(await statusOf([]), 400);
  assert.equal((await post('{')).status, 400);
  assert.equal(await statusOf(DRAFT, `?author=${'x'.repeat(101)}`), 400);
  const missing = await askAdmin(gateway, '/v1/grants/none/removal', { method: 'POST' });
  assert.equal(missing.status, 404);
  assert.deepEqual(JSON.parse((await askAdmin(gateway, '/v1/grants')).body), []);
});
