import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ok } from '../base/index.ts';
import type { Collection, CollectionDeclaration, Store } from './store.ts';

type MakeStore = (t: TestContext) => Promise<Store>;

interface Thing {
  readonly name: string;
  readonly size?: number;
}

const THINGS: CollectionDeclaration<Thing> = {
  name: 'things',
  version: 1,
  parse: (document) => ok(document as Thing),
  indexes: ['name'],
  secrets: [],
  migrations: [],
};

async function things(t: TestContext, makeStore: MakeStore): Promise<{ store: Store; all: Collection<Thing> }> {
  const store = await makeStore(t);
  return { store, all: store.collection(THINGS) };
}

/** What every Store promises of transactions; each store is empty and the test's own. */
export function storeTransactionContract(name: string, makeStore: MakeStore): void {
  describe(`${name} keeps the contract of Store in transactions`, () => {
    testTransactions(makeStore);
    testTransactionScope(makeStore);
  });
}

class Refused extends Error {}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function testTransactions(makeStore: MakeStore): void {
  test('what a transaction does happens together, and it sees its own doing', async (t) => {
    const { store, all } = await things(t, makeStore);
    const answer = await store.transaction(async (inside) => {
      const mine = inside.collection(THINGS);
      await mine.put('a', { name: 'one' });
      assert.equal((await mine.get('a'))?.name, 'one');
      assert.deepEqual([await mine.claim('a', { name: 'x' }), await mine.claim('b', { name: 'two' })], [false, true]);
      return await mine.count();
    });
    assert.deepEqual([answer, await all.count()], [2, 2]);
  });

  test('when it throws, nothing has happened, and the error comes out as it is', async (t) => {
    const { store, all } = await things(t, makeStore);
    await all.put('a', { name: 'before' });
    const failing = store.transaction(async (inside) => {
      const mine = inside.collection(THINGS);
      await mine.put('a', { name: 'after' });
      await mine.put('b', { name: 'new' });
      await inside.collection<Thing>({ ...THINGS, name: 'made-inside' }).put('c', { name: 'c' });
      await mine.delete('a');
      throw new Refused('on purpose');
    });
    await assert.rejects(failing, Refused);
    assert.deepEqual([(await all.get('a'))?.name, await all.get('b')], ['before', null]);
    const made = store.collection<Thing>({ ...THINGS, name: 'made-inside' });
    assert.equal(await made.count(), 0);
    await made.put('c', { name: 'c' });
    assert.equal((await made.get('c'))?.name, 'c');
  });

  test('transactions at the same time happen one after the other: no update is lost', async (t) => {
    const { store, all } = await things(t, makeStore);
    await all.put('counter', { name: 'counter', size: 0 });
    const add = () =>
      store.transaction(async (inside) => {
        const mine = inside.collection(THINGS);
        const size = (await mine.get('counter'))?.size ?? 0;
        await turnOfTheLoop();
        await mine.put('counter', { name: 'counter', size: size + 1 });
      });
    await Promise.all(Array.from({ length: 20 }, add));
    assert.equal((await all.get('counter'))?.size, 20);
  });

  test('nobody outside sees a transaction before it is whole', async (t) => {
    const { store, all } = await things(t, makeStore);
    const started = Promise.withResolvers<void>();
    const transaction = store.transaction(async (inside) => {
      await inside.collection(THINGS).put('a', { name: 'half' });
      started.resolve();
      await turnOfTheLoop();
      await inside.collection(THINGS).put('a', { name: 'whole' });
    });
    await started.promise;
    const [seen] = await Promise.all([all.get('a'), transaction]);
    assert.ok(seen === null || seen.name === 'whole', seen?.name ?? '');
  });
}

function testTransactionScope(makeStore: MakeStore): void {
  test('a transaction inside a transaction is refused in clear words, not waited for', {
    timeout: 20_000,
  }, async (t) => {
    const { store } = await things(t, makeStore);
    const nested = store.transaction((inside) => inside.transaction(async () => {}));
    await assert.rejects(nested, /transaction/);
    await assert.rejects(
      store.transaction(async () => await store.transaction(async () => {})),
      /transaction/,
    );
  });

  test('the outer store used inside a transaction is refused in clear words, not waited for', {
    timeout: 20_000,
  }, async (t) => {
    const { store, all } = await things(t, makeStore);
    await assert.rejects(
      store.transaction(async () => await all.get('a')),
      /transaction/,
    );
    assert.equal(await all.get('a'), null);
  });

  test('a transaction’s store is of no use when it has ended', async (t) => {
    const { store, all } = await things(t, makeStore);
    const kept = await store.transaction(async (inside) => inside.collection(THINGS));
    await assert.rejects(kept.put('a', { name: 'late' }), /ended/);
    assert.equal(await all.get('a'), null);
  });

  test('work begun inside a transaction may use the store when it has ended', async (t) => {
    const { store, all } = await things(t, makeStore);
    const ended = Promise.withResolvers<void>();
    const later = await store.transaction(async () => ({
      task: ended.promise.then(() => all.put('a', { name: 'later' })),
    }));
    ended.resolve();
    await later.task;
    assert.equal((await all.get('a'))?.name, 'later');
  });
}
