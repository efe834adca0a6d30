import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect, type ConnectionOptions } from 'node:tls';
import fc from 'fast-check';
import { type ClientHello, CLIENT_HELLO_LIMIT_BYTES, offersHybrid, readClientHello } from './client-hello.ts';

/** The first bytes that a real client sends. */
async function captured(options: ConnectionOptions): Promise<Buffer> {
  const sent: Buffer[] = [];
  const wire = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      sent.push(bytes);
      done();
    },
  });
  const socket = connect({ ...options, socket: wire });
  socket.on('error', () => {});
  while (sent.length === 0) await setImmediate();
  socket.destroy();
  wire.destroy();
  return Buffer.concat(sent);
}

function hello(bytes: Uint8Array): ClientHello {
  const reading = readClientHello(bytes);
  assert.equal(reading.kind, 'hello');
  return (reading as { hello: ClientHello }).hello;
}

const kindOf = (bytes: Uint8Array): string => readClientHello(bytes).kind;
const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const block = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length), bytes]);
const extension = (type: number, data: Buffer): Buffer => Buffer.concat([u16(type), block(data)]);
const name = (host: string, type = 0): Buffer => Buffer.concat([Buffer.of(type), block(Buffer.from(host, 'latin1'))]);
const serverName = (...hosts: readonly string[]): Buffer =>
  extension(0, block(Buffer.concat(hosts.map((host) => name(host)))));
const protocols = (...names: readonly string[]): Buffer =>
  extension(16, block(Buffer.concat(names.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])))));

/** The message with its type and length; extensions may be missing as a whole. */
function message(extensions: readonly Buffer[] | null, tail = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    Buffer.of(4),
    Buffer.alloc(4, 1),
    block(Buffer.of(0x13, 0x01, 0x13, 0x02)),
    Buffer.of(1, 0),
    extensions === null ? Buffer.alloc(0) : block(Buffer.concat([...extensions])),
    tail,
  ]);
  return Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
}

const record = (payload: Buffer, type = 22): Buffer => Buffer.concat([Buffer.of(type, 3, 1), block(payload)]);

/** The payload in records of so many bytes. */
function records(payload: Buffer, size: number): Buffer {
  const count = Math.ceil(payload.length / size);
  return Buffer.concat(Array.from({ length: count }, (_, at) => record(payload.subarray(at * size, (at + 1) * size))));
}

const plain = (...extensions: readonly Buffer[]): Buffer => record(message(extensions));

test('the host and the protocols of real clients are read', async () => {
  const cases: readonly (readonly [ConnectionOptions, string | null, readonly string[]])[] = [
    [{ servername: 'Api.Test', ALPNProtocols: ['h2', 'http/1.1'] }, 'api.test', ['h2', 'http/1.1']],
    [{ servername: 'api.test.' }, 'api.test', []],
    [{ host: '127.0.0.1' }, null, []],
    [{ servername: 'api.test', maxVersion: 'TLSv1.2' }, 'api.test', []],
    [{ servername: 'api.test', ecdhCurve: 'X25519MLKEM768:X25519' }, 'api.test', []],
    [{ servername: 'api.test', ecdhCurve: 'P-256', ALPNProtocols: ['http/1.1'] }, 'api.test', ['http/1.1']],
  ];
  for (const [options, host, offered] of cases) {
    const { serverName: named, protocols: told } = hello(await captured(options));
    assert.deepEqual([named, told], [host, offered], JSON.stringify(options));
  }
});

test('a hello that is not whole is waited for, byte by byte, and never read early', async () => {
  const bytes = await captured({ servername: 'api.test', ALPNProtocols: ['http/1.1'] });
  for (let length = 0; length < bytes.length; length++)
    assert.equal(kindOf(bytes.subarray(0, length)), 'more', `${length}`);
  assert.equal(hello(bytes).serverName, 'api.test');
});

