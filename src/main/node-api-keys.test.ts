import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createMemoryTables } from '../adapters/index.ts';
import { formatIssue, type Issue, type Result } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { type AdminApiKeys, type ApiKeyChange, type ApiKeyReport, ApiKeys, Desks } from '../control/index.ts';
import {
  API_KEY_HASH_TABLE,
  API_KEY_TABLES,
  type ApiKeyHashRow,
  type ApiKeyRow,
  apiKeyTableOf,
  createApiKeyHash,
} from '../credential/index.ts';
import { API_KEY_USES, LEAKED_API_KEYS } from '../policy/index.ts';
import type { Alert, Clock, Store } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';
import { openNodeApiKeys } from './node-api-keys.ts';
import { storeFor } from './store-fixture.test.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);

/** A node that keeps keys in a store of its own. */
class World {
  nowMs = START_MS;
  readonly alerts: Alert[] = [];
  readonly changes: ApiKeyChange[] = [];
  readonly lines: string[] = [];
  records = true;
  /** The tables that were put in force. */
  readonly published: string[] = [];
  readonly log = { write: (_level: string, event: string) => void this.lines.push(event) };
  readonly tables = createMemoryTables({ log: this.log });
  readonly desks = new Desks(this.log);
  readonly clock = {
    now: () => this.nowMs,
    monotonic: () => this.nowMs,
    after: () => ({ cancel() {} }),
    every: () => ({ cancel() {} }),
  } as unknown as Clock;

  /** Opens the keys over a store, as a node does at its start. */
  async open({ store, keyring }: Pick<PartOptions, 'store' | 'keyring'>) {
    const host = { clock: this.clock, log: this.log, random: { fill: (bytes: Uint8Array) => randomFillSync(bytes) } };
    const keys = openNodeApiKeys({
      ...{ host, store, keyring, tables: this.tables, desks: this.desks },
      alerts: { raise: (alert: Alert) => void this.alerts.push(alert) },
      record: (change: ApiKeyChange) => this.records && this.changes.push(change) > 0,
      inForce: (table: string) => Promise.resolve(this.published.push(table) > 0),
    } as unknown as PartOptions);
    assert.deepEqual(await keys.fill(CONFIGURED), []);
    keys.retain(CONFIGURED);
    return keys;
  }

  all(): readonly ApiKeyRow[] {
    return API_KEY_TABLES.flatMap(({ name }) => [...this.tables.read<ApiKeyRow>(name).rows.values()]);
  }

  row(id: string): ApiKeyRow | undefined {
    return this.tables.read<ApiKeyRow>(apiKeyTableOf(id)).rows.get(id);
  }
}

const CONFIGURED = {
  config: {
    apiKeys: { environment: 'live', lifetimeMs: 90 * DAY_MS, leakReports: null },
    roles: [{ name: 'reader' }, { name: 'writer' }],
    apis: [
      { name: 'orders', party: null },
      { name: 'bank', party: {} },
    ],
  },
} as unknown as Gathered;

async function opened(t: TestContext) {
  const world = new World();
  const on = await storeFor(t, world.clock);
  const keys = await world.open(on);
  return { world, on, keys: keys.admin, node: keys };
}

async function made(keys: AdminApiKeys, wish: object = {}) {
  const done = await keys.create(Buffer.from(JSON.stringify({ name: 'nightly', ...wish })), 'ada');
  assert.ok(done?.ok, JSON.stringify(done));
  return done.value;
}

function issuesOf<T>(done: Result<T, readonly Issue[]> | null): readonly string[] {
  assert.ok(done?.ok === false, 'it was done');
  return done.error.map(formatIssue);
}

const summary = ({ state, expiresAt, replacedBy }: ApiKeyReport) => [state, expiresAt, replacedBy];

