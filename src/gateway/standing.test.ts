import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountingMetrics } from './fixture.test.ts';
import { StandingStreams } from './standing.ts';
import type { Standing } from './walk.ts';

/** Streams that end when they are asked to. */
function startStreams() {
  const metrics = new CountingMetrics();
  const streams = new StandingStreams(metrics.streams);
  const drained: Standing[] = [];
  const open = (kind: Standing['kind'] = 'events'): Standing => {
    const stream: Standing = {
      kind,
      walk: null as never,
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
  streams.remove(first, 'message');
  streams.remove(first, 'client');
  streams.remove(second, 'upstream');
  assert.deepEqual([streams.size, metrics.standing], [0, 0]);
  assert.deepEqual(metrics.streamEnds, ['websocket message', 'grpc upstream']);
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
  const slow: Standing = { kind: 'grpc', walk: null as never, close() {}, drain: () => void asked++ };
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
