import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../ports/index.ts';
import { leasesContract } from '../../ports/leases-contract.ts';
import { createLimiterMemory, LEASE_HOLDERS, viewLeases } from './limiter-memory.ts';
import { startThread, type ThreadTask } from './limiter-thread.test.ts';
import { createSharedLeases, freeLeases } from './shared-leases.ts';
import { createSystemRandom } from './system-random.ts';

function makeMemory(leaseKeyLimit = 1_000) {
  return createLimiterMemory({ fillRandom: (bytes) => createSystemRandom().fill(bytes), keyLimit: 8, leaseKeyLimit });
}

const makeGate = () => new Int32Array(new SharedArrayBuffer(16));

function open({ gate }: ThreadTask): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

leasesContract('the shared leases', () => createSharedLeases({ memory: makeMemory(), holder: 3 }));

test('leases of all holders count together, and freeing one holder frees what it held alone', () => {
  const memory = makeMemory();
  const [one, other] = [0, LEASE_HOLDERS - 1].map((holder) => createSharedLeases({ memory, holder }));
  for (let n = 0; n < 3; n++) assert.ok(one?.take('ada', 5));
  for (let n = 0; n < 2; n++) assert.ok(other?.take('ada', 5));
  assert.equal(one?.take('ada', 5), null);
  freeLeases(memory, 0);
  for (let n = 0; n < 3; n++) assert.ok(other?.take('ada', 5));
  assert.equal(other?.take('ada', 5), null);
});

test('a key with leases is never dropped, a full table refuses new keys, and a released one makes room', () => {
  const leases = createSharedLeases({ memory: makeMemory(8), holder: 0 });
  const held: (Lease | null)[] = Array.from({ length: 32 }, (_, n) => leases.take(`key ${n}`, 1));
  assert.ok(held.every((lease) => lease !== null));
  for (let n = 0; n < 100; n++) assert.equal(leases.take(`new ${n}`, 1), null);
  for (let n = 0; n < 32; n++) assert.equal(leases.take(`key ${n}`, 1), null);
  held[7]?.release();
  assert.ok(leases.take('new', 1));
  assert.equal(leases.take('key 7', 1), null);
});

test('any number of keys one after the other find room', () => {
  const leases = createSharedLeases({ memory: makeMemory(8), holder: 0 });
  for (let n = 0; n < 2_000; n++) (leases.take(`key ${n}`, 1) ?? assert.fail(String(n))).release();
});

test('a key that a dying thread was about to drop is taken back by whoever needs it', () => {
  const memory = makeMemory();
  const { tags } = viewLeases(memory);
  const leases = createSharedLeases({ memory, holder: 0 });
  leases.take('ada', 1)?.release();
  const slot = tags.findIndex((tag) => tag !== 0);
  Atomics.or(tags, slot, 1 << 31);
  assert.ok(leases.take('ada', 1));
  assert.ok((tags[slot] ?? 0) > 0);
  assert.equal(leases.take('ada', 1), null);
});

test('holders that there are not are a bug and throw', () => {
  const memory = makeMemory();
  for (const holder of [-1, 0.5, LEASE_HOLDERS, Number.NaN]) {
    assert.throws(() => createSharedLeases({ memory, holder }), RangeError);
    assert.throws(() => freeLeases(memory, holder), RangeError);
  }
  assert.throws(() => freeLeases({ ...memory, leases: new SharedArrayBuffer(12) }, 0), RangeError);
});

test('threads never hold more than the limit together, and all is free when they are done', async () => {
  const [memory, gate] = [makeMemory(8), makeGate()];
  const keys = Array.from({ length: 20_000 }, () => 'ada');
  const crowd = Array.from({ length: 20_000 }, (_, n) => `crowd ${n % 90}`);
  const tasks = [0, 1, 2].map((holder) => ({ kind: 'lease', memory, gate, holder, keys, limit: 2 }) as const);
  // Another thread gives slots away all the time.
  const other = { kind: 'lease', memory, gate: makeGate(), holder: 9, keys: crowd, limit: 1 } as const;
  const threads = [...tasks, other].map(startThread);
  open(other);
  open(tasks[0] as ThreadTask);
  const answers = await Promise.all(threads.map(({ answer }) => answer));
  await Promise.all(threads.map(({ worker }) => worker.terminate()));
  assert.equal(Atomics.load(gate, 2), 0);
  assert.ok(answers.slice(0, 3).every(({ allowed }) => allowed.includes(true)));
  const leases = createSharedLeases({ memory, holder: 5 });
  assert.ok(leases.take('ada', 2) !== null && leases.take('ada', 2) !== null);
});

test('what a thread held is free again when it was ended and its holder freed, and nothing else', async () => {
  const memory = makeMemory();
  const mine = createSharedLeases({ memory, holder: 0 });
  assert.ok(mine.take('ada', 4));
  const task = {
    kind: 'hold',
    memory,
    gate: makeGate(),
    holder: 1,
    keys: ['ada', 'ada', 'ada', 'ada'],
    limit: 4,
  } as const;
  const { worker, answer } = startThread(task);
  open(task);
  assert.deepEqual((await answer).allowed, [true, true, true, false]);
  await worker.terminate();
  assert.equal(mine.take('ada', 4), null);
  freeLeases(memory, 1);
  for (let n = 0; n < 3; n++) assert.ok(mine.take('ada', 4));
  assert.equal(mine.take('ada', 4), null);
});
