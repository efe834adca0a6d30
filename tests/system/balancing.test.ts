import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const THREADS = 3;
/** Connections of their own, so that the system gives each thread some; fewer than a hash sends to one target at once. */
const MANY = 30;

/** Three targets, a canary and a mirror, in this order: each answers with its place. */
const servers: LocalServer[] = [];
const seen: IncomingMessage[][] = [];
let gateway: GatewayProcess;

before(async () => {
  for (let place = 0; place < 5; place++) {
    const requests: IncomingMessage[] = [];
    const server = await startLocalServer((request, reply) => {
      requests.push(request);
      request.resume().on('end', () => reply.end(String(place)));
    });
    servers.push(server);
    seen.push(requests);
  }
  gateway = await startGateway(configuration('balance: { hash: { header: X-Session } }'));
});

after(async () => {
  await gateway?.stop();
  for (const server of servers) server.stop();
});

function urlOf(place: number): string {
  const server = servers[place];
  assert.ok(server !== undefined);
  return `'${server.url}'`;
}

function configuration(more: string): string {
  return `version: 1
server: { threads: ${THREADS}, https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
apis:
  shop:
    routes: ['GET /x', 'POST /x']
    upstream: { targets: [${urlOf(0)}, ${urlOf(1)}, ${urlOf(2)}], ${more} }
    auth: public
`;
}

const admin = (path: string, method = 'GET'): Promise<Reply> => askAdmin(gateway, path, { method });

async function reload(more: string): Promise<void> {
  await writeFile(join(gateway.folder, 'portcullis.yaml'), configuration(more));
  assert.equal((await admin('/v1/reload', 'POST')).status, 200);
}

/** Sends requests over connections of their own, and gives the places that answered. */
async function placesOf(headers: Record<string, string>, count = MANY): Promise<readonly string[]> {
  const asked = Array.from({ length: count }, () => ask({ port: gateway.https, ca: gateway.ca, path: '/x', headers }));
  const replies = await Promise.all(asked);
  assert.ok(replies.every(({ status }) => status === 200));
  return replies.map(({ body }) => body);
}

/** The sum of a metric's series whose labels hold this. */
async function metric(name: string, labels: string): Promise<number> {
  const lines = (await admin('/metrics')).body
    .split('\n')
    .filter((line) => line.startsWith(name) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('all threads send the same value to the same target, and other values to others', async () => {
  const threads = (JSON.parse((await admin('/v1/status')).body) as { threads: unknown[] }).threads.length;
  assert.equal(threads, THREADS);
  const places = new Set<string>();
  for (let session = 0; session < 8; session++) {
    const [first = '', ...others] = new Set(await placesOf({ 'x-session': `session-${session}` }));
    assert.deepEqual(others, []);
    places.add(first);
  }
  assert.ok(places.size > 1);
});

test('a reload that changes the rule holds on all threads, and those who are in a canary are the same on each', async () => {
  await reload(`canary: { targets: [${urlOf(3)}], percent: 50, when: { header: X-New, value: please } }`);
  const [side, ...others] = new Set((await placesOf({})).map((place) => place === '3'));
  assert.deepEqual(others, [], 'one address is on one side');
  assert.deepEqual([...new Set(await placesOf({ 'x-new': 'please' }))], ['3']);
  const canary = side === true ? 2 * MANY : MANY;
  await until('all are counted by side', async () => {
    return (await metric('portcullis_canary_replies_total', 'side="canary"')) === canary;
  });
  assert.equal(await metric('portcullis_canary_replies_total', 'side="stable"'), 2 * MANY - canary);
});

test('copies go to a mirror from every thread, are counted, and reach no client', async () => {
  await reload(`mirror: { url: ${urlOf(4)} }`);
  assert.ok((await placesOf({})).every((place) => place !== '4'));
  await until('each copy came', () => seen[4]?.length === MANY);
  assert.ok(seen[4]?.every(({ headers }) => headers['x-portcullis-mirror'] === '1'));
  assert.equal(await metric('portcullis_mirrored_requests_total', 'end="failed"'), 0);
  await until('each is counted', async () => {
    return (await metric('portcullis_mirrored_requests_total', 'end="answered"')) === MANY;
  });
});
