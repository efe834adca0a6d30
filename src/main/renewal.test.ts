import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { startRenewal } from './renewal.ts';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

test('it is tried after 30 s, then ever later up to 5 minutes, until it is done', async () => {
  const clock = createVirtualClock();
  const start = clock.now();
  const times: number[] = [];
  startRenewal(clock, () => {
    times.push((clock.now() - start) / 1_000);
    return times.length === 3 ? Promise.reject(new Error('a fault')) : Promise.resolve(times.length === 7);
  });
  for (let second = 0; second < 3_600; second++) {
    clock.advance(1_000);
    await settle();
  }
  assert.deepEqual(times, [30, 90, 210, 450, 750, 1_050, 1_350]);
});

test('nothing is tried after it was stopped, also while a try is under way', async () => {
  const clock = createVirtualClock();
  let tries = 0;
  let end: (done: boolean) => void = () => {};
  const stop = startRenewal(clock, () => {
    tries++;
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  clock.advance(30_000);
  stop();
  end(false);
  await settle();
  clock.advance(3_600_000);
  assert.equal(tries, 1);
});
