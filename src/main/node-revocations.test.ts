import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createMemoryTables, createVirtualClock } from '../adapters/index.ts';
import type { Gathered } from '../config/index.ts';
import { REVOCATION_ENTRIES, type RevocationWish } from '../control/index.ts';
import { REVOCATION_LIMIT, revocationKey, type RevocationRow, REVOCATIONS } from '../policy/index.ts';
import type { Alert, Store } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';
import { openNodeRevocations } from './node-revocations.ts';
import { storeFor } from './store-fixture.test.ts';

const ISSUER = 'https://id.acme.example';
const HOUR_MS = 3_600_000;
const SESSION: RevocationWish = {
  ...{ what: 'session', issuer: ISSUER, value: 'the-sid', beforeMs: null, until: 'lifetime' },
  ...{ reason: 'the laptop was stolen', author: 'ops' },
};

function gatheredOf(maxLifetimeMs = HOUR_MS, introspection: object | null = null): Gathered {
  const issuer = { name: 'acme', issuer: ISSUER, tenants: null, introspection, skewMs: 30_000, maxLifetimeMs };
  return { config: { issuers: [issuer] } } as unknown as Gathered;
}

async function subject(t: TestContext, changes: { readonly store?: Partial<Store> } = {}) {
  const clock = createVirtualClock();
  const { store: whole, keyring, folder } = await storeFor(t, clock);
  const store: Store = {
    collection: (declaration) => whole.collection(declaration),
    transaction: (work) => whole.transaction(work),
    close: () => whole.close(),
    ...changes.store,
  };
  const log = { write() {} };
  const alerts: Alert[] = [];
  const changed: string[] = [];
  const state = { records: true, inForce: true };
  const open = () => {
    const tables = createMemoryTables({ log });
    const part = openNodeRevocations({
      ...{ host: { clock }, store, keyring, tables, alerts: { raise: (alert: Alert) => void alerts.push(alert) } },
      record: ({ author, action, target }: { author: string; action: string; target: string }) => {
        changed.push(`${author} ${action} ${target}`);
        return state.records;
      },
      inForce: () => Promise.resolve(state.inForce),
    } as unknown as PartOptions);
    const keys = (): readonly string[] => [...tables.read<RevocationRow>(REVOCATIONS.name).rows.keys()];
    return { part, tables, keys };
  };
  return { open, clock, alerts, changed, state, store, atRest: () => readFileSync(join(folder, 'store.sqlite')) };
}

/** Lets the clock run while something waits for it. */
async function soon<T>(clock: ReturnType<typeof createVirtualClock>, pending: Promise<T>): Promise<T> {
  const ticking = setInterval(() => clock.advance(50), 0);
  try {
    return await pending;
  } finally {
    clearInterval(ticking);
  }
}

const KEY = revocationKey('session', ISSUER, 'the-sid');

test('what is revoked is in the ledger, in the store and in the table, and stays over a restart', async (t) => {
  const { open, clock, changed, atRest } = await subject(t);
  const first = open();
  assert.equal(first.tables.read(REVOCATIONS.name).filledAtMs, null, 'before it is read nothing is said');
  assert.deepEqual(await first.part.fill?.(gatheredOf()), []);
  assert.deepEqual(first.keys(), []);
  const done = await soon(clock, first.part.kept.revoke(SESSION));
  assert.ok(done.ok && done.value.inForce);
  const { id } = done.value.entry;
  assert.deepEqual(first.keys(), [KEY]);
  assert.deepEqual(changed, [`ops revocation.add session of ${ISSUER}: ${id}`]);
  assert.ok(!/the-sid|stolen/.test(atRest().toString('latin1')), 'what and why lie encrypted');
  await first.part.close?.();
  const second = open();
  assert.deepEqual(await second.part.fill?.(gatheredOf()), []);
  assert.deepEqual(second.keys(), [KEY]);
  assert.equal(second.part.kept.list(10)[0]?.reason, 'the laptop was stolen');
  assert.ok((await soon(clock, second.part.kept.lift(id, 'ops'))).ok);
  assert.deepEqual(second.keys(), []);
  assert.equal(changed.at(-1), `ops revocation.lift session of ${ISSUER}: ${id}`);
  assert.deepEqual(await second.part.kept.lift(id, 'ops'), { ok: false, error: 'there is no revocation of this id' });
});

