import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ROOT } from '../tidy/repository.ts';
import { freePort } from './api-server.ts';
import { type Outcome, run } from './command.ts';
import { ask, type Reply } from './https-client.ts';

const PROGRAM = join(ROOT, 'bin', 'portcullis');

function configuration(upstream: number, more: { apis?: string; server?: string } = {}): string {
  return `version: 1
server: ${more.server ?? '{ https: { port: 0, certificate: local }, http: { port: 0 } }'}
admin: { port: 0 }
data: ./data
apis:
  first: { routes: ['GET /first'], upstream: 'http://127.0.0.1:${upstream}', auth: public }
${more.apis ?? ''}`;
}

describe('a running gateway', () => {
  let api: Server;
  let upstream: number;
  let gateway: GatewayProcess;
  /** Replies of the API wait here until a test lets them go. */
  const held: (() => void)[] = [];
  let heldOne: (() => void) | null = null;

  before(async () => {
    api = createServer((request, reply) => {
      const answer = (): void => void reply.end(`answered ${request.url}`);
      if (request.headers['x-hold'] === undefined) answer();
      else {
        held.push(answer);
        heldOne?.();
      }
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    upstream = (api.address() as AddressInfo).port;
    gateway = await startGateway(configuration(upstream));
  });

  after(async () => {
    await gateway.stop();
    api.closeAllConnections();
    api.close();
  });

  const file = (): string => join(gateway.folder, 'portcullis.yaml');
  const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> => ask({ port: gateway.https, ca: gateway.ca, path, headers });
  const admin = async (path: string, more: { method?: string; key?: string; headers?: Record<string, string> } = {}): Promise<Reply> => {
    const key = more.key ?? (await readFile(join(gateway.folder, 'data', 'admin.key'), 'utf8')).trim();
    const headers = { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...more.headers };
    return await ask({ port: gateway.admin, ca: gateway.ca, path, method: more.method ?? 'GET', headers });
  };
  const command = (...args: string[]): Promise<Outcome> => run('node', [PROGRAM, ...args, '--config', file()]);
  const revision = async (): Promise<number> => (JSON.parse((await admin('/v1/status')).body) as { revision: number }).revision;

  afterEach(async () => {
    await writeFile(file(), configuration(upstream));
    await command('reload');
  });

  it('puts a changed configuration in force on `portcullis reload`', async () => {
    assert.equal((await get('/second')).status, 404);
    const apis = `  second: { routes: ['GET /second'], upstream: 'http://127.0.0.1:${upstream}', auth: public }\n`;
    await writeFile(file(), configuration(upstream, { apis }));
    const reloaded = await command('reload');
    assert.equal(reloaded.code, 0, reloaded.stderr);
    assert.equal((await get('/second')).body, 'answered /second');
  });

  it('refuses a broken configuration with every line at once, and goes on with the one before', async () => {
    const before = await revision();
    await writeFile(file(), configuration(upstream, { apis: '  second: { rotes: [], upstream: ftp://x, auth: nobody }\n' }));
    const reloaded = await command('reload');
    assert.equal(reloaded.code, 2);
    for (const key of ['rotes', 'upstream', 'auth']) assert.match(reloaded.stderr, new RegExp(`yaml:7:.*apis\\.second\\.${key}`));
    assert.equal((await get('/first')).body, 'answered /first');
    assert.equal(await revision(), before);
  });

  it('does not let a reload change its own ports', async () => {
    const port = await freePort();
    const server = `{ https: { port: ${port}, certificate: local }, http: { port: 0 } }`;
    await writeFile(file(), configuration(upstream, { server }));
    const reloaded = await command('reload');
    assert.equal(reloaded.code, 1);
    assert.match(reloaded.stderr, /server.*restart/s);
  });

  it('keeps a request on the configuration it began with', async () => {
    const waits = new Promise<void>((resolve) => (heldOne = resolve));
    const begun = get('/first', { 'x-hold': 'yes' });
    await waits;
    await writeFile(file(), configuration(upstream).replace('/first', '/other'));
    assert.equal((await command('reload')).code, 0);
    assert.equal((await get('/first')).status, 404);
    held.splice(0).forEach((answer) => answer());
    assert.equal((await begun).body, 'answered /first');
  });

  it('answers /livez and /readyz to anybody and nothing else without a key', async () => {
    assert.equal((await admin('/livez', { key: '' })).status, 200);
    assert.equal((await admin('/readyz', { key: '' })).body, 'ready\n');
    for (const path of ['/metrics', '/v1/status', '/v1/coverage', '/openapi.json', '/nothing']) {
      const reply = await admin(path, { key: '' });
      assert.equal(reply.status, 401, path);
      assert.match(String(reply.headers['www-authenticate']), /^Bearer/);
      assert.equal((await admin(path, { key: 'x'.repeat(43) })).status, 401, path);
    }
  });

  it('does not answer the admin API for a name that was bound to this machine, nor for another site', async () => {
    assert.equal((await admin('/v1/status', { headers: { host: 'evil.example' } })).status, 421);
    assert.equal((await admin('/v1/status', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
    assert.equal((await admin('/v1/status')).status, 200);
  });

  it('serves nothing of the APIs on the admin port and nothing of itself on the https port', async () => {
    assert.equal((await admin('/first')).status, 404);
    assert.equal((await get('/metrics')).status, 404);
    assert.equal((await get('/.portcullis/x')).status, 404);
  });

  it('counts requests and refusals in its metrics', async () => {
    await get('/first');
    await get('/nowhere');
    const { body } = await admin('/metrics');
    assert.match(body, /portcullis_requests_total\{api="first",status="2xx"\} [1-9]/);
    assert.match(body, /portcullis_refusals_total\{code="not-found",status="404"\} [1-9]/);
  });

  it('sends plain http to https, refuses what is more than a look, and raises an alert for a credential', async () => {
    const plain = await fetch(`http://127.0.0.1:${gateway.http}/first?x=1`, { redirect: 'manual' });
    assert.equal(plain.status, 308);
    assert.equal(plain.headers.get('location'), `https://127.0.0.1:${gateway.https}/first?x=1`);
    assert.equal((await fetch(`http://127.0.0.1:${gateway.http}/first`, { method: 'POST', body: 'x' })).status, 403);
    assert.equal((await fetch(`http://127.0.0.1:${gateway.http}/first`, { headers: { authorization: 'Bearer x' } })).status, 403);
    const alerts = JSON.parse((await admin('/v1/alerts')).body) as { kind: string }[];
    assert.ok(alerts.some((alert) => alert.kind === 'credential-over-plain-http'));
  });

  it('keeps its secrets to itself: modes of the data folder', async () => {
    const mode = async (name: string): Promise<number> => (await stat(join(gateway.folder, 'data', name))).mode & 0o777;
    assert.equal(await mode('.'), 0o700);
    for (const name of ['admin.key', 'keyring.json', 'store.sqlite', 'running.json']) assert.equal(await mode(name), 0o600, name);
  });

  it('tells a second gateway on its data folder that it is in use', async () => {
    const second = await command('start');
    assert.equal(second.code, 2);
    assert.match(second.stderr, /data.*(in use|another|locked)/is);
  });

  it('ends the connection of a client that speaks no TLS', async () => {
    const socket = connect(gateway.https, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const bytes: Buffer[] = [];
    for await (const piece of socket) bytes.push(piece as Buffer);
    assert.equal(Buffer.concat(bytes).length, 0);
  });
});

describe('a gateway that is stopped', () => {
  it('lets requests under way finish, takes no new ones, and leaves no trace of running', async () => {
    let letGo: () => void = () => {};
    const arrived = Promise.withResolvers<void>();
    const api = createServer((_request, reply) => {
      letGo = () => void reply.end('late');
      arrived.resolve();
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const gateway = await startGateway(configuration((api.address() as AddressInfo).port));
    const begun = ask({ port: gateway.https, ca: gateway.ca, path: '/first' });
    await arrived.promise;
    process.kill(gateway.pid, 'SIGTERM');
    await refusedEventually(gateway.https);
    letGo();
    assert.equal((await begun).body, 'late');
    await gateway.stop();
    api.close();
  });
});

/** Resolves when nobody listens on the port any more. */
async function refusedEventually(port: number): Promise<void> {
  for (let open = true; open; ) {
    open = await new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1');
      probe.once('connect', () => {
        probe.destroy();
        resolve(true);
      });
      probe.once('error', () => resolve(false));
    });
  }
}

describe('a gateway that can not start', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portcullis-start-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const start = async (text: string): Promise<Outcome> => {
    const file = join(folder, 'portcullis.yaml');
    await writeFile(file, text);
    return await run('node', [PROGRAM, 'start', '--config', file]);
  };

  it('names the port that another program uses', async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    for (const server of [`{ https: { port: ${port} }, http: { port: 0 } }`, `{ https: { port: 0 }, http: { port: ${port} } }`]) {
      const outcome = await start(configuration(1, { server }));
      assert.equal(outcome.code, 2);
      assert.match(outcome.stderr, new RegExp(`port ${port} is in use`));
    }
    other.close();
  });

  it('says that the data folder can not be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const outcome = await start(configuration(1).replace('./data', './file/data'));
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, /data folder .* can not be made/);
  });

  it('says all that is wrong with the configuration, with lines', async () => {
    const outcome = await start('version: 1\nservr: {}\napis:\n  a: { routes: [GET /x], upstream: http://127.0.0.1:1 }\n  b: { upstream: 7, auth: public }\n');
    assert.equal(outcome.code, 2);
    for (const line of [':2:1 ', ':4:', ':5:']) assert.ok(outcome.stderr.includes(line), `${line} in ${outcome.stderr}`);
  });

  it('says that the configuration is missing', async () => {
    const outcome = await run('node', [PROGRAM, 'start', '--config', join(folder, 'nowhere.yaml')]);
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, /nowhere\.yaml/);
  });

  it('says that two APIs claim one path', async () => {
    const apis = `  second: { routes: ['GET /first'], upstream: 'http://127.0.0.1:1', auth: public }\n`;
    const outcome = await start(configuration(1, { apis }));
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, /apis\.second.*\/first.*first\//);
  });
});
