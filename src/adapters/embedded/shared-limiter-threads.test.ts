import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rate, RateCharge } from '../../ports/index.ts';
import { createLimiterMemory } from './limiter-memory.ts';
import { startThread, type ThreadTask } from './limiter-thread.test.ts';
import { createSharedLimiter } from './shared-limiter.ts';
import { createSystemRandom } from './system-random.ts';

const THREADS = 4;
const TEN_AN_HOUR: Rate = { count: 10, periodMs: 3_600_000, burst: 10 };

function makeMemory(keyLimit = 1_000) {
  return createLimiterMemory({ fillRandom: (bytes) => createSystemRandom().fill(bytes), keyLimit });
}

async function together(tasks: readonly ThreadTask[]) {
  const threads = tasks.map(startThread);
  try {
    const [{ gate }] = tasks as [ThreadTask];
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    return await Promise.all(threads.map(({ answer }) => answer));
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

const makeGate = () => new Int32Array(new SharedArrayBuffer(16));

/** The same calls in each thread, but begun at another place. */
function turned<T>(list: readonly T[], by: number): readonly T[] {
  return [...list.slice(by), ...list.slice(0, by)];
}

test('threads that hammer the same keys let through exactly what the rates say', async () => {
  const [memory, gate] = [makeMemory(), makeGate()];
  const rate: Rate = { count: 500, periodMs: 3_600_000, burst: 500 };
  const keys = Array.from({ length: 40 }, (_, n) => ({ key: `user ${n}`, rate }));
  const calls = Array.from({ length: 400 }, () => keys.map((charge) => [charge])).flat();
  const tasks = Array.from({ length: THREADS }, () => ({ kind: 'charge', memory, gate, calls, nowMs: 5 }) as const);
  const answers = await together(tasks);
  const passed = answers.flatMap(({ allowed }) => allowed).filter(Boolean).length;
  assert.equal(passed, 40 * 500);
});

test('threads that meet many new keys at the same moment make one word of each', async () => {
  const [memory, gate] = [makeMemory(20_000), makeGate()];
  const charges: RateCharge[] = Array.from({ length: 3_000 }, (_, n) => ({
    key: `new ${n}`,
    rate: { ...TEN_AN_HOUR, burst: 1 },
  }));
  const tasks = Array.from(
    { length: THREADS },
    (_, n) =>
      ({ kind: 'charge', memory, gate, calls: turned(charges, n % 2).map((each) => [each]), nowMs: 5 }) as const,
  );
  const answers = await together(tasks);
  const passed = new Map<number, number>();
  for (const [n, { allowed }] of answers.entries()) {
    for (const [at, did] of allowed.entries()) {
      const key = (at + (n % 2)) % charges.length;
      if (did) passed.set(key, (passed.get(key) ?? 0) + 1);
    }
  }
  assert.ok([...passed.values()].every((times) => times === 1));
  // Who waited for long to put in a key was refused; then the key has its call still.
  const after = createSharedLimiter({ memory, offsetMs: 0 });
  for (const [at, charge] of charges.entries()) {
    assert.equal(after.charge([charge], 5)[0]?.allowed, !passed.has(at), charge.key);
  }
});

test('calls of several rules are never counted above any of them, and what is not used up is refunded', async () => {
  const [memory, gate] = [makeMemory(), makeGate()];
  const shared = { key: 'address', rate: { count: 300, periodMs: 3_600_000, burst: 300 } };
  const calls = Array.from({ length: 2_000 }, (_, n) => [{ key: `user ${n % 50}`, rate: TEN_AN_HOUR }, shared]);
  const tasks = Array.from({ length: THREADS }, () => ({ kind: 'charge', memory, gate, calls, nowMs: 5 }) as const);
  const answers = await together(tasks);
  const passed = answers.flatMap(({ allowed }) => allowed).filter(Boolean).length;
  assert.ok(passed <= 300 && passed >= 300 - THREADS, String(passed));
  const after = createSharedLimiter({ memory, offsetMs: 0 });
  // What is left of the users' rules is what did not pass: nothing was lost, nothing came back twice.
  const counted = Array.from({ length: 50 }, (_, n) => {
    const [user] = after.charge([{ key: `user ${n}`, rate: TEN_AN_HOUR }], 5);
    return user?.allowed === true ? 9 - user.remaining : 10;
  });
  assert.equal(
    counted.reduce((sum, each) => sum + each, 0),
    passed,
  );
});

test('threads whose clocks began at different moments speak one time', async () => {
  const memory = makeMemory();
  const charges = [{ key: 'ada', rate: { count: 1, periodMs: 3_600_000, burst: 1 } }];
  const startedMs = performance.now();
  const [answer] = await together([{ kind: 'clock', memory, gate: makeGate(), charges, laterMs: 60_000 }]);
  assert.deepEqual(answer?.allowed, [true]);
  const nowMs = performance.now();
  const retryMs = createSharedLimiter({ memory }).charge(charges, nowMs)[0]?.retryMs ?? 0;
  // Taken as it is, the thread's time would make its call a minute older than the thread.
  assert.ok(retryMs <= 3_600_000 && retryMs >= 3_600_000 - (nowMs - startedMs) - 1, String(retryMs));
  const [late] = await together([{ kind: 'clock', memory, gate: makeGate(), charges, laterMs: 60_000 }]);
  assert.deepEqual(late?.allowed, [false]);
});
