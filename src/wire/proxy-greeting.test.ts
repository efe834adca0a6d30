import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { AddressSet } from '../base/index.ts';
import { get, post } from './bad-heads.test.ts';
import { type Listener, listen } from './listener.ts';
import { echo, ManualClock, RawClient, Script, selfSigned, until } from './peers.test.ts';
import { binary, checked, OVER_IPV4 } from './proxy-fixture.test.ts';
import { isProxied } from './proxy-greeting.ts';
import { SERVER_BOUNDS } from './server.ts';
import { createServerContext, type ServerContext } from './tls-settings.ts';

let certPem = '';
let context: ServerContext;

before(async () => {
  const { certPem: chainPem, keyPem } = await selfSigned('a.test');
  certPem = chainPem;
  context = createServerContext({ chainPem, keyPem, ticketKeys: Buffer.alloc(48, 1) });
});

interface Gate {
  readonly listener: Listener;
  readonly script: Script;
  readonly clock: ManualClock;
  readonly turnedAway: string[];
}

/** A listener that takes these for proxies; clients come from 127.0.0.1. */
async function open(t: TestContext, tls: boolean, proxies: readonly string[] = ['127.0.0.0/8']): Promise<Gate> {
  const clock = new ManualClock();
  const script = new Script();
  script.onRequest = echo;
  const turnedAway: string[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler: script,
    bounds: SERVER_BOUNDS,
    clock,
    context: tls ? () => context : null,
    http2: null,
    proxies: AddressSet.of(proxies),
    turnedAway: (reason) => turnedAway.push(reason),
  });
  assert.ok(!('code' in listener));
  t.after(async () => {
    const drained = listener.drain(0);
    clock.advance(1);
    await drained;
  });
  return { listener, script, clock, turnedAway };
}

/** Shakes hands over a connection that began with these bytes. */
async function secureBehind(t: TestContext, port: number, header: Buffer): Promise<TLSSocket> {
  const raw = connectTcp(port, '127.0.0.1');
  raw.write(header);
  const socket = connect({ socket: raw, servername: 'a.test', ca: certPem });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await until(() => socket.authorized || socket.destroyed);
  return socket;
}

async function drip(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    socket.write(Uint8Array.of(byte));
    await setImmediate();
  }
}

const LINE = Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n');
const FROM = { address: '203.0.113.9', port: 4711, tls: null, via: [] };
const LARGE = `${get('/a')}${post('Content-Length: 70000')}${'x'.repeat(70_000)}${get('/b')}`;

for (const header of [LINE, binary(0x21, 0x11, OVER_IPV4), checked(0x11, OVER_IPV4)]) {
  test(`a request behind ${header === LINE ? 'a line' : `${header.length} bytes`} comes from its source, however it is cut`, async (t) => {
    const { listener, script, turnedAway } = await open(t, false);
    const all = Buffer.concat([header, Buffer.from(get('/a'))]);
    for (let cut = 0; cut <= header.length + 3; cut += 3) {
      const client = await RawClient.open(listener.port);
      client.send(all.subarray(0, cut));
      await setImmediate();
      client.send(all.subarray(cut));
      await client.sees('GET /a []');
      client.socket.destroy();
    }
    const dripped = await RawClient.open(listener.port);
    await drip(dripped.socket, all);
    await dripped.sees('GET /a []');
    assert.ok(script.seen.length > header.length / 3);
    for (const { exchange } of script.seen) assert.deepEqual(exchange.request.peer, FROM);
    assert.deepEqual(turnedAway, []);
  });
}

test('what follows the header in the same read is not lost, whatever its size, nor what follows later', async (t) => {
  const { listener, script } = await open(t, false);
  const client = await RawClient.open(listener.port);
  client.send(Buffer.concat([LINE, Buffer.from(LARGE)]));
  await client.sees('GET /b []');
  client.send(get('/c', 'Connection: close'));
  await client.ends();
  assert.deepEqual(
    script.seen.map(({ exchange }) => `${exchange.request.method} ${exchange.request.path}`),
    ['GET /a', 'POST /c', 'GET /b', 'GET /c'],
  );
});

test('a TLS session behind a header has its source for a peer, and is one like any other', async (t) => {
  const { listener, script, turnedAway } = await open(t, true);
  for (const header of [LINE, checked(0x11, OVER_IPV4)]) {
    const client = new RawClient(await secureBehind(t, listener.port, header));
    client.send(LARGE);
    await client.sees('GET /b []');
    const peer = script.seen.at(-1)?.exchange.request.peer;
    assert.deepEqual([peer?.address, peer?.port, peer?.via], ['203.0.113.9', 4711, []]);
    assert.equal(peer?.tls?.serverName, 'a.test');
  }
  assert.deepEqual(turnedAway, []);
});

