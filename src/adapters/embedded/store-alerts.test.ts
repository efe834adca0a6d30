import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createIdSource } from '../../base/index.ts';
import { alertsContract } from '../../ports/alerts-contract.ts';
import type { Alert, AlertRecord, CollectionDeclaration, Store } from '../../ports/index.ts';
import { createDiskFiles } from './disk-files.ts';
import { openFileKeyring } from './file-keyring.ts';
import { openSqliteStore } from './sqlite/store.ts';
import { createStoreAlerts, type StoreAlertsOptions } from './store-alerts.ts';
import { createSystemRandom } from './system-random.ts';
import { createVirtualClock } from './virtual-clock.ts';

const broken = async (): Promise<never> => {
  throw new Error('disk full');
};

const FAULT: Alert = { kind: 'gateway.fault', key: 'waf', severity: 'critical', message: 'a rule has thrown' };

async function subject(
  t: TestContext,
  more: Partial<StoreAlertsOptions> = {},
  before?: (store: Store) => Promise<void>,
) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-alerts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [clock, random] = [createVirtualClock(), createSystemRandom()];
  const files = createDiskFiles({ clock });
  const keyring = await openFileKeyring({ path: join(folder, 'keyring.json'), files, random, passphrase: null });
  assert.ok(keyring.ok);
  const place = { path: join(folder, 'portcullis.db'), keyring: keyring.value, clock };
  if (before !== undefined) {
    const earlier = await openSqliteStore(place);
    assert.ok(earlier.ok);
    await before(earlier.value);
    await earlier.value.close();
  }
  const store = await openSqliteStore(place);
  assert.ok(store.ok);
  t.after(() => store.value.close());
  const lines: string[] = [];
  const log = { write: (level: string, event: string) => void lines.push(`${level} ${event}`) };
  const newId = createIdSource(
    (bytes) => random.fill(bytes),
    () => clock.now(),
  );
  const options = { store: store.value, log, clock, newId, ...more };
  return {
    alerts: createStoreAlerts(options),
    options,
    lines,
    store: store.value,
    hushMs: 600_000,
    advance: clock.advance,
  };
}

alertsContract('alerts in the store', async (t) => await subject(t));

test('an occasion is logged once, at the level of its severity', async (t) => {
  const { alerts, lines } = await subject(t);
  for (let n = 0; n < 3; n++) alerts.raise(FAULT);
  alerts.raise({ ...FAULT, key: 'other', severity: 'medium' });
  alerts.raise({ ...FAULT, key: 'third', severity: 'low' });
  assert.deepEqual(lines, ['error alert.gateway.fault', 'warn alert.gateway.fault', 'info alert.gateway.fault']);
  await alerts.list(1);
});

test('alerts outlive the process', async (t) => {
  const { alerts, options } = await subject(t);
  alerts.raise(FAULT);
  await alerts.list(1);
  const again = createStoreAlerts(options);
  again.raise(FAULT);
  assert.equal((await again.list(10)).length, 2);
});

test('of more than are kept the ones raised longest ago go', async (t) => {
  const { alerts, advance } = await subject(t, { keep: 5 });
  for (let n = 0; n < 12; n++) {
    alerts.raise({ ...FAULT, key: String(n) });
    advance(1);
    if (n % 4 === 0) await alerts.list(1);
  }
  assert.deepEqual(
    (await alerts.list(100)).map(({ key }) => key),
    ['11', '10', '9', '8', '7'],
  );
});

test('a store that fails is told to the log, and the latest alerts are still listed', async (t) => {
  const collection = { get: broken, put: broken, claim: broken, delete: broken, query: broken, count: broken };
  const store: Store = { collection: () => collection, transaction: broken, close: async () => {} };
  const { alerts, lines, advance } = await subject(t, { store });
  alerts.raise(FAULT);
  advance(1);
  alerts.raise({ ...FAULT, key: 'second' });
  assert.deepEqual(
    (await alerts.list(1)).map(({ key }) => key),
    ['second'],
  );
  assert.deepEqual(lines.slice(2), ['error alert.not-kept', 'error alert.not-read']);
});

/** The store of the subject behind a switch: while it is on, nothing can be written, and all can be read. */
async function fullDisk(t: TestContext, more: Partial<StoreAlertsOptions> = {}) {
  const { store, ...around } = await subject(t);
  const disk = { full: true, attempts: 0 };
  const behind: Store = {
    collection: (declaration) => store.collection(declaration),
    transaction: (work) => {
      disk.attempts++;
      return disk.full ? broken() : store.transaction(work);
    },
    close: () => store.close(),
  };
  const options = { ...around.options, store: behind, ...more };
  return { ...around, disk, options, alerts: createStoreAlerts(options) };
}

