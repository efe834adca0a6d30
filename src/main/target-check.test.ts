// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { KeyObject, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createMemoryTables, createSystemClock } from '../adapters/index.ts';
import { type CheckConfig, type Gathered, parseConfig } from '../config/index.ts';
import { type CheckSubject, TargetCheck } from './target-check.ts';
import { UpstreamChecks } from './upstream-checks.ts';

const CHECK: CheckConfig = {
  ...{ kind: 'http', path: '/live', host: null, expect: [{ from: 200, to: 399 }], service: '' },
  ...{ everyMs: 1_000, timeoutMs: 30_000, rise: 1, fall: 1 },
};

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

/** A certificate for a name that vouches for itself. */
async function selfSigned(name: string): Promise<{ readonly cert: string; readonly key: string | Buffer }> {
  const keys = await webcrypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: SIGNING,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { cert: certificate.toString('pem'), key };
}

async function listening(t: TestContext, server: Server | Http2Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** How a check of what listens on a port ends. */
async function outcome(
  port: number,
  check: Partial<CheckConfig>,
  more: Partial<CheckSubject['target']> = {},
): Promise<string | null> {
  const target = { scheme: 'http', host: '127.0.0.1', port, ca: null, ...more } as const;
  const subject: CheckSubject = {
    target,
    protocol: 'http1',
    authority: `127.0.0.1:${port}`,
    check: { ...CHECK, ...check },
  };
  const { promise, resolve } = Promise.withResolvers<string | null>();
  new TargetCheck(subject, createSystemClock()).begin(resolve);
  return await promise;
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** A message of gRPC with these bytes. */
function message(...bytes: readonly number[]): Buffer {
  return Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);
}

function answering(bytes: Buffer, status = '0'): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end(bytes);
  };
}

const GRPC_ANSWERS: readonly (readonly [
  what: string,
  respond: (stream: ServerHttp2Stream) => void,
  expected: RegExp | null,
])[] = [
  ['SERVING', answering(message(8, 1)), null],
  ['NOT_SERVING', answering(message(8, 2)), /^serving status 2$/],
  ['UNKNOWN', answering(message()), /^serving status 0$/],
  ['a status that fails', answering(message(8, 1), '14'), /^gRPC status 14$/],
  ['no message', answering(Buffer.alloc(0)), /no message of gRPC/],
  ['a message that is cut', answering(Buffer.from([0, 0, 0, 0, 9, 8, 1])), /no message of gRPC/],
  ['another field', answering(message(0x12, 0)), /serving status unknown/],
  [
    'no end of message',
    (stream) => {
      stream.respond(GRPC);
      stream.write(Buffer.alloc(5_000));
    },
    /too long/,
  ],
  [
    'a call that is not known',
    (stream) => stream.respond({ ...GRPC, 'grpc-status': '12' }, { endStream: true }),
    /^gRPC status 12$/,
  ],
  [
    'a page',
    (stream) => {
      stream.respond({ ':status': 404 });
      stream.end('no such page');
    },
    /^status 404$/,
  ],
];

test('over gRPC a service is well that says SERVING, and nothing else is', async (t) => {
  for (const [what, respond, expected] of GRPC_ANSWERS) {
    const server = createHttp2();
    const asked: string[] = [];
    const bodies: Buffer[] = [];
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      asked.push(`${headers[':method']} ${headers[':path']} ${headers['content-type']} ${headers.te}`);
      stream.on('data', (chunk: Buffer) => bodies.push(chunk));
      stream.on('error', () => {});
      respond(stream);
    });
    const port = await listening(t, server);
    const fault = await outcome(port, { kind: 'grpc', service: 'a.B' });
    if (expected === null) assert.equal(fault, null, what);
    else assert.match(fault ?? 'passed', expected, what);
    assert.deepEqual(asked, ['POST /grpc.health.v1.Health/Check application/grpc trailers'], what);
    if (expected === null) assert.deepEqual(Buffer.concat(bodies), message(10, 3, 0x61, 0x2e, 0x42));
  }
});

