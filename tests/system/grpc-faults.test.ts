import assert from 'node:assert/strict';
import {
  type ClientHttp2Session,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type TestContext, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { openSession } from '../http2/node-session.ts';
import { descriptorSet, type Method, SERVICE } from './grpc-fixture.ts';
import { ask } from './https-client.ts';
import { startLocalServer } from './local-server.ts';

const CALL = { 'content-type': 'application/grpc', te: 'trailers' } as const;

/** A length-prefixed message. `announced`: the length that its prefix says. */
function message(length: number, { flag = 0, announced = length } = {}): Buffer {
  const bytes = Buffer.alloc(5 + length, 0x61);
  bytes[0] = flag;
  bytes.writeUInt32BE(announced, 1);
  return bytes;
}

/** What a client sees: `end` is `grpc-status`, wherever it stands, or how the stream ended without one. */
interface Seen {
  readonly status: number | undefined;
  readonly head: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly end: string;
  readonly message: string;
}

/** What of a call the upstream saw. */
interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  body: Buffer;
  /** Whether the call came whole; a reset is none. */
  ended: boolean;
}

class Scene {
  readonly gateway: GatewayProcess;
  readonly session: ClientHttp2Session;
  readonly heard: Heard[];

  constructor(gateway: GatewayProcess, session: ClientHttp2Session, heard: Heard[]) {
    this.gateway = gateway;
    this.session = session;
    this.heard = heard;
  }

  /** Calls with these octets; with `open` the request has no end. */
  call(
    octets: readonly Buffer[],
    { method = 'Unary' as Method, headers = {} as Readonly<Record<string, string>>, open = false } = {},
  ): Promise<Seen> {
    const all: Record<string, string> = { ':method': 'POST', ':path': `/${SERVICE}/${method}`, ...CALL, ...headers };
    for (const name of Object.keys(all)) if (all[name] === '') delete all[name];
    const stream = this.session.request(all, { endStream: false });
    const pieces: Buffer[] = [];
    let head: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
    let trailers: IncomingHttpHeaders = {};
    let fault = 'nothing';
    stream.on('response', (fields) => (head = fields));
    stream.on('trailers', (fields) => (trailers = fields));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', (error: NodeJS.ErrnoException) => (fault = error.code ?? 'error'));
    for (const piece of octets) stream.write(piece);
    if (!open) stream.end();
    return new Promise((resolve) => {
      stream.on('close', () => {
        const end = String(trailers['grpc-status'] ?? head['grpc-status'] ?? `${fault} ${stream.rstCode}`);
        const told = String(trailers['grpc-message'] ?? head['grpc-message'] ?? '');
        resolve({ status: head[':status'], head, body: Buffer.concat(pieces), end, message: told });
      });
    });
  }
}

/** An upstream that does what a test says, and a gateway before it. */
async function started(t: TestContext, serve: (heard: Heard) => void, more = ''): Promise<Scene> {
  const heard: Heard[] = [];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const one: Heard = { headers, stream, body: Buffer.alloc(0), ended: false };
    heard.push(one);
    stream.on('error', () => {});
    stream.on('data', (piece: Buffer) => (one.body = Buffer.concat([one.body, piece])));
    stream.on('end', () => (one.ended = !stream.aborted));
    serve(one);
  });
  const { url, stop } = await startLocalServer(server);
  t.after(stop);
  const gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  echo: { descriptors: ./echo.binpb, upstream: '${url}', auth: public, validate: observe, body: 1KiB${more} }
