import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StillClock } from './fixture.test.ts';
import { Slices } from './slices.ts';

const numbers = (count: number): Iterator<number> => Array.from({ length: count }, (_, at) => at).values();

test('a round looks at all, and costly ones a hundred in a turn', () => {
  const clock = new StillClock();
  const slices = new Slices(clock);
  const seen: number[] = [];
  slices.round(
    () => numbers(250),
    (each) => seen.push(each) > 0,
  );
  assert.equal(seen.length, 100);
  clock.pass(0);
  assert.deepEqual([seen.length, seen.at(-1), clock.waiting], [250, 249, 0]);
});

test('what costs nothing is looked at in one turn', () => {
  const clock = new StillClock();
  let seen = 0;
  new Slices(clock).round(
    () => numbers(1_000),
    () => seen++ < 0,
  );
  assert.deepEqual([seen, clock.waiting], [1_000, 0]);
});

test('no round begins before the last is over', () => {
  const clock = new StillClock();
  const slices = new Slices(clock);
  let seen = 0;
  const look = (): boolean => seen++ >= 0;
  slices.round(() => numbers(101), look);
  slices.round(() => assert.fail('a second round'), look);
  clock.pass(0);
  assert.equal(seen, 101);
  slices.round(() => numbers(1), look);
  assert.equal(seen, 102);
});