test('fragments over several records are put together, whatever their size and however they come', async () => {
  const bytes = await captured({ servername: 'api.test', ecdhCurve: 'X25519MLKEM768' });
  const payload = bytes.subarray(5);
  for (const size of [30, 100, 512, payload.length - 1]) {
    const cut = records(payload, size);
    assert.equal(hello(cut).serverName, 'api.test', `${size}`);
    for (let length = 0; length < cut.length; length += 7) assert.equal(kindOf(cut.subarray(0, length)), 'more');
  }
});

test('a hello in more records than anybody sends is no hello', () => {
  const payload = message([serverName('api.test')]);
  assert.equal(kindOf(records(payload, 1)), 'broken');
  assert.equal(kindOf(records(payload, 2)), 'hello');
});

test('a hello without extensions names nobody', () => {
  assert.deepEqual(hello(record(message(null))), { serverName: null, protocols: [], groups: [] });
  assert.deepEqual(hello(plain()), { serverName: null, protocols: [], groups: [] });
});

test('what is no TLS is told at the first byte that shows it', () => {
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'G',
    '\x80\x2e\x01',
    'PROXY TCP4',
    '\x15\x03\x01\x00\x02',
    '\x17',
    '\x16\x02',
    '\x16\x03\x01\x00\x00',
    '\x16\x03\x01\x7f\xff',
    '\x16\x03\x01\x00\x10\x02',
    '\x16\x03\x01\x00\x10\x01\xff',
  ]) {
    const reading = kindOf(Buffer.from(text, 'latin1'));
    assert.equal(reading, text === '\x16\x03\x01\x00\x10\x01\xff' ? 'more' : 'broken', JSON.stringify(text));
  }
  assert.equal(kindOf(Buffer.from('\x16\x03\x01\x00\x10\x01\xff\x00\x00', 'latin1')), 'broken');
  assert.equal(kindOf(Buffer.alloc(0)), 'more');
});

test('another record between the fragments is broken', () => {
  const payload = message([serverName('api.test')]);
  const halves = [payload.subarray(0, 40), payload.subarray(40)] as const;
  assert.equal(kindOf(Buffer.concat([record(halves[0]), record(Buffer.of(1), 20), record(halves[1])])), 'broken');
  assert.equal(kindOf(Buffer.concat([record(halves[0]), record(halves[1])])), 'hello');
});

test('a name that is not exactly one host name is refused', () => {
  for (const host of ['api.test', 'API.TEST', 'api.test.', 'a_b.test', 'localhost', '127.0.0.1', 'xn--a.test']) {
    assert.equal(hello(plain(serverName(host))).serverName, host.toLowerCase().replace(/\.$/, ''));
  }
  const longest = `${'a.'.repeat(126)}a`;
  assert.equal(hello(plain(serverName(`${longest}.`))).serverName, longest);
  for (const host of [
    '',
    '.',
    'a..b',
    '.a',
    'a b',
    'a\0b',
    'a/b',
    'api.test:443',
    '[::1]',
    '\xe4pi.test',
    '*.test',
    '-a',
    'a'.repeat(64),
    `${'a.'.repeat(128)}a`,
    `${'a.'.repeat(126)}aa`,
  ]) {
    assert.equal(kindOf(plain(serverName(host))), 'broken', JSON.stringify(host));
  }
  assert.equal(kindOf(plain(serverName('a.test', 'b.test'))), 'broken');
  assert.equal(kindOf(plain(serverName())), 'broken');
  assert.equal(kindOf(plain(extension(0, Buffer.alloc(0)))), 'broken');
  assert.equal(kindOf(plain(extension(0, block(name('a.test', 1))))), 'broken');
  assert.equal(kindOf(plain(extension(0, Buffer.concat([block(name('a.test')), Buffer.of(0)])))), 'broken');
});

