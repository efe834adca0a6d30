import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminKey } from './admin.ts';
import { type Outcome, run } from './command.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';
import { freePort } from '../framing/free-port.ts';

let upstream: LocalServer;
let gateway: GatewayProcess;
/** Replies of the API wait here until a test lets them go. */
const held: (() => void)[] = [];
let heldOne: (() => void) | null = null;

before(async () => {
  upstream = await startLocalServer((request, reply) => {
    const answer = (): void => void reply.end(`answered ${request.url}`);
    if (request.headers['x-hold'] === undefined) answer();
    else {
      held.push(answer);
      heldOne?.();
    }
  });
  gateway = await startGateway(configuration(upstream.port));
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

const file = (): string => join(gateway.folder, 'portcullis.yaml');
const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
  ask({ port: gateway.https, ca: gateway.ca, path, headers });
const admin = async (
  path: string,
  more: { method?: string; key?: string; headers?: Record<string, string> } = {},
): Promise<Reply> => {
  const key = more.key ?? (await adminKey(gateway.folder));
  const headers = { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...more.headers };
  return await ask({ port: gateway.admin, ca: gateway.ca, path, method: more.method ?? 'GET', headers });
};
const command = (...args: string[]): Promise<Outcome> => run('node', [PROGRAM, ...args, '--config', file()]);
const revision = async (): Promise<number> =>
  (JSON.parse((await admin('/v1/status')).body) as { revision: number }).revision;

afterEach(async () => {
  await writeFile(file(), configuration(upstream.port));
  assert.equal((await admin('/v1/reload', { method: 'POST' })).status, 200);
});

test('a running gateway puts a changed configuration in force on `portcullis reload`', async () => {
  assert.equal((await get('/second')).status, 404);
  const apis = `  second: { routes: ['GET /second'], upstream: '${upstream.url}', auth: public }\n`;
  await writeFile(file(), configuration(upstream.port, { apis }));
  const reloaded = await command('reload');
  assert.equal(reloaded.code, 0, reloaded.stderr);
  assert.equal((await get('/second')).body, 'answered /second');
});

test('a running gateway refuses a broken configuration with every line at once, and goes on with the one before', async () => {
  const before = await revision();
  await writeFile(
    file(),
    configuration(upstream.port, { apis: '  second: { rotes: [], upstream: ftp://x, auth: nobody }\n' }),
  );
  const reloaded = await command('reload');
  assert.equal(reloaded.code, 2);
  for (const key of ['rotes', 'upstream', 'auth'])
    assert.match(reloaded.stderr, new RegExp(`yaml:7:.*apis\\.second\\.${key}`));
  assert.equal((await get('/first')).body, 'answered /first');
  assert.equal(await revision(), before);
});

test('a running gateway remembers what was put in force and what was refused, when and by whom', async () => {
  const before = await revision();
  const changed = configuration(upstream.port).replace('/first', '/remembered');
  await writeFile(file(), changed);
  assert.equal((await command('reload')).code, 0);
  await writeFile(file(), changed.replace('admin: { port: 0 }', `admin: { port: ${await freePort()} }`));
  assert.equal((await command('reload')).code, 1);
  const list = JSON.parse((await admin('/v1/revisions')).body) as Record<string, unknown>[];
  const [refused, installed] = [before + 2, before + 1].map((number) =>
    list.find((entry) => entry['revision'] === number),
  );
  assert.deepEqual([refused?.['outcome'], installed?.['outcome']], ['refused', 'installed'], JSON.stringify(list));
  for (const entry of list) {
    assert.match(String(entry['hash']), /^[0-9a-f]{64}$/);
    assert.notEqual(entry['author'] ?? '', '');
    assert.equal(typeof entry['at'], 'number');
  }
});

test('a running gateway does not let a reload change its own ports', async () => {
  const port = await freePort();
  const server = `{ https: { port: ${port}, certificate: local }, http: { port: 0 } }`;
  await writeFile(file(), configuration(upstream.port, { server }));
  const reloaded = await command('reload');
  assert.equal(reloaded.code, 1);
  assert.match(reloaded.stderr, /server.*restart/s);
});

test('a running gateway keeps a request on the configuration it began with', async () => {
  const waits = Promise.withResolvers<void>();
  heldOne = waits.resolve;
  const begun = get('/first', { 'x-hold': 'yes' });
  await waits.promise;
  await writeFile(file(), configuration(upstream.port).replace('/first', '/other'));
  assert.equal((await command('reload')).code, 0);
  assert.equal((await get('/first')).status, 404);
  held.splice(0).forEach((answer) => answer());
  assert.equal((await begun).body, 'answered /first');
});

test('a running gateway answers /livez and /readyz to anybody and nothing else without a key', async () => {
  assert.equal((await admin('/livez', { key: '' })).status, 200);
  assert.equal((await admin('/readyz', { key: '' })).body, 'ready\n');
  for (const path of ['/metrics', '/v1/status', '/v1/coverage', '/openapi.json', '/nothing']) {
    const reply = await admin(path, { key: '' });
    assert.equal(reply.status, 401, path);
    assert.match(String(reply.headers['www-authenticate']), /^Bearer/);
    assert.equal((await admin(path, { key: 'x'.repeat(43) })).status, 401, path);
  }
});

test('a running gateway does not answer the admin API for a name that was bound to this machine, nor for another site', async () => {
  assert.equal((await admin('/v1/status', { headers: { host: 'evil.example' } })).status, 421);
  assert.equal((await admin('/v1/status', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
  assert.equal((await admin('/v1/status')).status, 200);
});

test('a running gateway serves nothing of the APIs on the admin port and nothing of itself on the https port', async () => {
  assert.equal((await admin('/first')).status, 404);
  assert.equal((await get('/metrics')).status, 404);
  assert.equal((await get('/.portcullis/x')).status, 404);
});

test('a running gateway counts requests and refusals in its metrics', async () => {
  await get('/first');
  await get('/nowhere');
  const { body } = await admin('/metrics');
  assert.match(body, /portcullis_requests_total\{api="first",status="2xx"\} [1-9]/);
  assert.match(body, /portcullis_refusals_total\{code="not-found",status="404"\} [1-9]/);
});

test('a running gateway sends plain http to https, refuses what is more than a look, and raises an alert for a credential', async () => {
  const plain = await fetch(`http://127.0.0.1:${gateway.http}/first?x=1`, { redirect: 'manual' });
  assert.equal(plain.status, 308);
  assert.equal(plain.headers.get('location'), `https://127.0.0.1:${gateway.https}/first?x=1`);
  assert.equal((await fetch(`http://127.0.0.1:${gateway.http}/first`, { method: 'POST', body: 'x' })).status, 403);
  assert.equal(
    (await fetch(`http://127.0.0.1:${gateway.http}/first`, { headers: { authorization: 'Bearer x' } })).status,
    403,
  );
  const alerts = JSON.parse((await admin('/v1/alerts')).body) as { kind: string }[];
  assert.ok(alerts.some((alert) => alert.kind === 'credential-over-plain-http'));
});

test('a running gateway keeps its secrets to itself: modes of the data folder', async () => {
  const mode = async (name: string): Promise<number> => (await stat(join(gateway.folder, 'data', name))).mode & 0o777;
  assert.equal(await mode('.'), 0o700);
  for (const name of ['admin.key', 'keyring.json', 'store.sqlite', 'running.json'])
    assert.equal(await mode(name), 0o600, name);
});

test('a running gateway tells a second gateway on its data folder that it is in use', async () => {
  const second = await command('start');
  assert.equal(second.code, 2);
  assert.match(second.stderr, /data.*(in use|another|locked)/is);
});

test('a running gateway ends the connection of a client that speaks no TLS', async () => {
  const socket = connect(gateway.https, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const bytes: Buffer[] = [];
  for await (const piece of socket) bytes.push(piece as Buffer);
  assert.equal(Buffer.concat(bytes).length, 0);
});
