import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const THREADS = 2;
/** Connections of their own, so that the system gives each thread some. */
const MANY = 30;

let server: LocalServer;
let http2Server: LocalServer;
let gateway: GatewayProcess;
let version = 1;
let asked = 0;

before(async () => {
  server = await startLocalServer((request, reply) => {
    asked++;
    const body = `${request.url} ${request.method === 'GET' ? version : ++version}`;
    const fields = { 'cache-control': 'max-age=600', 'content-type': 'text/plain' };
    // Late, so that what is asked for meanwhile can wait for it.
    request.resume().on('end', () => setTimeout(() => reply.writeHead(200, fields).end(body), 50));
  });
  const speaksHttp2 = createHttp2Server();
  speaksHttp2.on('stream', (stream: ServerHttp2Stream, headers) => {
    asked++;
    stream.respond({ ':status': 200, 'cache-control': 'max-age=600', etag: '"1"' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    for (let at = 0; at < 500; at++) stream.write(`${headers[':path']} ${version} `);
    stream.end();
  });
  http2Server = await startLocalServer(speaksHttp2);
  gateway = await startGateway(`version: 1
server: { threads: ${THREADS}, https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
cache: { memory: 8MiB }
apis:
  shop:
    routes: ['GET /{rest...}', 'POST /{rest...}']
    upstream: ${server.url}
    auth: public
    cache: on
  other:
    basePath: /h2c
    routes: ['GET /{rest...}']
    upstream: { targets: ['${http2Server.url}'], protocol: h2 }
    auth: public
    cache: on
`);
});

after(async () => {
  await gateway?.stop();
  server.stop();
  http2Server.stop();
});

function get(path: string): Promise<Reply> {
  return ask({ port: gateway.https, ca: gateway.ca, path });
}

/** Requests over HTTP/2 in one session, all at once; gives their bodies and what the cache says of them. */
async function overHttp2(
  paths: readonly string[],
): Promise<readonly { readonly body: string; readonly told: string }[]> {
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  try {
    return await Promise.all(paths.map((path) => getOver(session, path)));
  } finally {
    session.close();
  }
}

async function getOver(
  session: ClientHttp2Session,
  path: string,
): Promise<{ readonly body: string; readonly told: string }> {
  const stream = session.request({ ':path': path });
  stream.setEncoding('utf8');
  let told = '';
  let body = '';
  stream.on('response', (headers) => (told = String(headers['cache-status'])));
  stream.on('data', (piece: string) => (body += piece));
  await once(stream, 'end');
  return { body, told };
}

test('over HTTP/2 misses at one time ask the upstream once, and hits do not at all', async () => {
  asked = 0;
  const first = await overHttp2(Array.from({ length: 20 }, () => '/h2'));
  assert.deepEqual(new Set(first.map(({ body }) => body)), new Set([`/h2 ${version}`]));
  assert.equal(first.filter(({ told }) => told.includes('collapsed')).length, 19);
  assert.equal(asked, 1);
  for (const { body } of await overHttp2(['/h2', '/h2'])) assert.equal(body, `/h2 ${version}`);
  assert.ok(asked <= THREADS);
});

test('what comes over HTTP/2 in many pieces is stored whole', async () => {
  asked = 0;
  const wanted = `/x ${version} `.repeat(500);
  for (let at = 0; at < 5; at++)
    for (const { body } of await overHttp2(['/h2c/x', '/h2c/x'])) assert.equal(body, wanted);
  assert.ok(asked >= 1 && asked <= THREADS, `${asked}`);
});

test('each thread stores for itself, and asks the upstream once', async () => {
  asked = 0;
  for (let at = 0; at < MANY; at++) assert.equal((await get('/each')).body, `/each ${version}`);
  assert.ok(asked >= 1 && asked <= THREADS, `${asked}`);
});

test('what one thread hears of a change holds for what all have stored', async () => {
  for (let turn = 0; turn < 3; turn++) {
    for (let at = 0; at < MANY; at++) await get('/shared?a=1');
    const before = version;
    const posted = await ask({ port: gateway.https, ca: gateway.ca, path: '/shared', method: 'POST' });
    assert.equal(posted.status, 200);
    assert.equal(version, before + 1);
    for (let at = 0; at < MANY; at++) assert.equal((await get('/shared?a=1')).body, `/shared?a=1 ${version}`);
  }
});

test('the metrics tell what the cache did and what it holds', async () => {
  await get('/metered');
  await until('the cache tells what it holds', async () => {
    const { body } = await askAdmin(gateway, '/metrics');
    assert.match(body, /portcullis_cache_requests_total\{api="shop",result="hit"\} [1-9]/);
    return /^portcullis_cache_bytes [1-9]/m.test(body) && /^portcullis_cache_entries [1-9]/m.test(body);
  });
});
