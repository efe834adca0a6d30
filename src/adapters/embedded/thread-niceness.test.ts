import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { platform } from 'node:process';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { yieldToOtherThreads } from './thread-niceness.ts';

if (isMainThread) {
  const skip = platform !== 'linux' && 'only Linux gives single threads a niceness';
  test('a thread yields to the others, and they stay as they are', { skip }, async () => {
    const before = getPriority(0);
    const worker = new Worker(new URL(import.meta.url));
    const [told] = (await once(worker, 'message')) as [{ done: boolean; niceness: number }];
    await worker.terminate();
    assert.deepEqual(told, { done: true, niceness: Math.min(19, before + 2) });
    assert.equal(getPriority(0), before);
  });

  test('elsewhere, and where the system says no, nothing is done', () => {
    const before = getPriority(0);
    assert.equal(yieldToOtherThreads('darwin', before + 1), false);
    assert.equal(yieldToOtherThreads('linux', Number.NaN), false);
    assert.equal(getPriority(0), before);
  });
} else {
  const done = yieldToOtherThreads(platform, Math.min(19, getPriority(0) + 2));
  parentPort?.postMessage({ done, niceness: getPriority(0) });
}
