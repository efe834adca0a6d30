import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem, ProblemCode } from '../base/index.ts';
import type { GrpcStreams } from '../openapi/index.ts';
import type { ReplyHead } from '../wire/index.ts';
import { AddedFields } from './added-fields.ts';
import { fakePorts } from './fixture.test.ts';
import { GrpcCall } from './grpc-call.ts';
import { NO_MESSAGES } from './message-steps.ts';
import type { Walk } from './walk.ts';

const HOUR_MS = 3_600_000;

interface Given {
  readonly streams?: GrpcStreams | null;
  /** Besides a content type, names and values in turn. */
  readonly headers?: readonly string[];
  readonly protocol?: string;
  /** What the operation bounds it by. */
  readonly deadlineMs?: number | null;
  /** Whether anything comes behind the head. */
  readonly body?: boolean;
}

/** A call on a clock that stands still, and all that it does to its walk. */
function given({ streams = 'neither', headers = [], protocol = 'h2', deadlineMs = null, body = true }: Given = {}) {
  const { ports, clock, metrics } = fakePorts();
  const stopped: ProblemCode[] = [];
  const standing: string[] = [];
  const fields = ['content-type', 'application/grpc', 'te', 'trailers', ...headers];
  const request = { headers: new AddedFields(fields), peer: { tls: { applicationProtocol: protocol } } };
  const walk = {
    request,
    stream: { request, framing: { kind: body ? 'chunked' : 'none' } },
    compiled: {
      grpc: streams,
      bodyLimitBytes: 100,
      operation: { api: 'a' },
      api: { upstream: { responseTimeoutMs: 30_000 } },
      timeoutMs: null,
      deadlineMs,
    },
    context: { ports },
    plan: { messages: NO_MESSAGES },
    sinceMs: clock.monotonic(),
    stand: () => void standing.push('stands'),
    stop: ({ code }: Problem) => void stopped.push(code),
  } as unknown as Walk;
  const call = GrpcCall.of(walk);
  return { call: call as GrpcCall, clock, metrics, stopped, standing };
}

const head = (...fields: readonly string[]): ReplyHead =>
  ({ status: 200, fields: new AddedFields(['content-type', 'application/grpc', ...fields]) }) as unknown as ReplyHead;
const trailers = (...fields: readonly string[]) => new AddedFields([...fields]) as unknown as ReplyHead['fields'];
const message = (length: number, announced = length): Buffer =>
  Buffer.concat([Buffer.of(0, 0, 0, 0, announced), Buffer.alloc(length)]);

test('who sends one message sends it: a call without any is refused before and after it goes upstream', () => {
  for (const streams of ['neither', 'server'] as const) {
    const bare = given({ streams, body: false });
    assert.equal(bare.call.begin(), false);
    assert.deepEqual([bare.stopped, bare.standing], [['malformed-message'], []]);
    const empty = given({ streams });
    assert.equal(empty.call.begin(), true);
    assert.equal(empty.call.sendsEnd(), false);
    assert.deepEqual(empty.stopped, ['malformed-message']);
  }
  for (const streams of ['client', 'both'] as const) {
    assert.equal(given({ streams, body: false }).call.begin(), true);
    assert.equal(given({ streams }).call.sendsEnd(), true);
  }
});

test('an operation that is no method of gRPC has no call', () => {
  assert.equal(given({ streams: null }).call, null);
});

test('only who calls by gRPC and gets trailers is answered in gRPC', () => {
  assert.equal(given().call.answer({ code: 'forbidden' })?.status, 200);
  assert.equal(given({ protocol: 'http/1.1' }).call.answer({ code: 'forbidden' }), null);
  assert.equal(given({ headers: ['te', 'trailers'] }).call.breakOff('forbidden'), false);
});

test('the deadline of an operation bounds a single call, and the upstream hears of it; a client may ask for less', () => {
  for (const [asked, leftMs] of [
    [[], 5_000],
    [['grpc-timeout', '8S'], 5_000],
    [['grpc-timeout', '2S'], 2_000],
  ] as const) {
    const { call, clock, stopped } = given({ headers: asked, deadlineMs: 5_000 });
    assert.equal(call.begin(), true);
    assert.equal(call.timeoutLine(clock.monotonic()), `grpc-timeout: ${leftMs}m\r\n`);
    assert.equal(call.ownDeadlineMs, 5_000);
    clock.pass(leftMs - 1);
    assert.deepEqual(stopped, []);
    clock.pass(1);
    assert.deepEqual(stopped, ['deadline-exceeded']);
  }
  const { call } = given({ streams: 'both', deadlineMs: 5_000 });
  assert.equal(call.ownDeadlineMs, Number.POSITIVE_INFINITY, 'a stream has none');
});

test('a call ends at its deadline, and the upstream hears of what is left', () => {
  const { call, clock, stopped } = given({ headers: ['grpc-timeout', '2S'] });
  clock.pass(500);
  call.begin();
  assert.equal(call.timeoutLine(clock.monotonic()), 'grpc-timeout: 1500m\r\n');
  clock.pass(1_499);
  assert.deepEqual(stopped, []);
  clock.pass(1);
  assert.deepEqual(stopped, ['deadline-exceeded']);
});

test('a deadline that has come before the call goes upstream ends it at once', () => {
  const { call, clock, stopped } = given({ headers: ['grpc-timeout', '1m'] });
  clock.pass(5);
  call.begin();
  assert.equal(call.timeoutLine(clock.monotonic()), 'grpc-timeout: 1n\r\n');
  clock.pass(0);
  assert.deepEqual(stopped, ['deadline-exceeded']);
});

