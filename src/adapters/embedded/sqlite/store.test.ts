import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { ok } from '../../../base/index.ts';
import type { CollectionDeclaration, Keyring, Store, StoreFault } from '../../../ports/index.ts';
import { storeContract } from '../../../ports/store-contract.ts';
import { storeEvolutionContract } from '../../../ports/store-evolution-contract.ts';
import { storeTransactionContract } from '../../../ports/store-transaction-contract.ts';
import { createDiskFiles } from '../disk-files.ts';
import { openFileKeyring } from '../file-keyring.ts';
import { createSystemRandom } from '../system-random.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { openSqliteStore } from './store.ts';

interface User {
  readonly name: string;
  readonly password?: string;
}

const USERS: CollectionDeclaration<User> = {
  name: 'users',
  version: 1,
  parse: (document) => ok(document as User),
  indexes: ['name'],
  secrets: ['password'],
  migrations: [],
};

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function keyringIn(folder: string): Promise<Keyring> {
  const files = createDiskFiles({ clock: createVirtualClock() });
  const keyring = await openFileKeyring({
    path: join(folder, 'keyring.json'),
    files,
    random: createSystemRandom(),
    passphrase: null,
  });
  assert.ok(keyring.ok, keyring.ok ? '' : keyring.error);
  return keyring.value;
}

async function tryOpen(path: string, keyring: Keyring): Promise<Store | StoreFault> {
  const opened = await openSqliteStore({ path, keyring, clock: createVirtualClock(), lockWaitMs: 20 });
  return opened.ok ? opened.value : opened.error;
}

async function openIn(t: TestContext, folder: string): Promise<Store> {
  const opened = await tryOpen(join(folder, 'portcullis.db'), await keyringIn(folder));
  assert.ok('close' in opened, 'detail' in opened ? opened.detail : '');
  t.after(() => opened.close());
  return opened;
}

async function faultOf(folder: string, path = join(folder, 'portcullis.db')): Promise<StoreFault> {
  const opened = await tryOpen(path, await keyringIn(folder));
  if ('close' in opened) await opened.close();
  assert.ok('reason' in opened, 'it opened');
  assert.ok(opened.detail.includes(path), opened.detail);
  return opened;
}

storeContract('the SQLite store', async (t) => await openIn(t, temporaryFolder(t)));
storeTransactionContract('the SQLite store', async (t) => await openIn(t, temporaryFolder(t)));

storeEvolutionContract('the SQLite store', async (t) => {
  const folder = temporaryFolder(t);
  let store = await openIn(t, folder);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openIn(t, folder);
      return store;
    },
    atRest: async () => readFileSync(join(folder, 'portcullis.db')),
  };
});

test('file and folder are for their owner only', async (t) => {
  const folder = join(temporaryFolder(t), 'data', 'deep');
  const store = await openIn(t, folder);
  await store.collection(USERS).put('a', { name: 'a' });
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of ['portcullis.db', 'portcullis.db-wal']) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
});

test('a second opener is told that the store is in use, also after the first has worked for a while', async (t) => {
  const folder = temporaryFolder(t);
  const store = await openIn(t, folder);
  const fault = await faultOf(folder);
  assert.equal(fault.reason, 'locked');
  assert.match(fault.detail, /in use by another process/);
  await store.collection(USERS).put('a', { name: 'a' });
  assert.equal((await faultOf(folder)).reason, 'locked');
  await store.close();
  assert.equal((await (await openIn(t, folder)).collection(USERS).get('a'))?.name, 'a');
});

/** A process that opens the store in `folder`, puts documents for ever, and says when each is safe. */
function startWriter(folder: string): ChildProcess {
  const [store, keyring, random, files, clock] = [
    './store.ts',
    '../file-keyring.ts',
    '../system-random.ts',
    '../disk-files.ts',
    '../virtual-clock.ts',
  ].map((path) => JSON.stringify(new URL(path, import.meta.url).href));
  const source = `
    import { openSqliteStore } from ${store};
    import { openFileKeyring } from ${keyring};
    import { createSystemRandom } from ${random};
    import { createDiskFiles } from ${files};
    import { createVirtualClock } from ${clock};
    const clock = createVirtualClock();
    const folder = ${JSON.stringify(folder)};
    const keys = await openFileKeyring({ path: folder + '/keyring.json', files: createDiskFiles({ clock }), random: createSystemRandom(), passphrase: null });
    const opened = await openSqliteStore({ path: folder + '/portcullis.db', keyring: keys.value, clock });
    const users = opened.value.collection({ name: 'users', version: 1, parse: (value) => ({ ok: true, value }), indexes: ['name'], secrets: ['password'], migrations: [] });
    for (let n = 0; ; n++) {
      await users.put('u' + n, { name: 'n', password: 'p' + n });
      process.send(n);
    }`;
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: [...stdio] });
}

test('a killed process leaves no lock and loses nothing that it was told is safe', { timeout: 60_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const writer = startWriter(folder);
  t.after(() => writer.kill('SIGKILL'));
  let safe = -1;
  const enough = Promise.withResolvers<void>();
  writer.on('message', (n) => {
    safe = Number(n);
    if (safe >= 20) enough.resolve();
  });
  await enough.promise;
  assert.equal((await faultOf(folder)).reason, 'locked');
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  const users = (await openIn(t, folder)).collection(USERS);
  assert.ok((await users.count()) > safe);
  assert.equal((await users.get(`u${safe}`))?.password, `p${safe}`);
});