test('a key that is made is in force by its hash alone, and is there after a restart', async (t) => {
  const { world, on, keys } = await opened(t);
  const { key, report } = await made(keys, { roles: ['reader'], scopes: ['orders:read'], apis: ['orders'] });
  const { hashKey } = world.tables.read<ApiKeyHashRow>(API_KEY_HASH_TABLE.name).rows.get('hash') as ApiKeyHashRow;
  assert.equal(world.row(report.id)?.hash, createApiKeyHash(Buffer.from(hashKey, 'base64'))(key));
  assert.ok(!JSON.stringify(world.all()).includes(key.slice(-49)));
  assert.equal(report.expiresAt, START_MS + 90 * DAY_MS);
  assert.equal(report.subject, report.id);
  assert.match(
    world.changes[0]?.after ?? '',
    /^nightly, subject .*; roles reader; scopes orders:read; apis orders; ends 2026-04-01/,
  );
  const later = new World();
  const again = await later.open(on);
  assert.deepEqual(later.row(report.id), world.row(report.id));
  assert.deepEqual(await again.admin.find(report.id), report);
});

test('keys outlive a new key of the keyring, which seals what is written from then on', async (t) => {
  const { world, on, keys } = await opened(t);
  const old = await made(keys);
  assert.ok((await on.keyring.rotate()).ok);
  const next = await made(keys);
  const later = new World();
  const again = await later.open(on);
  for (const { report } of [old, next]) {
    assert.deepEqual(later.row(report.id), world.row(report.id));
    assert.equal((await again.admin.find(report.id))?.state, 'active');
  }
});

test('what is wrong with a wish is told, all at once', async (t) => {
  const { keys } = await opened(t);
  const wish = async (said: object | string): Promise<readonly string[]> => {
    const text = typeof said === 'string' ? said : JSON.stringify(said);
    return issuesOf(await keys.create(Buffer.from(text), 'ada'));
  };
  assert.deepEqual(await wish('{'), ['the body is no JSON']);
  assert.deepEqual(
    await wish({ name: 'x', roles: ['raeder'], apis: ['order', 'bank'], addresses: ['10.0.0.1/8'], expires: '1s' }),
    [
      'expires: must be 1min to 3660d, or never',
      'roles[0]: the configuration in force has no "raeder" (did you mean "reader"?)',
      'apis[0]: the configuration in force has no "order" (did you mean "orders"?)',
      'apis[1]: the configuration in force has no "bank" (there is: orders)',
      'addresses[0]: has bits set behind the first 8',
    ],
  );
  const refused = [
    {},
    { name: '' },
    { name: 'a\nb' },
    { name: 'x', rolls: [] },
    { name: 'x', roles: [] },
    { name: 'x', roles: ['reader', 'reader'] },
  ];
  for (const said of refused) assert.ok((await wish(said)).length > 0, JSON.stringify(said));
  assert.deepEqual(await wish({ name: 'x', expires: 'soon' }), [
    'expires: expected a duration such as 250ms, 30s, 10m, 24h or 90d',
  ]);
});

test('a key never ends only where that was said', async (t) => {
  const { keys } = await opened(t);
  assert.equal((await made(keys, { expires: 'never' })).report.expiresAt, null);
  assert.equal((await made(keys, { expires: '1h' })).report.expiresAt, START_MS + 3_600_000);
});

