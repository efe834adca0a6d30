import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../base/index.ts';
import { Eras } from './eras.ts';
import { CountingMetrics, fakePorts } from './fixture.test.ts';
import { StandingStreams } from './standing.ts';
import { streamEndOf } from './stream-metrics.ts';
import type { Standing, Walk } from './walk.ts';

/** Streams that end when they are asked to. */
function startStreams() {
  const { clock, ports } = fakePorts();
  const metrics = new CountingMetrics();
  const eras = new Eras({ clock, log: ports.log, metrics, retain() {} });
  const streams = new StandingStreams({ clock, metrics: metrics.streams, eras });
  const drained: Standing[] = [];
  const open = (kind: Standing['kind'] = 'events'): Standing => {
    const stream: Standing = {
      kind,
      walk: {} as Walk,
      close() {},
      drain() {
        drained.push(stream);
        streams.remove(stream, 'client');
      },
    };
    streams.add(stream);
    return stream;
  };
  return { metrics, streams, drained, open };
}

test('streams are counted by kind, and by why they ended', () => {
  const { metrics, streams, open } = startStreams();
  const first = open('websocket');
  const second = open('grpc');
  assert.deepEqual([streams.size, metrics.standing], [2, 2]);
  assert.ok(streams.has(first.walk));
  streams.remove(first, 'message');
  streams.remove(first, 'client');
  assert.ok(!streams.has(first.walk));
  streams.remove(second, 'upstream');
  assert.deepEqual([streams.size, metrics.standing], [0, 0]);
  assert.deepEqual(metrics.streamEnds, ['websocket message', 'grpc upstream']);
});

test('before there is a Snapshot none is judged', () => {
  const { metrics, streams, open } = startStreams();
  streams.sweep();
  open();
  streams.sweep();
  assert.deepEqual([streams.size, metrics.streamEnds.length], [1, 0]);
});

test('a drain ends all that stand, and what begins after it', async () => {
  const { metrics, streams, drained, open } = startStreams();
  const early = [open(), open()];
  streams.drain();
  assert.deepEqual(drained, early);
  const late = open();
  assert.deepEqual([streams.size, drained.length], [1, 2]);
  await Promise.resolve();
  assert.equal(drained.at(-1), late);
  assert.deepEqual(metrics.streamEnds, ['events drain', 'events drain', 'events drain']);
});

test('a stream is drained once, and one that has ended is not', async () => {
  const { metrics, streams, drained } = startStreams();
  let asked = 0;
  const slow: Standing = { kind: 'grpc', walk: {} as Walk, close() {}, drain: () => void asked++ };
  streams.add(slow);
  streams.drain();
  streams.drain();
  assert.equal(asked, 1);
  streams.remove(slow, 'upstream');
  assert.deepEqual(metrics.streamEnds, ['grpc drain']);
  streams.add(slow);
  streams.remove(slow, 'client');
  await Promise.resolve();
  assert.deepEqual([asked, drained.length], [1, 0]);
});

test('a stream that has the time of all others is not drained, and counted as it ends', () => {
  const { metrics, streams } = startStreams();
  const open = (): Standing => {
    const stream: Standing = { kind: 'grpc', walk: {} as Walk, close() {} };
    streams.add(stream);
    return stream;
  };
  const [whole, left, late] = [open(), open(), open()];
  streams.remove(left, 'client');
  streams.drain();
  streams.remove(whole, 'upstream');
  streams.remove(late, 'client');
  assert.deepEqual(metrics.streamEnds, ['grpc client', 'grpc upstream', 'grpc drain']);
});

test('a stream that takes its time to close is closed once, and judged no more', () => {
  const { clock, ports } = fakePorts();
  const metrics = new CountingMetrics();
  let finds = 0;
  const snapshot = {
    trusted: null,
    trusts: null,
    lists: null,
    material: { version: 0 },
    router: { find: () => (finds++, { kind: 'notFound' }) },
  };
  const context = { ports, installed: { snapshot, pools: [] } } as never;
  const streams = new StandingStreams({
    clock,
    metrics: metrics.streams,
    eras: { current: { context, passages: [] }, move: () => assert.fail('it moved') },
  });
  const closed: Problem[] = [];
  const stream = { request: { peer: { tls: null } } };
  const walk = {
    stream,
    context: { ports },
    compiled: { api: { party: null } },
    operation: { id: 'a/x' },
    principal: null,
    ended: false,
  } as unknown as Walk;
  const slow: Standing = { kind: 'websocket', walk, close: (problem) => void closed.push(problem), drain() {} };
  streams.add(slow);
  for (let turn = 0; turn < 3; turn++) streams.sweep();
  streams.drain();
  assert.deepEqual([closed.map(({ code }) => code), finds], [['gateway-overloaded'], 1]);
  streams.remove(slow, 'client');
  assert.deepEqual(metrics.streamEnds, ['websocket reload']);
});

test('why a stream ended follows from how its request did', () => {
  const end = (problemCode: Parameters<typeof streamEndOf>[0]['problemCode'], complete = false): string =>
    streamEndOf({ complete, problemCode });
  assert.equal(end(null, true), 'upstream');
  assert.equal(end('upstream-incomplete-reply'), 'upstream');
  assert.equal(end('upstream-timeout'), 'idle');
  assert.equal(end('gateway-overloaded'), 'reload');
  assert.equal(end('malformed-chunk'), 'client');
  assert.equal(end(null), 'client');
});
