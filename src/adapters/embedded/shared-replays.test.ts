import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { REPLAYS_KEPT_MS } from '../../ports/index.ts';
import { replaysContract } from '../../ports/replays-contract.ts';
import { createReplayMemory, createSharedReplays, type ReplayMemory } from './shared-replays.ts';
import { createSystemRandom } from './system-random.ts';

const NOW = Date.UTC(2026, 0, 1);
const THREADS = 4;

function makeMemory(slots = 4_096): ReplayMemory {
  return createReplayMemory({ fillRandom: (bytes) => createSystemRandom().fill(bytes), nowMs: NOW, slots });
}

/** What a thread is to do, as soon as the number at `gate` is no longer zero. */
interface Task {
  readonly memory: ReplayMemory;
  readonly gate: Int32Array<SharedArrayBuffer>;
  readonly keys: readonly string[];
}

const given = (workerData as { readonly replayTask?: Task } | null)?.replayTask;
if (given === undefined) testAll();
else useAll(given);

function useAll({ memory, gate, keys }: Task): void {
  const replays = createSharedReplays(memory);
  Atomics.wait(gate, 0, 0);
  parentPort?.postMessage(keys.map((key, at) => replays.use(key, NOW + (at % 3) * 30_000) === 'first'));
}

/** How often each key was first, over threads that use all of them at the same moment. */
async function firsts(keys: readonly string[], memory: ReplayMemory): Promise<readonly number[]> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const tasks = Array.from({ length: THREADS }, () => ({ memory, gate, keys }) satisfies Task);
  const workers = tasks.map((task) => new Worker(new URL(import.meta.url), { workerData: { replayTask: task } }));
  try {
    const answers = workers.map((worker) => once(worker, 'message'));
    await Promise.all(workers.map((worker) => once(worker, 'online')));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const said = (await Promise.all(answers)).map(([first]) => first as readonly boolean[]);
    return keys.map((_, at) => said.filter((first) => first[at] === true).length);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function testAll(): void {
  replaysContract('shared replays', () => createSharedReplays(makeMemory()));

  test('threads that use the same keys at the same moment make each first exactly once', async () => {
    const keys = Array.from({ length: 20_000 }, (_, n) => `key ${n}`);
    const counts = await firsts(keys, makeMemory(65_536));
    assert.deepEqual(new Set(counts), new Set([1]));
  });

  test('the same where slots of long ago are given to new keys', async () => {
    const memory = makeMemory(32_768);
    const earlier = createSharedReplays(memory);
    for (let n = 0; n < 24_000; n++) earlier.use(`old ${n}`, NOW - 600_000 - (n % 7) * 30_000);
    const keys = Array.from({ length: 12_000 }, (_, n) => `key ${n}`);
    assert.deepEqual(new Set(await firsts(keys, memory)), new Set([1]));
  });

  test('where there is no room nobody is first, and nothing that was used is forgotten', () => {
    const replays = createSharedReplays(makeMemory(256));
    const used = Array.from({ length: 400 }, (_, n) => replays.use(`key ${n}`, NOW));
    assert.equal(used.filter((use) => use === 'first').length, 256);
    assert.equal(used.filter((use) => use === 'full').length, 144);
    for (const [n, use] of used.entries()) {
      assert.equal(replays.use(`key ${n}`, NOW), use === 'first' ? 'again' : 'full');
    }
  });

  test('as soon as what was used may not be used any more, there is room again', () => {
    const replays = createSharedReplays(makeMemory(256));
    for (let n = 0; n < 256; n++) assert.equal(replays.use(`key ${n}`, NOW), 'first');
    assert.equal(replays.use('early', NOW + REPLAYS_KEPT_MS + 30_000), 'full');
    assert.equal(replays.use('late', NOW + REPLAYS_KEPT_MS + 60_000), 'first');
    assert.equal(replays.use('late', NOW + REPLAYS_KEPT_MS + 60_000), 'again');
  });

  test('a clock that is set back makes nothing usable again that was used before', () => {
    const replays = createSharedReplays(makeMemory(256));
    for (let n = 0; n < 200; n++) assert.equal(replays.use(`key ${n}`, NOW), 'first');
    for (let n = 0; n < 100; n++) replays.use(`other ${n}`, NOW - 86_400_000);
    for (let n = 0; n < 200; n++) assert.equal(replays.use(`key ${n}`, NOW), 'again');
  });

  test('with two thirds of its room in use every new key finds a place', () => {
    const replays = createSharedReplays(makeMemory(65_536));
    for (let n = 0; n < 45_000; n++) assert.equal(replays.use(`key ${n}`, NOW), 'first');
  });

  test('a number of slots that is none is a bug and throws', () => {
    for (const slots of [0, 100, 255, 257, 2 ** 30, Number.NaN]) assert.throws(() => makeMemory(slots), RangeError);
  });
}
