import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { get, post } from './bad-heads.test.ts';
import { type Listener, type ListenFault, listen, type ListenOptions } from './listener.ts';
import { echo, ManualClock, ownHead, RawClient, Script, type Seen, selfSigned, until } from './peers.test.ts';
import { SERVER_BOUNDS } from './server.ts';
import { createServerContext, type ServerContext } from './tls-settings.ts';

const certificates = new Map<string, { certPem: string; context: ServerContext }>();
const ticketKeys = Buffer.alloc(48, 1);

before(async () => {
  for (const name of ['a.test', 'b.test']) {
    const { certPem, keyPem } = await selfSigned(name);
    certificates.set(name, { certPem, context: createServerContext({ chainPem: certPem, keyPem, ticketKeys }) });
  }
});

interface Gate {
  readonly listener: Listener;
  readonly script: Script;
  readonly clock: ManualClock;
  readonly turnedAway: string[];
  readonly asked: (string | null)[];
}

function chosen(name: string | null): ServerContext {
  const found = certificates.get(name ?? 'a.test');
  if (found === undefined) throw new Error('no certificate');
  return found.context;
}

async function open(t: TestContext, options: Partial<ListenOptions> & { readonly tls?: boolean } = {}): Promise<Gate> {
  const clock = new ManualClock();
  const script = new Script();
  const turnedAway: string[] = [];
  const asked: (string | null)[] = [];
  const choose = (name: string | null): ServerContext => {
    asked.push(name);
    return chosen(name);
  };
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler: script,
    bounds: SERVER_BOUNDS,
    clock,
    context: options.tls === true ? choose : null,
    http2: null,
    turnedAway: (reason) => turnedAway.push(reason),
    ...options,
  });
  assert.ok(!('code' in listener), 'listening');
  t.after(async () => {
    const drained = listener.drain(0);
    clock.advance(1);
    await drained;
  });
  return { listener, script, clock, turnedAway, asked };
}

/** A TLS client that keeps what it reads. */
async function secure(
  port: number,
  options: ConnectionOptions = {},
): Promise<{ socket: TLSSocket; client: RawClient }> {
  const ca = [...certificates.values()].map(({ certPem }) => certPem);
  const common = { port, host: '127.0.0.1', servername: 'a.test', ca, allowHalfOpen: true };
  const socket = connect({ ...common, ...options } as ConnectionOptions);
  const client = new RawClient(socket);
  await until(() => socket.authorized || client.closed || client.error !== null);
  return { socket, client };
}

const GET = get('/a');

test('requests are served over kept and pipelined connections', async (t) => {
  const { listener, script } = await open(t);
  script.onRequest = echo;
  const client = await RawClient.open(listener.port);
  client.send(GET);
  await client.sees('GET /a []');
  client.send(get('/b') + post('Content-Length: 5') + 'hello' + get('/c', 'Connection: close'));
  await client.ends();
  assert.match(client.text, /GET \/b \[\].*POST \/c \[hello\].*GET \/c \[\]$/s);
  assert.deepEqual(client.statuses, [200, 200, 200, 200]);
  assert.deepEqual(script.seen[0]?.exchange.request.peer, {
    address: '127.0.0.1',
    port: client.socket.localPort,
    tls: null,
    via: [],
  });
});

test('what follows a reply in the same turn comes behind it, whatever it is, over TCP and over TLS', async (t) => {
  const large = 'x'.repeat(100_000);
  const streamed = { ...ownHead(200, 0), framing: { kind: 'chunked' } } as const;
  const next: readonly (readonly [text: string, statuses: readonly number[], answer: (seen: Seen) => void])[] = [
    ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', [400], echo],
    [get('/b'), [200], (seen) => seen.answer(large)],
    [get('/b'), [103, 201], (seen) => (seen.exchange.interim(103, []), seen.answer('', 201))],
    [`${post('Content-Length: 1\r\nExpect: 100-continue')}x`, [100, 200], echo],
    [get('/b'), [200], ({ exchange }) => (exchange.begin(streamed), exchange.finish())],
  ];
  for (const tls of [false, true]) {
    for (const [text, statuses, answer] of next) {
      const { listener, script } = await open(t, { tls });
      script.onRequest = (seen) => (script.seen.length === 1 ? seen.answer('', 202) : answer(seen));
      const client = tls ? (await secure(listener.port)).client : await RawClient.open(listener.port);
      client.send(get('/a') + text);
      client.socket.end();
      await client.ends();
      assert.deepEqual(client.statuses, [202, ...statuses]);
    }
  }
});