test('a subject has the name in the ledger that its requests have there', async (t) => {
  const { open, clock, changed } = await subject(t);
  const { part } = open();
  await part.fill?.(gatheredOf());
  await soon(
    clock,
    part.kept.revoke({ ...SESSION, what: 'subject', value: 'ada@acme.example', beforeMs: clock.now() }),
  );
  assert.match(changed[0] ?? '', /^ops revocation\.add subject of https:\/\/id\.acme\.example: [\w-]{22}$/);
});

test('where the ledger takes nothing, nothing is revoked or lifted', async (t) => {
  const { open, clock, state } = await subject(t);
  const { part, keys } = open();
  await part.fill?.(gatheredOf());
  const done = await soon(clock, part.kept.revoke(SESSION));
  assert.ok(done.ok);
  state.records = false;
  assert.equal((await part.kept.lift(done.value.entry.id, 'ops')).ok, false);
  assert.equal((await part.kept.revoke({ ...SESSION, value: 'another' })).ok, false);
  assert.deepEqual(keys(), [KEY]);
});

test('it is forgotten when no token can be left, which a longer lifetime puts off', async (t) => {
  const { open, clock, store } = await subject(t);
  const { part, keys } = open();
  await part.fill?.(gatheredOf());
  await soon(clock, part.kept.revoke(SESSION));
  await soon(clock, part.kept.revoke({ ...SESSION, what: 'client', value: 'app', until: null }));
  await part.fill?.(gatheredOf(2 * HOUR_MS));
  const settle = async (): Promise<void> =>
    void (await soon(clock, part.kept.revoke({ ...SESSION, what: 'token', value: 'x' })));
  clock.advance(HOUR_MS + 120_000);
  await settle();
  assert.ok(keys().includes(KEY), 'a token of two hours may still live');
  clock.advance(HOUR_MS);
  await settle();
  assert.ok(!keys().includes(KEY));
  assert.ok(keys().includes(revocationKey('client', ISSUER, 'app')), 'a client stays until it is lifted');
  assert.equal(await store.collection(REVOCATION_ENTRIES).count(), 2);
  await part.close?.();
});

test('what is revoked twice is revoked as far as either says', async (t) => {
  const { open, clock } = await subject(t);
  const { part, tables } = open();
  await part.fill?.(gatheredOf());
  const wish = { ...SESSION, what: 'subject', value: 'ada' } as const;
  const beforeOf = () =>
    tables.read<RevocationRow>(REVOCATIONS.name).rows.get(revocationKey('subject', ISSUER, 'ada'))?.before;
  await soon(clock, part.kept.revoke({ ...wish, beforeMs: 2_000 }));
  await soon(clock, part.kept.revoke({ ...wish, beforeMs: 1_000 }));
  assert.equal(beforeOf(), 2_000);
  await soon(clock, part.kept.revoke({ ...wish, beforeMs: null }));
  assert.equal(beforeOf(), null);
  await soon(clock, part.kept.revoke({ ...wish, beforeMs: 3_000 }));
  assert.equal(beforeOf(), null);
  assert.equal(part.kept.size, 1);
});

test('a second wish makes nothing shorter, nor keeps a longer lifetime from counting', async (t) => {
  const { open, clock } = await subject(t);
  const { part, keys } = open();
  await part.fill?.(gatheredOf());
  await soon(clock, part.kept.revoke(SESSION));
  const soonOverMs = clock.now() + 1_000;
  await soon(clock, part.kept.revoke({ ...SESSION, until: soonOverMs }));
  const until = (): number => part.kept.list(1)[0]?.until ?? 0;
  assert.ok(until() > soonOverMs);
  await part.fill?.(gatheredOf(3 * HOUR_MS));
  assert.ok(until() > clock.now() + 2 * HOUR_MS);
  await soon(clock, part.kept.revoke({ ...SESSION, until: null }));
  assert.equal(part.kept.list(1)[0]?.until, null);
  assert.deepEqual(keys(), [KEY]);
});

test('what is over leaves the table by itself', async (t) => {
  const { open, clock } = await subject(t);
  const { part, keys } = open();
  await part.fill?.(gatheredOf());
  await soon(clock, part.kept.revoke(SESSION));
  clock.advance(HOUR_MS + 120_000);
  await soon(clock, part.close?.() ?? Promise.resolve());
  assert.deepEqual(keys(), []);
});

test('changes that wait for a store that stands still are bounded', async (t) => {
  const puts = { put: () => new Promise<never>(() => {}), query: () => Promise.resolve([]) };
  const { open } = await subject(t, { store: { collection: () => puts as never } });
  const { part } = open();
  await part.fill?.(gatheredOf());
  for (let at = 0; at < 10_000; at++) void part.kept.revoke({ ...SESSION, value: `s${at}` });
  const late = await part.kept.revoke({ ...SESSION, value: 'late' });
  assert.deepEqual(late, { ok: false, error: 'too many changes wait to be written' });
});

