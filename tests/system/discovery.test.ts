import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AdminStatus } from '../../src/control/client.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { eventually } from './eventually.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { startNameServer, type NameServer } from './name-server.ts';

/** Two origins that say who they are, and under which name they were asked. */
const origins: LocalServer[] = [];
let ports: readonly number[] = [];
let names: NameServer;
let gateway: GatewayProcess;

const CONFIGURATION = (): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
apis:
  listed:
    routes: ['GET /listed', 'GET /listed/slow']
    upstream: { discover: { file: targets.yaml }, balance: round-robin, health: { slowStart: 0s } }
    auth: public
  named:
    routes: ['GET /named']
    upstream: { discover: { dns: 'http://orders.internal:${ports[0]}', resolver: '127.0.0.1:${names.port}' }, allowAddresses: [127.0.0.1] }
    auth: public
  guarded:
    routes: ['GET /guarded']
    upstream: { discover: { dns: 'http://orders.internal:${ports[0]}', resolver: '127.0.0.1:${names.port}' } }
    auth: public
  service:
    routes: ['GET /service']
    upstream: { discover: { srv: 'http://_http._tcp.orders.internal', resolver: '127.0.0.1:${names.port}', family: ipv4 }, allowAddresses: [127.0.0.0/8], balance: round-robin, health: { slowStart: 0s } }
    auth: public
`;

before(async () => {
  for (const name of ['one', 'two']) {
    const origin = await startLocalServer((request, reply) => reply.end(`${name} as ${request.headers.host}`));
    origins.push(origin);
  }
  ports = origins.map((origin) => origin.port);
  names = await startNameServer();
  names.say('A', 'orders.internal', { ttl: 1, data: ['127.0.0.1'] });
  names.say('SRV', '_http._tcp.orders.internal', {
    ttl: 1,
    data: ports.map((port) => ({ priority: 1, weight: 1, port, target: 'host.orders.internal' })),
  });
  names.say('A', 'host.orders.internal', { ttl: 1, data: ['127.0.0.1'] });
  gateway = await startGateway(CONFIGURATION(), { beside: { 'targets.yaml': `targets: ['127.0.0.1:${ports[0]}']\n` } });
});

after(async () => {
  await gateway.stop();
  await names.stop();
  for (const origin of origins) origin.stop();
});

const get = (path: string): ReturnType<typeof ask> => ask({ port: gateway.https, ca: gateway.ca, path });

const admin = (path: string, method = 'GET'): ReturnType<typeof ask> => askAdmin(gateway, path, { method });

/** What a path answers with, over so many requests. */
async function answers(path: string, requests = 12): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let at = 0; at < requests; at++) {
    const { status, body } = await get(path);
    seen.add(status === 200 ? (body.split(' ')[0] ?? '') : String(status));
  }
  return [...seen].toSorted();
}

test('targets in a file are used, and others at once when the file changes; a broken file changes nothing', async () => {
  assert.deepEqual(await answers('/listed'), ['one']);
  const file = join(gateway.folder, 'targets.yaml');
  await writeFile(`${file}.new`, JSON.stringify({ targets: ports.map((port) => `127.0.0.1:${port}`) }));
  await rename(`${file}.new`, file);
  await eventually(async () => assert.deepEqual(await answers('/listed'), ['one', 'two']));
  await writeFile(file, 'targets: [http://127.0.0.1:1/x]\n');
  await eventually(async () => assert.match(await gatewayStatus('file'), /HOST|host and its port/));
  assert.equal((await sources('file'))[0]?.targets, 2);
  await eventually(async () => assert.deepEqual(await answers('/listed'), ['one', 'two']));
});

test('targets by DNS have the name in requests, and follow it; an answer that leads elsewhere is refused', async () => {
  assert.equal((await get('/named')).body, `one as orders.internal:${ports[0]}`);
  assert.equal((await get('/guarded')).status, 503);
  assert.match(await gatewayStatus('dns'), /127\.0\.0\.1 is an address of this machine itself/);
  const counts = async (): Promise<readonly number[]> => (await sources('dns')).map(({ targets }) => targets);
  names.say('A', 'orders.internal', { ttl: 1, data: ['127.0.0.1', '192.0.2.9'] });
  await eventually(async () => assert.ok((await counts()).includes(2)));
  names.say('A', 'orders.internal', { ttl: 1, data: ['127.0.0.1'] });
  await eventually(async () => assert.deepEqual(await counts(), [1, 1]));
  assert.match(await gatewayStatus('dns'), /127\.0\.0\.1 is an address of this machine itself/);
});

test('targets by SRV have their ports, and a server that fails leaves those that are known', async () => {
  assert.deepEqual(await answers('/service'), ['one', 'two']);
  names.fail('SERVFAIL');
  await eventually(async () => assert.match(await gatewayStatus('srv'), /SERVFAIL/));
  assert.deepEqual(await answers('/service'), ['one', 'two']);
  names.fail(null);
  names.say('SRV', '_http._tcp.orders.internal', {
    ttl: 1,
    data: [{ priority: 1, weight: 1, port: ports[1] ?? 0, target: 'host.orders.internal' }],
  });
  await eventually(async () => assert.deepEqual(await answers('/service'), ['two']));
});

test('a reload to a source that fails is refused, and the configuration before stays', async () => {
  const file = join(gateway.folder, 'portcullis.yaml');
  const before = await readFile(file, 'utf8');
  await writeFile(
    file,
    before
      .replace("dns: 'http://orders.internal", "dns: 'http://missing.internal")
      .replace('file: targets.yaml', 'file: nowhere.yaml'),
  );
  const reloaded = await admin('/v1/reload', 'POST');
  assert.equal(reloaded.status, 409, reloaded.body);
  assert.equal((await admin('/v1/reload', 'POST')).status, 409, 'the same once more');
  assert.match(reloaded.body, /apis\.listed\.upstream\.discover.*no targets can be found.*nowhere\.yaml/s);
  assert.deepEqual((await get('/named')).status, 200);
  await writeFile(file, before);
  assert.equal((await admin('/v1/reload', 'POST')).status, 200);
  assert.equal((await sources('dns')).length, 2);
});

/** The faults of the sources of a kind. */
async function gatewayStatus(kind: string): Promise<string> {
  return (await sources(kind)).map(({ fault }) => fault ?? '').join('\n');
}

/** The sources of a kind, as the admin API tells of them. */
async function sources(kind: string): Promise<AdminStatus['discovery']> {
  const { body } = await admin('/v1/status');
  const { discovery } = JSON.parse(body) as AdminStatus;
  return discovery.filter((source) => source.kind === kind);
}
