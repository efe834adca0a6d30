import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { ECHO, type Method, startGrpc } from './grpc-fixture.ts';

type Unary = grpc.ServerUnaryCall<Buffer, Buffer>;
type Reader = grpc.ServerReadableStream<Buffer, Buffer>;
type Writer = grpc.ServerWritableStream<Buffer, Buffer>;
type Duplex = grpc.ServerDuplexStream<Buffer, Buffer>;
type Callback = grpc.sendUnaryData<Buffer>;

const MIB = 1_048_576;

/** How a call ended for its client. */
interface Ended {
  readonly status: grpc.StatusObject;
  readonly replies: readonly Buffer[];
  readonly head: grpc.Metadata | null;
}

interface Asked {
  readonly send?: readonly Buffer[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** Called with each reply; the call is given for cancelling. */
  readonly onReply?: (call: grpc.Call, count: number) => void;
  readonly compressed?: boolean;
}

/** Makes any call and waits for its status. */
function call(client: grpc.Client, method: Method, asked: Asked = {}): Promise<Ended> {
  const { path, requestSerialize, responseDeserialize, requestStream } = ECHO[method];
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(asked.metadata ?? {})) metadata.set(name, value);
  const options = asked.deadlineMs === undefined ? {} : { deadline: Date.now() + asked.deadlineMs };
  // Of all methods alike: how many messages each side sends is what the test says.
  const made = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
  const replies: Buffer[] = [];
  let head: grpc.Metadata | null = null;
  made.on('metadata', (fields: grpc.Metadata) => (head = fields));
  made.on('data', (reply: Buffer) => {
    replies.push(reply);
    asked.onReply?.(made, replies.length);
  });
  made.on('error', () => {});
  made.on('status', (status: grpc.StatusObject) => resolve({ status, replies, head }));
  for (const message of asked.send ?? (requestStream ? [] : [Buffer.alloc(0)])) made.write(message);
  made.end();
  return promise;
}

const echo = (given: Unary, callback: Callback): void => callback(null, given.request);

test('unary calls, from an empty message to a large one', async (t) => {
  const { client } = await startGrpc(t, { Unary: echo });
  // The largest, with the head of its one field.
  for (const size of [0, 1, 16_379, 65_536, MIB, 4 * MIB - 5]) {
    const message = Buffer.alloc(size, 'x');
    const { status, replies } = await call(client, 'Unary', { send: [message] });
    assert.equal(status.code, grpc.status.OK, `${size}: ${status.details}`);
    assert.deepEqual(replies.length, 1);
    assert.ok(replies[0]?.equals(message), String(size));
  }
});

test('streams of either side and of both', async (t) => {
  const { client } = await startGrpc(t, {
    Gather(given: Reader, callback: Callback) {
      const pieces: Buffer[] = [];
      given.on('data', (piece: Buffer) => pieces.push(piece));
      given.on('end', () => callback(null, Buffer.concat(pieces)));
    },
    Spread(given: Writer) {
      for (let at = 0; at < 100; at++) given.write(Buffer.concat([given.request, Buffer.from(String(at))]));
      given.end();
    },
    Talk(given: Duplex) {
      given.on('data', (piece: Buffer) => given.write(piece));
      given.on('end', () => given.end());
    },
  });
  const send = Array.from({ length: 50 }, (_, at) => Buffer.alloc(at * 1_000, at));
  const gathered = await call(client, 'Gather', { send });
  assert.deepEqual([gathered.status.code, gathered.replies[0]?.length], [0, Buffer.concat(send).length]);
  assert.equal((await call(client, 'Gather')).status.code, 0);
  const spread = await call(client, 'Spread', { send: [Buffer.from('n')] });
  assert.deepEqual([spread.status.code, spread.replies.length, String(spread.replies[99])], [0, 100, 'n99']);
  const talked = await call(client, 'Talk', { send });
  assert.deepEqual([talked.status.code, talked.replies.map(({ length }) => length)], [0, send.map((m) => m.length)]);
  assert.equal((await call(client, 'Talk')).status.code, 0);
});

test('either side of a stream may speak first', async (t) => {
  const { client } = await startGrpc(t, {
    Talk(given: Duplex) {
      given.write(Buffer.from('hello'));
      given.on('data', () => given.end());
    },
  });
  const { path, requestSerialize, responseDeserialize } = ECHO.Talk;
  const made = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const { promise, resolve } = Promise.withResolvers<number>();
  made.on('data', () => made.write(Buffer.from('and to you')));
  made.on('status', ({ code }: grpc.StatusObject) => resolve(code));
  assert.equal(await promise, 0);
});

test('statuses, messages and metadata of the upstream reach the client', async (t) => {
  const { client } = await startGrpc(t, {
    Unary(given: Unary, callback: Callback) {
      const head = new grpc.Metadata();
      head.set('x-head', String(given.metadata.get('x-asked')[0]));
      given.sendMetadata(head);
      const metadata = new grpc.Metadata();
      metadata.set('x-tail', 'yes');
      metadata.set('x-tail-bin', Buffer.of(0, 255));
      callback({ code: grpc.status.NOT_FOUND, details: 'nothing like 100% ✓', metadata });
    },
    Spread(given: Writer) {
      given.write(Buffer.from('one'));
      given.emit('error', { code: grpc.status.DATA_LOSS, details: 'half' });
    },
    Talk: (given: Duplex) => given.emit('error', { code: grpc.status.FAILED_PRECONDITION, details: 'no' }),
  });
  const { status, head } = await call(client, 'Unary', { metadata: { 'x-asked': 'kept' } });
  assert.deepEqual([status.code, status.details], [grpc.status.NOT_FOUND, 'nothing like 100% ✓']);
  assert.deepEqual(head?.get('x-head'), ['kept']);
  assert.deepEqual([status.metadata.get('x-tail'), status.metadata.get('x-tail-bin')], [['yes'], [Buffer.of(0, 255)]]);
  const half = await call(client, 'Spread');
  assert.deepEqual([half.status.code, half.replies.length], [grpc.status.DATA_LOSS, 1]);
  assert.equal((await call(client, 'Talk')).status.code, grpc.status.FAILED_PRECONDITION);
});

test('a cancelled call is cancelled at the upstream', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { client } = await startGrpc(t, {
    Talk(given: Duplex) {
      given.write(Buffer.from('one'));
      given.on('cancelled', resolve);
    },
  });
  const ended = await call(client, 'Talk', { send: [Buffer.from('x')], onReply: (made) => made.cancel() });
  assert.equal(ended.status.code, grpc.status.CANCELLED);
  await promise;
});

test('a deadline ends a call on both sides, and the upstream hears of what is left', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let leftMs = 0;
  const { client } = await startGrpc(t, {
    Unary(given: Unary) {
      leftMs = Number(given.getDeadline()) - Date.now();
      given.on('cancelled', resolve);
    },
  });
  const ended = await call(client, 'Unary', { deadlineMs: 700 });
  assert.equal(ended.status.code, grpc.status.DEADLINE_EXCEEDED);
  await promise;
  assert.ok(leftMs > 0 && leftMs <= 705, String(leftMs));
});
