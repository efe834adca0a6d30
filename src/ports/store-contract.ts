import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ok } from '../base/index.ts';
import type { Collection, CollectionDeclaration, Store } from './store.ts';

/** A store that is empty and the test's own. */
export type MakeStore = (t: TestContext) => Promise<Store>;

interface Thing {
  readonly name: string;
  readonly size?: number;
  readonly live?: boolean;
  readonly nested?: unknown;
}

const THINGS: CollectionDeclaration<Thing> = {
  name: 'things',
  version: 1,
  // Takes everything: these tests also put what the types forbid.
  parse: (document) => ok(document as Thing),
  indexes: ['name', 'size', 'live'],
  secrets: [],
  migrations: [],
};

async function things(t: TestContext, makeStore: MakeStore): Promise<{ store: Store; all: Collection<Thing> }> {
  const store = await makeStore(t);
  return { store, all: store.collection(THINGS) };
}

async function idsOf(all: Collection<Thing>, query: Parameters<Collection<Thing>['query']>[0]): Promise<string[]> {
  return (await all.query(query)).map(({ id }) => id);
}

/** What every Store promises of documents, queries and its end. */
export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name} keeps the contract of Store`, () => {
    testDocuments(makeStore);
    testHostileDocuments(makeStore);
    testClaim(makeStore);
    testQueries(makeStore);
    testQueryMisuse(makeStore);
    testLifetime(makeStore);
  });
}

function testDocuments(makeStore: MakeStore): void {
  test('a document comes back as it was put, until another takes its place or it is deleted', async (t) => {
    const { all } = await things(t, makeStore);
    assert.equal(await all.get('a'), null);
    await all.put('a', { name: 'one', nested: { list: [1, null, 'x', { deep: true }] } });
    assert.deepEqual(await all.get('a'), { name: 'one', nested: { list: [1, null, 'x', { deep: true }] } });
    await all.put('a', { name: 'two' });
    assert.deepEqual(await all.get('a'), { name: 'two' });
    assert.deepEqual([await all.delete('a'), await all.delete('a'), await all.get('a')], [true, false, null]);
  });

  test('whatever the document and its id, it comes back the same', async (t) => {
    const { store } = await things(t, makeStore);
    const parse = (given: unknown) => ok(given as object);
    const any = store.collection<object>({ name: 'any', version: 1, parse, indexes: [], secrets: [], migrations: [] });
    const document = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), {
      noNullPrototype: true,
    });
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(id, document, async (key, value) => {
        await any.put(key, value);
        assert.deepEqual(await any.get(key), JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 60 },
    );
  });

  test('a document is copied: later changes of the caller’s object do not reach it', async (t) => {
    const { all } = await things(t, makeStore);
    const mine = { name: 'one', nested: { n: 1 } };
    const put = all.put('a', mine);
    mine.nested.n = 2;
    await put;
    assert.deepEqual(await all.get('a'), { name: 'one', nested: { n: 1 } });
    ((await all.get('a')) as { name: string }).name = 'changed';
    assert.equal((await all.get('a'))?.name, 'one');
  });
}

function testHostileDocuments(makeStore: MakeStore): void {
  test('fields that are undefined are left out, and what JSON cannot say is refused', async (t) => {
    const { all } = await things(t, makeStore);
    await all.put('a', { name: 'one', nested: undefined });
    assert.deepEqual(Object.keys((await all.get('a')) ?? {}), ['name']);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const bad = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      () => 1,
      Symbol('s'),
      new Date(0),
      new Map(),
      [undefined],
      circle,
    ];
    for (const nested of bad) await assert.rejects(all.put('b', { name: 'b', nested }), String(typeof nested));
    for (const document of [[], null, 'text', new Date(0)]) {
      await assert.rejects(all.put('b', document as unknown as Thing));
    }
    assert.equal(await all.get('b'), null);
  });

  test('ids are any well-formed text; what would be cut or changed is refused', async (t) => {
    const { all } = await things(t, makeStore);
    const ids = [
      'a',
      'A',
      ' a',
      'a\0',
      'a\0b',
      "'; drop table c_things; --",
      '__proto__',
      'é',
      'e\u0301',
      '🔑',
      'x'.repeat(512),
    ];
    for (const id of ids) await all.put(id, { name: id.slice(0, 10) });
    for (const id of ids) assert.equal((await all.get(id))?.name, id.slice(0, 10));
    assert.equal(await all.count(), ids.length);
    for (const id of ['', '\ud800', 'x'.repeat(513)]) {
      await assert.rejects(all.put(id, { name: 'x' }));
      await assert.rejects(all.get(id));
    }
  });
}

function testClaim(makeStore: MakeStore): void {
  test('of all who claim an id at once exactly one gets it, and its document stays', async (t) => {
    const { all } = await things(t, makeStore);
    const claims = await Promise.all(Array.from({ length: 20 }, (_, n) => all.claim('a', { name: `number ${n}` })));
    assert.equal(claims.filter(Boolean).length, 1);
    assert.equal((await all.get('a'))?.name, `number ${claims.indexOf(true)}`);
    await all.delete('a');
    assert.equal(await all.claim('a', { name: 'again' }), true);
  });
}

async function filled(t: TestContext, makeStore: MakeStore): Promise<Collection<Thing>> {
  const { all } = await things(t, makeStore);
  await all.put('d', { name: 'x', size: 10, live: true });
  await all.put('b', { name: 'x', size: 9, live: false });
  await all.put('a', { name: 'y', size: 9 });
  await all.put('c', { name: '1', size: -1.5, live: true });
  return all;
}

function testQueries(makeStore: MakeStore): void {
  test('a query finds by equality, in the order of ids', async (t) => {
    const all = await filled(t, makeStore);
    assert.deepEqual(await idsOf(all, { limit: 10 }), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await idsOf(all, { where: { name: 'x' }, limit: 10 }), ['b', 'd']);
    assert.deepEqual(await idsOf(all, { where: { name: 'x', size: 9 }, limit: 10 }), ['b']);
    assert.deepEqual(await idsOf(all, { where: { size: -1.5 }, limit: 10 }), ['c']);
    assert.deepEqual(await idsOf(all, { where: {}, descending: true, limit: 2 }), ['d', 'c']);
    assert.deepEqual((await all.query({ where: { live: false }, limit: 1 }))[0], {
      id: 'b',
      document: { name: 'x', size: 9, live: false },
    });
  });

  test('values of different types are never equal', async (t) => {
    const all = await filled(t, makeStore);
    const where = (value: unknown) => ({ where: value as Partial<Thing>, limit: 10 });
    for (const odd of [
      { name: 1 },
      { name: true },
      { size: '9' },
      { live: 1 },
      { live: 'true' },
      { live: 'false' },
      { size: true },
    ]) {
      assert.deepEqual(await idsOf(all, where(odd)), [], JSON.stringify(odd));
    }
    for (const name of ['X', 'x ', 'x\0', "x' or '1'='1", '%', '']) {
      assert.deepEqual(await idsOf(all, { where: { name }, limit: 10 }), [], name);
    }
  });

  test('an index orders by value, numbers as numbers, and ids decide between equals', async (t) => {
    const all = await filled(t, makeStore);
    assert.deepEqual(await idsOf(all, { orderBy: 'size', limit: 10 }), ['c', 'a', 'b', 'd']);
    assert.deepEqual(await idsOf(all, { orderBy: 'size', descending: true, limit: 3 }), ['d', 'b', 'a']);
    assert.deepEqual(await idsOf(all, { where: { live: true }, orderBy: 'name', limit: 10 }), ['c', 'd']);
  });

  test('pages by afterId give every document once, whatever is put meanwhile behind', async (t) => {
    const all = await filled(t, makeStore);
    const seen: string[] = [];
    for (let afterId = ''; ; ) {
      const page = await idsOf(all, { limit: 3, ...(afterId === '' ? {} : { afterId }) });
      if (page.length === 0) break;
      seen.push(...page);
      afterId = page.at(-1) ?? '';
      await all.put('0', { name: 'too early' });
    }
    assert.deepEqual(seen, ['a', 'b', 'c', 'd']);
    assert.deepEqual(await idsOf(all, { afterId: 'c', descending: true, limit: 10 }), ['b', 'a', '0']);
  });

  test('count agrees with query, also after changes and deletions', async (t) => {
    const all = await filled(t, makeStore);
    assert.deepEqual([await all.count(), await all.count({ name: 'x' }), await all.count({ name: 'z' })], [4, 2, 0]);
    await all.put('b', { name: 'z' });
    await all.delete('d');
    assert.deepEqual([await all.count(), await all.count({ name: 'x' }), await all.count({ name: 'z' })], [3, 0, 1]);
    assert.deepEqual(await idsOf(all, { where: { live: false }, limit: 10 }), []);
  });

  test('collections do not touch each other', async (t) => {
    const { store, all } = await things(t, makeStore);
    const others = store.collection({ ...THINGS, name: 'other-things' });
    await all.put('a', { name: 'mine' });
    assert.deepEqual([await others.get('a'), await others.count()], [null, 0]);
  });
}

function testQueryMisuse(makeStore: MakeStore): void {
  test('a query that would find too much, or not what it says, is refused', async (t) => {
    const all = await filled(t, makeStore);
    const refused: object[] = [
      ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10_001].map((limit) => ({ limit })),
      ...[{ nested: 1 }, { id: 'a' }, { nope: 1 }, { '1=1; --': 1 }].map((where) => ({ where, limit: 1 })),
      ...[undefined, null, {}, [], Number.NaN].map((name) => ({ where: { name }, limit: 1 })),
      { orderBy: 'nested', limit: 1 },
      { orderBy: 'name', afterId: 'a', limit: 1 },
    ];
    for (const query of refused) {
      const outcome = all.query(query as { limit: number });
      // NaN equals nothing, so an empty answer is as right as a refusal.
      const found = await outcome.catch(() => []);
      assert.deepEqual(found, [], JSON.stringify(query));
    }
    await assert.rejects(all.count({ name: undefined } as unknown as Partial<Thing>));
    await assert.rejects(all.query({ limit: 0 }));
  });

  test('an indexed field holds text, a number, a boolean or nothing', async (t) => {
    const { all } = await things(t, makeStore);
    for (const name of [{}, [], ['a'], '\ud800']) {
      await assert.rejects(all.put('a', { name } as unknown as Thing), JSON.stringify(name));
    }
    await all.put('a', { name: null } as unknown as Thing);
    assert.deepEqual(await idsOf(all, { orderBy: 'name', limit: 1 }), ['a']);
  });

  test('a declaration that cannot be kept is a bug and throws', async (t) => {
    const { store } = await things(t, makeStore);
    const bad: object[] = [
      ...['', 'Things', 'a b', 'a"b', '1a', 'a_b', 'x'.repeat(61)].map((name) => ({ name })),
      ...[0, 2, 1.5, -1].map((version) => ({ name: 'bad', version })),
      ...['', 'a b', 'a"; drop', '__proto__', 'a-b'].map((field) => ({ name: 'bad', indexes: [field] })),
      { name: 'bad', indexes: ['name', 'name'] },
      { name: 'bad', indexes: ['name'], secrets: ['name'] },
    ];
    for (const more of bad) {
      assert.throws(() => store.collection<Thing>({ ...THINGS, ...more }), JSON.stringify(more));
    }
    assert.throws(() => store.collection({ ...THINGS, indexes: ['name'] }));
  });
}

function testLifetime(makeStore: MakeStore): void {
  test('closing waits for what was asked for, can be repeated, and ends all use', async (t) => {
    const { store, all } = await things(t, makeStore);
    const puts = Array.from({ length: 10 }, (_, n) => all.put(`a${n}`, { name: 'x' }));
    await Promise.all([...puts, store.close(), store.close()]);
    await assert.rejects(all.get('a1'), /closed/);
    await assert.rejects(
      store.transaction(async () => {}),
      /closed/,
    );
    await store.close();
  });
}
