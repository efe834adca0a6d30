import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import {
  type InputResponse,
  type OutputRequest,
  type OutputResponse,
  type SimpleRequest,
  type SimpleResponse,
  TEST_SERVICE,
  UNIMPLEMENTED,
} from './test-service.ts';

const LARGE_REQUEST = 271_828;
const LARGE_RESPONSE = 314_159;
const SENT = [27_182, 8, 1_828, 45_904] as const;
const RECEIVED = [31_415, 9, 2_653, 58_979] as const;
const AT_ONCE = 100;
const INITIAL = ['x-grpc-test-echo-initial', 'test_initial_metadata_value'] as const;
const TRAILING = ['x-grpc-test-echo-trailing-bin', Buffer.of(0xab, 0xab, 0xab)] as const;
const UNKNOWN = { code: grpc.status.UNKNOWN, message: 'test status message' };
const SPECIAL = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';

/** How a call ended: what came of it, in order. */
interface Ended<O> {
  readonly status: grpc.StatusObject;
  readonly initial: grpc.Metadata | null;
  readonly replies: readonly O[];
}

interface Asked<I, O> {
  readonly send?: readonly I[];
  readonly metadata?: grpc.Metadata;
  readonly deadlineMs?: number;
  /** Called at the beginning (null), and with each reply. */
  readonly on?: (call: grpc.ClientDuplexStream<I, O>, reply: O | null, count: number) => void;
  /** Whether the client ends its side behind what it sends; a test that talks on ends it itself. */
  readonly open?: boolean;
}

/** Makes a call of any kind and waits for its status. */
function call<I, O>(client: grpc.Client, method: grpc.MethodDefinition<I, O>, asked: Asked<I, O>): Promise<Ended<O>> {
  const { promise, resolve } = Promise.withResolvers<Ended<O>>();
  const options = asked.deadlineMs === undefined ? {} : { deadline: Date.now() + asked.deadlineMs };
  const { path, requestSerialize, responseDeserialize } = method;
  const metadata = asked.metadata ?? new grpc.Metadata();
  const made = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
  const replies: O[] = [];
  let initial: grpc.Metadata | null = null;
  made.on('metadata', (fields: grpc.Metadata) => (initial = fields));
  made.on('data', (reply: O) => {
    replies.push(reply);
    asked.on?.(made, reply, replies.length);
  });
  made.on('error', () => {});
  made.on('status', (status: grpc.StatusObject) => resolve({ status, initial, replies }));
  for (const message of asked.send ?? []) made.write(message);
  if (asked.open !== true) made.end();
  asked.on?.(made, null, 0);
  return promise;
}

function isFine({ status }: { readonly status: grpc.StatusObject }): void {
  assert.equal(status.code, grpc.status.OK, status.details);
}

function sizeOf(reply: SimpleResponse | OutputResponse | undefined): number {
  return reply?.payload?.body.length ?? 0;
}

const zeros = (length: number) => ({ payload: { body: new Uint8Array(length) } });
const LARGE: SimpleRequest = { responseSize: LARGE_RESPONSE, ...zeros(LARGE_REQUEST) };
const wish = (size: number, sent: number): OutputRequest => ({ responseParameters: [{ size }], ...zeros(sent) });

async function largeUnary(client: grpc.Client): Promise<void> {
  const ended = await call(client, TEST_SERVICE.UnaryCall, { send: [LARGE] });
  isFine(ended);
  assert.deepEqual(ended.replies.map(sizeOf), [LARGE_RESPONSE]);
}

async function customMetadata(client: grpc.Client): Promise<void> {
  const metadata = new grpc.Metadata();
  metadata.set(...INITIAL);
  metadata.set(...TRAILING);
  const send = [{ ...LARGE, responseParameters: [{ size: LARGE_RESPONSE }] }];
  for (const method of [TEST_SERVICE.UnaryCall, TEST_SERVICE.FullDuplexCall] as readonly Sized[]) {
    const ended = await call(client, method, { send, metadata });
    isFine(ended);
    assert.deepEqual(ended.replies.map(sizeOf), [LARGE_RESPONSE]);
    assert.deepEqual(ended.initial?.get(INITIAL[0]), [INITIAL[1]]);
    assert.deepEqual(ended.status.metadata.get(TRAILING[0]), [TRAILING[1]]);
  }
}