test('a full disk does not lose its own alert: it is listed at once, and written when there is space', async (t) => {
  const { alerts, disk, options, lines, advance } = await fullDisk(t);
  alerts.raise(FAULT);
  assert.deepEqual(
    (await alerts.list(10)).map(({ key, count }) => [key, count]),
    [['waf', 1]],
  );
  alerts.raise(FAULT);
  assert.equal((await alerts.list(10))[0]?.count, 2);
  assert.equal(disk.attempts, 1, 'a repetition waits for the timer');
  assert.equal((await createStoreAlerts(options).list(10)).length, 0);
  advance(10_000);
  await alerts.list(1);
  assert.equal(disk.attempts, 2);
  disk.full = false;
  advance(10_000);
  await alerts.list(1);
  assert.equal(disk.attempts, 3);
  const [kept, ...more] = await createStoreAlerts(options).list(10);
  assert.deepEqual([kept?.key, kept?.count, more.length], ['waf', 2, 0]);
  advance(60_000);
  await alerts.list(1);
  assert.equal(disk.attempts, 3, 'what is written is not tried again');
  assert.deepEqual(lines, ['error alert.gateway.fault', 'error alert.not-kept']);
});

test('a new occasion tries a store again that has failed, and takes all that waits with it', async (t) => {
  const { alerts, disk, options, advance } = await fullDisk(t);
  alerts.raise(FAULT);
  await alerts.list(1);
  disk.full = false;
  advance(1);
  alerts.raise({ ...FAULT, key: 'next' });
  await alerts.list(1);
  assert.deepEqual(
    (await createStoreAlerts(options).list(10)).map(({ key }) => key),
    ['next', 'waf'],
  );
});

test('while nothing can be written the list is of the asked length, newest first, from store and memory', async (t) => {
  const { alerts, disk, advance } = await fullDisk(t);
  disk.full = false;
  for (const key of ['a', 'b']) {
    alerts.raise({ ...FAULT, key });
    advance(1);
  }
  await alerts.list(1);
  disk.full = true;
  alerts.raise({ ...FAULT, key: 'c' });
  advance(1);
  alerts.raise({ ...FAULT, key: 'a' });
  const shown = (await alerts.list(2)).map(({ key, count }) => `${key} ${count}`);
  assert.deepEqual(shown, ['a 2', 'c 1']);
  assert.equal((await alerts.list(10)).length, 3);
});

test('of more alerts than can wait for a full disk, critical ones stay', async (t) => {
  const { alerts, disk, options, lines } = await fullDisk(t);
  alerts.raise(FAULT);
  await alerts.list(1);
  for (let n = 0; n < 10_005; n++) alerts.raise({ ...FAULT, key: `flood ${n}`, severity: 'low' });
  assert.equal(lines.filter((line) => line === 'error alert.not-kept').length, 7);
  disk.full = false;
  alerts.raise({ ...FAULT, key: 'last' });
  await alerts.list(1);
  const keys = (await createStoreAlerts(options).list(10_000)).map(({ key }) => key);
  assert.deepEqual([keys.includes('waf'), keys.includes('last'), keys.length], [true, true, 10_000]);
});

test('a repetition during the writing is written too', async (t) => {
  const { options } = await subject(t);
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: Store = {
    collection: (declaration) => options.store.collection(declaration),
    transaction: async (work) => {
      const result = await options.store.transaction(work);
      begun.resolve();
      await gate.promise;
      return result;
    },
    close: () => options.store.close(),
  };
  const alerts = createStoreAlerts({ ...options, store: slow });
  alerts.raise(FAULT);
  await begun.promise;
  alerts.raise(FAULT);
  gate.resolve();
  await alerts.list(1);
  assert.equal((await createStoreAlerts(options).list(1))[0]?.count, 2);
});

test('what the writing of alerts raises is listed also where the store can be read', async (t) => {
  const { options } = await fullDisk(t);
  const raising: Store = {
    ...options.store,
    transaction: (work) => {
      alerts.raise({ kind: 'data-folder.fault', key: 'store', severity: 'high', message: 'slow' });
      return work(options.store);
    },
  };
  const alerts = createStoreAlerts({ ...options, store: raising });
  alerts.raise(FAULT);
  const listed = await alerts.list(10);
  assert.deepEqual(listed.map(({ key }) => key).toSorted(), ['store', 'waf']);
});

test('an alert raised inside a transaction is kept, also when that is rolled back', async (t) => {
  const { alerts, store } = await subject(t);
  const failing = store.transaction(async () => {
    alerts.raise(FAULT);
    await Promise.resolve();
    throw new Error('rolled back');
  });
  await assert.rejects(failing, /rolled back/);
  assert.equal((await alerts.list(10)).length, 1);
});

test('a store that cannot even give the collection only fills the log', async (t) => {
  const refuse = (): never => {
    throw new Error('not open');
  };
  const { alerts, lines } = await subject(t, { store: { collection: refuse, transaction: broken, close: broken } });
  alerts.raise(FAULT);
  assert.deepEqual(
    (await alerts.list(10)).map(({ key }) => key),
    ['waf'],
  );
  assert.deepEqual(lines, ['error alert.gateway.fault', 'error alert.not-kept', 'error alert.not-read']);
});

