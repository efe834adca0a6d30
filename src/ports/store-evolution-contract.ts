import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { err, ok, type Result } from '../base/index.ts';
import type { CollectionDeclaration, Store } from './store.ts';

/** A store that can be closed and opened again over what it has kept, and read in the raw. */
interface PersistentStore {
  readonly store: Store;
  /** Closes the store if it is open and opens it again. */
  reopen(): Promise<Store>;
  /** All bytes that lie at rest, of the closed store. */
  atRest(): Promise<Buffer>;
}

type MakeStore = (t: TestContext) => Promise<PersistentStore>;

interface UserV1 {
  readonly name: string;
  readonly password?: string;
}

interface UserV3 {
  readonly given: string;
  readonly team: string;
  readonly password?: string;
}

/** A schema that demands text in `field`. */
function withText<T extends object>(field: keyof T & string): (document: unknown) => Result<T, string> {
  return (document) => {
    const fits = typeof (document as Partial<Record<string, unknown>>)[field] === 'string';
    return fits ? ok(document as T) : err(`${field} is no text`);
  };
}

const V1: CollectionDeclaration<UserV1> = {
  name: 'users',
  version: 1,
  parse: withText('name'),
  indexes: ['name'],
  secrets: ['password'],
  migrations: [],
};

const V3: CollectionDeclaration<UserV3> = {
  name: 'users',
  version: 3,
  parse: withText('given'),
  indexes: ['given', 'team'],
  secrets: ['password'],
  migrations: [
    ({ name, ...rest }) => ({ ...rest, given: name ?? '' }),
    (user) => ({ ...user, team: ['ada', 'alan'].includes(user['given'] as string) ? 'red' : 'blue' }),
  ],
};

/** What every Store promises of documents that outlive the program which wrote them, and of secrets at rest. */
export function storeEvolutionContract(name: string, makeStore: MakeStore): void {
  describe(`${name} keeps the contract of Store over time`, () => {
    testPersistence(makeStore);
    testMigrations(makeStore);
    testSchemas(makeStore);
    testIndexes(makeStore);
    testSecrets(makeStore);
  });
}

function testPersistence(makeStore: MakeStore): void {
  test('documents outlive the store that took them', async (t) => {
    const { store, reopen } = await makeStore(t);
    await store.collection(V1).put('u1', { name: 'ada', password: 'hunter2' });
    const again = (await reopen()).collection(V1);
    assert.deepEqual(await again.get('u1'), { name: 'ada', password: 'hunter2' });
    assert.equal(await again.count({ name: 'ada' }), 1);
  });
}

function testMigrations(makeStore: MakeStore): void {
  test('a document of an earlier version is read as the newest one, found by its new fields, and written as such', async (t) => {
    const { store, reopen } = await makeStore(t);
    const old = store.collection(V1);
    for (const name of ['ada', 'bob', 'alan']) await old.put(name, { name, password: `secret of ${name}` });
    const users = (await reopen()).collection(V3);
    assert.deepEqual(await users.get('ada'), { given: 'ada', team: 'red', password: 'secret of ada' });
    const red = await users.query({ where: { team: 'red' }, limit: 10 });
    assert.deepEqual(
      red.map(({ id }) => id),
      ['ada', 'alan'],
    );
    await users.put('bob', { given: 'bob', team: 'red' });
    assert.deepEqual(await users.get('bob'), { given: 'bob', team: 'red' });
    assert.equal(await users.count({ team: 'red' }), 3);
  });

  test('a document of a newer version is refused by every access, and survives', async (t) => {
    const { store, reopen } = await makeStore(t);
    await store.collection(V3).put('new', { given: 'ada', team: 'red' });
    const older = (await reopen()).collection(V1);
    await assert.rejects(older.get('new'), /newer version/);
    await assert.rejects(older.put('new', { name: 'overwritten' }), /newer version/);
    await assert.rejects(older.delete('new'), /newer version/);
    await assert.rejects(older.query({ limit: 10 }), /newer version/);
    assert.equal(await older.claim('new', { name: 'claimed' }), false);
    await older.put('old', { name: 'bob' });
    assert.equal((await older.get('old'))?.name, 'bob');
    const newer = (await reopen()).collection(V3);
    assert.deepEqual(await newer.get('new'), { given: 'ada', team: 'red' });
    assert.deepEqual(await newer.get('old'), { given: 'bob', team: 'blue' });
    assert.equal(await newer.count({ team: 'red' }), 1);
  });

  test('a migration that throws lets nothing through and loses nothing', async (t) => {
    const { store, reopen } = await makeStore(t);
    await store.collection(V1).put('u1', { name: 'ada' });
    const failing = (): never => {
      throw new Error('a bug in a migration');
    };
    const broken = (await reopen()).collection({ ...V1, version: 2, migrations: [failing] });
    await assert.rejects(broken.get('u1'), /a bug in a migration/);
    assert.deepEqual(await (await reopen()).collection(V1).get('u1'), { name: 'ada' });
  });
}

