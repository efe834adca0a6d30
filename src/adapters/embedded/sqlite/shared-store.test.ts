import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ok } from '../../../base/index.ts';
import type { CollectionDeclaration, Keyring, Store } from '../../../ports/index.ts';
import { storeContract } from '../../../ports/store-contract.ts';
import { storeTransactionContract } from '../../../ports/store-transaction-contract.ts';
import { createDiskFiles } from '../disk-files.ts';
import { openFileKeyring } from '../file-keyring.ts';
import { createSystemRandom } from '../system-random.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { openSqliteStore } from './store.ts';

interface Count {
  readonly count: number;
  readonly secret: string;
}

const COUNTS: CollectionDeclaration<Count> = {
  name: 'counts',
  version: 1,
  parse: (document) => ok(document as Count),
  indexes: [],
  secrets: ['secret'],
  migrations: [],
};

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-shared-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function keyringIn(folder: string): Promise<Keyring> {
  const files = createDiskFiles({ clock: createVirtualClock() });
  const path = join(folder, 'keyring.json');
  const keyring = await openFileKeyring({ path, files, random: createSystemRandom(), passphrase: null });
  assert.ok(keyring.ok, keyring.ok ? '' : keyring.error);
  return keyring.value;
}

async function openIn(t: TestContext, folder: string): Promise<Store> {
  const keyring = await keyringIn(folder);
  const path = join(folder, 'shared.sqlite');
  const opened = await openSqliteStore({ path, keyring, clock: createVirtualClock(), shared: true });
  assert.ok(opened.ok, opened.ok ? '' : opened.error.detail);
  t.after(() => opened.value.close());
  return opened.value;
}

storeContract('a shared SQLite store', async (t) => await openIn(t, temporaryFolder(t)));
storeTransactionContract('a shared SQLite store', async (t) => await openIn(t, temporaryFolder(t)));

test('two that have it open see what the other writes, and only one of them claims an id', async (t) => {
  const folder = temporaryFolder(t);
  const [one, other] = [await openIn(t, folder), await openIn(t, folder)];
  await one.collection(COUNTS).put('a', { count: 1, secret: 'x' });
  assert.deepEqual(await other.collection(COUNTS).get('a'), { count: 1, secret: 'x' });
  assert.equal(await other.collection(COUNTS).claim('b', { count: 2, secret: 'y' }), true);
  assert.equal(await one.collection(COUNTS).claim('b', { count: 3, secret: 'z' }), false);
  assert.equal((await one.collection(COUNTS).get('b'))?.count, 2);
});

test('nothing lies in memory that machines do not share, and all is for the owner only', async (t) => {
  const folder = temporaryFolder(t);
  const store = await openIn(t, folder);
  await store.collection(COUNTS).put('a', { count: 1, secret: 'x' });
  assert.deepEqual(readdirSync(folder).toSorted(), ['keyring.json', 'shared.sqlite']);
  assert.equal(statSync(join(folder, 'shared.sqlite')).mode & 0o777, 0o600);
});

/** A process that opens the store, counts up in transactions for ever, and says each count that is on the disk. */
function startCounter(t: TestContext, folder: string): ChildProcess {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const source = `
    import { openSqliteStore } from ${url('./store.ts')};
    import { openFileKeyring } from ${url('../file-keyring.ts')};
    import { createSystemRandom } from ${url('../system-random.ts')};
    import { createDiskFiles } from ${url('../disk-files.ts')};
    import { createVirtualClock } from ${url('../virtual-clock.ts')};
    const clock = createVirtualClock();
    const [files, random] = [createDiskFiles({ clock }), createSystemRandom()];
    const keyring = await openFileKeyring({ path: ${JSON.stringify(join(folder, 'keyring.json'))}, files, random, passphrase: null });
    const path = ${JSON.stringify(join(folder, 'shared.sqlite'))};
    const opened = await openSqliteStore({ path, keyring: keyring.value, clock, shared: true });
    const declaration = { name: 'counts', version: 1, parse: (value) => ({ ok: true, value }), indexes: [], secrets: ['secret'], migrations: [] };
    for (;;) {
      const count = await opened.value.transaction(async (store) => {
        const counts = store.collection(declaration);
        const before = await counts.get('all');
        const next = (before?.count ?? 0) + 1;
        await counts.put('all', { count: next, secret: 'x' });
        return next;
      });
      process.stdout.write(count + '\\n');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('counts of several processes are all different, and one that is killed leaves nothing locked or half done', async (t) => {
  const folder = temporaryFolder(t);
  await keyringIn(folder);
  const counters = [0, 1].map(() => startCounter(t, folder));
  const said: number[] = [];
  let errors = '';
  const listen = (child: ChildProcess): void => {
    let text = '';
    child.stderr?.on('data', (data: Buffer) => (errors += data.toString()));
    child.stdout?.on('data', (data: Buffer) => {
      const lines = (text + data.toString()).split('\n');
      text = lines.pop() ?? '';
      said.push(...lines.map(Number));
    });
  };
  for (const counter of counters) listen(counter);
  for (let round = 0; round < 6; round++) {
    const enough = said.length + 30;
    await until(() => said.length >= enough);
    const [oldest] = counters.splice(0, 1);
    oldest?.kill('SIGKILL');
    const next = startCounter(t, folder);
    listen(next);
    counters.push(next);
  }
  for (const counter of counters) counter.kill('SIGKILL');
  await until(() => counters.every(({ signalCode }) => signalCode !== null));
  assert.equal(new Set(said).size, said.length);
  const kept = await (await openIn(t, folder)).collection(COUNTS).get('all');
  assert.ok((kept?.count ?? 0) >= Math.max(...said), errors);
});

async function until(happened: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 50_000;
  while (!happened()) {
    assert.ok(performance.now() < deadlineMs, 'this did not happen');
    await setImmediate();
  }
}