test('over TLS a target must prove itself as to a request, also where only connecting is checked', async (t) => {
  const { cert, key } = await selfSigned('orders.internal');
  const ca = cert;
  const { cert: otherCa } = await selfSigned('orders.internal');
  const server = createTls({ cert, key }, (_, reply) => reply.end('well'));
  const port = await listening(t, server);
  for (const check of [{ kind: 'tcp' }, { kind: 'http' }] as const) {
    const named = { scheme: 'https', serverName: 'orders.internal' } as const;
    assert.equal(await outcome(port, check, { ...named, ca }), null);
    assert.match((await outcome(port, check, { ...named, ca: otherCa })) ?? '', /CERT|SELF_SIGNED|UNABLE/);
    assert.match((await outcome(port, check, { ...named, serverName: 'x.internal', ca })) ?? '', /ALTNAME/);
    assert.match((await outcome(port, check, { ...named, ca, pins: ['A'.repeat(43) + '='] })) ?? '', /PIN_MISMATCH/);
  }
  assert.notEqual(await outcome(port, { kind: 'http' }, { scheme: 'https', ca: 'nonsense' }), null);
});

test('what a target must prove is what its upstream says', async (t) => {
  const { cert, key } = await selfSigned('orders.internal');
  const port = await listening(
    t,
    createTls({ cert, key }, (_, reply) => reply.end('well')),
  );
  const pins = [`sha256/${'A'.repeat(43)}=`];
  const upstream = { targets: [`https://127.0.0.1:${port}`], ca: './ca.pem', serverName: 'orders.internal', pins };
  const api = { routes: ['GET /x'], auth: 'public', upstream: { ...upstream, health: 'tcp' } };
  const parsed = parseConfig(JSON.stringify({ version: 1, apis: { a: api } }), { file: '/etc/p.yaml', kinds: [] });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { promise, resolve } = Promise.withResolvers<string>();
  const log = { write: (_: string, __: string, message: string) => resolve(message) };
  const ports = { clock: createSystemClock(), log, chance: () => 0.5, tables: createMemoryTables({ log }) };
  const checks = new UpstreamChecks({ ...ports, found: () => [] });
  t.after(() => checks.close());
  const files = { '/etc/ca.pem': Buffer.from(cert) };
  checks.follow({ config: parsed.value.config, files, secrets: {} } as unknown as Gathered);
  // The CA is right and so is the name: else it would be told of those.
  assert.match(await promise, /PIN_MISMATCH/);
});

test('over http a target is asked for what is said, by the host that is said, and must answer as is said', async (t) => {
  const heads: string[] = [];
  const server = createServer((socket) =>
    socket.on('data', (bytes: Buffer) => {
      heads.push(bytes.toString('latin1'));
      socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    }),
  );
  const port = await listening(t, server);
  assert.equal(await outcome(port, { path: '/live?deep=1' }), null);
  assert.equal(await outcome(port, { host: 'orders.internal', expect: [{ from: 204, to: 204 }] }), null);
  const others = [
    { from: 200, to: 203 },
    { from: 205, to: 599 },
  ];
  assert.equal(await outcome(port, { expect: others }), 'status 204');
  const asked = heads.map((head) => [head.split('\r\n')[0], /^host: (.*)$/im.exec(head)?.[1]]);
  assert.deepEqual(asked, [
    ['GET /live?deep=1 HTTP/1.1', `127.0.0.1:${port}`],
    ['GET /live HTTP/1.1', 'orders.internal'],
    ['GET /live HTTP/1.1', `127.0.0.1:${port}`],
  ]);
});

test('a port that nobody listens on is down, one that connects is up, and one that never answers is late', async (t) => {
  const silent = createServer(() => {});
  const port = await listening(t, silent);
  assert.equal(await outcome(port, { kind: 'tcp' }), null);
  assert.equal(await outcome(port, { timeoutMs: 50 }), 'no answer within 50 ms');
  const gone = createServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: free } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  assert.match((await outcome(free, { kind: 'tcp' })) ?? '', /ECONNREFUSED/);
  assert.match((await outcome(free, {})) ?? '', /ECONNREFUSED/);
});
