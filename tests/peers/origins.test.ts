import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { Agent, request as requestHttps, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findProgram, type Child } from '../bench/child.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { startJsonServer } from '../system/api-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { startNginx } from './nginx.ts';
import { freePort } from '../framing/free-port.ts';

/** A reply as its client sees it; `whole` is false where it broke off. */
interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly whole: boolean;
}

const NO_REPLY: Seen = { status: 0, headers: {}, body: '', whole: false };

/** Asks once, over TLS where there is an agent. Never rejects: what breaks is not whole. */
function ask(options: RequestOptions, body?: string): Promise<Seen> {
  const { promise, resolve } = Promise.withResolvers<Seen>();
  const send = options.agent instanceof Agent ? requestHttps : requestHttp;
  const asking = send({ host: '127.0.0.1', ...options }, (reply) => {
    let text = '';
    reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    reply.on('error', () => {});
    reply.on('close', () =>
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text, whole: reply.complete }),
    );
  });
  asking.on('error', () => resolve(NO_REPLY));
  asking.end(body);
  return promise;
}

/** A gateway before these targets, and a way to ask it. */
async function startBefore(
  t: TestContext,
  ports: readonly number[],
  more = '',
): Promise<{ readonly gateway: GatewayProcess; readonly through: typeof ask }> {
  const targets = ports.map((port) => `http://127.0.0.1:${port}`).join(', ');
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  api:
    routes: ['* /{rest...}']
    auth: public
    upstream: { targets: [${targets}]${more} }
`);
  t.after(() => gateway.stop());
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca: gateway.ca });
  t.after(() => agent.destroy());
  const through: typeof ask = ({ headers = {}, ...options }, body) => {
    const all = { host: 'localhost', ...(headers as Readonly<Record<string, string>>) };
    return ask({ ...options, headers: all, agent, port: gateway.https, servername: 'localhost' }, body);
  };
  return { gateway, through };
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** What is asked of an API, in order, since later replies depend on what was written. */
const CALLS: readonly (readonly [method: string, path: string, body?: string])[] = [
  ['GET', '/orders'],
  ['GET', '/orders/2'],
  ['HEAD', '/orders/2'],
  ['GET', '/orders/99'],
  ['GET', '/orders?customer=ada&_sort=id&_order=desc'],
  ['GET', '/orders?_page=2&_limit=7'],
  ['GET', '/orders?note_like=%C3%A9t%C3%A9%20%26%20more'],
  ['POST', '/orders', '{"id":100,"customer":"bob","note":"ün & \\"so\\""}'],
  ['GET', '/orders/100'],
  ['PUT', '/orders/100', '{"customer":"eve"}'],
  ['PATCH', '/orders/100', '{"note":"late"}'],
  ['DELETE', '/orders/100'],
  ['GET', '/orders/100'],
  ['POST', '/orders', '{"id":1}'],
  ['POST', '/orders', '{"id":'],
  ['OPTIONS', '/orders'],
  ['GET', '/nothing/here'],
];

/** The fields that say something of the reply; others are of one connection, one moment, or not for clients. */
const TOLD = ['content-type', 'etag', 'link', 'x-total-count', 'location', 'vary', 'cache-control'];

/** It shows clients where it failed; the gateway does not. */
const TRACE = /at [\w.]+ \(\/|&nbsp;at /;

test('json-server says behind the gateway what it says itself', async (t) => {
  const orders = Array.from({ length: 40 }, (_, at) => ({
    id: at + 1,
    customer: at % 3 === 0 ? 'ada' : 'bob',
    note: at % 5 === 0 ? 'été & more' : 'x'.repeat(at * 50),
  }));
  // Two of the same, for what one is asked to write the other has never heard of.
  const [direct, behind] = await Promise.all([startJsonServer({ orders }), startJsonServer({ orders })]);
  t.after(async () => void (await Promise.all([direct.stop(), behind.stop()])));
  const { through } = await startBefore(t, [behind.port]);
  let traces = 0;
  const written = (seen: Seen, port: number | null): unknown => {
    const fields = TOLD.map((name) => String(seen.headers[name]));
    // It names itself in links, by the host that it was asked for; behind the gateway they are paths.
    const text = JSON.stringify([seen.status, seen.whole, fields, seen.status < 400 ? seen.body : '']);
    return port === null ? text : text.replaceAll(`http://localhost:${port}/`, '/');
  };
  for (const [method, path, body] of CALLS) {
    const headers = body === undefined ? {} : { ...JSON_TYPE, 'content-length': String(Buffer.byteLength(body)) };
    const itself = await ask(
      { method, path, port: direct.port, headers: { host: `localhost:${direct.port}`, ...headers } },
      body,
    );
    const seen = await through({ method, path, headers }, body);
    if (TRACE.test(itself.body)) {
      traces += 1;
      assert.deepEqual([seen.status, seen.headers['content-type']], [itself.status, 'application/problem+json']);
      assert.doesNotMatch(seen.body, TRACE);
    } else assert.equal(written(seen, null), written(itself, direct.port), `${method} ${path}`);
  }
  assert.equal(traces, 2, 'an id that is there already, and JSON that ends early');
});