test('a full disk whose fault is itself raised as an alert is told once and causes no further write', {
  timeout: 20_000,
}, async (t) => {
  let writes = 0;
  const full = async (): Promise<never> => {
    writes++;
    for (const key of ['store', `attempt ${writes}`]) {
      alerts.raise({ kind: 'data-folder.fault', key, severity: 'high', message: 'disk full' });
    }
    await Promise.resolve();
    throw new Error('disk full');
  };
  const collection = { get: broken, put: broken, claim: broken, delete: broken, query: broken, count: broken };
  const store: Store = { collection: () => collection, transaction: full, close: async () => {} };
  const { alerts, lines } = await subject(t, { store });
  alerts.raise(FAULT);
  assert.deepEqual((await alerts.list(10)).map(({ key }) => key).toSorted(), ['attempt 1', 'store', 'waf']);
  assert.equal(writes, 1);
  assert.deepEqual(lines, [
    'error alert.gateway.fault',
    'error alert.data-folder.fault',
    'error alert.data-folder.fault',
    'error alert.not-kept',
    'error alert.not-read',
  ]);
});

test('a log that fails as well as the store harms nobody, and alerts go on', async (t) => {
  const throwing = {
    write: (): never => {
      throw new Error('no log');
    },
  };
  const { alerts, options } = await subject(t, { log: throwing });
  alerts.raise(FAULT);
  const healthy = createStoreAlerts({ ...options, log: { write: () => {} }, store: options.store });
  healthy.raise(FAULT);
  assert.equal((await healthy.list(10)).length, 1);
});

test('a kept alert that was changed from outside is refused by name, not shown', async (t) => {
  const { alerts, lines, store } = await subject(t);
  alerts.raise(FAULT);
  assert.equal((await alerts.list(10)).length, 1);
  let declared: CollectionDeclaration<object> | null = null;
  const spy: Store = {
    ...store,
    collection: (declaration) => {
      declared = declaration as unknown as CollectionDeclaration<object>;
      return store.collection(declaration);
    },
    transaction: (work) => store.transaction(work),
  };
  await createStoreAlerts({ store: spy, log: { write: () => {} }, clock: createVirtualClock(), newId: () => 'x' }).list(
    1,
  );
  assert.ok(declared !== null);
  await store.collection<object>(declared).put('planted', { kind: 'invented', lastMs: 1 });
  assert.deepEqual(
    (await alerts.list(10)).map(({ key }) => key),
    ['waf'],
  );
  assert.deepEqual(lines.slice(1), ['error alert.not-read']);
});

test('each new occasion is told on, once, as it is kept', async (t) => {
  const told: AlertRecord[] = [];
  const { alerts, advance, hushMs } = await subject(t, { onNew: (record) => void told.push(record) });
  for (let n = 0; n < 3; n++) alerts.raise({ ...FAULT, message: 'x'.repeat(5_000) });
  alerts.raise({ ...FAULT, key: 'other' });
  assert.deepEqual(
    told.map(({ key, count }) => [key, count]),
    [
      ['waf', 1],
      ['other', 1],
    ],
  );
  assert.deepEqual((await alerts.list(10)).map(({ id }) => id).toSorted(), told.map(({ id }) => id).toSorted());
  assert.ok((told[0]?.message.length ?? 0) < 2_000);
  advance(hushMs);
  alerts.raise(FAULT);
  assert.equal(told.length, 3);
  await alerts.list(1);
});

test('who is told on and throws is told to the log, and the alert is kept', async (t) => {
  const onNew = (): never => {
    throw new Error('a bug');
  };
  const { alerts, lines } = await subject(t, { onNew });
  alerts.raise(FAULT);
  assert.equal((await alerts.list(10)).length, 1);
  assert.deepEqual(lines, ['error alert.gateway.fault', 'error alert.not-kept']);
});

test('alerts that an earlier version kept are still listed', async (t) => {
  const first: CollectionDeclaration<AlertRecord> = {
    name: 'alerts',
    version: 1,
    parse: (document) => ({ ok: true, value: document as AlertRecord }),
    indexes: ['kind', 'lastMs'],
    secrets: [],
    migrations: [],
  };
  const early: AlertRecord = { id: 'early', ...FAULT, firstMs: 1, lastMs: 1, count: 7 };
  const { alerts } = await subject(t, {}, (store) => store.collection(first).put(early.id, early));
  alerts.raise({ kind: 'issuer.keys-unavailable', key: 'acme', severity: 'high', message: 'no keys' });
  alerts.raise({ kind: 'ledger.fault', key: 'ledger', severity: 'critical', message: 'no space' });
  const listed = await alerts.list(10);
  assert.deepEqual(listed.map(({ kind, count }) => `${kind} ${count}`).toSorted(), [
    'gateway.fault 7',
    'issuer.keys-unavailable 1',
    'ledger.fault 1',
  ]);
});
