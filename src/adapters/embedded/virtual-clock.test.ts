import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockContract } from '../../ports/clock-contract.ts';
import { createVirtualClock } from './virtual-clock.ts';

clockContract('the virtual clock', () => {
  const clock = createVirtualClock();
  return { clock, advance: (ms) => clock.advance(ms) };
});

test('each timer sees its own time, however far time is advanced at once', () => {
  const clock = createVirtualClock(1000);
  const seen: number[] = [];
  clock.every(30, () => seen.push(clock.now()));
  clock.after(45, () => clock.after(1, () => seen.push(clock.now())));
  clock.advance(100);
  assert.deepEqual(seen, [1030, 1046, 1060, 1090]);
  assert.equal(clock.now(), 1100);
});

test('timers of one moment run in the order of their making', () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  for (const name of ['a', 'b', 'c']) clock.after(5, () => seen.push(name));
  clock.advance(5);
  assert.deepEqual(seen, ['a', 'b', 'c']);
});

test('setting the wall clock moves neither monotonic time nor timers', () => {
  const clock = createVirtualClock();
  let calls = 0;
  clock.after(100, () => calls++);
  clock.setNow(Date.UTC(2030, 0, 1));
  assert.equal(clock.now(), Date.UTC(2030, 0, 1));
  assert.equal(clock.monotonic(), 0);
  clock.advance(99);
  assert.equal(calls, 0);
  assert.equal(clock.untilNextMs(), 1);
  clock.advance(1);
  assert.equal(calls, 1);
  assert.equal(clock.untilNextMs(), null);
});

test('what a timer throws comes out of advance, and the other timers still run', () => {
  const clock = createVirtualClock();
  let calls = 0;
  clock.after(1, () => {
    throw new Error('from the timer');
  });
  clock.after(2, () => calls++);
  assert.throws(() => clock.advance(10), /from the timer/);
  clock.advance(10);
  assert.equal(calls, 1);
});

test('time never goes back and is not advanced from within', () => {
  const clock = createVirtualClock();
  assert.throws(() => clock.advance(-1), RangeError);
  assert.throws(() => clock.advance(Number.NaN), RangeError);
  clock.after(1, () => clock.advance(1));
  assert.throws(() => clock.advance(1), /from a timer/);
});
