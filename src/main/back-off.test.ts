import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from './back-off.ts';

test('the first loss is made good at once, each further one later, 30 seconds at most', () => {
  const backOff = new BackOff();
  const waits = Array.from({ length: 10 }, () => backOff.next(5_000));
  assert.deepEqual(waits, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(backOff.losses, 10);
  for (let time = 0; time < 10_000; time++) assert.ok(backOff.next(0) <= 30_000);
});

test('a thread that lived for a minute was sound, and the next one is started at once', () => {
  const backOff = new BackOff();
  backOff.next(0);
  backOff.next(59_999);
  assert.equal(backOff.next(60_000), 0);
  assert.equal(backOff.losses, 1);
  assert.equal(backOff.next(0), 500);
});
