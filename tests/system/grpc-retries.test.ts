import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { openSession } from '../http2/node-session.ts';
import { descriptorSet, SERVICE } from './grpc-fixture.ts';
import { startLocalServer } from './local-server.ts';

/** A message of three octets with its prefix. */
const MESSAGE = Buffer.of(0, 0, 0, 0, 3, 0x0a, 1, 3);

/** What an upstream heard of a call. */
interface Heard {
  readonly timeout: string;
  body: Buffer;
}

/** A gRPC server that refuses every stream after a while, or answers with what it got. */
async function startServer(t: TestContext, refusesAfterMs: number | null) {
  const heard: Heard[] = [];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const one: Heard = { timeout: String(headers['grpc-timeout']), body: Buffer.alloc(0) };
    heard.push(one);
    stream.on('error', () => {});
    stream.on('data', (piece: Buffer) => (one.body = Buffer.concat([one.body, piece])));
    if (refusesAfterMs !== null) {
      setTimeout(() => stream.close(constants.NGHTTP2_REFUSED_STREAM), refusesAfterMs).unref();
      return;
    }
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(one.body);
    });
  });
  const { url, stop } = await startLocalServer(server);
  t.after(stop);
  return { heard, url };
}

/** A gateway before an upstream of these settings, and how to make a call with a timeout: its status and its messages. */
async function startCalls(t: TestContext, upstream: string): Promise<(timeout: string) => Promise<readonly string[]>> {
  const gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  echo:
    descriptors: ./echo.binpb
    upstream: { ${upstream} }
    auth: public
`,
    { beside: { 'echo.binpb': descriptorSet() } },
  );
  t.after(() => gateway.stop());
  const session = await openSession({ port: gateway.https, ca: gateway.ca });
  t.after(() => session.destroy());
  return async (timeout: string): Promise<readonly string[]> => {
    const stream = session.request(
      {
        ...{ ':method': 'POST', ':path': `/${SERVICE}/Unary`, 'content-type': 'application/grpc', te: 'trailers' },
        'grpc-timeout': timeout,
      },
      { endStream: false },
    );
    stream.end(MESSAGE);
    const pieces: Buffer[] = [];
    let status = '';
    // It stands in the head where there are no messages.
    for (const event of ['response', 'trailers'])
      stream.on(event, (fields: IncomingHttpHeaders) => (status = String(fields['grpc-status'] ?? status)));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    await once(stream, 'close');
    return [status, Buffer.concat(pieces).toString('hex')];
  };
}

test('a gRPC call that one target refused is made at another, with its message and what is left of its time', async (t) => {
  const [refusing, good] = await Promise.all([startServer(t, 60), startServer(t, null)]);
  const targets = `targets: ['${refusing.url}', '${good.url}']`;
  const call = await startCalls(t, `${targets}, balance: round-robin, health: { eject: off }, deadline: 30s`);
  for (let asked = 0; asked < 4; asked++) assert.deepEqual(await call('20S'), ['0', MESSAGE.toString('hex')]);
  assert.deepEqual(
    good.heard.map(({ body }) => body.toString('hex')),
    Array.from({ length: 4 }, () => MESSAGE.toString('hex')),
  );
  assert.ok(refusing.heard.length > 0);
  const leftMs = ({ timeout }: Heard): number => Number(/^(\d+)m$/.exec(timeout)?.[1]);
  assert.ok(Math.max(...refusing.heard.map(leftMs)) <= 20_000);
  // The one that was asked second hears of less time by what the first one took.
  assert.ok(Math.min(...good.heard.map(leftMs)) <= 20_000 - 60);
});

test('calls that end by a time which their client chose open no circuit breaker', async (t) => {
  const { url } = await startServer(t, 60_000);
  const breaker = 'breaker: { of: 4, in: 10s, open: 1m }';
  const call = await startCalls(t, `targets: ['${url}'], ${breaker}`);
  for (let asked = 0; asked < 8; asked++) assert.deepEqual(await call('20m'), ['4', '']);
  const bounded = await startCalls(t, `targets: ['${url}'], ${breaker}, deadline: 20ms`);
  for (let asked = 0; asked < 4; asked++) assert.deepEqual(await bounded('20S'), ['4', '']);
  assert.deepEqual(await bounded('20S'), ['14', '']);
});
