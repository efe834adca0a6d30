import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeCertificate } from '../bench/certificate.ts';
import { findProgram, startServer } from '../bench/child.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask } from '../system/https-client.ts';
import { startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { BIG_BYTES, Http2Origin } from './origin.ts';
import { freePort } from '../framing/free-port.ts';

const LONG = 'sent and sent back '.repeat(20_000);

test('HAProxy as an upstream over HTTP/2, with and without TLS', async (t) => {
  const program = findProgram('haproxy');
  if (program === null) return skipOrFail(t, 'HAProxy is not installed (Debian package haproxy)');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-upstreams-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const origin = await Http2Origin.start();
  t.after(() => origin.stop());
  const { certificateFile, keyFile } = await writeCertificate(folder);
  const ca = await readFile(certificateFile, 'utf8');
  await writeFile(join(folder, 'both.pem'), ca + (await readFile(keyFile, 'utf8')));
  const [plain, secure] = [await freePort(), await freePort()];
  await writeFile(join(folder, 'haproxy.cfg'), haproxyFile(folder, { plain, secure, origin: origin.port }));
  const haproxy = await startServer([program, '-db', '-f', join(folder, 'haproxy.cfg')], plain, { core: 'any' });
  t.after(() => haproxy.stop());
  const gateway = await startedGateway(t, {
    plain: `{ targets: ['http://127.0.0.1:${plain}'], protocol: h2 }`,
    secure: `{ targets: ['https://127.0.0.1:${secure}'], protocol: h2, ca: '${certificateFile}' }`,
  });
  const { https: port, ca: own } = gateway;
  for (const name of ['plain', 'secure']) {
    const asked = (path: string, more: object = {}): ReturnType<typeof ask> =>
      ask({ port, ca: own, path: `/${name}${path}`, ...more });
    const fast = await asked('/fast');
    assert.deepEqual([fast.status, fast.body, fast.headers['x-spoken']], [200, 'at once', 'HTTP/2.0'], name);
    assert.equal((await asked('/echo', { method: 'POST', body: LONG })).body, LONG, name);
    assert.equal((await asked('/big')).body.length, BIG_BYTES, name);
    const replies = await Promise.all(Array.from({ length: 60 }, (_, at) => asked(`/late/${at}`)));
    assert.ok(replies.every(({ status }) => status === 200));
    assert.equal((await asked('/fast', { method: 'HEAD' })).status, 200);
  }
});

test('what an upstream over HTTP/2 hears of a request, and what its caller of the reply', async (t) => {
  const heard: IncomingHttpHeaders[] = [];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    heard.push(headers);
    stream.respond({ ':status': 201, 'content-type': 'text/plain', server: 'secret', 'x-one': ['a', 'b'] });
    stream.end('made');
  });
  const { port, stop } = await startLocalServer(server);
  t.after(stop);
  const gateway = await startedGateway(t, { own: `{ targets: ['http://127.0.0.1:${port}/in'], protocol: h2 }` });
  const headers = { 'x-own': 'Kept', connection: 'close, x-hop', 'x-hop': '1', te: 'trailers', cookie: 'a=b; c=d' };
  const reply = await ask({ port: gateway.https, ca: gateway.ca, path: '/own/x?y=z', headers });
  assert.deepEqual([reply.status, reply.body, reply.headers['x-one']], [201, 'made', 'a, b']);
  assert.equal(reply.headers['server'], undefined);
  const [head = {}] = heard;
  assert.equal(head[':path'], '/in/x?y=z');
  assert.equal(head[':scheme'], 'http');
  assert.equal(head[':authority'], `127.0.0.1:${port}`);
  assert.equal(head['x-own'], 'Kept');
  assert.equal(head['x-forwarded-proto'], 'https');
  assert.equal(head['cookie'], 'a=b; c=d');
  for (const name of ['connection', 'x-hop', 'te', 'host', 'transfer-encoding', 'keep-alive']) {
    assert.equal(head[name], undefined, name);
  }
});

test('an upstream that speaks HTTP/1.1 alone is 502 where HTTP/2 was said', async (t) => {
  const origin = await Http2Origin.start();
  t.after(() => origin.stop());
  const gateway = await startedGateway(t, { own: `{ targets: ['http://127.0.0.1:${origin.port}'], protocol: h2 }` });
  const reply = await ask({ port: gateway.https, ca: gateway.ca, path: '/own/fast' });
  assert.equal(reply.status, 502);
  assert.match(reply.body, /"upstream-(malformed-reply|unreachable)"/);
  assert.equal(origin.count('/fast'), 0);
});

/** A gateway of one thread with an API for each upstream, at the path of its name. */
async function startedGateway(t: TestContext, upstreams: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const apis = Object.entries(upstreams).map(
    ([name, upstream]) =>
      `  ${name}: { basePath: /${name}, routes: ['* /{rest...}'], upstream: ${upstream}, auth: public }\n`,
  );
  const gateway = await startGateway(`version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
${apis.join('')}`);
  t.after(() => gateway.stop());
  return gateway;
}

function haproxyFile(folder: string, ports: { plain: number; secure: number; origin: number }): string {
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
listen upstream
  bind 127.0.0.1:${ports.plain} proto h2
  bind 127.0.0.1:${ports.secure} ssl crt ${folder}/both.pem alpn h2
  http-request set-var(txn.version) req.ver
  http-response set-header x-spoken HTTP/%[var(txn.version)]
  server origin 127.0.0.1:${ports.origin}
`;
}