test('a key that is rotated opens until the overlap is over, and never longer than it would have', async (t) => {
  const { world, keys } = await opened(t);
  const { report } = await made(keys, { subject: 'jobs', roles: ['reader'], expires: '30d' });
  world.nowMs += DAY_MS;
  const rotated = await keys.rotate(report.id, Buffer.from('{"overlap":"2h"}'), 'bob');
  assert.ok(rotated?.ok);
  const next = rotated.value.report;
  assert.deepEqual(
    [next.subject, next.roles, next.replaces, next.createdBy, next.expiresAt],
    ['jobs', ['reader'], report.id, 'bob', world.nowMs + 30 * DAY_MS],
  );
  assert.deepEqual(summary((await keys.find(report.id)) as ApiKeyReport), ['active', world.nowMs + 7_200_000, next.id]);
  assert.equal(world.row(report.id)?.expiresAtMs, world.nowMs + 7_200_000);
  assert.deepEqual(issuesOf(await keys.rotate(report.id, Buffer.from(''), 'bob')), [
    `${next.id} has taken its place already`,
  ]);
  const short = await made(keys, { expires: '1h' });
  await keys.rotate(short.report.id, Buffer.from('{"overlap":"90d","expires":"never"}'), 'bob');
  assert.equal((await keys.find(short.report.id))?.expiresAt, world.nowMs + 3_600_000);
  world.nowMs += 7_200_000;
  assert.equal((await keys.find(report.id))?.state, 'expired');
  assert.deepEqual(issuesOf(await keys.rotate(report.id, Buffer.from(''), 'bob')), [
    'this key is expired, so nothing can take its place',
  ]);
  assert.equal(await keys.rotate('0000000000000000', Buffer.from(''), 'bob'), null);
  assert.ok(issuesOf(await keys.rotate(next.id, Buffer.from('{"overlap":"91d"}'), 'bob')).length > 0);
});

test('what is revoked stays revoked, and of its row nothing stays but that it was there', async (t) => {
  const { world, keys } = await opened(t);
  const { report } = await made(keys, { roles: ['reader'], addresses: ['192.0.2.0/24'] });
  const disabled = await keys.switch(report.id, 'disabled', 'bob');
  assert.ok(disabled?.ok);
  assert.equal(world.row(report.id)?.state, 'disabled');
  await keys.switch(report.id, 'active', 'bob');
  assert.equal(world.row(report.id)?.state, 'active');
  const revoked = await keys.revoke(report.id, 'lost', 'bob');
  assert.ok(revoked?.ok);
  assert.deepEqual([revoked.value.state, revoked.value.stateBy, revoked.value.reason], ['revoked', 'bob', 'lost']);
  const row = world.row(report.id);
  assert.deepEqual([row?.state, row?.roles, row?.addresses, row?.subject], ['revoked', [], null, '']);
  assert.deepEqual(issuesOf(await keys.switch(report.id, 'active', 'eve')), [
    'this key is revoked, which nobody can undo',
  ]);
  assert.deepEqual(
    world.changes.map(({ action, before, after }) => [action, before, after?.split(',')[0]]),
    [
      ['key.create', null, 'nightly'],
      ['key.disable', 'active', 'disabled'],
      ['key.enable', 'disabled', 'active'],
      ['key.revoke', 'active', 'lost'],
    ],
  );
});

/** A store that takes nothing any more. */
function broken(store: Store): Store {
  const fails = (): Promise<never> => Promise.reject(new Error('the disk is full'));
  return {
    ...store,
    close: () => store.close(),
    transaction: fails,
    collection: (declaration) => ({ ...bound(store.collection(declaration)), put: fails }),
  };
}

function bound<T extends object>(collection: T): T {
  return new Proxy(collection, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...all: readonly unknown[]) => unknown).bind(target) : value;
    },
    ownKeys: () => ['get', 'claim', 'delete', 'query', 'count'],
    getOwnPropertyDescriptor: (target, name) => ({
      configurable: true,
      enumerable: true,
      value: (Reflect.get(target, name) as (...all: readonly unknown[]) => unknown).bind(target),
    }),
  });
}

test('a key is taken back though nothing can be written, and none is given out', async (t) => {
  const { on, keys } = await opened(t);
  const { report } = await made(keys);
  const off = await made(keys);
  const world = new World();
  const full = await world.open({ ...on, store: broken(on.store) });
  await assert.rejects(full.admin.revoke(report.id, null, 'bob'), /the disk is full/);
  assert.equal(world.row(report.id)?.state, 'revoked');
  await assert.rejects(full.admin.switch(off.report.id, 'disabled', 'bob'), /the disk is full/);
  assert.equal(world.row(off.report.id)?.state, 'disabled');
  const before = world.all().length;
  await assert.rejects(full.admin.create(Buffer.from('{"name":"x"}'), 'bob') as Promise<unknown>, /the disk is full/);
  assert.equal(world.all().length, before);
});

