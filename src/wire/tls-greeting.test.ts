import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { queryObjects } from 'node:v8';
import fc from 'fast-check';
import { readClientHello } from './client-hello.ts';
import { HandshakeGate } from './handshake-gate.ts';
import { selfSigned, until } from './peers.test.ts';
import { type Greeted, TlsGreeting, type TurnedAway } from './tls-greeting.ts';
import { createServerContext, type ServerContext } from './tls-settings.ts';

const HOST = 'a.test';
const POST_QUANTUM: ConnectionOptions = { ecdhCurve: 'X25519MLKEM768:X25519' };
let certPem = '';
let context: ServerContext;

before(async () => {
  const { certPem: chainPem, keyPem } = await selfSigned(HOST);
  certPem = chainPem;
  context = createServerContext({ chainPem, keyPem, ticketKeys: Buffer.alloc(48, 1) });
});

interface Door {
  readonly port: number;
  readonly greeted: Greeted[];
  readonly turnedAway: TurnedAway[];
  /** How many connections came, and how many greetings are done with theirs. */
  readonly count: { came: number; closed: number };
}

/** A port where each connection is greeted, and what came of it. */
async function openDoor(
  t: TestContext,
  http2 = false,
  challenge: (serverName: string | null) => ServerContext | null = () => null,
  begun: (greeting: TlsGreeting) => void = () => {},
): Promise<Door> {
  const greeted: Greeted[] = [];
  const turnedAway: TurnedAway[] = [];
  const count = { came: 0, closed: 0 };
  const server = createServer({ allowHalfOpen: true }, (raw) => {
    count.came++;
    const greeting = new TlsGreeting(raw, {
      context: () => context,
      challenge,
      deadlineMs: 1e12,
      http2,
      handshakes: new HandshakeGate(() => 0, setImmediate),
      turnedAway: (reason) => turnedAway.push(reason),
      greeted: (one) => {
        one.socket.on('error', () => {});
        greeted.push(one);
      },
      closed: () => count.closed++,
    });
    begun(greeting);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.close();
    for (const { reset } of greeted) reset();
  });
  return { port: (server.address() as AddressInfo).port, greeted, turnedAway, count };
}

/** A client that has shaken hands, or could not. */
async function shakeHands(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const client = connect({ host: '127.0.0.1', port, servername: HOST, ca: certPem, ...options } as ConnectionOptions);
  t.after(() => client.destroy());
  let failed = false;
  client.on('error', () => (failed = true));
  await until(() => client.authorized || failed);
  return client;
}

/** The ClientHello of a real client, as it goes over the wire. */
async function captureHello(options: ConnectionOptions): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (some: Buffer) => (bytes = Buffer.concat([bytes, some])));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, servername: HOST, ...options } as ConnectionOptions);
  client.on('error', () => {});
  await until(() => readClientHello(bytes).kind === 'hello');
  client.destroy();
  server.close();
  return bytes;
}

/** Sends bytes and closes; resolves when nothing is left of the connection. */
function sendAll(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.end(bytes));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });
}

/** Protocols that make a hello as long as this, about; the last is ours. */
const protocolsOf = (bytes: number): string[] => [
  ...Array.from({ length: Math.floor(bytes / 256) }, (_, at) => String(at).padStart(255, 'x')),
  'http/1.1',
];

test('a hello of any size leads to a session', async (t) => {
  const { port, greeted, count } = await openDoor(t);
  const clients: readonly ConnectionOptions[] = [
    { maxVersion: 'TLSv1.2' },
    { ecdhCurve: 'P-256' },
    POST_QUANTUM,
    { ...POST_QUANTUM, ALPNProtocols: ['h2', 'http/1.1'] },
    { ALPNProtocols: protocolsOf(3_000) },
    { ALPNProtocols: protocolsOf(14_000) },
  ];
  for (const [at, options] of clients.entries()) {
    const client = await shakeHands(t, port, options);
    assert.equal(client.authorized, true, `client ${at}`);
    await until(() => greeted.length === at + 1);
    assert.equal(greeted[at]?.tls.applicationProtocol, options.ALPNProtocols === undefined ? null : 'http/1.1');
  }
  assert.equal(count.closed, clients.length);
});

test('whatever name may be asked for, its session is kept, in each spelling', async (t) => {
  const { port, greeted, turnedAway } = await openDoor(t);
  for (const [at, servername] of ['API.Test', 'a_b.test', '_a', `${'a.'.repeat(126)}a`].entries()) {
    await shakeHands(t, port, { servername, checkServerIdentity: () => undefined });
    await until(() => greeted.length + turnedAway.length === at + 1);
    assert.deepEqual(turnedAway, [], servername);
    assert.equal(greeted[at]?.tls.serverName, servername.toLowerCase());
  }
});

test('HTTP/2 is chosen by who knows it, where it is offered, whatever order the client has; nobody is forced', async (t) => {
  for (const http2 of [true, false]) {
    const { port, greeted, turnedAway } = await openDoor(t, http2);
    for (const [at, [protocols, chosen]] of (
      [
        [['h2', 'http/1.1'], http2 ? 'h2' : 'http/1.1'],
        [['http/1.1', 'h2'], http2 ? 'h2' : 'http/1.1'],
        [['spdy/3', 'http/1.1'], 'http/1.1'],
        [[], null],
      ] as const
    ).entries()) {
      const client = await shakeHands(t, port, { ALPNProtocols: [...protocols] });
      await until(() => greeted.length === at + 1);
      assert.equal(greeted[at]?.tls.applicationProtocol, chosen);
      assert.equal(client.alpnProtocol, chosen ?? false);
    }
    await shakeHands(t, port, { ALPNProtocols: ['spdy/3', 'h3'] });
    await until(() => turnedAway.length === 1);
    assert.deepEqual(turnedAway, ['handshake']);
  }
});