test('no client gets more time than there is: that of the upstream, or a day for a stream', () => {
  const unary = given({ headers: ['grpc-timeout', '99999999H'] });
  assert.equal(unary.call.timeoutLine(0), 'grpc-timeout: 30000m\r\n');
  const stream = given({ streams: 'server', headers: ['grpc-timeout', '99999999H'] });
  assert.equal(stream.call.timeoutLine(0), 'grpc-timeout: 86400000m\r\n');
});

test('a stream without a deadline is ended after a day, and a unary call is left to its upstream’s bounds', () => {
  const stream = given({ streams: 'both' });
  stream.call.begin();
  stream.clock.pass(24 * HOUR_MS - 1);
  assert.deepEqual(stream.stopped, []);
  stream.clock.pass(1);
  assert.deepEqual(stream.stopped, ['deadline-exceeded']);
  const unary = given();
  unary.call.begin();
  assert.equal(unary.clock.waiting, 0);
  assert.equal(unary.call.timeoutLine(0), '');
});

test('what a client may not send stops the walk', () => {
  const large = given();
  assert.deepEqual(large.call.sends([message(100)]), [message(100)]);
  assert.equal(large.call.sendsEnd(), true);
  assert.deepEqual(given().call.sends([message(0, 101)]), []);
  const { call, stopped } = given({ streams: 'both' });
  assert.deepEqual(call.sends([message(3), message(2, 9)]), [message(3), message(2, 9)]);
  assert.equal(call.sendsEnd(), false);
  assert.deepEqual(stopped, ['malformed-message']);
});

test('a reply is sound with a head of gRPC, whole messages and a status', () => {
  const { call } = given({ streams: 'server' });
  assert.equal(call.receive([message(1)]), 'messages before a head');
  assert.equal(call.head(head(), null), null);
  assert.deepEqual(call.receive([message(1), message(2)]), [message(1), message(2)]);
  assert.equal(call.receiveEnd(trailers('grpc-status', '0')), null);
  assert.equal(given().call.head(head('grpc-status', '5'), ''), null);
});

test('a reply that is none of gRPC, or has no status, is not passed on', () => {
  const faults: readonly (readonly [ReplyHead, Buffer | '' | null, RegExp])[] = [
    [{ ...head(), status: 502 }, null, /status 502/],
    [{ ...head(), fields: trailers('content-type', 'text/html') }, null, /content-type/],
    [head('content-encoding', 'gzip'), null, /content-encoding/],
    [head(), '', /no grpc-status/],
    [head('grpc-status', 'fine'), '', /no grpc-status/],
    [head('grpc-status', '0'), message(1), /without a status behind/],
  ];
  for (const [reply, body, words] of faults) assert.match(given().call.head(reply, body) ?? '', words);
  for (const [pieces, end] of [
    [[message(1)], undefined],
    [[message(1)], trailers('x', 'y')],
    [[message(1, 2)], trailers('grpc-status', '0')],
    [[Buffer.of(0)], trailers('grpc-status', '0')],
  ] as const) {
    const { call } = given();
    assert.equal(call.head(head('grpc-status', '0'), null), null);
    assert.deepEqual(call.receive(pieces), pieces);
    assert.notEqual(call.receiveEnd(end), null);
  }
});

test('a message that is held when a reload ends its judging goes on as it came', () => {
  const { call, stopped } = given({ streams: 'server' });
  const judging = { policy: 'a/messages', observed: false, judge: () => ({ kind: 'pass' }) as const };
  const bodies = { take: () => true, giveBack: () => {} };
  const { context } = call.walk;
  Object.assign(call.walk, {
    context: { ...context, bodies },
    plan: { messages: { request: [], response: [judging] } },
  });
  assert.equal(call.head(head('grpc-encoding', 'gzip'), null), null);
  // Not what its coding says: nobody may look.
  const coded = Buffer.of(1, 0, 0, 0, 3, 7, 7, 7);
  assert.deepEqual(call.receive([coded.subarray(0, 6)]), []);
  Object.assign(call.walk, { plan: { messages: NO_MESSAGES } });
  assert.deepEqual(call.receive([coded.subarray(6)]), [coded]);
  assert.deepEqual(stopped, []);
});

test('each call is counted by how it ended, and a stream stands from its beginning', () => {
  const ended = (end: string | null, problem: ProblemCode | null, complete: boolean): readonly string[] => {
    const { call, metrics, standing, clock } = given({ streams: 'both' });
    call.begin();
    if (end !== null) {
      call.head(head(), null);
      call.receiveEnd(trailers('grpc-status', end));
    }
    call.over(problem === null ? null : { code: problem }, complete);
    assert.equal(clock.waiting, 0, 'no deadline is kept of a call that is over');
    return [...metrics.grpcStatuses, ...standing];
  };
  assert.deepEqual(ended('0', null, true), ['OK', 'stands']);
  assert.deepEqual(ended('5', null, true), ['NOT_FOUND', 'stands']);
  assert.deepEqual(ended('42', null, true), ['UNKNOWN', 'stands']);
  assert.deepEqual(ended(null, null, false), ['CANCELLED', 'stands']);
  assert.deepEqual(ended(null, 'message-too-large', true), ['RESOURCE_EXHAUSTED', 'stands']);
  assert.deepEqual(ended(null, 'deadline-exceeded', false), ['DEADLINE_EXCEEDED', 'stands']);
  assert.deepEqual(ended('0', 'upstream-malformed-reply', false), ['UNAVAILABLE', 'stands']);
  assert.deepEqual(ended(null, 'invalid-token', false), ['UNAUTHENTICATED', 'stands']);
});