test('a session whose handshake ends behind the retiring of its like is retired too', async (t) => {
  let like = true;
  const door = await open(t, {
    tls: true,
    context: (name) => {
      door.listener.retire((tls) => like && tls.serverName === 'a.test');
      return chosen(name);
    },
  });
  door.script.onRequest = echo;
  for (const isRetired of [true, false]) {
    like = isRetired;
    const { client } = await secure(door.listener.port);
    client.send(GET);
    await client.sees('GET /a []');
    assert.equal(/^connection: close\r$/im.test(client.text), isRetired);
    if (isRetired) await client.ends();
  }
});

test('a common client is understood, and understands', async (t) => {
  const { listener, script } = await open(t);
  script.onRequest = echo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = (method: string, body: string, headers: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(
        { port: listener.port, host: '127.0.0.1', path: '/x', method, agent, headers },
        (reply) => {
          let text = '';
          reply.on('data', (bytes: Buffer) => (text += bytes.toString()));
          reply.on('end', () => resolve(`${reply.statusCode} ${text}`));
        },
      );
      asked.on('error', reject);
      asked.on('continue', () => asked.end(body));
      if (headers['expect'] === undefined) asked.end(body);
    });
  assert.equal(await ask('GET', ''), '200 GET /x []');
  assert.equal(await ask('HEAD', ''), '200 ');
  assert.equal(await ask('POST', 'hello'), '200 POST /x [hello]');
  assert.equal(await ask('PUT', 'hello', { 'transfer-encoding': 'chunked' }), '200 PUT /x [hello]');
  assert.equal(await ask('POST', 'hello', { expect: '100-continue', 'content-length': '5' }), '200 POST /x [hello]');
  assert.equal(listener.connections, 1);
});

test('a request dripped byte by byte is the same request, over TCP and over TLS', async (t) => {
  for (const tls of [false, true]) {
    const { listener, script } = await open(t, { tls });
    script.onRequest = echo;
    const client = tls ? (await secure(listener.port)).client : await RawClient.open(listener.port);
    await client.drip(`${post('Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`);
    await client.sees('POST /c [hello]');
    await client.drip('GET /a HTTP/1.1\r\nHost : a\r\n\r\n');
    await client.ends();
    assert.deepEqual(client.codes, ['malformed-header']);
  }
});

test('a client that leaves in the middle of its body or of its reply is noticed', async (t) => {
  for (const text of [`${post('Content-Length: 100')}hello`, GET]) {
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const { listener, script } = await open(t);
      script.onRequest = ({ exchange }) => {
        if (exchange.framing.kind !== 'none') exchange.receive();
        else {
          exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
          exchange.write(Buffer.from('begun'));
        }
      };
      const client = await RawClient.open(listener.port);
      client.send(text);
      const seen = await script.last(1);
      if (text === GET) await client.sees('begun');
      else await until(() => seen.body === 'hello');
      client.socket[leave]();
      await until(() => {
        // A reply in progress notices by writing; a body by the end of its bytes.
        seen.exchange.write(Buffer.from('more'));
        return seen.log.includes('gone') || seen.log.includes('incomplete-request');
      });
      seen.exchange.cut();
      await until(() => listener.connections === 0);
    }
  }
});

test('a client that reads nothing stops the writer, and memory stays bounded', async (t) => {
  const { listener, script } = await open(t);
  const client = await RawClient.open(listener.port);
  client.socket.pause();
  client.send(GET);
  const seen = await script.last(1);
  seen.exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
  const piece = Buffer.alloc(65_536, 'a');
  let written = 0;
  let goes = true;
  seen.onEvent = () => (goes = true);
  for (let turn = 0; turn < 200; turn++) {
    while (goes && written < 256 * 1_024 * 1_024) {
      written += piece.length;
      goes = seen.exchange.write(piece);
    }
    await setImmediate();
  }
  assert.ok(written < 64 * 1_024 * 1_024, `${written} bytes went out to nobody`);
  assert.equal(goes, false);
  client.socket.resume();
  await until(() => goes);
  seen.exchange.cut();
  await client.ends();
});

