import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as dial } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { AddressSet } from '../base/index.ts';
import { get } from './bad-heads.test.ts';
import { ConnectionGate } from './connection-gate.ts';
import { countedLeases } from './counted-leases.test.ts';
import { HTTP2_BOUNDS } from './http2/protocol.ts';
import { type Listener, listen, type ListenOptions } from './listener.ts';
import { echo, ManualClock, RawClient, Script, selfSigned, until } from './peers.test.ts';
import { SERVER_BOUNDS } from './server.ts';
import { createServerContext, type ServerContext } from './tls-settings.ts';

const US = '127.0.0.1';
let context: ServerContext;
let certPem: string;

before(async () => {
  const { certPem: chainPem, keyPem } = await selfSigned('a.test');
  certPem = chainPem;
  context = createServerContext({ chainPem, keyPem, ticketKeys: Buffer.alloc(48, 1) });
});

async function open(t: TestContext, perNetwork: number, options: Partial<ListenOptions> & { tls?: boolean } = {}) {
  const clock = new ManualClock();
  const script = new Script();
  script.onRequest = echo;
  const turnedAway: string[] = [];
  const leases = countedLeases();
  const gate = new ConnectionGate({
    leases,
    perNetwork,
    isExempt: () => false,
    monotonic: () => clock.monotonic(),
  });
  const listener = await listen({
    host: US,
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler: script,
    bounds: SERVER_BOUNDS,
    clock,
    context: options.tls === true ? () => context : null,
    http2: null,
    gate,
    turnedAway: (reason, address) => turnedAway.push(`${reason} ${address}`),
    ...options,
  });
  assert.ok(!('code' in listener));
  t.after(async () => {
    const drained = listener.drain(0);
    clock.advance(1);
    await drained;
  });
  return { listener, script, clock, turnedAway, leases };
}

function secure(t: TestContext, { port }: Listener): TLSSocket {
  const socket = connect({ port, host: US, servername: 'a.test', ca: certPem });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  return socket;
}

async function ask(listener: Listener): Promise<RawClient> {
  const client = await RawClient.open(listener.port);
  client.send(get('/a'));
  await client.sees('GET /a []');
  return client;
}

test('a network that has its share of connections gets no more, until one of them ends', async (t) => {
  const { listener, turnedAway, leases } = await open(t, 2);
  const [first, second] = [await ask(listener), await ask(listener)];
  const third = await RawClient.open(listener.port);
  await third.ends();
  assert.deepEqual(turnedAway, [`address ${US}`]);
  assert.equal(listener.connections, 2);
  first.socket.destroy();
  await until(() => leases.held.get(US) === 1);
  const fourth = await ask(listener);
  for (const client of [second, fourth]) client.socket.destroy();
  await until(() => leases.held.get(US) === 0);
});

test('over TLS a place is free again however the connection ended, and no handshake is spent on the refused', async (t) => {
  const { listener, script, turnedAway, leases, clock } = await open(t, 1, { tls: true });
  const endings: readonly ((socket: TLSSocket) => void | Promise<void>)[] = [
    (socket) => socket.destroy(),
    (socket) => void socket.end(),
    (socket) => {
      socket.write(get('/a', 'Connection: close'));
    },
    (socket) => {
      script.onRequest = ({ exchange }) => exchange.cut();
      socket.write(get('/a'));
    },
    (socket) => until(() => (clock.advance(30_000), socket.closed)),
  ];
  for (const [at, ending] of endings.entries()) {
    const socket = secure(t, listener);
    await until(() => socket.authorized);
    const refused = secure(t, listener);
    await until(() => refused.closed);
    assert.equal(refused.authorized, false);
    assert.equal(turnedAway.length, at + 1);
    await ending(socket);
    socket.resume();
    await until(() => (clock.advance(500), leases.held.get(US) === 0), `the place of ${at}`);
  }
  assert.deepEqual(new Set(turnedAway), new Set([`address ${US}`]));
});

test('over HTTP/2 and behind a balancer a place is free again however the connection ended', async (t) => {
  const http2 = {
    bounds: HTTP2_BOUNDS,
    memory: { take: () => true, giveBack() {} },
    counted() {},
    faulted() {},
  };
  const proxies = AddressSet.of(['127.0.0.0/8']);
  const { listener, script, leases, clock, turnedAway } = await open(t, 1, { tls: true, http2, proxies });
  const endings: readonly ((session: ClientHttp2Session, socket: TLSSocket) => void)[] = [
    (session) => session.close(),
    (session) => session.destroy(),
    (_session, socket) => socket.destroy(),
    (_session, socket) => void socket.end(),
    (session) => {
      script.onRequest = ({ exchange }) => exchange.cut();
      session.request({ ':path': '/a' }).on('error', () => {});
    },
    (session) => {
      script.onRequest = () => {};
      session.request({ ':path': '/a' }).on('error', () => {});
      session.destroy();
    },
    // Nothing more comes of it until it is given up.
    () => clock.advance(300_000),
  ];
  for (const [at, ending] of endings.entries()) {
    const raw = dial({ port: listener.port, host: US });
    raw.on('error', () => {}).write('PROXY TCP4 203.0.113.1 192.0.2.1 4711 443\r\n');
    const socket = connect({ socket: raw, servername: 'a.test', ca: certPem, ALPNProtocols: ['h2'] });
    socket.on('error', () => {});
    await until(() => socket.authorized);
    const session = connectHttp2('https://a.test', { createConnection: () => socket });
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    assert.equal(leases.held.get('203.0.113.1'), 1, `the place of ${at}`);
    ending(session, socket);
    await until(() => (clock.advance(500), leases.held.get('203.0.113.1') === 0), `the place of ${at}`);
    await until(() => (clock.advance(500), listener.connections === 0), `the end of ${at}`);
    session.destroy();
  }
  assert.deepEqual(turnedAway, []);
});

