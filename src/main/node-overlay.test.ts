import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMemoryTables, createSeededRandom } from '../adapters/index.ts';
import type { Result } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { Desks, type OverlayDraft } from '../control/index.ts';
import { OVERLAY_TABLE, type OverlayRow } from '../policy/index.ts';
import type { Alert, Clock, Store } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';
import { type NodeOverlay, openNodeOverlay } from './node-overlay.ts';
import { storeFor } from './store-fixture.test.ts';

const ISSUER = 'https://id.acme.example';
const CONFIG = {
  issuers: [{ name: 'acme', issuer: ISSUER }],
  roles: [{ name: 'support', can: ['orders:refund'], includes: [] }],
  apis: [{ operations: { getOrder: { needs: ['orders:read'] } } }],
};
const GATHERED = { config: CONFIG, descriptions: {} } as unknown as Gathered;

const DRAFT: OverlayDraft = {
  ...{ effect: 'add', kind: 'subject', issuer: 'acme', name: 'ada', reason: 'on call' },
  ...{ roles: ['support'], permissions: [], all: false, forMs: null },
};

/** A clock that is set by hand; timers run when it is moved. */
class HandClock implements Pick<Clock, 'now' | 'after'> {
  nowMs = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void) {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const timer of [...this.#timers])
      if (timer.atMs <= this.nowMs) {
        this.#timers.delete(timer);
        timer.run();
      }
  }
}

/** The grants of a node over a store on the disk, with a ledger that a test may close. */
async function bench(t: TestContext) {
  const clock = new HandClock();
  const { store, keyring } = await storeFor(t, clock as unknown as Clock);
  const changes: { readonly action: string; readonly author: string; readonly target: string }[] = [];
  const alerts: Alert[] = [];
  const log = { write() {} };
  const ledger = { open: true };
  const opened = (given: Store = store) => {
    const tables = createMemoryTables({ log });
    const random = createSeededRandom(1);
    const overlay = openNodeOverlay({
      ...{ host: { clock, random, log }, store: given, keyring, tables, desks: new Desks(log) },
      alerts: { raise: (alert: Alert) => alerts.push(alert) },
      inForce: () => Promise.resolve(true),
      record: (change: (typeof changes)[number]) => ledger.open && changes.push(change) > 0,
    } as unknown as PartOptions);
    return { overlay, rows: () => [...tables.read<OverlayRow>(OVERLAY_TABLE.name).rows], tables };
  };
  return { clock, changes, alerts, ledger, opened };
}

function valueOf<T>(result: Result<T, string>): T {
  return result.ok ? result.value : assert.fail(result.error);
}

async function refused(overlay: NodeOverlay, draft: Partial<OverlayDraft>): Promise<string> {
  const made = await overlay.add({ ...DRAFT, ...draft }, 'ada');
  return made.ok ? assert.fail('it was taken') : made.error;
}

test('a grant is recorded, kept and in force, also after a restart, and gone when it is removed', async (t) => {
  const { opened, changes } = await bench(t);
  const { overlay, rows, tables } = opened();
  assert.equal(tables.read(OVERLAY_TABLE.name).filledAtMs, null);
  assert.deepEqual(await overlay.fill(GATHERED), []);
  assert.notEqual(tables.read(OVERLAY_TABLE.name).filledAtMs, null, 'that there is none is known');
  const { id, everywhere } = valueOf(await overlay.add(DRAFT, 'kim (admin)'));
  assert.equal(everywhere, true);
  const key = `["subject","${ISSUER}","ada"]`;
  const row = [key, [{ effect: 'add', roles: ['support'], permissions: [], expiresAtMs: null }]];
  assert.deepEqual(rows(), [row]);
  assert.deepEqual(
    changes.map(({ action, author }) => [action, author]),
    [['access.add', 'kim (admin)']],
  );
  assert.match(
    changes[0]?.target ?? '',
    /: add role support, subject [A-Za-z0-9_-]{22} of https:\/\/id\.acme\.example$/,
  );
  await overlay.close();
  const again = opened();
  await again.overlay.fill(GATHERED);
  assert.deepEqual(again.rows(), [row]);
  assert.deepEqual(
    again.overlay.overlays.list().map(({ document: { author, reason } }) => [author, reason]),
    [['kim (admin)', 'on call']],
  );
  assert.equal(valueOf(await again.overlay.overlays.remove(id, 'bob'))?.id, id);
  assert.equal(valueOf(await again.overlay.overlays.remove(id, 'bob')), null);
  assert.deepEqual(again.rows(), []);
  const last = opened();
  await last.overlay.fill(GATHERED);
  assert.deepEqual(last.rows(), []);
  assert.deepEqual(
    changes.map(({ action }) => action),
    ['access.add', 'access.remove'],
  );
});