const WRITTEN = new Date('2026-01-01T00:00:00Z');
const FILE = 'abcdefghij'.repeat(5_000);

/** An nginx with a file, and with manners of its own. */
async function startOrigin(t: TestContext): Promise<{ readonly port: number; readonly child: Child }> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-origin-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // Where root starts it, its worker is somebody else.
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'html'));
  await writeFile(join(folder, 'html', 'file.txt'), FILE);
  // The same for all, since each may be asked whether its file has changed.
  await utimes(join(folder, 'html', 'file.txt'), WRITTEN, WRITTEN);
  const port = await freePort();
  const server = `server {
  listen 127.0.0.1:${port}; keepalive_requests 7; root ${folder}/html; default_type text/plain;
  location /echo/ { add_header X-Token $uri; return 200 $uri; }
  location /gone { return 444; }
  location /moved { return 301 /file.txt; }
  location /packed/ { alias ${folder}/html/; gzip on; gzip_proxied any; gzip_types text/plain; gzip_min_length 1; }
  location /slow/ { alias ${folder}/html/; limit_rate 200k; }
}`;
  const child = await startNginx({ folder, port, http: server });
  t.after(child.stop);
  return { port, child };
}

test('nginx as three targets: files, parts, conditions, codings, and connections that it closes', async (t) => {
  if (findProgram('nginx') === null) return skipOrFail(t, 'nginx is not installed (Debian package nginx)');
  const origins = await Promise.all([startOrigin(t), startOrigin(t), startOrigin(t)]);
  const { through } = await startBefore(
    t,
    origins.map(({ port }) => port),
  );
  const file = await through({ path: '/file.txt' });
  assert.deepEqual([file.status, file.whole, file.body === FILE], [200, true, true]);
  const modified = String(file.headers['last-modified']);
  const head = await through({ method: 'HEAD', path: '/file.txt' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(FILE.length), '']);
  const part = await through({ path: '/file.txt', headers: { range: 'bytes=5-9' } });
  assert.deepEqual([part.status, part.body, part.headers['content-range']], [206, 'fghij', `bytes 5-9/${FILE.length}`]);
  const beyond = await through({ path: '/file.txt', headers: { range: `bytes=${FILE.length}-` } });
  assert.equal(beyond.status, 416);
  const same = await through({ path: '/file.txt', headers: { 'if-modified-since': modified } });
  assert.deepEqual([same.status, same.body], [304, '']);
  const packed = await through({ path: '/packed/file.txt', headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([packed.status, packed.whole, packed.headers['content-encoding']], [200, true, 'gzip']);
  const slow = await through({ path: '/slow/file.txt' });
  assert.deepEqual([slow.whole, slow.body === FILE], [true, true]);
  const moved = await through({ path: '/moved' });
  assert.equal(moved.status, 301);
  assert.equal((await through({ path: '/none' })).status, 404);
  assert.equal((await through({ method: 'POST', path: '/file.txt' }, 'x'.repeat(10_000))).status, 405);
  const gone = await through({ path: '/gone' });
  assert.deepEqual([gone.status, gone.whole], [502, true]);
});

test('of three nginxes two go while requests run: each gets its own reply, whole, or 502', async (t) => {
  if (findProgram('nginx') === null) return skipOrFail(t, 'nginx is not installed (Debian package nginx)');
  const origins = await Promise.all([startOrigin(t), startOrigin(t), startOrigin(t)]);
  const ports = origins.map(({ port }) => port);
  const { through } = await startBefore(t, ports, ', balance: round-robin');
  const statuses = new Map<number, number>();
  let next = 0;
  const asker = async (): Promise<void> => {
    for (let at = next++; at < 3_000; at = next++) {
      if (at === 1_000) await origins[0]?.child.stop();
      if (at === 2_000) await origins[1]?.child.stop();
      const path = `/echo/t${at}`;
      const seen = await through({ path, headers: { 'x-a': String(at) } });
      statuses.set(seen.status, (statuses.get(seen.status) ?? 0) + 1);
      assert.equal(seen.whole, true, path);
      if (seen.status === 200) assert.deepEqual([seen.body, seen.headers['x-token']], [path, path]);
      else assert.ok(seen.status === 502 || seen.status === 503, `${seen.status} for ${path}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, asker));
  // One of three is there to the end.
  assert.ok((statuses.get(200) ?? 0) >= 1_900, JSON.stringify([...statuses]));
});
