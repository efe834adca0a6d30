import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { REPLAYS_KEPT_MS, type Replays, type Use } from '../../ports/index.ts';
import { replaysContract } from '../../ports/replays-contract.ts';
import { createReplayMemory, createSharedReplays, type ReplayMemory } from './shared-replays.ts';
import { createSystemRandom } from './system-random.ts';

const NOW = Date.UTC(2026, 0, 1);
const THREADS = 4;

function makeMemory(slots = 4_096): ReplayMemory {
  return createReplayMemory({ fillRandom: (bytes) => createSystemRandom().fill(bytes), nowMs: NOW, slots });
}

/** A memory of few slots, in which no two sources of these tests fall together. */
function makeSmall(): Replays {
  return createSharedReplays(createReplayMemory({ fillRandom: (bytes) => bytes.fill(7), nowMs: NOW, slots: 256 }));
}

/** Each of a source of its own. */
function use(replays: Replays, key: string, madeAtMs: number): Use {
  return replays.use({ key, source: key, madeAtMs });
}

/** What a thread is to do, as soon as the number at `gate` is no longer zero. */
interface Task {
  readonly memory: ReplayMemory;
  readonly gate: Int32Array<SharedArrayBuffer>;
  readonly keys: readonly string[];
  /** Whose they are; null where each has a source of its own. */
  readonly source: string | null;
}

const given = (workerData as { readonly replayTask?: Task } | null)?.replayTask;
if (given === undefined) testAll();
else useAll(given);

function useAll({ memory, gate, keys, source }: Task): void {
  const replays = createSharedReplays(memory);
  Atomics.wait(gate, 0, 0);
  const isFirst = (key: string, at: number): boolean =>
    replays.use({ key, source: source ?? key, madeAtMs: NOW + (at % 3) * 30_000 }) === 'first';
  parentPort?.postMessage(keys.map(isFirst));
}

/** How often each key was first, over threads that use all of them at the same moment. */
async function firsts(
  keys: readonly string[],
  memory: ReplayMemory,
  source: string | null = null,
): Promise<readonly number[]> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const tasks = Array.from({ length: THREADS }, () => ({ memory, gate, keys, source }) satisfies Task);
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
    for (let n = 0; n < 24_000; n++) use(earlier, `old ${n}`, NOW - 600_000 - (n % 7) * 30_000);
    const keys = Array.from({ length: 12_000 }, (_, n) => `key ${n}`);
    assert.deepEqual(new Set(await firsts(keys, memory)), new Set([1]));
  });

  test('where there is no room nobody is first, and nothing that was used is forgotten', () => {
    const replays = makeSmall();
    const used = Array.from({ length: 400 }, (_, n) => use(replays, `key ${n}`, NOW));
    assert.equal(used.filter((said) => said === 'first').length, 192);
    assert.equal(used.filter((said) => said === 'full').length, 208);
    for (const [n, said] of used.entries())
      assert.equal(use(replays, `key ${n}`, NOW), said === 'first' ? 'again' : 'full');
  });

  test('as soon as what was used may not be used any more, there is room again', () => {
    const replays = makeSmall();
    for (let n = 0; n < 192; n++) assert.equal(use(replays, `key ${n}`, NOW), 'first');
    assert.equal(use(replays, 'early', NOW + REPLAYS_KEPT_MS + 30_000), 'full');
    assert.equal(use(replays, 'late', NOW + REPLAYS_KEPT_MS + 60_000), 'first');
    assert.equal(use(replays, 'late', NOW + REPLAYS_KEPT_MS + 60_000), 'again');
  });

  test('a clock that is set back makes nothing usable again that was used before', () => {
    const replays = makeSmall();
    for (let n = 0; n < 150; n++) assert.equal(use(replays, `key ${n}`, NOW), 'first');
    for (let n = 0; n < 100; n++) use(replays, `other ${n}`, NOW - 86_400_000);
    for (let n = 0; n < 150; n++) assert.equal(use(replays, `key ${n}`, NOW), 'again');
  });

  test('with two thirds of its room in use every new key finds a place', () => {
    const replays = createSharedReplays(makeMemory(65_536));
    for (let n = 0; n < 45_000; n++) assert.equal(use(replays, `key ${n}`, NOW), 'first');
  });

  testShares();

  test('a number of slots that is none is a bug and throws', () => {
    for (const slots of [0, 100, 255, 257, 2 ** 30, Number.NaN]) assert.throws(() => makeMemory(slots), RangeError);
  });
}

/** Who may take how much of the room. */
function testShares(): void {
  test('however many take all they can get, at every time that they may name, one more finds room', () => {
    const replays = createSharedReplays(makeMemory(65_536));
    const greedy = Array.from({ length: 24 }, (_, n) => ({ source: `greedy ${n}`, taken: 0 }));
    for (let n = 0; n < 240_000; n++) {
      const taker = greedy[n % greedy.length] as (typeof greedy)[number];
      // As a client that keeps an old nonce, or has a clock of its own.
      const madeAtMs = NOW - 120_000 + (Math.floor(n / 24) % 6) * 30_000;
      if (replays.use({ key: `key ${n}`, source: taker.source, madeAtMs }) === 'first') taker.taken++;
    }
    const most = Math.max(...greedy.map(({ taken }) => taken));
    const least = Math.min(...greedy.map(({ taken }) => taken));
    assert.ok(least > 1_000, `one took no more than ${least}`);
    assert.ok(most - least < 24, `one took ${most}, and another ${least}`);
    for (let n = 0; n < 10; n++)
      assert.equal(replays.use({ key: `late ${n}`, source: 'late', madeAtMs: NOW }), 'first');
  });

  test('one source takes at most an eighth of what is left of a time, however much is free', () => {
    const replays = createSharedReplays(makeMemory(65_536));
    const taken = Array.from({ length: 8_000 }, (_, n) =>
      replays.use({ key: `key ${n}`, source: 'one', madeAtMs: NOW }),
    ).filter((said) => said === 'first').length;
    // Of three quarters of the slots, so that eight times what it took is what it left.
    assert.equal(taken, Math.ceil((65_536 * 3) / 4 / 9));
  });

  test('threads count together what one source takes', async () => {
    const memory = makeMemory(16_384);
    const replays = createSharedReplays(memory);
    const source = 'greedy';
    const keys = Array.from({ length: 12_000 }, (_, n) => `key ${n}`);
    await firsts(keys.slice(0, 3_000), memory, source);
    const alone = createSharedReplays(makeMemory(16_384));
    const takenBy = (by: Replays): number =>
      keys.filter((key) => by.use({ key: `more ${key}`, source, madeAtMs: NOW }) === 'first').length;
    const before = keys.slice(0, 3_000).filter((_, at) => at % 3 === 0).length;
    // Two of three keys were made at other times, and are what is left less.
    assert.ok(takenBy(replays) < takenBy(alone) - before + 10);
  });
}
