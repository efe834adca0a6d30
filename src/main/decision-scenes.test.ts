import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepScene } from './decision-scenes.ts';

test('what is in force is built once, and what could not be built is tried again after ten seconds', async () => {
  let nowMs = 0;
  let builds = 0;
  let result: () => Promise<string | null> = () => Promise.reject(new Error('a file is gone'));
  const said: unknown[] = [];
  let current: object | null = {};
  const scene = keepScene({
    current: () => current,
    build: () => {
      builds++;
      return result();
    },
    clock: { monotonic: () => nowMs },
    log: { write: (...line) => void said.push(line) },
  });
  assert.deepEqual([await scene(), await scene(), builds], [null, null, 1]);
  assert.match(JSON.stringify(said), /decision\.unbuilt.*a file is gone/);
  nowMs = 9_999;
  assert.deepEqual([await scene(), builds], [null, 1]);
  nowMs = 10_000;
  result = () => Promise.resolve(null);
  assert.deepEqual([await scene(), builds], [null, 2]);
  nowMs = 20_000;
  result = () => Promise.resolve('built');
  assert.deepEqual([await Promise.all([scene(), scene()]), builds], [['built', 'built'], 3]);
  nowMs = 90_000;
  assert.deepEqual([await scene(), builds], ['built', 3]);
  current = {};
  assert.deepEqual([await scene(), builds], ['built', 4]);
  current = null;
  assert.equal(await scene(), null);
});
