import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { AdminStatus } from '../../src/control/client.ts';
import { type Child, findProgram, startServer } from '../bench/child.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from '../system/admin.ts';
import { eventually } from '../system/eventually.ts';
import { ask } from '../system/https-client.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { freePort } from '../framing/free-port.ts';

/** Origins that say their name, each on an address of its own. */
const origins: LocalServer[] = [];
const program = findProgram('dnsmasq');
let folder = '';
let ports: readonly number[] = [];
let namePort = 0;
let server: Child | null = null;
let gateway: GatewayProcess | null = null;

const configuration = (): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
apis:
  named:
    routes: ['GET /named']
    upstream: { discover: { dns: 'http://orders.test:${ports[0]}', resolver: '127.0.0.1:${namePort}' }, allowAddresses: [127.0.0.0/8], balance: round-robin, health: { slowStart: 0s } }
    auth: public
  service:
    routes: ['GET /service']
    upstream: { discover: { srv: 'http://_http._tcp.orders.test', resolver: '127.0.0.1:${namePort}' }, allowAddresses: [127.0.0.0/8], balance: round-robin, health: { slowStart: 0s } }
    auth: public
  guarded:
    routes: ['GET /guarded']
    upstream: { discover: { dns: 'http://turned.test:${ports[0]}', resolver: '127.0.0.1:${namePort}', family: ipv4 }, connectTimeout: 100ms }
    auth: public
`;

/** Starts dnsmasq with these records; their time to live is a second. */
async function serveNames(lines: readonly string[]): Promise<void> {
  await server?.stop();
  const file = join(folder, 'dnsmasq.conf');
  const fixed = [
    'no-resolv',
    'no-hosts',
    'keep-in-foreground',
    'bind-interfaces',
    'listen-address=127.0.0.1',
    'local=/test/',
  ];
  const times = ['local-ttl=1', 'neg-ttl=1', `port=${namePort}`, `pid-file=${join(folder, 'pid')}`];
  // Started by root it would become another user, which may not read this folder.
  const user = process.getuid?.() === 0 ? ['user=root'] : [];
  await writeFile(file, [...fixed, ...times, ...user, ...lines, ''].join('\n'));
  server = await startServer([program ?? '', `--conf-file=${file}`], namePort, { core: 'any' });
}

const address = (name: string, ...addresses: string[]): string => `host-record=${name},${addresses.join(',')}`;
const several = (name: string, addresses: readonly string[]): readonly string[] =>
  addresses.map((each) => `host-record=${name},${each}`);
const service = (port: number, priority: number, weight: number): string =>
  `srv-host=_http._tcp.orders.test,node.test,${port},${priority},${weight}`;

before(async () => {
  if (program === null) return;
  folder = await mkdtemp(join(tmpdir(), 'portcullis-dnsmasq-'));
  namePort = await freePort();
  const first = await startLocalServer((_request, reply) => reply.end('one'));
  const second = await startLocalServer((_request, reply) => reply.end('two'));
  origins.push(first, second);
  ports = [first.port, second.port];
  await serveNames([
    address('orders.test', '127.0.0.1'),
    address('node.test', '127.0.0.1'),
    service(ports[1] ?? 0, 1, 1),
    address('turned.test', '192.0.2.1'),
  ]);
  gateway = await startGateway(configuration());
});

after(async () => {
  await gateway?.stop();
  await server?.stop();
  for (const origin of origins) origin.stop();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

/** The gateway, or null where there is no dnsmasq; then the test is skipped. */
function ready(t: TestContext): GatewayProcess | null {
  if (gateway === null) skipOrFail(t, 'dnsmasq is not installed');
  return gateway;
}

async function answers({ https, ca }: GatewayProcess, path: string): Promise<string> {
  const seen = new Set<string>();
  for (let at = 0; at < 8; at++) {
    const { status, body } = await ask({ port: https, ca, path });
    seen.add(status === 200 ? body : String(status));
  }
  return [...seen].toSorted().join(' ');
}

async function source(from: GatewayProcess, name: string): Promise<AdminStatus['discovery'][number]> {
  const { body } = await askAdmin(from, '/v1/status');
  const found = (JSON.parse(body) as AdminStatus).discovery.find((each) => each.name.includes(name));
  assert.ok(found !== undefined, body);
  return found;
}

const SERVED = (): readonly string[] => [address('orders.test', '127.0.0.1'), address('node.test', '127.0.0.1')];

test('A and AAAA of dnsmasq are targets, and others when their second is over', async (t) => {
  const running = ready(t);
  if (running === null) return;
  assert.equal(await answers(running, '/named'), 'one');
  await serveNames([
    ...several('orders.test', ['127.0.0.1', '127.0.0.2', '127.0.0.3', 'fd00::1']),
    service(ports[1] ?? 0, 1, 1),
    address('node.test', '127.0.0.1'),
  ]);
  await eventually(async () => assert.equal((await source(running, 'dns orders.test')).targets, 4));
  await serveNames([...SERVED(), service(ports[1] ?? 0, 1, 1)]);
  await eventually(async () => assert.equal((await source(running, 'dns orders.test')).targets, 1));
});

test('SRV of dnsmasq gives ports by priority', async (t) => {
  const running = ready(t);
  if (running === null) return;
  await serveNames([...SERVED(), service(ports[0] ?? 0, 1, 1), service(ports[1] ?? 0, 1, 1)]);
  await eventually(async () => assert.equal(await answers(running, '/service'), 'one two'));
  await serveNames([...SERVED(), service(ports[0] ?? 0, 2, 1), service(ports[1] ?? 0, 1, 1)]);
  await eventually(async () => assert.equal(await answers(running, '/service'), 'two'));
});

test('more addresses than a datagram holds come over TCP', async (t) => {
  const running = ready(t);
  if (running === null) return;
  const many = Array.from({ length: 120 }, (_, at) => `127.0.${at >> 6}.${(at & 63) + 1}`);
  await serveNames([...several('orders.test', many), address('node.test', '127.0.0.1')]);
  await eventually(async () => assert.equal((await source(running, 'dns orders.test')).targets, 120));
});

test('while dnsmasq is dead the targets known serve, and a dead name server that is back is used again', async (t) => {
  const running = ready(t);
  if (running === null) return;
  await serveNames([...SERVED(), service(ports[0] ?? 0, 1, 1)]);
  await eventually(async () => assert.equal(await answers(running, '/named'), 'one'));
  await server?.stop();
  server = null;
  await eventually(async () => assert.notEqual((await source(running, 'dns orders.test')).fault, null));
  assert.equal(await answers(running, '/named'), 'one');
  assert.equal((await source(running, 'dns orders.test')).targets, 1);
  await serveNames([...SERVED(), service(ports[0] ?? 0, 1, 1)]);
  await eventually(async () => assert.equal((await source(running, 'dns orders.test')).fault, null));
});

test('a name that is turned round to this machine or to a cloud’s metadata is not followed', async (t) => {
  const running = ready(t);
  if (running === null) return;
  for (const turned of ['127.0.0.1', '169.254.169.254', '0.0.0.0']) {
    await serveNames([...SERVED(), address('turned.test', turned)]);
    await eventually(async () =>
      assert.match((await source(running, 'dns turned.test')).fault ?? '', new RegExp(`refused: ${turned}`)),
    );
    const { status } = await ask({ port: running.https, ca: running.ca, path: '/guarded' });
    // The address of before stays, where nobody answers.
    assert.ok(status === 502 || status === 504, String(status));
  }
});