test('what is no database, or a damaged one, is corrupt and stays as it is', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'portcullis.db');
  const garbage = 'this was never a database, but it is long enough to be read as one. '.repeat(100);
  writeFileSync(path, garbage, { mode: 0o600 });
  assert.equal((await faultOf(folder)).reason, 'corrupt');
  assert.equal(readFileSync(path, 'utf8'), garbage);
  rmSync(path);
  const store = await openIn(t, folder);
  for (let n = 0; n < 200; n++) await store.collection(USERS).put(`u${n}`, { name: 'x'.repeat(500) });
  await store.close();
  truncateSync(path, statSync(path).size - 20_000);
  assert.equal((await faultOf(folder)).reason, 'corrupt');
});

test('a database of another program, or of a newer format, is refused', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'portcullis.db');
  const foreign = new DatabaseSync(path);
  foreign.exec('create table theirs (a)');
  foreign.close();
  assert.match((await faultOf(folder)).detail, /another program/);
  rmSync(path);
  await (await openIn(t, folder)).close();
  const newer = new DatabaseSync(path);
  newer.exec('pragma user_version = 2');
  newer.close();
  assert.equal((await faultOf(folder)).reason, 'newer-version');
});

test('a store opened under other keys is refused, and its own keys still open it', async (t) => {
  const folder = temporaryFolder(t);
  const store = await openIn(t, folder);
  await store.collection(USERS).put('a', { name: 'a', password: 'hunter2' });
  await store.close();
  const fault = await faultOf(join(temporaryFolder(t)), join(folder, 'portcullis.db'));
  assert.equal(fault.reason, 'wrong-key');
  const keyring = await keyringIn(folder);
  await keyring.rotate();
  assert.equal((await (await openIn(t, folder)).collection(USERS).get('a'))?.password, 'hunter2');
});

test('a folder where none can be made is a fault that names it, and nobody waits', { timeout: 20_000 }, async (t) => {
  if (!existsSync('/proc/self')) return t.skip('this system has no /proc');
  const opened = await tryOpen('/proc/nope/deep/portcullis.db', await keyringIn(temporaryFolder(t)));
  assert.ok('reason' in opened);
  assert.match(opened.detail, /the folder \/proc\/nope cannot be made/);
});

test('a folder that cannot be written is told as such', (t) => {
  const folder = temporaryFolder(t);
  const place = join(folder, 'read-only');
  mkdirSync(place);
  chmodSync(place, 0o555);
  chmodSync(folder, 0o755);
  const source = `
    import { openDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)};
    const opened = openDatabase(${JSON.stringify(join(place, 'portcullis.db'))}, { lockWaitMs: 20, shared: false });
    process.stdout.write(opened.ok ? 'opened' : opened.error.reason);`;
  // Root may write anywhere, so it becomes nobody for this.
  const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], { ...identity, encoding: 'utf8' });
  if (child.error !== undefined || child.status !== 0) return t.skip('nobody may not run Node or read the repository');
  assert.equal(child.stdout, 'not-writable');
  assert.equal(existsSync(join(place, 'portcullis.db')), false);
});

/** Changes the closed database from outside, as one who can write the file. */
async function tamper(t: TestContext, statement: string): Promise<Store> {
  const folder = temporaryFolder(t);
  const store = await openIn(t, folder);
  await store.collection(USERS).put('ada', { name: 'ada', password: 'hunter2' });
  await store.collection(USERS).put('eve', { name: 'eve', password: 'known to eve' });
  await store.close();
  const database = new DatabaseSync(join(folder, 'portcullis.db'));
  database.exec(statement);
  database.close();
  return await openIn(t, folder);
}

test('a secret that was moved from another document does not open', async (t) => {
  const move = `update c_users set sealed = (select sealed from c_users where id = 'eve') where id = 'ada'`;
  await assert.rejects((await tamper(t, move)).collection(USERS).get('ada'), /the field password of users\/ada/);
});

test('a secret that was planted in clear is not taken for one', async (t) => {
  const plant = `update c_users set json = '{"name":"ada","password":"planted"}', sealed = null where id = 'ada'`;
  await assert.rejects((await tamper(t, plant)).collection(USERS).get('ada'), /in clear: it was changed from outside/);
});

test('a layout that was taken away or changed does not make planted secrets good', async (t) => {
  const plant = `update c_users set json = '{"name":"ada","password":"planted"}', sealed = null where id = 'ada';`;
  for (const layout of [
    `delete from meta where name = 'layout users'`,
    `update meta set value = x'00' where name = 'layout users'`,
  ]) {
    await assert.rejects((await tamper(t, plant + layout)).collection(USERS).get('ada'));
  }
});

test('rows know when they were made and last changed', async (t) => {
  const folder = temporaryFolder(t);
  const clock = createVirtualClock(1_800_000_000_000);
  const path = join(folder, 'portcullis.db');
  const opened = await openSqliteStore({ path, keyring: await keyringIn(folder), clock });
  assert.ok(opened.ok);
  await opened.value.collection(USERS).put('a', { name: 'a' });
  clock.advance(5000);
  await opened.value.collection(USERS).put('a', { name: 'b' });
  await opened.value.close();
  const database = new DatabaseSync(path);
  const row = database.prepare('select created_ms, updated_ms from c_users').get();
  database.close();
  assert.deepEqual({ ...row }, { created_ms: 1_800_000_000_000, updated_ms: 1_800_000_005_000 });
});

test('documents beyond the size limit are refused, and more calls than can wait too', async (t) => {
  const users = (await openIn(t, temporaryFolder(t))).collection(USERS);
  await assert.rejects(users.put('a', { name: 'a', password: 'x'.repeat(17 * 1024 * 1024) }), RangeError);
  const calls = Array.from({ length: 10_050 }, () => users.get('a').then(() => 'done', String));
  const refused = (await Promise.all(calls)).filter((outcome) => outcome.includes('10000 calls wait'));
  assert.equal(refused.length, 50);
});