test('many at once become few versions, and each hears when it is in force', async (t) => {
  const { open, clock, state } = await subject(t);
  const { part, tables, keys } = open();
  await part.fill?.(gatheredOf());
  const all = Array.from({ length: 200 }, (_, at) => part.kept.revoke({ ...SESSION, value: `s${at}` }));
  const done = await soon(clock, Promise.all(all));
  assert.ok(done.every((one) => one.ok && one.value.inForce));
  assert.equal(keys().length, 200);
  assert.ok(tables.read(REVOCATIONS.name).version < 100);
  state.inForce = false;
  const late = await soon(clock, part.kept.revoke({ ...SESSION, value: 'late' }));
  assert.equal(late.ok && late.value.inForce, false, 'a thread that does not take it is told of');
});

test('what can not be named is refused', async (t) => {
  const { open } = await subject(t);
  const { part, keys } = open();
  await part.fill?.(gatheredOf());
  for (const value of ['', 'a\nb', 'a\u0000', 'a'.repeat(2_049)]) {
    assert.equal((await part.kept.revoke({ ...SESSION, value })).ok, false);
    assert.equal((await part.kept.revoke({ ...SESSION, issuer: value })).ok, false);
  }
  assert.deepEqual(keys(), []);
});

test('a store that can not be read is an issue, and leaves the table as it never was filled', async (t) => {
  const broken: Partial<Store> = {
    collection: () => ({ query: () => Promise.reject(new Error('the disk is gone')) }) as never,
  };
  const { open } = await subject(t, { store: broken });
  const { part, tables } = open();
  const issues = (await part.fill?.(gatheredOf())) ?? [];
  assert.deepEqual(
    issues.map(({ path, message }) => `${path}: ${message}`),
    ["data: what was revoked can't be read from the store: the disk is gone"],
  );
  assert.equal(tables.read(REVOCATIONS.name).filledAtMs, null);
});

test('there is an end to how much can be revoked, and nothing goes to make room', async (t) => {
  const { open, alerts } = await subject(t, { store: holding(REVOCATION_LIMIT) });
  const { part, keys } = open();
  assert.deepEqual(await part.fill?.(gatheredOf()), []);
  assert.equal(keys().length, REVOCATION_LIMIT);
  const done = await part.kept.revoke(SESSION);
  assert.match(done.ok ? '' : done.error, /^there are 100000 revocations/);
  assert.deepEqual(
    alerts.map(({ kind, severity }) => [kind, severity]),
    [['table.refused', 'critical']],
  );
});

test('what issuers tell of logouts leaves room for what operators revoke', async (t) => {
  const { open, alerts, clock } = await subject(t, { store: holding(REVOCATION_LIMIT * 0.9) });
  const { part, keys } = open();
  assert.deepEqual(await part.fill?.(gatheredOf()), []);
  const told = await part.kept.revoke({ ...SESSION, author: 'issuer acme', told: true });
  assert.match(told.ok ? '' : told.error, /^there are 90000 revocations/);
  assert.deepEqual(
    alerts.map(({ kind, severity }) => [kind, severity]),
    [['table.refused', 'critical']],
  );
  const wished = await soon(clock, part.kept.revoke(SESSION));
  assert.ok(wished.ok && wished.value.inForce);
  assert.equal(keys().length, REVOCATION_LIMIT * 0.9 + 1);
  const again = await soon(clock, part.kept.revoke({ ...SESSION, told: true }));
  assert.ok(again.ok, 'what is revoked already takes no room');
});

/** A store that holds so many, and takes whatever is put. */
function holding(count: number): Partial<Store> {
  return {
    collection: () =>
      ({
        query: ({ afterId }: { afterId?: string }) => Promise.resolve(pageBehind(afterId, count)),
        put: () => Promise.resolve(),
      }) as never,
  };
}

function pageBehind(afterId: string | undefined, count: number) {
  const from = afterId === undefined ? 0 : Number(afterId) + 1;
  return Array.from({ length: Math.min(1_000, count - from) }, (_, at) => {
    const { beforeMs, until: _until, ...wish } = { ...SESSION, value: `s${from + at}` };
    return { id: String(from + at), document: { ...wish, before: beforeMs, at: 0, until: null, byLifetime: false } };
  });
}