test('a handler that takes nothing stops the client', async (t) => {
  const { listener, script } = await open(t);
  const client = await RawClient.open(listener.port);
  client.send(post(`Content-Length: ${256 * 1_024 * 1_024}`));
  const seen = await script.last(1);
  seen.takes = false;
  seen.exchange.receive();
  let sent = 0;
  let goes = true;
  client.socket.on('drain', () => (goes = true));
  for (let turn = 0; turn < 200; turn++) {
    while (goes && sent < 128 * 1_024 * 1_024) {
      sent += 65_536;
      goes = client.socket.write(Buffer.alloc(65_536));
    }
    await setImmediate();
  }
  assert.ok(sent < 64 * 1_024 * 1_024, `${sent} bytes were taken`);
  assert.ok(seen.exchange.receivedBytes <= 65_536 * 2, `${seen.exchange.receivedBytes} bytes are held`);
});

test('the host of the ClientHello chooses the certificate', async (t) => {
  const { listener, script, asked } = await open(t, { tls: true });
  script.onRequest = echo;
  for (const name of ['a.test', 'b.test', 'B.TEST']) {
    const { socket, client } = await secure(listener.port, { servername: name, ALPNProtocols: ['http/1.1'] });
    assert.equal(socket.getPeerCertificate().subject.CN, name.toLowerCase());
    client.send(GET);
    await client.sees('200 OK');
    client.socket.destroy();
  }
  assert.deepEqual(asked, ['a.test', 'b.test', 'b.test']);
  const { tls } = script.seen[1]?.exchange.request.peer ?? assert.fail();
  assert.deepEqual(tls, {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: null,
    serverName: 'b.test',
    applicationProtocol: 'http/1.1',
    trust: null,
    client: null,
    clientFault: null,
  });
});

test('a client that names no host gets whatever stands for none', async (t) => {
  const { listener, script, asked } = await open(t, { tls: true });
  script.onRequest = echo;
  const { client } = await secure(listener.port, { servername: '', checkServerIdentity: () => undefined });
  client.send(GET);
  await client.sees('200 OK');
  assert.deepEqual(asked, [null]);
  assert.equal(script.seen[0]?.exchange.request.peer.tls?.serverName, null);
});

test('a resumed session is served under the name of its own ClientHello', async (t) => {
  const { listener, script } = await open(t, { tls: true });
  script.onRequest = echo;
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await secure(listener.port, { maxVersion });
    first.client.send(GET);
    await first.client.sees('200 OK');
    const session = first.socket.getSession();
    assert.ok(session !== undefined);
    const again = await secure(listener.port, { maxVersion, session });
    again.client.send(GET);
    await again.client.sees('200 OK');
    assert.equal(again.socket.isSessionReused(), true, maxVersion);
    const other = await secure(listener.port, { maxVersion, servername: 'b.test', session });
    other.client.send(GET);
    await other.client.sees('200 OK');
    assert.equal(other.socket.isSessionReused(), false, maxVersion);
    assert.equal(script.seen.at(-1)?.exchange.request.peer.tls?.serverName, 'b.test');
  }
});