test('half a greeting holds a place no longer than it may last', async (t) => {
  for (const bytes of ['', '\x16\x03\x01', 'GET / HTTP/1.1']) {
    const { listener, leases, clock, turnedAway } = await open(t, 1, { tls: true });
    const client = await RawClient.open(listener.port);
    client.send(bytes);
    await until(() => leases.held.get(US) === 1);
    await until(() => (clock.advance(5_500), leases.held.get(US) === 0));
    assert.equal(turnedAway.length, 1);
    await until(() => listener.connections === 0);
  }
});

test('connections that come too fast are closed, and counted', async (t) => {
  const { listener, turnedAway } = await open(t, 100, { maxConnections: 1_000 });
  const clients: RawClient[] = [];
  for (let count = 0; count < 110; count++) {
    const client = await RawClient.open(listener.port);
    client.socket.destroy();
    clients.push(client);
    await until(() => listener.connections === 0);
  }
  await until(() => turnedAway.length === 10);
  assert.deepEqual(new Set(turnedAway), new Set([`pace ${US}`]));
});

test('behind a balancer it is the source that counts, and not the balancer', async (t) => {
  const { listener, turnedAway, leases } = await open(t, 1, { proxies: AddressSet.of(['127.0.0.0/8']) });
  const come = async (source: string): Promise<RawClient> => {
    const client = await RawClient.open(listener.port);
    client.send(`PROXY TCP4 ${source} 192.0.2.1 4711 443\r\n${get('/a')}`);
    await until(() => client.text.includes('GET /a []') || client.ended || client.closed);
    return client;
  };
  const served = [await come('203.0.113.1'), await come('203.0.113.2')];
  const refused = await come('203.0.113.1');
  await refused.ends();
  assert.equal(refused.text, '');
  assert.deepEqual(turnedAway, ['address 203.0.113.1']);
  assert.equal(leases.held.has(US), false);
  for (const client of served) client.socket.destroy();
  await until(() => [...leases.held.values()].every((count) => count === 0));
});

test('idle connections close before there is no room for new clients, and busy ones stay', async (t) => {
  const { listener, script, clock, turnedAway } = await open(t, 100, { maxConnections: 10 });
  const idle: RawClient[] = [];
  for (let count = 0; count < 8; count++) idle.push(await ask(listener));
  script.onRequest = () => {};
  const busy = await RawClient.open(listener.port);
  busy.send(get('/b'));
  await until(() => script.seen.length === 9);
  clock.advance(4_500);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  assert.deepEqual([turnedAway, listener.connections], [[], 9]);
  clock.advance(1_000);
  await until(() => idle.some(({ ended }) => ended));
  assert.deepEqual(turnedAway, [`idle-shed ${US}`]);
  for (const client of idle) if (client.ended) client.socket.end();
  await until(() => listener.connections === 8);
  clock.advance(3_000);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  assert.deepEqual([turnedAway.length, listener.connections, busy.ended], [1, 8, false]);
});

test('to make room a client loses its idle connections before a proxy that is believed', async (t) => {
  const proxies = AddressSet.of(['127.0.0.0/8']);
  const gate = new ConnectionGate({
    leases: countedLeases(),
    perNetwork: 100,
    isExempt: (address) => address === '198.51.100.1',
    monotonic: () => 0,
  });
  const { listener, clock, turnedAway } = await open(t, 100, { maxConnections: 10, proxies, gate });
  for (const source of [...Array.from({ length: 7 }, () => '198.51.100.1'), '203.0.113.1', '203.0.113.1']) {
    const client = await RawClient.open(listener.port);
    client.send(`PROXY TCP4 ${source} 192.0.2.1 4711 443\r\n${get('/a')}`);
    await client.sees('GET /a []');
  }
  clock.advance(6_000);
  await until(() => turnedAway.length > 0);
  assert.deepEqual(turnedAway, ['idle-shed 203.0.113.1']);
});

test('a crowd of handshakes is served to the last', async (t) => {
  const { listener, script, turnedAway } = await open(t, 100, { tls: true, maxConnections: 200 });
  const sockets = Array.from({ length: 60 }, () => secure(t, listener));
  for (const socket of sockets) socket.once('secureConnect', () => socket.write(get('/a')));
  await until(() => script.seen.length === 60);
  assert.deepEqual(turnedAway, []);
  for (const socket of sockets) socket.destroy();
  await until(() => listener.connections === 0);
});
