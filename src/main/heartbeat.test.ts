import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { createHeartbeatMemory, HeartbeatWatch, startBeating } from './heartbeat.ts';

function watched() {
  const clock = createVirtualClock();
  const memory = createHeartbeatMemory(4);
  const silent: number[] = [];
  const watch = new HeartbeatWatch({ memory, clock, silent: (place) => silent.push(place) });
  return { clock, memory, silent, watch };
}

test('a thread that beats is left alone, and one that stops is silent after two seconds, once', () => {
  const { clock, memory, silent, watch } = watched();
  watch.watch(0);
  watch.watch(1);
  startBeating(memory, 0, clock);
  const beating = startBeating(memory, 1, clock);
  clock.advance(60_000);
  assert.deepEqual(silent, []);
  beating.cancel();
  clock.advance(1_900);
  assert.deepEqual(silent, []);
  clock.advance(600);
  assert.deepEqual(silent, [1]);
  clock.advance(60_000);
  assert.deepEqual(silent, [1]);
});

test('a thread that is blocked for a second survives', () => {
  const { clock, memory, silent, watch } = watched();
  watch.watch(0);
  for (let time = 0; time < 20; time++) {
    const beating = startBeating(memory, 0, clock);
    clock.advance(1_000);
    beating.cancel();
    clock.advance(1_000);
  }
  assert.deepEqual(silent, []);
});

test('a thread that has not begun to beat is starting, however long it takes, and its place forgets who was there before', () => {
  const { clock, memory, silent, watch } = watched();
  startBeating(memory, 2, clock).cancel();
  watch.watch(2);
  clock.advance(60_000);
  assert.deepEqual(silent, []);
  startBeating(memory, 2, clock).cancel();
  clock.advance(2_500);
  assert.deepEqual(silent, [2]);
});

test('a place that is not watched any more is never silent', () => {
  const { clock, memory, silent, watch } = watched();
  watch.watch(3);
  startBeating(memory, 3, clock).cancel();
  watch.unwatch(3);
  clock.advance(10_000);
  watch.watch(3);
  startBeating(memory, 3, clock).cancel();
  clock.advance(1_000);
  watch.close();
  clock.advance(10_000);
  assert.deepEqual(silent, []);
});

test('while the watch itself did not run, nobody was silent', () => {
  const memory = createHeartbeatMemory(1);
  const silent: number[] = [];
  let look: () => void = () => {};
  const clock: Pick<Clock, 'every'> = {
    every(_periodMs, callback): Timer {
      look = callback;
      return { cancel() {} };
    },
  };
  const watch = new HeartbeatWatch({ memory, clock, silent: (place) => silent.push(place) });
  watch.watch(0);
  startBeating(memory, 0, { every: () => ({ cancel() {} }) });
  // However much time passes between two looks, each counts as one.
  for (let time = 0; time < 8; time++) look();
  assert.deepEqual(silent, [], 'the first look saw the first beat');
  look();
  assert.deepEqual(silent, [0]);
});