test('there is no handshake for a host without a certificate, an old protocol, or HTTP/2 alone', async (t) => {
  const { listener, turnedAway, script } = await open(t, { tls: true });
  for (const options of [
    { servername: 'c.test' },
    { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    { ALPNProtocols: ['h2'] },
  ] as const) {
    const { client } = await secure(listener.port, options as ConnectionOptions);
    await until(() => client.closed);
    assert.notEqual(client.error, null);
  }
  await until(() => turnedAway.length === 3 && listener.connections === 0);
  assert.deepEqual(turnedAway, ['handshake', 'handshake', 'handshake']);
  assert.equal(script.seen.length, 0);
});

test('what is no TLS on the TLS port is closed without an answer', async (t) => {
  const { listener, turnedAway } = await open(t, { tls: true });
  const inputs = [
    GET,
    '\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
    '\x80\x2e\x01\x03\x01',
    '\0'.repeat(100),
  ];
  for (const input of inputs) {
    const client = await RawClient.open(listener.port);
    client.send(input);
    await client.ends();
    assert.equal(client.text, '');
    client.socket.destroy();
  }
  await until(() => listener.connections === 0);
  assert.deepEqual(
    turnedAway,
    inputs.map(() => 'not-tls'),
  );
});

test('a handshake has its time, whether nothing comes, half a hello, or half a handshake', async (t) => {
  const { listener, turnedAway, clock } = await open(t, { tls: true });
  const silent = await RawClient.open(listener.port);
  const half = await RawClient.open(listener.port);
  half.send('\x16\x03\x01\x02\x00\x01\x00');
  await until(() => listener.connections === 2);
  clock.advance(10_000);
  assert.deepEqual(turnedAway, []);
  clock.advance(500);
  await Promise.all([silent.ends(), half.ends()]);
  await until(() => listener.connections === 0);
  assert.deepEqual(turnedAway, ['handshake-timeout', 'handshake-timeout']);
});

test('a client that goes away while it greets is counted once', async (t) => {
  const { listener, turnedAway } = await open(t, { tls: true });
  for (const part of ['', '\x16\x03\x01\x02\x00\x01\x00']) {
    const client = await RawClient.open(listener.port);
    if (part !== '') client.send(part);
    await until(() => listener.connections === 1);
    client.socket.resetAndDestroy();
    await until(() => listener.connections === 0);
  }
  assert.equal(turnedAway.length, 2);
});

test('over TLS too a reply that is cut is no whole reply, and a half-closed client gets its own', async (t) => {
  const { listener, script } = await open(t, { tls: true });
  const cut = await secure(listener.port);
  cut.client.send(GET);
  const first = await script.last(1);
  first.exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
  first.exchange.write(Buffer.from('begun'));
  await cut.client.sees('begun');
  first.exchange.cut();
  await until(() => cut.client.closed);
  assert.equal(cut.client.error, 'ECONNRESET');

  const half = await secure(listener.port);
  half.client.send(GET);
  const second = await script.last(2);
  half.socket.end();
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  second.answer('to the end');
  await half.client.sees('to the end');
  await half.client.ends();
  await until(() => listener.connections === 0);
});

test('the sweep holds the bounds of every connection', async (t) => {
  const { listener, script, clock } = await open(t);
  const client = await RawClient.open(listener.port);
  client.send('GET / HT');
  await until(() => listener.connections === 1);
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  clock.advance(10_500);
  await client.ends();
  assert.deepEqual([client.statuses, script.refusals], [[408], ['request-timeout']]);
});

test('no more connections than may be', async (t) => {
  const { listener, turnedAway } = await open(t, { maxConnections: 2 });
  const clients = [await RawClient.open(listener.port), await RawClient.open(listener.port)];
  await until(() => listener.connections === 2);
  const third = await RawClient.open(listener.port);
  await third.ends();
  assert.deepEqual(turnedAway, ['full']);
  for (const client of clients) client.socket.destroy();
  await until(() => listener.connections === 0);
});

test('draining takes no new connection, ends idle ones, lets busy ones end, and resolves when all are gone', async (t) => {
  const { listener, script, clock } = await open(t);
  const idle = await RawClient.open(listener.port);
  const busy = await RawClient.open(listener.port);
  busy.send(GET);
  const seen = await script.last(1);
  clock.advance(1_000);
  let drained = false;
  const draining = listener.drain(30_000).then(() => (drained = true));
  assert.equal(listener.drain(1) instanceof Promise, true);
  await idle.ends();
  const late = new RawClient(connectTcp(listener.port, '127.0.0.1'));
  await until(() => late.error === 'ECONNREFUSED');
  assert.equal(drained, false);
  seen.answer('last');
  await busy.ends();
  assert.match(busy.text, /connection: close.*last/s);
  for (const client of [idle, busy]) client.socket.end();
  await draining;
  assert.equal(listener.connections, 0);
  assert.equal(clock.timers, 0);
});

test('draining cuts what is still there after the grace', async (t) => {
  const { listener, script, clock } = await open(t);
  const client = await RawClient.open(listener.port);
  client.send(GET);
  const seen = await script.last(1);
  const draining = listener.drain(5_000);
  clock.advance(5_000);
  await draining;
  await until(() => client.closed || client.ended);
  assert.equal(client.text, '');
  await until(() => seen.log.includes('gone'));
  assert.equal(clock.timers, 0);
});

test('a port in use is told by its code', async (t) => {
  const { listener } = await open(t);
  const script = new Script();
  const fault = await listen({
    host: '127.0.0.1',
    port: listener.port,
    reusePort: false,
    maxConnections: 1,
    handler: script,
    bounds: SERVER_BOUNDS,
    clock: new ManualClock(),
    context: null,
    http2: null,
    turnedAway: () => {},
  });
  assert.deepEqual(fault satisfies Listener | ListenFault, { code: 'EADDRINUSE', port: listener.port });
});
