import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakePorts, rest } from '../fake-ports.test.ts';
import { MemoryStore } from './fake-authority.test.ts';
import { type Guard, type Held, type NameLeases, sharedLeases, soleNode } from './lease.ts';
import { ACME_LEASES, ACME_ORDERS } from './records.ts';

const NAME = 'a.example';

function open() {
  const { ports, clock, lines } = fakePorts();
  const store = new MemoryStore();
  const node = (): NameLeases => sharedLeases({ ...ports, store });
  return { store, clock, lines, node };
}

/** Begins work that ends when it is told to. */
function begin(leases: NameLeases, name = NAME) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const guards: Guard[] = [];
  const held = leases.hold(name, async (guard) => {
    guards.push(guard);
    await promise;
  });
  return { held, end: resolve, guards };
}

async function tryOnce(leases: NameLeases, name = NAME): Promise<Held<string>> {
  return await leases.hold(name, () => Promise.resolve('done'));
}

const record = { directory: 'https://ca.test/dir', url: 'https://ca.test/1', key: 'k', challenge: 'dns-01' } as const;

test('one node at a time holds a name, and the others are told until when', async () => {
  const { node, clock, store } = open();
  const [one, other] = [node(), node()];
  const work = begin(one);
  await rest();
  assert.deepEqual(await tryOnce(other), { held: false, untilMs: clock.now() + 60_000 });
  assert.deepEqual(await tryOnce(other, 'b.example'), { held: true, value: 'done' });
  work.end();
  await work.held;
  // Given back at once, and the next one has a number of its own.
  assert.deepEqual(await tryOnce(other), { held: true, value: 'done' });
  assert.equal((await store.collection(ACME_LEASES).get(NAME))?.fence, 2);
});

test('of many that ask at once one gets it', async () => {
  const { node } = open();
  let inside = 0;
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () =>
      node().hold(NAME, async () => {
        inside += 1;
        await rest();
      }),
    ),
  );
  assert.equal(inside, 1);
  assert.equal(outcomes.filter(({ held }) => held).length, 1);
});

test('work that takes long keeps its lease', async () => {
  const { node, clock } = open();
  const work = begin(node());
  await clock.pass(600_000);
  assert.equal((await tryOnce(node())).held, false);
  assert.equal(work.guards[0]?.signal.aborted, false);
  assert.equal(await work.guards[0]?.write(() => Promise.resolve()), true);
  work.end();
  await work.held;
});

test('work that throws gives its lease back', async () => {
  const { node } = open();
  await assert.rejects(
    node().hold(NAME, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal((await tryOnce(node())).held, true);
});

test('a node that died is replaced after a minute, and one that was only thought dead can write nothing', async () => {
  const { node, clock, store } = open();
  const work = begin(node());
  await rest();
  // It stands still: its clock does not call it, and the others' goes on.
  const leases = store.collection(ACME_LEASES);
  const known = await leases.get(NAME);
  assert.ok(known !== null);
  await leases.put(NAME, { ...known, untilMs: clock.now() });
  assert.equal((await tryOnce(node())).held, true);
  const [guard] = work.guards;
  const written = await guard?.write((within) => within.collection(ACME_ORDERS).put(NAME, record));
  assert.equal(written, false);
  assert.equal(guard?.signal.aborted, true);
  assert.equal(await store.collection(ACME_ORDERS).get(NAME), null);
  work.end();
  await work.held;
  // And it does not give back what is another's.
  assert.equal((await leases.get(NAME))?.fence, 2);
});

test('a lease of a clock that went wrong does not hold for ever', async () => {
  const { node, clock, store } = open();
  await store.collection(ACME_LEASES).put(NAME, { holder: 'x', untilMs: clock.now() + 86_400_000, fence: 7 });
  assert.equal((await tryOnce(node())).held, true);
  assert.equal((await store.collection(ACME_LEASES).get(NAME))?.fence, 8);
});

test('a store that can not be written loses the lease when its time is over, and not before', async () => {
  const { node, clock, store, lines } = open();
  const work = begin(node());
  await rest();
  store.fails = true;
  await clock.pass(59_000);
  const [guard] = work.guards;
  assert.equal(guard?.signal.aborted, false);
  await clock.pass(21_000);
  assert.equal(guard?.signal.aborted, true);
  work.end();
  assert.equal((await work.held).held, true);
  assert.ok(lines.some(({ event }) => event === 'acme.lease'));
});

test('a node that has its store to itself waits for nobody', async () => {
  const { store } = open();
  const leases = soleNode(store);
  const work = begin(leases);
  assert.equal((await tryOnce(leases)).held, true);
  assert.equal(await work.guards[0]?.write((within) => within.collection(ACME_ORDERS).put(NAME, record)), true);
  assert.deepEqual(await store.collection(ACME_ORDERS).get(NAME), record);
  assert.equal(store.held.has('acme-leases'), false);
  work.end();
  await work.held;
});