test('keys that leaked are taken back, and told of, though nothing can be written', async (t) => {
  const { on, keys } = await opened(t);
  const lost = [(await made(keys)).report.id, (await made(keys)).report.id];
  const world = new World();
  await world.open({ ...on, store: broken(on.store) });
  const entries = lost.map((id) => ({ id, hash: world.row(id)?.hash ?? '', url: '', source: 'commit' }));
  assert.notEqual(await world.desks.answer(LEAKED_API_KEYS, entries), true, 'the report comes again');
  assert.deepEqual(
    lost.map((id) => world.row(id)?.state),
    ['revoked', 'revoked'],
  );
  assert.deepEqual(
    world.alerts.map(({ kind, key }) => [kind, key]),
    lost.map((id) => ['api-key.leaked', id]),
  );
});

test('what the ledger does not take is not done where it opens more, and is where it opens less', async (t) => {
  const { world, keys } = await opened(t);
  const { report } = await made(keys);
  await keys.switch(report.id, 'disabled', 'bob');
  world.records = false;
  assert.match(
    issuesOf(await keys.create(Buffer.from('{"name":"x"}'), 'bob'))[0] ?? '',
    /the ledger could not record it/,
  );
  assert.match(issuesOf(await keys.switch(report.id, 'active', 'bob'))[0] ?? '', /the ledger could not record it/);
  assert.equal(world.row(report.id)?.state, 'disabled');
  const revoked = await keys.revoke(report.id, null, 'bob');
  assert.ok(revoked?.ok);
  assert.equal(world.row(report.id)?.state, 'revoked');
  assert.ok(world.lines.includes('api-keys.not-recorded'));
});

test('keys that leaked are revoked together, and held against their hashes first', async (t) => {
  const { world, keys } = await opened(t);
  const lost = [await made(keys), await made(keys), await made(keys)];
  const entry = (id: string, hash = world.row(id)?.hash ?? '') => ({
    id,
    hash,
    url: 'https://x.example',
    source: 'commit',
  });
  const ask = (...entries: readonly object[]) => world.desks.answer(LEAKED_API_KEYS, entries as never);
  const [one, two, three] = lost.map(({ report }) => report.id) as [string, string, string];
  assert.equal(await ask(entry(one, 'A'.repeat(43) + '=')), false);
  assert.equal(world.row(one)?.state, 'active');
  world.published.length = 0;
  assert.equal(await ask(entry(one), entry(two)), true);
  assert.deepEqual(world.published, [...new Set([one, two].map(apiKeyTableOf))], 'both at once, and nothing else');
  assert.deepEqual(
    [one, two, three].map((id) => world.row(id)?.state),
    ['revoked', 'revoked', 'active'],
  );
  assert.deepEqual(
    world.alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [
      ['api-key.leaked', one, 'critical'],
      ['api-key.leaked', two, 'critical'],
    ],
  );
  assert.equal((await keys.find(one))?.reason, 'found in public: commit, https://x.example');
  assert.equal(await ask(entry(one), entry(three, 'x')), false, 'one of them is another');
  assert.equal(world.alerts.at(-1)?.severity, 'medium');
  for (const odd of [null, 'x', [1], [{ id: one }], [{ ...entry(three), more: 1 }]])
    assert.equal(await world.desks.answer(LEAKED_API_KEYS, odd as never), false, JSON.stringify(odd));
  assert.equal(world.row(three)?.state, 'active');
});

