import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  apis: [{ operations: { getOrder: { needs: ['orders:read'] } }, policies: [{ kind: 'overlay' }] }],
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
  const { store, keyring, folder } = await storeFor(t, clock as unknown as Clock);
  const changes: { readonly action: string; readonly author: string; readonly target: string }[] = [];
  const alerts: Alert[] = [];
  const said: string[] = [];
  const log = { write: (...[, , , fields]: readonly unknown[]) => void said.push(JSON.stringify(fields)) };
  const ledger = { open: true, asked: 0 };
  const opened = (given: Store = store) => {
    const tables = createMemoryTables({ log });
    const random = createSeededRandom(1);
    const overlay = openNodeOverlay({
      ...{ host: { clock, random, log }, store: given, keyring, tables, desks: new Desks(log) },
      alerts: { raise: (alert: Alert) => alerts.push(alert) },
      inForce: () => Promise.resolve(true),
      record: (change: (typeof changes)[number]) => ++ledger.asked > 0 && ledger.open && changes.push(change) > 0,
    } as unknown as PartOptions);
    return { overlay, rows: () => [...tables.read<OverlayRow>(OVERLAY_TABLE.name).rows], tables };
  };
  return { clock, changes, alerts, ledger, opened, folder, said };
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

test('whom a grant is about, and why, lies encrypted', async (t) => {
  const { opened, folder } = await bench(t);
  const { overlay } = opened();
  await overlay.fill(GATHERED);
  valueOf(await overlay.add({ ...DRAFT, name: 'ada.lovelace', reason: 'a reason of ours' }, 'kim'));
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  const all = files.join('');
  assert.ok(all.includes('"support"'), 'it is there');
  assert.ok(!all.includes('lovelace') && !all.includes('a reason of ours'));
});

test('callers by certificate are those of a CA, in the spelling of their certificates', async (t) => {
  const { opened } = await bench(t);
  const { overlay, rows } = opened();
  const withCertificates = { ...CONFIG, apis: [{ ...CONFIG.apis[0], policies: [{ kind: 'mtls' }] }] };
  await overlay.fill({ ...GATHERED, config: withCertificates } as unknown as Gathered);
  for (const issuer of ['O=Acme, CN=Partners', 'O=Acme,CN=Partners'])
    valueOf(await overlay.add({ ...DRAFT, issuer, name: 'spiffe://acme/billing' }, 'kim'));
  assert.deepEqual(
    rows().map(([key, { length }]) => [key, length]),
    [['["subject","O=Acme,CN=Partners","spiffe://acme/billing"]', 2]],
  );
  assert.match(await refused(overlay, { issuer: 'mtls' }), /by its subject such as CN=Partners/);
  overlay.retain(GATHERED);
  assert.match(await refused(overlay, { issuer: 'O=Acme,CN=Partners' }), /no issuer "O=Acme,CN=Partners"$/);
});

test('what a configuration no longer has is told, since a denial of it denies nothing', async (t) => {
  const { opened, said } = await bench(t);
  const { overlay } = opened();
  await overlay.fill(GATHERED);
  valueOf(await overlay.add(DRAFT, 'kim'));
  valueOf(await overlay.add({ ...DRAFT, effect: 'deny', roles: [], permissions: ['orders:read'] }, 'kim'));
  overlay.retain(GATHERED);
  assert.deepEqual(said, []);
  overlay.retain({ ...GATHERED, config: { issuers: [], roles: [], apis: [] } } as unknown as Gathered);
  assert.deepEqual(
    new Set(said),
    new Set([
      `{"what":"issuer","name":"${ISSUER}"}`,
      '{"what":"permission","name":"orders:read"}',
      '{"what":"role","name":"support"}',
    ]),
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

test('what has ended and can not be recorded is tried again in half a minute, and not before', async (t) => {
  const { opened, clock, ledger } = await bench(t);
  const { overlay, rows } = opened();
  await overlay.fill(GATHERED);
  valueOf(await overlay.add({ ...DRAFT, forMs: 60_000 }, 'kim'));
  const settled = () => overlay.overlays.remove('nothing', 'kim');
  ledger.open = false;
  clock.pass(60_000);
  await settled();
  const { asked } = ledger;
  clock.pass(29_999);
  await settled();
  assert.deepEqual([ledger.asked, rows().length], [asked, 1]);
  ledger.open = true;
  clock.pass(1);
  await settled();
  assert.deepEqual(rows(), []);
});

test('there are so many of one target, and so many in all', async (t) => {
  const { opened } = await bench(t);
  const { overlay } = opened();
  await overlay.fill(GATHERED);
  for (let count = 0; count < 100; count++) valueOf(await overlay.add(DRAFT, 'kim'));
  assert.match(await refused(overlay, {}), /there are 100 already about this subject/);
  valueOf(await overlay.add({ ...DRAFT, name: 'bob' }, 'kim'));
  const [kept = assert.fail('none is kept')] = overlay.overlays.list();
  const ended = { ...kept.document, name: 'zoe', expiresAtMs: kept.document.createdAtMs };
  assert.match(JSON.stringify(await overlay.overlays.add(ended)), /it has ended before it begins/);
  const many = Array.from({ length: 10_000 }, (_, at) => ({
    id: `g${at}`,
    document: { ...kept.document, name: `${at}` },
  }));
  const full = { collection: () => ({ query: () => Promise.resolve(many), put: () => Promise.resolve() }) };
  const other = opened(full as unknown as Store);
  await other.overlay.fill(GATHERED);
  assert.match(await refused(other.overlay, { name: 'zoe' }), /there are 10000 already/);
});
