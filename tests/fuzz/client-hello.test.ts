import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect, type ConnectionOptions, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { make } from '../../src/wire/client-fixture.test.ts';
import { type ClientHelloReading, readClientHello } from '../../src/wire/client-hello.ts';
import { changed, changeOf, cutUp, seedsOf } from './mutation.ts';

// The host that a client asks for decides whose certificate and whose API it gets; OpenSSL must not read another one.

const RUNS = 300;
/** Turns of the event loop after which OpenSSL has answered whatever it will answer: it computes in the same thread. */
const TURNS = 12;
const HANDSHAKE_RECORD = 22;
/** The random of a ServerHello that asks for another ClientHello (RFC 8446 §4.1.3). */
const RETRY = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

let context: SecureContext;
let captured: readonly Buffer[];

before(async () => {
  const { certPem, keyPem } = await make({ by: null, subject: 'CN=localhost', usage: null });
  context = createSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
  captured = await Promise.all(CLIENTS.map(capture));
});

/** What OpenSSL makes of the beginning of a connection: the name it asks for, or null where it asks for none. */
type Taken = { readonly serverName: string | null } | 'not taken' | 'asked again';

/** Gives the bytes to a server of node:tls. */
async function askOpenssl(bytes: Buffer): Promise<Taken> {
  const [near, far] = duplexPair();
  let serverName: string | null = null;
  const server = new TLSSocket(far, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: ['h2', 'http/1.1'],
    SNICallback: (name, done) => {
      serverName = name;
      done(null, context);
    },
  });
  server.on('error', () => {});
  near.on('error', () => {});
  let reply = Buffer.alloc(0);
  near.on('data', (piece: Buffer) => {
    reply = Buffer.concat([reply, piece]);
  });
  near.write(bytes);
  for (let turn = 0; turn < TURNS && reply.length === 0; turn++) await setImmediate();
  server.destroy();
  near.destroy();
  if (reply[0] !== HANDSHAKE_RECORD) return 'not taken';
  return reply.includes(RETRY) ? 'asked again' : { serverName };
}

const CLIENTS: readonly ConnectionOptions[] = [
  { servername: 'api.example.test' },
  { servername: 'api.example.test', ALPNProtocols: ['h2', 'http/1.1'] },
  { servername: 'api.example.test', minVersion: 'TLSv1.3', ecdhCurve: 'X25519:P-256' },
  { servername: 'Xn--Caf-Dma.example.test', maxVersion: 'TLSv1.2' },
  { servername: 'a.test', maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] },
  { ALPNProtocols: ['http/1.1'] },
];

/** The first bytes that a client of node:tls sends. */
async function capture(options: ConnectionOptions): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = connect({ ...options, socket: near });
  client.on('error', () => {});
  const [bytes] = (await once(far, 'data')) as [Buffer];
  client.destroy();
  far.destroy();
  return bytes;
}

const u16 = (value: number): Buffer => Buffer.of((value >> 8) & 0xff, value & 0xff);
const block = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length), bytes]);
const extension = (type: number, data: Buffer): Buffer => Buffer.concat([u16(type), block(data)]);
const list = (...words: readonly number[]): Buffer => block(Buffer.concat(words.map(u16)));

const LABEL = fc.constantFrom('a', 'API', 'x-1', '_s', 'xn--p1ai', 'test', '-', 'a b', 'a\0', '\xe9', '', '127', '1');
const NAME = fc.oneof(
  fc.array(LABEL, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.constantFrom('a.test.', 'localhost', '127.0.0.1', '[::1]', '::1', 'a'.repeat(64), `${'a.'.repeat(126)}aa`),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
);
const HOST = fc.record({ type: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 255), name: NAME });
const SERVER_NAMES = fc
  .array(HOST, { minLength: 1, maxLength: 2, size: 'xsmall' })
  .map((hosts) =>
    extension(
      0,
      block(
        Buffer.concat(
          hosts.map(({ type, name }) => Buffer.concat([Buffer.of(type), block(Buffer.from(name, 'latin1'))])),
        ),
      ),
    ),
  );
const OTHERS: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(
    extension(16, block(Buffer.from('\x02h2\x08http/1.1', 'latin1'))),
    extension(23, Buffer.alloc(0)),
    extension(35, Buffer.alloc(0)),
    extension(0xff01, Buffer.of(0)),
    extension(0x0a0a, Buffer.alloc(1)),
    extension(0, Buffer.alloc(0)),
    extension(21, Buffer.alloc(30)),
  ),
  fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 12 })).map(([type, data]) => extension(type, Buffer.from(data))),
);
/** Without these a server finds nothing to agree on: groups, point formats, signatures. */
const NEEDED = [extension(10, list(29, 23)), extension(11, Buffer.of(1, 0)), extension(13, list(0x0403, 0x0804))];

