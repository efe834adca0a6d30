import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { clientFrame, closing, frame, readFrames } from '../../src/wire/websocket/frames.test.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { openSession } from '../http2/node-session.ts';
import { startLocalServer } from '../system/local-server.ts';
import { configuration, type EchoSubject, startSubject } from './subject.ts';

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** One WebSocket over a stream of Node's own client. */
class StreamClient {
  readonly stream: ClientHttp2Stream;
  bytes: Buffer = Buffer.alloc(0);
  ended = false;
  closed = false;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => (this.bytes = Buffer.concat([this.bytes, chunk])));
    stream.on('end', () => (this.ended = true));
    stream.on('close', () => (this.closed = true));
    stream.on('error', () => {});
  }

  async head(): Promise<Head> {
    const [head] = (await once(this.stream, 'response')) as [Head];
    return head;
  }

  /** The payload of the next message, whole in one frame. */
  async next(): Promise<Buffer> {
    for (;;) {
      const { frames } = readFrames(this.bytes.subarray(0, this.bytes.length));
      const first = frames[0];
      if (first !== undefined) {
        assert.equal(first.masked, false);
        this.bytes = this.bytes.subarray(frame(first.payload).length);
        return first.payload;
      }
      assert.ok(!this.closed && !this.ended, 'it has ended');
      await once(this.stream, 'data');
    }
  }
}

async function session(t: TestContext, { gateway }: Pick<EchoSubject, 'gateway'>): Promise<ClientHttp2Session> {
  const made = await openSession({ port: gateway.https, ca: gateway.ca });
  t.after(() => made.destroy());
  if (made.remoteSettings.enableConnectProtocol !== true) await once(made, 'remoteSettings');
  assert.equal(made.remoteSettings.enableConnectProtocol, true);
  return made;
}

function connect(from: ClientHttp2Session, fields: Readonly<Record<string, string>> = {}): StreamClient {
  const asked = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/chat',
    'sec-websocket-version': '13',
    ...fields,
  };
  return new StreamClient(from.request(asked, { endStream: false }));
}

test('messages go both ways over many streams of one connection', async (t) => {
  const subject = await startSubject(t);
  const from = await session(t, subject);
  const clients = Array.from({ length: 20 }, () => connect(from, { 'sec-websocket-extensions': 'permessage-deflate' }));
  for (const client of clients) {
    const head = await client.head();
    assert.equal(head[':status'], 200);
    assert.equal(head['sec-websocket-extensions'] ?? head['sec-websocket-accept'] ?? head['upgrade'], undefined);
  }
  for (let round = 0; round < 50; round++)
    for (const [at, client] of clients.entries()) client.stream.write(clientFrame(`${round} of ${at}`, { opcode: 2 }));
  for (let round = 0; round < 50; round++)
    for (const [at, client] of clients.entries()) assert.equal(String(await client.next()), `${round} of ${at}`);
});

test('messages larger than any window pass, under flow control', async (t) => {
  const subject = await startSubject(t, '{ message: 8MiB, rate: 1000000/s }');
  const client = connect(await session(t, subject));
  await client.head();
  const whole = Buffer.alloc(4_000_000, 'abcdefg');
  client.stream.write(clientFrame(whole));
  assert.ok((await client.next()).equals(whole));
});

test('a client that does not read holds back who sends to it, and no other stream', async (t) => {
  const subject = await startSubject(t, '{ message: 1MiB, rate: 1000000/s }');
  const from = await session(t, subject);
  const [slow, quick] = [connect(from), connect(from)];
  await Promise.all([slow.head(), quick.head()]);
  let passed = 0;
  const socket = [...subject.upstream.clients][0];
  socket?.on('message', () => passed++);
  slow.stream.pause();
  for (let number = 0; number < 100; number++) slow.stream.write(clientFrame(Buffer.alloc(100_000)));
  quick.stream.write(clientFrame('first'));
  assert.equal(String(await quick.next()), 'first');
  assert.ok(passed < 100, `${passed} of 100 went through`);
  slow.stream.resume();
  for (let number = 0; number < 100; number++) assert.equal((await slow.next()).length, 100_000);
});

test('goodbyes end the stream in order', async (t) => {
  const subject = await startSubject(t);
  const client = connect(await session(t, subject));
  await client.head();
  client.stream.write(clientFrame(closing(4001), { opcode: 8 }));
  assert.deepEqual(await client.next(), closing(4001));
  if (!client.ended) await once(client.stream, 'end');
  client.stream.end();
  if (!client.closed) await once(client.stream, 'close');
  assert.equal(client.stream.rstCode, 0);
});

test('what breaks the protocol ends the stream, and no other', async (t) => {
  const subject = await startSubject(t);
  const from = await session(t, subject);
  const [bad, good] = [connect(from), connect(from)];
  await Promise.all([bad.head(), good.head()]);
  bad.stream.write(clientFrame('compressed', { reserved: 0x40 }));
  assert.deepEqual(await bad.next(), closing(1002));
  good.stream.write(clientFrame('still here'));
  assert.equal(String(await good.next()), 'still here');
});

test('a stream that is reset is told of to the upstream', async (t) => {
  const subject = await startSubject(t);
  const from = await session(t, subject);
  const client = connect(from);
  await client.head();
  const [socket] = subject.upstream.clients;
  assert.ok(socket !== undefined);
  const closed = once(socket, 'close');
  client.stream.close(8);
  assert.equal((await closed)[0], 1001);
});

const REFUSED: readonly (readonly [name: string, fields: Readonly<Record<string, string>>, status: number])[] = [
  ['an operation that does not offer it', { ':path': '/plain' }, 405],
  ['a path that is not there', { ':path': '/nothing' }, 404],
  ['another protocol', { ':protocol': 'connect-udp' }, 405],
  ['another version', { 'sec-websocket-version': '8' }, 400],
  ['a length', { 'content-length': '5' }, 400],
  ['a page of another origin', { origin: 'https://evil.test' }, 403],
];

test('an extended CONNECT that may not be is refused, each for its reason', async (t) => {
  const subject = await startSubject(t);
  const from = await session(t, subject);
  for (const [name, fields, status] of REFUSED)
    assert.equal((await connect(from, fields).head())[':status'], status, name);
  const plain = await connect(from, { ':path': '/plain' }).head();
  assert.equal(plain['allow'], 'GET, HEAD, POST', 'the methods of the path');
  assert.equal(subject.upstream.clients.size, 0);
  const ended = from.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':path': '/chat',
      'sec-websocket-version': '13',
    },
    { endStream: true },
  );
  const [head] = (await once(ended, 'response')) as [Head];
  assert.equal(head[':status'], 400);
});

test('a success of the upstream that is no switch does not reach a client that would take it for one', async (t) => {
  const server = createServer((_request, reply) => reply.end('no switch'));
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno'));
  const { port, stop } = await startLocalServer(server);
  t.after(stop);
  const gateway = await startGateway(configuration(port, 'on'));
  t.after(() => gateway.stop());
  assert.equal((await connect(await session(t, { gateway })).head())[':status'], 502);
});