type Sized = grpc.MethodDefinition<SimpleRequest & OutputRequest, SimpleResponse | OutputResponse>;

async function statusCodeAndMessage(client: grpc.Client): Promise<void> {
  const send = [{ responseStatus: UNKNOWN, responseParameters: [] }];
  for (const method of [TEST_SERVICE.UnaryCall, TEST_SERVICE.FullDuplexCall] as readonly Sized[]) {
    const { status } = await call(client, method, { send });
    assert.deepEqual([status.code, status.details], [UNKNOWN.code, UNKNOWN.message]);
  }
}

async function pingPong(client: grpc.Client): Promise<void> {
  const ended = await call(client, TEST_SERVICE.FullDuplexCall, {
    open: true,
    on(made, _reply, count) {
      const [size, sent] = [RECEIVED[count], SENT[count]];
      if (size === undefined || sent === undefined) made.end();
      else made.write(wish(size, sent));
    },
  });
  isFine(ended);
  assert.deepEqual(ended.replies.map(sizeOf), RECEIVED);
}

/**
 * The cases of the interop tests of gRPC (gRPC Interop Test Case Descriptions) that need no cloud and no compression, each
 * against the client of a channel. They throw where what comes is not what the case demands.
 */
export const INTEROP_CASES: Readonly<Record<string, (client: grpc.Client) => Promise<void>>> = {
  async empty_unary(client) {
    const ended = await call(client, TEST_SERVICE.EmptyCall, { send: [{}] });
    isFine(ended);
    assert.equal(ended.replies.length, 1);
  },
  large_unary: largeUnary,
  async client_streaming(client) {
    const ended = await call(client, TEST_SERVICE.StreamingInputCall, { send: SENT.map(zeros) });
    isFine(ended);
    const sums = ended.replies.map(({ aggregatedPayloadSize }: InputResponse) => aggregatedPayloadSize);
    assert.deepEqual(sums, [74_922]);
  },
  async server_streaming(client) {
    const responseParameters = RECEIVED.map((size) => ({ size }));
    const ended = await call(client, TEST_SERVICE.StreamingOutputCall, { send: [{ responseParameters }] });
    isFine(ended);
    assert.deepEqual(ended.replies.map(sizeOf), RECEIVED);
  },
  ping_pong: pingPong,
  async empty_stream(client) {
    const ended = await call(client, TEST_SERVICE.FullDuplexCall, {});
    isFine(ended);
    assert.deepEqual(ended.replies, []);
  },
  custom_metadata: customMetadata,
  status_code_and_message: statusCodeAndMessage,
  async special_status_message(client) {
    const responseStatus = { code: grpc.status.UNKNOWN, message: SPECIAL };
    const { status } = await call(client, TEST_SERVICE.UnaryCall, { send: [{ responseStatus }] });
    assert.deepEqual([status.code, status.details], [grpc.status.UNKNOWN, SPECIAL]);
  },
  async unimplemented_method(client) {
    const { status } = await call(client, UNIMPLEMENTED.method, { send: [{}] });
    assert.equal(status.code, grpc.status.UNIMPLEMENTED);
  },
  async unimplemented_service(client) {
    const { status } = await call(client, UNIMPLEMENTED.service, { send: [{}] });
    assert.equal(status.code, grpc.status.UNIMPLEMENTED);
  },
  async cancel_after_begin(client) {
    const on = (made: grpc.Call): void => made.cancel();
    const { status } = await call(client, TEST_SERVICE.StreamingInputCall, { open: true, on });
    assert.equal(status.code, grpc.status.CANCELLED);
  },
  async cancel_after_first_response(client) {
    const { status, replies } = await call(client, TEST_SERVICE.FullDuplexCall, {
      open: true,
      send: [wish(RECEIVED[0], SENT[0])],
      on: (made, reply) => reply !== null && made.cancel(),
    });
    assert.deepEqual([status.code, replies.length], [grpc.status.CANCELLED, 1]);
  },
  async timeout_on_sleeping_server(client) {
    const asked = { open: true, send: [{ responseParameters: [], ...zeros(SENT[0]) }], deadlineMs: 1 };
    const { status } = await call(client, TEST_SERVICE.FullDuplexCall, asked);
    assert.equal(status.code, grpc.status.DEADLINE_EXCEEDED);
  },
  async concurrent_large_unary(client) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => largeUnary(client)));
  },
};