test('uses are known at once and after a restart, and tell which keys nobody uses', async (t) => {
  const { world, on, keys, node } = await opened(t);
  const [used, unused] = [await made(keys), await made(keys)];
  world.nowMs += 40 * DAY_MS;
  world.desks.take(API_KEY_USES, [used.report.id, world.nowMs]);
  world.desks.take(API_KEY_USES, [used.report.id, START_MS]);
  for (const odd of [null, [], [used.report.id, 'x'], { id: 1 }]) world.desks.take(API_KEY_USES, odd as never);
  assert.equal((await keys.find(used.report.id))?.lastUsedAt, world.nowMs);
  const listed = async (of: AdminApiKeys, unusedForMs: number | null): Promise<readonly string[]> =>
    (await of.list({ state: 'active', unusedForMs, afterId: null, limit: 10 })).keys.map(({ id }) => id);
  await made(keys);
  assert.deepEqual(await listed(keys, 30 * DAY_MS), [unused.report.id], 'one that was just made is not unused yet');
  await node.close();
  const later = new World();
  later.nowMs = world.nowMs;
  const again = await later.open(on);
  assert.equal((await again.admin.find(used.report.id))?.lastUsedAt, world.nowMs);
  assert.equal((await listed(again.admin, null)).length, 3);
});

test('where there are as many keys as there may be, one that ended first makes room, and none that opens something', async (t) => {
  const world = new World();
  const { store, keyring } = await storeFor(t, world.clock);
  const published: ReadonlySet<string>[] = [];
  const keys = new ApiKeys({
    ...{ store, keyring, clock: world.clock, log: world.log, keyLimit: 3 },
    random: { fill: (bytes: Uint8Array) => void randomFillSync(bytes) } as never,
    alerts: { raise: () => undefined },
    publish: async (rows) => void published.push(new Set([...rows.values()].flatMap((each) => [...each.keys()]))),
    record: () => true,
  });
  t.after(() => keys.close());
  await keys.load();
  const terms = { environment: 'live', lifetimeMs: DAY_MS, roles: [], apis: [] };
  const nothing = { owner: null, subject: null, tenant: null, roles: [], scopes: null, apis: null, addresses: null };
  const make = () => keys.create({ name: 'x', ...nothing, lifetimeMs: 5_000 }, terms, 'ada');
  const idOf = async (): Promise<string> => {
    const done = await make();
    return done.ok ? done.value.report.id : assert.fail(done.error.map(formatIssue).join());
  };
  const [first, second, third] = [await idOf(), await idOf(), await idOf()];
  assert.deepEqual(issuesOf(await make()), [
    'there are 3 keys, and no more can be made (revoke keys that nobody uses)',
  ]);
  keys.uses.take(second, world.nowMs);
  await keys.uses.write();
  world.nowMs += 1_000;
  await keys.revoke(second, null, 'ada');
  world.nowMs += 1_000;
  await keys.revoke(first, null, 'ada');
  const fourth = await idOf();
  assert.deepEqual([await keys.find(second), keys.uses.lastOf(second)], [null, null]);
  for (const id of [first, third, fourth]) assert.ok((await keys.find(id)) !== null, 'it ended later, or not at all');
  world.nowMs += 3_000;
  const fifth = await idOf();
  assert.deepEqual([await keys.find(first), (await keys.find(third))?.state], [null, 'expired']);
  await idOf();
  assert.equal(await keys.find(third), null);
  assert.ok((await keys.find(fifth)) !== null);
});

test('keys are listed in parts, by what they are', async (t) => {
  const { world, keys } = await opened(t);
  const ids: string[] = [];
  for (let count = 0; count < 5; count++)
    ids.push((await made(keys, { expires: count === 0 ? '1h' : '1d' })).report.id);
  world.nowMs += 3_600_000;
  await keys.revoke(ids[1] ?? '', null, 'bob');
  const list = (state: ApiKeyReport['state'] | null, afterId: string | null = null) =>
    keys.list({ state, unusedForMs: null, afterId, limit: 2 });
  assert.deepEqual(
    (await list('expired')).keys.map(({ id }) => id),
    [ids[0]],
  );
  assert.deepEqual(
    (await list('revoked')).keys.map(({ id }) => id),
    [ids[1]],
  );
  const all: string[] = [];
  for (let next: string | null = null; ; ) {
    const page = await list(null, next);
    all.push(...page.keys.map(({ id }) => id));
    next = page.next;
    if (next === null) break;
  }
  assert.deepEqual(all, ids.toSorted());
});