/** Messages for TLS 1.2, so that no key shares are wanted. */
const MESSAGE = fc
  .record({
    names: fc.array(SERVER_NAMES, { maxLength: 2, size: 'xsmall' }),
    others: fc.array(OTHERS, { maxLength: 3 }),
    session: fc.uint8Array({ maxLength: 32 }),
    tail: fc.constantFrom(Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0), Buffer.of(0), Buffer.alloc(4)),
  })
  .chain(({ names, others, session, tail }) =>
    fc.shuffledSubarray([...NEEDED, ...names, ...others], { minLength: NEEDED.length }).map((extensions) => {
      const body = Buffer.concat([
        Buffer.of(3, 3),
        Buffer.alloc(32, 7),
        Buffer.of(session.length),
        session,
        list(0xc02b, 0xc02c, 0xcca9),
        Buffer.of(1, 0),
        block(Buffer.concat(extensions)),
        tail,
      ]);
      return Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
    }),
  );

/** The message over records whose payloads have these lengths. */
function inRecords(message: Buffer, cuts: readonly number[]): Buffer {
  return Buffer.concat(
    cutUp(message, cuts).map((payload) => Buffer.concat([Buffer.of(HANDSHAKE_RECORD, 3, 1), block(payload)])),
  );
}

const CUTS = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 5 });
const CHANGES = fc.array(changeOf(4), { maxLength: 2 });
const WRITTEN = fc.tuple(MESSAGE, CUTS).map(([message, cuts]) => inRecords(message, cuts));
const RECORD_HEADER_BYTES = 5;

/** What we read in the first byte, the first two bytes and so on; each reading once, in order. */
function readingsOf(bytes: Buffer): ClientHelloReading[] {
  const readings: ClientHelloReading[] = [];
  for (let end = 1; end <= bytes.length; end++) {
    const reading = readClientHello(bytes.subarray(0, end));
    if (reading.kind !== 'more') return [...readings, reading];
    if (readings.length === 0) readings.push(reading);
  }
  return readings;
}

for (const seed of seedsOf(2)) {
  test(`the name that OpenSSL finds in a ClientHello is ours, or we refuse (seed ${seed})`, async () => {
    let agreed = 0;
    const fromClients = fc.tuple(fc.nat(CLIENTS.length - 1), CUTS).map(([client, cuts]) => {
      const bytes = captured[client] as Buffer;
      return inRecords(bytes.subarray(RECORD_HEADER_BYTES), cuts);
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(WRITTEN, fromClients), CHANGES, async (sound, changes) => {
        const bytes = changes.reduce(changed, sound);
        const ours = readClientHello(bytes);
        const taken = await askOpenssl(bytes);
        if (taken === 'not taken' || taken === 'asked again' || ours.kind === 'broken') return;
        assert.equal(ours.kind, 'hello', 'OpenSSL has taken what we wait for more of');
        if (ours.kind !== 'hello') return;
        assert.equal(ours.hello.serverName, taken.serverName?.toLowerCase().replace(/\.$/, '') ?? null);
        agreed++;
      }),
      { seed, numRuns: RUNS },
    );
    assert.ok(agreed > RUNS / 10, `OpenSSL and we agreed on ${agreed} of ${RUNS}`);
  });

  test(`a ClientHello is read the same wherever it is cut (seed ${seed})`, () => {
    fc.assert(
      fc.property(WRITTEN, CHANGES, (sound, changes) => {
        const bytes = changes.reduce(changed, sound);
        assert.deepEqual(readingsOf(bytes).at(-1), readClientHello(bytes));
      }),
      { seed, numRuns: RUNS },
    );
  });
}

test('what clients send is taken by both, with the same name, however it is spread over records', async () => {
  for (const [at, bytes] of captured.entries()) {
    for (const cuts of [[], [1], [1, 2, 3, 4, 5], [4], [100], [60, 60, 60]]) {
      const spread = inRecords(bytes.subarray(RECORD_HEADER_BYTES), cuts);
      const wanted = CLIENTS[at]?.servername?.toLowerCase() ?? null;
      const taken = await askOpenssl(spread);
      assert.ok(typeof taken === 'object');
      assert.equal(taken.serverName?.toLowerCase() ?? null, wanted);
      const ours = readClientHello(spread);
      assert.equal(ours.kind === 'hello' && ours.hello.serverName, wanted);
    }
  }
});