test('what follows a hello that is refused is not looked at, however much it is', async (t) => {
  const { port, turnedAway } = await openDoor(t);
  const refused = await captureHello({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' });
  assert.ok(refused.length < 500);
  await sendAll(port, Buffer.concat([refused, Buffer.alloc(8_000, 0x16)]));
  await until(() => turnedAway.length > 0);
  assert.deepEqual(turnedAway, ['handshake']);
  assert.equal((await shakeHands(t, port)).authorized, true);
});

test('a hello with bytes changed ends its own handshake at most, once, and others are greeted', async (t) => {
  const { port, greeted, turnedAway, count } = await openDoor(t);
  const hellos = [
    await captureHello(POST_QUANTUM),
    await captureHello({ ...POST_QUANTUM, ALPNProtocols: protocolsOf(4_000) }),
  ];
  const change = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...hellos),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.nat(3_000),
      async (hello, changes, more) => {
        const bytes = Buffer.concat([hello, Buffer.alloc(more, 0x14)]);
        for (const [part, octet] of changes) bytes[Math.floor(part * hello.length)] = octet;
        await sendAll(port, bytes);
      },
    ),
    { numRuns: 300 },
  );
  await until(() => count.closed === count.came);
  assert.deepEqual([greeted.length, turnedAway.length], [0, count.came]);
  assert.equal((await shakeHands(t, port)).authorized, true);
});

test('a connection that stands keeps nothing of its greeting, and no memory that others share', async (t) => {
  const { port, greeted } = await openDoor(t);
  for (let count = 0; count < 5; count++) await shakeHands(t, port, { ALPNProtocols: ['http/1.1'] });
  await until(() => greeted.length === 5);
  assert.equal(queryObjects(TlsGreeting, { format: 'count' }), 0);
  for (const { socket } of greeted) {
    const { _tlsOptions: kept } = socket as unknown as { readonly _tlsOptions: { readonly ALPNProtocols: Buffer } };
    assert.equal(kept.ALPNProtocols.buffer.byteLength, '\x08http/1.1'.length);
  }
});

test('a CA that looks at a name is shown what it came for, and the connection ends with the handshake', async (t) => {
  const challenge = await selfSigned('challenge.test');
  const chainPem = challenge.certPem;
  const context = createServerContext({ chainPem, keyPem: challenge.keyPem, ticketKeys: Buffer.alloc(48, 2) });
  const names: (string | null)[] = [];
  const { port, greeted, turnedAway, count } = await openDoor(t, true, (name) => {
    names.push(name);
    return name === HOST ? context : null;
  });
  const client = await shakeHands(t, port, {
    ALPNProtocols: ['acme-tls/1'],
    ca: chainPem,
    checkServerIdentity: () => undefined,
  });
  assert.equal(client.alpnProtocol, 'acme-tls/1');
  assert.match(client.getPeerX509Certificate()?.subjectAltName ?? '', /challenge\.test/);
  client.resume();
  await until(() => client.readableEnded || client.destroyed);
  client.end();
  await until(() => count.closed === 1);
  assert.deepEqual([greeted.length, turnedAway, names], [0, [], [HOST]]);
});

test('the answer to a CA is shown to no other client, and one without an answer gets no session', async (t) => {
  const asked: (string | null)[] = [];
  const { port, greeted, turnedAway } = await openDoor(t, true, (name) => {
    asked.push(name);
    return null;
  });
  for (const ALPNProtocols of [['acme-tls/1', 'http/1.1'], ['http/1.1', 'acme-tls/1'], ['h2']]) {
    const client = await shakeHands(t, port, { ALPNProtocols });
    assert.notEqual(client.alpnProtocol, 'acme-tls/1');
  }
  await until(() => greeted.length === 3);
  assert.deepEqual(asked, []);
  const client = await shakeHands(t, port, { ALPNProtocols: ['acme-tls/1'] });
  assert.equal(client.authorized, false);
  await until(() => turnedAway.length === 1);
  assert.deepEqual([asked, greeted.length, turnedAway], [[HOST], 3, ['handshake']]);
});

test('a CA that does not leave is cut off at the deadline', async (t) => {
  const greetings: TlsGreeting[] = [];
  const challenge = (): ServerContext => context;
  const { port, count, turnedAway } = await openDoor(t, false, challenge, (greeting) => greetings.push(greeting));
  const client = await shakeHands(t, port, { ALPNProtocols: ['acme-tls/1'] });
  assert.equal(client.alpnProtocol, 'acme-tls/1');
  client.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
  for (const greeting of greetings) greeting.sweep(Infinity);
  await until(() => count.closed === 1);
  assert.deepEqual(turnedAway, []);
});

test('a client that knows the hybrid gets it although it guessed another, and is told from those that do not', async (t) => {
  const door = await openDoor(t);
  const groupOf = (client: TLSSocket): string | undefined =>
    (client.getEphemeralKeyInfo() as { readonly name?: string } | null)?.name;
  const expected = [
    ['X25519:X25519MLKEM768', 'X25519MLKEM768', 'hybrid'],
    ['X25519MLKEM768', 'X25519MLKEM768', 'hybrid'],
    ['X25519', 'X25519', 'classic'],
    ['P-256', 'prime256v1', 'classic'],
  ] as const;
  for (const [ecdhCurve, group, offers] of expected) {
    const client = await shakeHands(t, door.port, { ecdhCurve });
    assert.equal(groupOf(client), group);
    await until(() => door.greeted.length > 0);
    assert.equal(door.greeted.splice(0)[0]?.offers, offers, ecdhCurve);
  }
});