`,
    { beside: { 'echo.binpb': descriptorSet() } },
  );
  t.after(() => gateway.stop());
  const session = await openSession({ port: gateway.https, ca: gateway.ca });
  t.after(() => session.destroy());
  return new Scene(gateway, session, heard);
}

/** Answers as gRPC does: messages, then trailers. */
function answer({ stream }: Heard, octets: Buffer, trailers: Readonly<Record<string, string>> | null, head = {}): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...head }, { waitForTrailers: true });
  stream.on('wantTrailers', () => (trailers === null ? stream.close() : stream.sendTrailers(trailers)));
  stream.end(octets);
}

const FINE = { 'grpc-status': '0' };

test('what is no call of gRPC never reaches the upstream', async (t) => {
  const scene = await started(t, (heard) => answer(heard, message(1), FINE));
  const invalid: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['a timeout without a unit', { 'grpc-timeout': '100' }, '3'],
    ['a timeout of nine digits', { 'grpc-timeout': '123456789m' }, '3'],
    ['a negative timeout', { 'grpc-timeout': '-1S' }, '3'],
    ['a timeout in words', { 'grpc-timeout': 'soon' }, '3'],
    ['a query', { ':path': `/${SERVICE}/Unary?a=b` }, '3'],
    ['a coding of the body', { 'content-encoding': 'gzip' }, '3'],
  ];
  for (const [name, headers, end] of invalid) {
    const seen = await scene.call([message(1)], { headers });
    assert.deepEqual([seen.status, seen.end, seen.head['content-type']], [200, end, 'application/grpc'], name);
    assert.match(String(seen.head['x-request-id']), /^[0-9a-f-]{36}$/);
  }
  for (const type of ['application/grpc-web', 'application/grpc-web-text', 'application/json', ''])
    assert.equal((await scene.call([message(1)], { headers: { 'content-type': type } })).status, 415, type);
  assert.equal((await scene.call([message(1)], { headers: { te: '' } })).status, 400);
  assert.equal((await scene.call([], { headers: { ':path': `/${SERVICE}/Unknown` } })).status, 404);
  assert.equal((await scene.call([], { headers: { ':method': 'PUT' } })).status, 405);
  const { https: port, ca } = scene.gateway;
  const headers = { 'content-type': 'application/grpc', te: 'trailers', connection: 'te' };
  const old = await ask({ port, ca, path: `/${SERVICE}/Unary`, method: 'POST', headers, body: 'x' });
  assert.equal(old.status, 400);
  assert.match(old.body, /"code":"invalid-grpc"/);
  assert.equal(scene.heard.length, 0);
  assert.equal((await scene.call([message(1)])).end, '0');
});

test('a message that may not be sent is refused, and the upstream never has the whole of the call', async (t) => {
  const scene = await started(t, (heard) =>
    heard.stream.on('end', () => heard.stream.aborted || answer(heard, message(1), FINE)),
  );
  const cases: readonly (readonly [string, readonly Buffer[], string, Method?])[] = [
    ['a compressed message without a coding', [message(1, { flag: 1 })], '13'],
    ['a flag that nobody knows', [message(1, { flag: 2 })], '13'],
    ['too long a message', [message(0, { announced: 1_025 })], '8'],
    ['the longest message', [message(0, { announced: 0xffff_ffff })], '8'],
    ['an end inside of a message', [message(3, { announced: 9 })], '13'],
    ['an end inside of a prefix', [Buffer.of(0, 0, 0)], '13'],
    ['two messages where one is due', [message(1), message(1)], '13'],
    ['octets behind a message', [message(1), Buffer.of(0)], '13'],
    ['too long a message in a stream', [message(1), message(1_024), message(1_025)], '8', 'Talk'],
    ['a broken message in a stream', [message(1), message(1, { flag: 9 })], '13', 'Gather'],
  ];
  for (const [name, octets, end, method = 'Unary'] of cases) {
    const seen = await scene.call([Buffer.concat(octets)], { method });
    assert.equal(seen.end, end, name);
    assert.equal(seen.status, 200, name);
  }
  assert.deepEqual(
    scene.heard.map(({ ended, headers }) => [ended, headers['x-none']]),
    scene.heard.map(() => [false, undefined]),
  );
  const sound = await scene.call([message(1, { flag: 1 })], { headers: { 'grpc-encoding': 'gzip' } });
  assert.equal(sound.end, '0');
});

test('a reply that is no gRPC, or breaks off, is never a success', async (t) => {
  let reply: (heard: Heard) => void = () => {};
  const scene = await started(t, (heard) => reply(heard));
  const cases: Readonly<Record<string, (heard: Heard) => void>> = {
    'another status of HTTP': (heard) => answer(heard, Buffer.alloc(0), FINE, { ':status': 503 }),
    'another content type': (heard) => answer(heard, message(1), FINE, { 'content-type': 'text/html' }),
    'no status': (heard) => answer(heard, message(1), { 'x-other': '1' }),
    'no trailers': ({ stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end(message(1));
    },
    'a head that is all, without a status': ({ stream }) =>
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { endStream: true }),
    'a status in the head alone': (heard) => answer(heard, message(1), { 'x-other': '1' }, FINE),
    'a status that is none': (heard) => answer(heard, message(1), { 'grpc-status': 'OK' }),
    'a status with a zero before it': (heard) => answer(heard, message(1), { 'grpc-status': '00' }),
    'a message cut off': (heard) => answer(heard, message(1, { announced: 9 }), FINE),
    'a prefix cut off': (heard) => answer(heard, Buffer.of(0, 0), FINE),
    'a message too large': (heard) => answer(heard, message(1_025), FINE),
    'a compressed message without a coding': (heard) => answer(heard, message(1, { flag: 1 }), FINE),
    'two messages where one is due': (heard) => answer(heard, Buffer.concat([message(1), message(1)]), FINE),
    'a reset before a head': ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    'a reset behind a message': ({ stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(message(1), () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    },
  };
  for (const [name, made] of Object.entries(cases)) {
    reply = made;
    for (const method of ['Unary', 'Gather'] as const) {
      const seen = await scene.call([message(1)], { method });
      assert.deepEqual([seen.status, seen.end], [200, '14'], `${name} (${method})`);
    }
  }
  reply = (heard) => answer(heard, message(1_024, { flag: 1 }), FINE, { 'grpc-encoding': 'gzip' });
  assert.equal((await scene.call([message(1)])).end, '0');
  reply = ({ stream }) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
  assert.equal((await scene.call([message(1)])).end, '5');
});

test('a reset of the client reaches the upstream, and a stream may stand still meanwhile', async (t) => {
  const scene = await started(t, ({ stream }) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }),
  );
  const { promise, resolve } = Promise.withResolvers<number>();
  const asked = scene.session.request(
    { ':method': 'POST', ':path': `/${SERVICE}/Talk`, ...CALL },
    { endStream: false },
  );
  asked.on('error', () => {});
  asked.on('response', () => asked.close(constants.NGHTTP2_CANCEL));
  const wait = (): void => {
    const [first] = scene.heard;
    if (first === undefined) setImmediate(wait);
    else first.stream.on('close', () => resolve(first.stream.rstCode));
  };
  wait();
  assert.equal(await promise, constants.NGHTTP2_CANCEL);
});

test('a deadline that has come ends a stream that has begun, with a status', async (t) => {
  const scene = await started(t, ({ stream }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(message(1));
  });
  const seen = await scene.call([message(1)], { method: 'Spread', headers: { 'grpc-timeout': '300m' } });
  assert.deepEqual([seen.status, seen.end, seen.body.length], [200, '4', 6]);
  assert.match(String(scene.heard[0]?.headers['grpc-timeout']), /^(?:[1-9]|[1-9][0-9]|[12][0-9][0-9]|300)m$/);
});

test('large metadata passes within the bounds of heads and trailers, and no further', async (t) => {
  let size = 0;
  const scene = await started(t, (heard) => answer(heard, message(1), { ...FINE, 'x-large': 'x'.repeat(size) }));
  size = 8_000;
  assert.equal((await scene.call([message(1)], { headers: { 'x-large': 'x'.repeat(8_000) } })).end, '0');
  assert.equal((await scene.call([message(1)], { headers: { 'x-large': 'x'.repeat(16_500) } })).status, 431);
  size = 8_300;
  assert.equal((await scene.call([message(1)])).end, '14');
});

test('who may call what, and how often, is said for each method, and told in gRPC', async (t) => {
  const operations = `, operations: { ${SERVICE}/Secret: { limit: 1/h per address } }, limit: 100/min per address`;
  const scene = await started(t, (heard) => answer(heard, message(1), FINE), operations);
  assert.equal((await scene.call([message(1)], { method: 'Secret' })).end, '0');
  const refused = await scene.call([message(1)], { method: 'Secret' });
  assert.deepEqual([refused.status, refused.end, refused.message], [200, '8', 'Too many requests']);
  const seconds = Number(refused.head['retry-after']);
  assert.ok(seconds > 0);
  assert.equal(refused.head['grpc-retry-pushback-ms'], String(seconds * 1_000));
  assert.equal((await scene.call([message(1)])).end, '0');
});
