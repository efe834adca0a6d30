import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { type Child, findProgram, startServer } from '../bench/child.ts';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { makeAuthority } from '../mixed/authority.ts';
import { askPlainly } from '../system/inner-gateway.ts';
import { skipOrFail } from '../system/skip.ts';
import { startThirdParty, type ThirdParty } from '../system/third-party.ts';

const KEY = 'orders-key-0123456789abcdef';
const program = findProgram('dnsmasq');
let folder = '';
let namePort = 0;
let server: Child | null = null;
let party: ThirdParty | null = null;
let gateway: GatewayProcess | null = null;

const configuration = (port: number): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:9', auth: public }
egress:
  port: 0
  callers: { orders: { key: '\${env:ORDERS_KEY}' } }
  parties:
    pay:
      url: https://pay.test:${port}
      ca: ./ca.pem
      serverName: localhost
      resolver: '127.0.0.1:${namePort}'
      connectTimeout: 200ms
      private: [127.0.0.1]
      allow: ['GET /{what}']
`;

/** Starts dnsmasq with these records, which hold for no time at all. */
async function serveNames(lines: readonly string[]): Promise<void> {
  await server?.stop();
  const file = join(folder, 'dnsmasq.conf');
  const fixed = ['no-resolv', 'no-hosts', 'keep-in-foreground', 'bind-interfaces', 'listen-address=127.0.0.1'];
  const times = ['local=/test/', 'local-ttl=0', `port=${namePort}`, `pid-file=${join(folder, 'pid')}`];
  const user = process.getuid?.() === 0 ? ['user=root'] : [];
  await writeFile(file, [...fixed, ...times, ...user, ...lines, ''].join('\n'));
  server = await startServer([program ?? '', `--conf-file=${file}`], namePort, { core: 'any' });
}

const records = (...addresses: readonly string[]): readonly string[] =>
  addresses.map((address) => `host-record=pay.test,${address}`);

before(async () => {
  if (program === null) return;
  folder = await mkdtemp(join(tmpdir(), 'portcullis-egress-'));
  namePort = await freePort();
  const authority = await makeAuthority();
  party = await startThirdParty(authority, (_heard, reply) => {
    reply.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    reply.end('{}');
  });
  await serveNames(records('127.0.0.1'));
  gateway = await startGateway(configuration(party.port), {
    beside: { 'ca.pem': authority.ca },
    environment: { ORDERS_KEY: KEY },
  });
});

after(async () => {
  await gateway?.stop();
  await server?.stop();
  await party?.stop();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

async function outcome({ egress }: GatewayProcess): Promise<string> {
  const { status, body } = await askPlainly(egress, {
    method: 'GET',
    path: '/pay/x',
    headers: { 'x-portcullis-key': KEY },
  });
  return status === 200 ? '200' : `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

/** The gateway, or null where there is no dnsmasq; then the test is skipped. */
function ready(t: TestContext): GatewayProcess | null {
  if (gateway === null) skipOrFail(t, 'dnsmasq is not installed');
  return gateway;
}

test('a name that dnsmasq turns round between two calls is judged for each of them', async (t) => {
  const running = ready(t);
  if (running === null) return;
  assert.equal(await outcome(running), '200');
  for (const turned of [
    ['127.0.0.2'],
    ['169.254.169.254'],
    ['10.0.0.1'],
    ['127.0.0.1', '10.0.0.1'],
    ['8.8.8.8', '::1'],
  ]) {
    await serveNames(records(...turned));
    const before = party?.connections();
    for (let at = 0; at < 4; at++) assert.equal(await outcome(running), '502 upstream-unreachable', turned.join(' '));
    assert.equal(party?.connections(), before);
  }
  await serveNames(records('127.0.0.1'));
  assert.equal(await outcome(running), '200');
});

test('a name that leads to another which is private is not gone to, and one that leads nowhere is 502', async (t) => {
  const running = ready(t);
  if (running === null) return;
  await serveNames(['host-record=inner.test,10.0.0.1', 'cname=pay.test,inner.test']);
  assert.equal(await outcome(running), '502 upstream-unreachable');
  await serveNames([]);
  assert.equal(await outcome(running), '502 upstream-unreachable');
  await server?.stop();
  assert.equal(await outcome(running), '502 upstream-unreachable');
});