test('an extension twice is broken, known or not', () => {
  assert.equal(kindOf(plain(serverName('a.test'), serverName('a.test'))), 'broken');
  assert.equal(kindOf(plain(serverName('a.test'), serverName('b.test'))), 'broken');
  assert.equal(kindOf(plain(protocols('h2'), protocols('h2'))), 'broken');
  assert.equal(kindOf(plain(extension(9_999, Buffer.alloc(0)), extension(9_999, Buffer.alloc(0)))), 'broken');
});

test('lengths that do not agree are broken', () => {
  assert.equal(kindOf(record(message([], Buffer.of(0)))), 'broken');
  assert.equal(kindOf(plain(Buffer.of(0, 0, 0))), 'broken');
  assert.equal(kindOf(plain(Buffer.concat([u16(0), u16(99), Buffer.of(0)]))), 'broken');
  assert.equal(kindOf(plain(extension(16, block(Buffer.of(5, 65))))), 'broken');
  assert.equal(kindOf(plain(extension(16, Buffer.concat([block(Buffer.of(1, 65)), Buffer.of(0)])))), 'broken');
  assert.equal(kindOf(record(Buffer.of(1, 0, 0, 2, 3, 3))), 'broken');
  assert.equal(kindOf(record(Buffer.of(1, 0, 0, 0))), 'broken');
});

test('a hello of the largest size is read, a larger one is broken before it is whole', () => {
  const padded = (bytes: number): Buffer => {
    const rest = message([serverName('a.test'), extension(21, Buffer.alloc(0))]).length;
    return message([serverName('a.test'), extension(21, Buffer.alloc(bytes + 4 - rest))]);
  };
  assert.equal(hello(records(padded(CLIENT_HELLO_LIMIT_BYTES), 8_000)).serverName, 'a.test');
  assert.equal(kindOf(records(padded(CLIENT_HELLO_LIMIT_BYTES + 1), 8_000).subarray(0, 100)), 'broken');
});

test('random bytes, and a real hello with bytes changed, never throw', async () => {
  const real = await captured({ servername: 'api.test', ALPNProtocols: ['h2', 'http/1.1'] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      kindOf(bytes);
      kindOf(Buffer.concat([Buffer.of(22, 3, 1, 1, 0, 1, 0, 0, 200), bytes]));
    }),
    { numRuns: 1_000 },
  );
  const change = fc.tuple(fc.nat(real.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(real.length), (changes, length) => {
      const bytes = Buffer.from(real);
      for (const [at, octet] of changes) bytes[at] = octet;
      kindOf(bytes);
      kindOf(bytes.subarray(0, length));
    }),
    { numRuns: 2_000 },
  );
});

const groups = (...codes: readonly number[]): Buffer => extension(10, block(Buffer.concat(codes.map(u16))));

test('the groups that a client offers are read in its order, no more than 64, and tell a hybrid', () => {
  const listed = hello(plain(groups(29, 4588, 23)));
  assert.deepEqual(listed.groups, [29, 4588, 23]);
  const isHybrid = (...codes: readonly number[]): boolean => offersHybrid(hello(plain(groups(...codes))));
  for (const code of [4587, 4588, 4589]) assert.ok(isHybrid(29, code));
  // Curves alone, ML-KEM alone, and a draft of before.
  for (const code of [23, 24, 25, 29, 30, 512, 513, 514, 25_497]) assert.ok(!isHybrid(code));
  assert.ok(!isHybrid());
  const many = Array.from({ length: 200 }, (_, at) => at);
  assert.deepEqual(hello(plain(groups(...many))).groups, many.slice(0, 64));
});

test('groups that can not be read are none, and leave the rest of the message as it is', () => {
  for (const data of [
    Buffer.alloc(0),
    Buffer.of(0),
    Buffer.of(0, 2, 17),
    Buffer.of(0, 3, 17, 236, 0),
    Buffer.of(0, 4, 17, 236),
    Buffer.of(0, 2, 17, 236, 0, 0),
  ])
    assert.deepEqual(hello(plain(serverName('a.test'), extension(10, data))), {
      serverName: 'a.test',
      protocols: [],
      groups: [],
    });
});
