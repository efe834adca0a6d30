import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

let upstream: LocalServer;
let gateway: GatewayProcess;
/** The fields of the request that came to the upstream last. */
let arrived: Readonly<Record<string, unknown>> | null = null;

before(async () => {
  upstream = await startLocalServer((request, reply) => {
    arrived = request.headers;
    reply.end('answered');
  });
  const { url } = upstream;
  gateway = await startGateway(`version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 2 }
admin: { port: 0 }
data: ./data
roles: { reader: { can: [orders:read] }, writer: { includes: [reader], can: [orders:create] } }
apis:
  orders:
    routes: [GET /orders, POST /orders]
    upstream: '${url}'
    auth: [api-key]
    operations:
      GET /orders: { needs: [orders:read] }
      POST /orders: { needs: [orders:create] }
  bills:
    routes: [GET /bills]
    upstream: '${url}'
    auth: [api-key]
    apiKey: { header: x-bills-key }
`);
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
});

interface Made {
  readonly key: string;
  readonly report: { readonly id: string; readonly subject: string; readonly state: string };
}

/** What the admin API says of a change of keys. */
async function change(path: string, body?: object): Promise<{ readonly status: number; readonly json: unknown }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) };
  const reply = await askAdmin(gateway, path, {
    method: 'POST',
    headers,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: reply.status, json: JSON.parse(reply.body) as unknown };
}

async function made(wish: object): Promise<Made> {
  const { status, json } = await change('/v1/keys', wish);
  assert.equal(status, 200, JSON.stringify(json));
  return json as Made;
}

function call(headers: Readonly<Record<string, string>>, path = '/orders', method = 'GET'): Promise<Reply> {
  arrived = null;
  return ask({ port: gateway.https, ca: gateway.ca, path, method, headers });
}

function codeOf({ status, body }: Reply): string {
  return status === 200 ? '200' : `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

test('a key opens what its roles permit, and goes no further than the gateway', async () => {
  const { key, report } = await made({ name: 'reports', roles: ['reader'], subject: 'reporting', tenant: 'acme' });
  assert.match(key, /^pcl_live_[0-9a-z]{16}_[0-9A-Za-z]{49}$/);
  for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }]) {
    assert.equal(codeOf(await call(headers)), '200');
    assert.equal(arrived?.['x-portcullis-subject'], 'reporting');
    assert.equal(arrived?.['x-portcullis-roles'], 'reader');
    assert.equal(arrived?.['x-portcullis-tenant'], 'acme');
    assert.ok(!JSON.stringify(arrived).includes(report.id), 'nothing of the key goes upstream');
    assert.equal(codeOf(await call(headers, '/orders', 'POST')), '403 forbidden');
  }
});
