import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createChance, createUtilization } from './thread-load.ts';

test('a thread that does nothing but work is told from one that waits', async () => {
  const utilization = createUtilization();
  await setImmediate();
  utilization();
  for (const until = process.cpuUsage().user + 50_000; process.cpuUsage().user < until; );
  await setImmediate();
  const busy = utilization();
  assert.ok(busy > 0.9 && busy <= 1, `${busy}`);
  let idle = 1;
  for (const until = performance.now() + 10_000; idle > 0.5 && performance.now() < until; idle = utilization()) {
    await setTimeout(10);
  }
  assert.ok(idle >= 0 && idle <= 0.5, `${idle}`);
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