test('what has ended is taken away and recorded, also what ended while nothing ran', async (t) => {
  const { opened, clock, changes } = await bench(t);
  const { overlay, rows } = opened();
  await overlay.fill(GATHERED);
  valueOf(await overlay.add({ ...DRAFT, forMs: 60_000 }, 'kim'));
  valueOf(await overlay.add({ ...DRAFT, name: 'bob', forMs: 3_600_000 }, 'kim'));
  clock.pass(60_000);
  await overlay.overlays.remove('nothing', 'kim');
  assert.equal(rows().length, 1);
  await overlay.close();
  clock.pass(3_600_000);
  const again = opened();
  await again.overlay.fill(GATHERED);
  assert.deepEqual(again.rows(), []);
  assert.deepEqual(
    changes.map(({ action, author }) => `${action} ${author}`),
    ['access.add kim', 'access.add kim', 'access.end gateway', 'access.end gateway'],
  );
});

test('what the configuration does not know is refused, and so is what says nothing or too much', async (t) => {
  const { opened } = await bench(t);
  const { overlay, rows } = opened();
  await overlay.fill(GATHERED);
  assert.match(await refused(overlay, { issuer: 'acmee' }), /no issuer "acmee"; did you mean "acme"/);
  assert.match(await refused(overlay, { roles: ['supprt'] }), /no role "supprt"/);
  assert.match(await refused(overlay, { effect: 'deny', roles: [], permissions: ['x:y'] }), /no permission "x:y"/);
  assert.match(await refused(overlay, { roles: [] }), /a grant names a role/);
  assert.match(await refused(overlay, { permissions: ['orders:refund'] }), /what is granted are roles/);
  assert.match(await refused(overlay, { all: true }), /what is granted are roles/);
  assert.match(await refused(overlay, { effect: 'deny', roles: [] }), /names roles or permissions, or all/);
  assert.match(await refused(overlay, { effect: 'deny', all: true }), /not both/);
  assert.deepEqual(rows(), []);
  valueOf(await overlay.add({ ...DRAFT, effect: 'deny', roles: [], permissions: ['orders:read'] }, 'kim'));
  valueOf(await overlay.add({ ...DRAFT, effect: 'deny', roles: [], all: true }, 'kim'));
  overlay.retain({ ...GATHERED, config: { ...CONFIG, roles: [] } } as unknown as Gathered);
  assert.match(await refused(overlay, {}), /no role "support"/);
});

test('what can not be recorded is not done, and what can not be kept is not in force', async (t) => {
  const { opened, ledger, alerts } = await bench(t);
  const { overlay, rows } = opened();
  await overlay.fill(GATHERED);
  const { id } = valueOf(await overlay.add(DRAFT, 'kim'));
  ledger.open = false;
  assert.match(await refused(overlay, { name: 'bob' }), /takes no record/);
  const removed = await overlay.overlays.remove(id, 'kim');
  assert.ok(!removed.ok);
  assert.equal(rows().length, 1);
  ledger.open = true;
  const broken = {
    collection: () => ({
      query: () => Promise.resolve([]),
      put: () => Promise.reject(new Error('the disk is full')),
    }),
  } as unknown as Store;
  const other = opened(broken);
  await other.overlay.fill(GATHERED);
  assert.match(await refused(other.overlay, {}), /could not be kept/);
  assert.deepEqual(other.rows(), []);
  assert.equal(alerts.at(-1)?.kind, 'data-folder.fault');
});

test('where what is kept can not be read, the table stays without rows that anybody would judge by', async (t) => {
  const { opened, alerts } = await bench(t);
  const broken = { collection: () => ({ query: () => Promise.reject(new Error('corrupt')) }) } as unknown as Store;
  const { overlay, tables } = opened(broken);
  assert.equal((await overlay.fill(GATHERED)).length, 1);
  assert.equal(tables.read(OVERLAY_TABLE.name).filledAtMs, null);
  assert.match(await refused(overlay, {}), /could not be read/);
  assert.equal(alerts[0]?.severity, 'critical');
});