function testSchemas(makeStore: MakeStore): void {
  test('a document that does not fit its schema is refused by name, and hinders no other', async (t) => {
    const { store, reopen } = await makeStore(t);
    const planted = store.collection({ ...V1, indexes: [], parse: (document) => ok(document as UserV1) });
    await planted.put('bad', { name: 7, password: 'hunter2' } as unknown as UserV1);
    await planted.put('good', { name: 'ada' });
    const users = (await reopen()).collection(V1);
    const refusal = /users\/bad does not fit.*name is no text/;
    await assert.rejects(users.get('bad'), refusal);
    await assert.rejects(users.query({ limit: 10 }), refusal);
    await assert.rejects(users.query({ where: { name: 7 as unknown as string }, limit: 10 }), refusal);
    assert.deepEqual(await users.get('good'), { name: 'ada' });
    assert.equal((await users.query({ where: { name: 'ada' }, limit: 10 })).length, 1);
    assert.equal(await users.claim('bad', { name: 'claimed' }), false);
    assert.equal(await users.count(), 2);
    await users.put('bad', { name: 'mended' });
    assert.equal((await users.get('bad'))?.name, 'mended');
  });

  test('a refused document can be deleted', async (t) => {
    const { store, reopen } = await makeStore(t);
    await store.collection({ ...V1, parse: (document) => ok(document as UserV1) }).put('bad', {} as UserV1);
    const users = (await reopen()).collection(V1);
    await assert.rejects(users.get('bad'), /users\/bad/);
    assert.deepEqual([await users.delete('bad'), await users.get('bad')], [true, null]);
  });

  test('the schema sees a document as migrated, with its secrets, and what it returns is handed out', async (t) => {
    const { store, reopen } = await makeStore(t);
    await store.collection(V1).put('u1', { name: 'ada', password: 'hunter2' });
    const seen: unknown[] = [];
    const parse = (document: unknown): Result<UserV3, string> => {
      seen.push(document);
      return ok({ given: 'as', team: 'parsed' });
    };
    const users = (await reopen()).collection({ ...V3, parse });
    assert.deepEqual(await users.get('u1'), { given: 'as', team: 'parsed' });
    assert.deepEqual(seen, [{ given: 'ada', team: 'red', password: 'hunter2' }]);
  });

  test('a migration whose outcome does not fit lets nothing through and loses nothing', async (t) => {
    const { store, reopen } = await makeStore(t);
    await store.collection(V1).put('u1', { name: 'ada' });
    const broken = (await reopen()).collection({ ...V1, version: 2, migrations: [() => ({ name: 7 })] });
    await assert.rejects(broken.get('u1'), /users\/u1 does not fit/);
    assert.deepEqual(await (await reopen()).collection(V1).get('u1'), { name: 'ada' });
  });
}

function testIndexes(makeStore: MakeStore): void {
  test('an index that is added finds earlier documents, one that is taken away and added again too', async (t) => {
    const { store, reopen } = await makeStore(t);
    const bare: CollectionDeclaration<UserV1> = { ...V1, indexes: [] };
    await store.transaction(async (inside) => {
      for (let n = 0; n < 1200; n++) await inside.collection(bare).claim(`u${n}`, { name: `name ${n % 3}` });
    });
    const found = async (): Promise<number> => (await reopen()).collection(V1).count({ name: 'name 1' });
    assert.equal(await found(), 400);
    const without = (await reopen()).collection(bare);
    await without.put('u1', { name: 'changed meanwhile' });
    await without.delete('u4');
    assert.equal(await found(), 398);
  });
}

function testSecrets(makeStore: MakeStore): void {
  test('a secret field never lies at rest in clear, other fields may', async (t) => {
    const { store, reopen, atRest } = await makeStore(t);
    await store.collection(V1).put('u1', { name: 'ada-lovelace', password: 'hunter2-hunter2' });
    await store.close();
    const bytes = await atRest();
    assert.equal(bytes.includes('ada-lovelace'), true);
    assert.equal(bytes.includes('hunter2'), false);
    assert.equal(bytes.includes(Buffer.from('hunter2-hunter2').toString('base64').slice(0, 16)), false);
    assert.equal((await (await reopen()).collection(V1).get('u1'))?.password, 'hunter2-hunter2');
  });

  test('a secret may be of any kind of value, or missing', async (t) => {
    const { store } = await makeStore(t);
    type Any = { readonly s?: unknown };
    const parse = (document: unknown) => ok(document as Any);
    const all = store.collection<Any>({ ...V1, name: 'any', parse, indexes: [], secrets: ['s'] });
    for (const s of ['', 'text', 0, false, null, [1, { a: 'b' }], { deep: { er: ['x'] } }]) {
      await all.put('a', { s });
      assert.deepEqual(await all.get('a'), { s });
    }
    await all.put('a', {});
    assert.deepEqual(await all.get('a'), {});
  });

  test('a field that becomes a secret is sealed in earlier documents, and one that is none any more is still read', async (t) => {
    const { store, reopen, atRest } = await makeStore(t);
    const open: CollectionDeclaration<UserV1> = { ...V1, secrets: [] };
    await store.collection(open).put('u1', { name: 'ada', password: 'hunter2-hunter2' });
    const sealed = (await reopen()).collection(V1);
    assert.equal((await sealed.get('u1'))?.password, 'hunter2-hunter2');
    const again = await reopen();
    await again.close();
    assert.equal((await atRest()).includes('hunter2'), false);
    const opened = (await reopen()).collection(open);
    assert.equal((await opened.get('u1'))?.password, 'hunter2-hunter2');
  });
}