test('a hello that drips in behind its header leads to a session', async (t) => {
  const { listener } = await open(t, true);
  const raw = connectTcp(listener.port, '127.0.0.1');
  await drip(raw, LINE.subarray(0, 20));
  raw.write(LINE.subarray(20));
  const socket = connect({ socket: raw, servername: 'a.test', ca: certPem });
  t.after(() => socket.destroy());
  await until(() => socket.authorized);
});

test('a header that speaks for the proxy leaves the proxy as the peer', async (t) => {
  const { listener, script } = await open(t, false);
  for (const header of [Buffer.from('PROXY UNKNOWN\r\n'), binary(0x20, 0, Buffer.alloc(0))]) {
    const client = await RawClient.open(listener.port);
    client.send(Buffer.concat([header, Buffer.from(get('/a'))]));
    await client.sees('GET /a []');
    assert.equal(script.seen.at(-1)?.exchange.request.peer.address, '127.0.0.1');
    assert.equal(script.seen.at(-1)?.exchange.request.peer.port, client.socket.localPort);
  }
});

for (const tls of [false, true]) {
  test(`a proxy without a header, or with a broken one, is turned away (${tls ? 'TLS' : 'plain'})`, async (t) => {
    const { listener, script, turnedAway } = await open(t, tls);
    const broken = [
      get('/a'),
      'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n',
      `${LINE.toString().slice(0, 20)}\r\n`,
      '\x16\x03\x01\0',
    ];
    for (const [at, text] of broken.entries()) {
      const client = await RawClient.open(listener.port);
      client.send(Buffer.from(text + get('/a'), 'latin1'));
      await client.ends();
      assert.equal(client.text, '');
      assert.equal(turnedAway.length, at + 1);
    }
    assert.deepEqual(new Set(turnedAway), new Set(['proxy-header']));
    assert.equal(script.seen.length, 0);
    await until(() => listener.connections === 0);
  });

  test(`a header from anybody else is not read (${tls ? 'TLS' : 'plain'})`, async (t) => {
    const { listener, script, turnedAway } = await open(t, tls, ['192.0.2.0/24']);
    const client = await RawClient.open(listener.port);
    client.send(Buffer.concat([LINE, Buffer.from(get('/a'))]));
    await until(() => client.ended || client.closed || client.statuses.length > 0);
    assert.ok(script.seen.length === 0);
    assert.deepEqual([turnedAway, client.statuses], tls ? [['not-tls'], []] : [[], [400]]);
  });

  test(`one header is read, and a second is none (${tls ? 'TLS' : 'plain'})`, async (t) => {
    const { listener, script } = await open(t, tls);
    const client = await RawClient.open(listener.port);
    client.send(Buffer.concat([LINE, LINE, Buffer.from(get('/a'))]));
    await until(() => client.ended || client.closed || client.statuses.length > 0);
    assert.equal(script.seen.length, 0);
  });
}

test('a header that does not come in ten seconds is not waited for, and the handshake has what is left', async (t) => {
  for (const [begun, reason] of [
    [LINE.subarray(0, 7), 'proxy-header'],
    [LINE, 'handshake-timeout'],
  ] as const) {
    const { listener, clock, turnedAway } = await open(t, true);
    const client = await RawClient.open(listener.port);
    await until(() => listener.connections === 1);
    clock.advance(9_000);
    client.send(begun);
    await setImmediate();
    clock.advance(500);
    assert.deepEqual(turnedAway, []);
    await until(() => (clock.advance(500), turnedAway.length > 0));
    await client.ends();
    assert.deepEqual([turnedAway, listener.connections], [[reason], 0]);
    assert.ok(clock.now() < 12_000);
  }
});

test('a proxy that leaves before its header is whole is counted once, and nothing is left of it', async (t) => {
  const { listener, turnedAway } = await open(t, true);
  for (const [at, part] of [LINE.subarray(0, 0), LINE.subarray(0, 9)].entries()) {
    connectTcp(listener.port, '127.0.0.1').end(part);
    await until(() => turnedAway.length === at + 1 && listener.connections === 0);
  }
  assert.deepEqual(turnedAway, ['proxy-header', 'proxy-header']);
});

test('a drain waits for a proxy that has begun, and ends it after the grace', async (t) => {
  const { listener, clock, turnedAway } = await open(t, false);
  const client = await RawClient.open(listener.port);
  await until(() => listener.connections === 1);
  const drained = listener.drain(1_000);
  assert.deepEqual(turnedAway, []);
  clock.advance(1_001);
  await drained;
  await client.ends();
  assert.deepEqual(turnedAway, ['proxy-header']);
});

test('whether an address is a proxy’s is judged by what it means', () => {
  const proxies = AddressSet.of(['10.0.0.0/8', '2001:db8::/32']);
  const peerAt = (address: string) => ({ address, port: 1, tls: null, via: [] });
  assert.ok(isProxied(peerAt('10.1.2.3'), proxies) && isProxied(peerAt('2001:db8::1'), proxies));
  assert.ok(!isProxied(peerAt('11.1.2.3'), proxies) && !isProxied(peerAt('nowhere'), proxies));
});
