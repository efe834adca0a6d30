import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createChance, createThreadUse, createUtilization } from './thread-load.ts';

test('a thread that does nothing but work is told from one that waits', async () => {
  const use = createThreadUse();
  await setImmediate();
  use.loopShare();
  const before = use.cpuMs();
  while (use.cpuMs() < before + 50);
  await setImmediate();
  const busy = use.loopShare();
  assert.ok(busy > 0.9 && busy <= 1, `${busy}`);
  let idle = 1;
  for (const until = performance.now() + 10_000; idle > 0.5 && performance.now() < until; idle = use.loopShare()) {
    await setTimeout(10);
  }
  assert.ok(idle >= 0 && idle <= 0.5, `${idle}`);
});

test('a thread is as busy as its loop, but not where other programs keep it from its work', () => {
  const now = { ms: 0, cpuMs: 0, loopShare: 0.95 };
  const utilization = createUtilization({ cpuMs: () => now.cpuMs, loopShare: () => now.loopShare }, () => now.ms);
  const after = (ms: number, cpuMs: number): number => {
    now.ms += ms;
    now.cpuMs += cpuMs;
    return utilization();
  };
  assert.deepEqual([after(100, 100), after(100, 31), after(100, 29), after(100, 95)], [0.95, 0.95, 0, 0.95]);
  now.loopShare = 0.2;
  assert.deepEqual([after(100, 100), after(0, 0)], [0.2, 0]);
});

test('chance gives what the random bytes say, from 0 up to 1, and draws them for many at once', () => {
  let draws = 0;
  const chance = createChance((bytes) => {
    draws++;
    bytes.fill(draws === 1 ? 0xff : 0);
  });
  const first = Array.from({ length: 1_024 }, chance);
  assert.deepEqual([new Set(first).size, first[0] === (2 ** 32 - 1) / 2 ** 32, draws], [1, true, 1]);
  assert.deepEqual([chance(), draws], [0, 2]);
});
