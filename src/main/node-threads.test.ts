import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heapLimitMb, type Machine, thisMachine, threadCount } from './node-threads.ts';

const LINUX: Machine = { platform: 'linux', cores: 8, memoryBytes: 16 * 2 ** 30 };
const MAC: Machine = { ...LINUX, platform: 'darwin' };

test('auto is a thread for each core on Linux, 64 at most, and one elsewhere', () => {
  assert.deepEqual(threadCount('auto', LINUX), { ok: true, value: 8 });
  assert.deepEqual(threadCount('auto', { ...LINUX, cores: 256 }), { ok: true, value: 64 });
  assert.deepEqual(threadCount('auto', { ...LINUX, cores: 0 }), { ok: true, value: 1 });
  assert.deepEqual(threadCount('auto', MAC), { ok: true, value: 1 });
});

test('a number is what it says, and where threads can not share a port more than one is an issue', () => {
  assert.deepEqual(threadCount(64, LINUX), { ok: true, value: 64 });
  assert.deepEqual(threadCount(1, MAC), { ok: true, value: 1 });
  const refused = threadCount(2, MAC);
  assert.ok(!refused.ok);
  assert.deepEqual([refused.error.path, refused.error.severity], ['server.threads', 'error']);
  assert.match(refused.error.message, /only on Linux/);
});

test('the heaps of all threads together have half of the memory, within reason', () => {
  assert.equal(heapLimitMb(2, LINUX), 4_096);
  assert.equal(heapLimitMb(8, LINUX), 1_024);
  assert.equal(heapLimitMb(64, LINUX), 512);
  assert.equal(heapLimitMb(1, { memoryBytes: 2 ** 40 }), 4_096);
});

test('this machine has cores and memory', () => {
  const { cores, memoryBytes, platform } = thisMachine();
  assert.ok(cores >= 1 && memoryBytes > 2 ** 20 && platform === process.platform);
});
