import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Script } from '../peers.test.ts';
import { PEER } from './connection-fixture.test.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { RequestQueue } from './request-queue.ts';

/** As much of a stream as the queue looks at. */
class FakeStream {
  readonly id: number;
  readonly head = { method: 'GET' };
  waits = false;
  sent = '';
  handOver: () => void = () => handed.push(this.id);

  constructor(id: number) {
    this.id = id;
  }

  send(head: { readonly status: number }): void {
    this.sent = String(head.status);
  }

  get stream(): Http2Exchange {
    return this as unknown as Http2Exchange;
  }
}

let handed: number[] = [];

function queueOf(...ids: readonly number[]) {
  handed = [];
  const script = new Script();
  const streams = ids.map((id) => new FakeStream(id));
  const gone = new Set<Http2Exchange>();
  const state = { full: false };
  const queue = new RequestQueue({
    peer: PEER,
    handler: script,
    isOpen: (stream) => !gone.has(stream),
    isFull: () => state.full,
  });
  for (const { stream } of streams) queue.add(stream);
  return { queue, script, streams, gone, state };
}

test('streams are handed over once, in their order, but for those that are gone', () => {
  const { queue, streams, gone } = queueOf(1, 3, 5, 7);
  gone.add((streams[1] as FakeStream).stream);
  queue.handOver();
  queue.handOver();
  assert.deepEqual(handed, [1, 5, 7]);
  assert.equal(queue.lastHandedOver, 7);
  assert.equal(queue.isEmpty, true);
});

test('what waits is passed over, and what came behind it is not', () => {
  const { queue, streams } = queueOf(1, 3);
  const [first] = streams as [FakeStream, FakeStream];
  first.waits = true;
  queue.handOver();
  assert.deepEqual([handed, queue.isEmpty], [[3], false]);
  first.waits = false;
  queue.handOver();
  assert.deepEqual(handed, [3, 1]);
  assert.equal(queue.lastHandedOver, 3, 'the newest, not the last');
});

test('while the client takes nothing all wait; what fills up meanwhile holds back the rest', () => {
  const { queue, streams, state } = queueOf(1, 3, 5);
  state.full = true;
  queue.handOver();
  assert.deepEqual(handed, []);
  state.full = false;
  (streams[1] as FakeStream).handOver = () => void (handed.push(3), (state.full = true));
  queue.handOver();
  assert.deepEqual(handed, [1, 3]);
  state.full = false;
  queue.handOver();
  assert.deepEqual(handed, [1, 3, 5]);
});

test('in a pause nothing is handed over or refused, and what has ended is forgotten', () => {
  const { queue, streams, gone, script } = queueOf(1, 3);
  const [first, second] = streams as [FakeStream, FakeStream];
  queue.refuse(first.stream, 'request-timeout');
  queue.handOver(true);
  assert.deepEqual([handed, script.refusals, queue.isEmpty], [[], [], false]);
  gone.add(first.stream).add(second.stream);
  queue.handOver(true);
  assert.equal(queue.isEmpty, true);
});

test('a refusal is answered in its turn, also where its stream waits for something; the first one counts', () => {
  const { queue, streams, script, gone } = queueOf(1, 3);
  const [first, second] = streams as [FakeStream, FakeStream];
  first.waits = true;
  assert.equal(queue.refuse(first.stream, 'request-timeout'), true);
  assert.equal(queue.refuse(first.stream, 'incomplete-request'), true);
  assert.equal(queue.refuse(second.stream, 'malformed-target'), true);
  gone.add(second.stream);
  assert.equal(first.sent, '');
  queue.handOver();
  assert.deepEqual([first.sent, second.sent], ['408', '']);
  assert.deepEqual(script.refusals, ['request-timeout']);
  assert.equal(queue.refuse(first.stream, 'request-timeout'), false, 'it is not here any more');
  assert.deepEqual(handed, []);
});

test('a stream that goes while another is handed over is not handed over', () => {
  const { queue, streams, gone } = queueOf(1, 3);
  const [first, second] = streams as [FakeStream, FakeStream];
  first.handOver = () => gone.add(second.stream);
  queue.handOver();
  assert.deepEqual(handed, []);
});
