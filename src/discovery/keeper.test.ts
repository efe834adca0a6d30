import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alert, type TargetRow, targetKey, type TargetSource, UPSTREAM_TARGETS } from '../ports/index.ts';
import { Discovery } from './discovery.ts';
import type { SourceStatus } from './keeper.ts';
import { fakeTables } from './fake-time.test.ts';
import { keptLog, pass, settle, type Surroundings, surroundings } from './fake-names.test.ts';

const DNS: TargetSource = {
  kind: 'dns',
  name: 'orders.internal',
  port: 80,
  family: 'ipv4',
  resolver: '10.0.0.2:53',
  allowed: [],
};
const FILE: TargetSource = { kind: 'file', path: '/t.yaml' };
const DAY_MS = 86_400_000;

interface Scene extends Surroundings {
  readonly discovery: Discovery;
  readonly alerts: Alert[];
  readonly lines: string[];
  /** How many targets each source was last told to have, by name. */
  readonly counts: ReadonlyMap<string, number>;
  /** The hosts in the row of a source; null where it has none. */
  hosts(source: TargetSource): readonly string[] | null;
  version(): number;
}

function scene(t: { after(done: () => void): void }): Scene {
  const around = surroundings();
  const log = keptLog();
  const alerts: Alert[] = [];
  const counts = new Map<string, number>();
  const tables = fakeTables();
  const raise = (alert: Alert): void => void alerts.push(alert);
  const told = ({ name, targets }: SourceStatus): void => void counts.set(name, targets);
  const discovery = new Discovery({ ...around, log, alerts: { raise }, tables, told, failed: () => {} });
  t.after(() => discovery.close());
  const rows = (): ReadonlyMap<string, TargetRow> => tables.read<TargetRow>(UPSTREAM_TARGETS.name).rows;
  return Object.assign(around, {
    discovery,
    alerts,
    lines: log.lines,
    counts,
    hosts: (source: TargetSource) =>
      rows()
        .get(targetKey(source))
        ?.targets.map(({ host }) => host) ?? null,
    version: () => tables.read(UPSTREAM_TARGETS.name).version,
  });
}

const wanted = (...sources: TargetSource[]): { source: TargetSource; token: null }[] =>
  sources.map((source) => ({ source, token: null }));

test('what a configuration wants is in the table when filling is over', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', ['10.0.0.2', '10.0.0.1']);
  s.disk.set('/t.yaml', '10.9.9.9');
  assert.deepEqual(await s.discovery.fill(wanted(DNS, FILE)), []);
  assert.deepEqual([s.hosts(DNS), s.hosts(FILE)], [['10.0.0.1', '10.0.0.2'], ['10.9.9.9']]);
  assert.deepEqual(
    s.discovery.status().map(({ name, targets, fault }) => [name, targets, fault]),
    [
      ['dns orders.internal:80', 2, null],
      ['file /t.yaml', 1, null],
    ],
  );
});

test('a source that fails or does not answer holds nobody up, has a row without targets, and is told of', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', 'SERVFAIL');
  const [lacking] = await s.discovery.fill(wanted(DNS));
  assert.match(lacking?.fault ?? '', /SERVFAIL/);
  assert.deepEqual(s.hosts(DNS), []);
  assert.deepEqual(
    s.alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [['upstream.targets-unavailable', 'dns orders.internal:80 refused', 'high']],
  );
  const slow = scene(t);
  slow.reply = () => new Promise(() => {});
  const consul = {
    kind: 'consul',
    url: 'http://c',
    service: 's',
    tag: null,
    datacenter: null,
    token: null,
    caFile: null,
    allowed: [],
  } as const;
  const filling = slow.discovery.fill(wanted(consul));
  await pass(slow.clock, 5_000);
  assert.deepEqual(
    (await filling).map(({ fault }) => fault),
    ['it has not answered within 5 seconds'],
  );
  assert.deepEqual(slow.hosts(consul), []);
});

test('a failure leaves what was known: told at once in the log, as an alert after a minute, given up after three days', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  await s.discovery.fill(wanted(DNS));
  s.names.say('A', 'orders.internal', 'silence');
  await pass(s.clock, 40_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1']);
  assert.ok(s.lines.includes('warn targets.failed'));
  assert.equal(s.alerts.length, 0);
  await pass(s.clock, 90_000);
  assert.deepEqual(s.alerts.at(-1)?.severity, 'medium');
  for (let hours = 0; hours < 71; hours++) await pass(s.clock, 3_600_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1']);
  await pass(s.clock, 3_600_000);
  assert.deepEqual(s.hosts(DNS), []);
  assert.deepEqual(s.alerts.at(-1)?.severity, 'high');
  s.names.say('A', 'orders.internal', ['10.0.0.5']);
  await pass(s.clock, 60_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.5']);
  assert.ok(s.lines.includes('info targets.back'));
});

test('an answer of nothing counts after a minute in which nothing else was said', async (t) => {
  const s = scene(t);
  s.names.ttl = 1;
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  await s.discovery.fill(wanted(DNS));
  s.names.say('A', 'orders.internal', null);
  await pass(s.clock, 30_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1']);
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  await pass(s.clock, 10_000);
  s.names.say('A', 'orders.internal', null);
  await pass(s.clock, 55_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1'], 'the minute began anew');
  await pass(s.clock, 20_000);
  assert.deepEqual(s.hosts(DNS), []);
  assert.equal(s.alerts.at(-1)?.key, 'dns orders.internal:80 refused');
});

test('a failure in that minute is no word of nothing', async (t) => {
  const s = scene(t);
  s.names.ttl = 1;
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  await s.discovery.fill(wanted(DNS));
  s.names.say('A', 'orders.internal', null);
  await pass(s.clock, 20_000);
  s.names.say('A', 'orders.internal', 'SERVFAIL');
  await pass(s.clock, 120_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1']);
});

test('addresses that no upstream may have never come into the table, and are an alert; where there are others, those serve', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', ['10.0.0.1', '127.0.0.1']);
  await s.discovery.fill(wanted(DNS));
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1']);
  assert.equal(s.alerts[0]?.kind, 'upstream.address-refused');
  s.names.say('A', 'orders.internal', ['169.254.169.254']);
  await pass(s.clock, 40_000);
  assert.deepEqual(s.hosts(DNS), ['10.0.0.1'], 'a name that was turned round is a failure');
  assert.match(s.discovery.status()[0]?.fault ?? '', /169\.254\.169\.254/);
});

test('a file with bad content leaves what was known without end, and is read again when it changes', async (t) => {
  const s = scene(t);
  s.disk.set('/t.yaml', '10.0.0.1');
  await s.discovery.fill(wanted(FILE));
  s.disk.set('/t.yaml', 'bad line 3');
  s.changed('/t.yaml');
  await pass(s.clock, 10 * DAY_MS);
  assert.deepEqual(s.hosts(FILE), ['10.0.0.1']);
  assert.equal(s.discovery.status()[0]?.fault, 'bad line 3');
  s.disk.set('/t.yaml', '127.0.0.1 a.internal');
  s.changed('/t.yaml');
  await pass(s.clock, 100);
  assert.deepEqual(s.hosts(FILE), ['127.0.0.1', 'a.internal'], 'what was written down is not judged');
});

test('a file that is gone for a moment is waited for', async (t) => {
  const s = scene(t);
  s.disk.set('/t.yaml', '10.0.0.1');
  await s.discovery.fill(wanted(FILE));
  s.disk.delete('/t.yaml');
  s.changed('/t.yaml');
  await pass(s.clock, 500);
  assert.equal(s.discovery.status()[0]?.fault, null);
  await pass(s.clock, 1_000);
  assert.match(s.discovery.status()[0]?.fault ?? '', /is not there/);
});

test('what is wanted again goes on as it is, and what is not wanted any more ends', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  s.disk.set('/t.yaml', '10.0.0.9');
  await s.discovery.fill(wanted(DNS));
  const asked = s.names.asked.length;
  await s.discovery.fill(wanted(DNS, FILE));
  assert.equal(s.names.asked.length, asked);
  s.discovery.retain(wanted(FILE));
  assert.equal(s.hosts(DNS), null);
  await pass(s.clock, 600_000);
  assert.equal(s.names.asked.length, asked);
  assert.deepEqual(s.hosts(FILE), ['10.0.0.9']);
});

test('that a source has ended is told, but for one of the same name that goes on', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  await s.discovery.fill(wanted(DNS));
  const other = { ...DNS, resolver: '10.0.0.3:53' } as const;
  await s.discovery.fill(wanted(other));
  s.discovery.retain(wanted(other));
  assert.deepEqual([...s.counts], [['dns orders.internal:80', 1]]);
  s.discovery.retain([]);
  assert.deepEqual([...s.counts], [['dns orders.internal:80', 0]]);
});

test('an answer that is the same makes no new version, and many changes at once make few', async (t) => {
  const s = scene(t);
  s.names.ttl = 1;
  s.names.say('A', 'orders.internal', ['10.0.0.1', '10.0.0.2']);
  await s.discovery.fill(wanted(DNS, FILE));
  const version = s.version();
  s.names.say('A', 'orders.internal', ['10.0.0.2', '10.0.0.1']);
  await pass(s.clock, 10_000);
  assert.equal(s.version(), version);
  for (let at = 0; at < 50; at++) {
    s.disk.set('/t.yaml', `10.0.1.${at}`);
    s.changed('/t.yaml');
    await settle();
  }
  await pass(s.clock, 100);
  assert.equal(s.version(), version + 1);
  assert.deepEqual(s.hosts(FILE), ['10.0.1.49']);
});

test('targets of an earlier run serve until their source says something, unless they are too old', async (t) => {
  const s = scene(t);
  const nowMs = s.clock.now();
  const targets = [{ host: '10.0.0.7', port: 80, weight: 1 }];
  s.discovery.restore([
    { key: targetKey(DNS), targets, atMs: nowMs - DAY_MS },
    { key: targetKey(FILE), targets, atMs: nowMs - 4 * DAY_MS },
  ]);
  s.names.say('A', 'orders.internal', 'silence');
  await s.discovery.fill(wanted(DNS, FILE));
  assert.deepEqual([s.hosts(DNS), s.hosts(FILE)], [['10.0.0.7'], []]);
  assert.deepEqual(s.discovery.held(), [{ key: targetKey(DNS), targets, atMs: nowMs - DAY_MS }]);
  for (let hours = 0; hours < 49; hours++) await pass(s.clock, 3_600_000);
  assert.deepEqual(s.hosts(DNS), [], 'their three days count from when they were found');
});

test('another token begins its source anew, with what was found', async (t) => {
  const s = scene(t);
  const source = {
    kind: 'consul',
    url: 'http://c',
    service: 's',
    tag: null,
    datacenter: null,
    token: '${env:T}',
    caFile: null,
    allowed: [],
  } as const;
  const body = Buffer.from(JSON.stringify([{ Service: { Address: '10.0.0.1', Port: 80 } }]));
  s.reply = async ({ headers }) =>
    headers['x-consul-token'] === 'old' && s.calls.length > 1
      ? await new Promise(() => {})
      : { ok: true, value: { status: 200, headers: new Map([['x-consul-index', '7']]), body } };
  await s.discovery.fill([{ source, token: 'old' }]);
  await pass(s.clock, 1_000);
  const before = s.calls.length;
  await s.discovery.fill([{ source, token: 'new' }]);
  await settle();
  assert.equal(s.calls.length, before + 1);
  assert.equal(s.calls.at(-1)?.headers['x-consul-token'], 'new');
  assert.equal(s.calls[before - 1]?.signal?.aborted, true);
  assert.deepEqual(s.hosts(source), ['10.0.0.1']);
});

test('a source that says in turns that there is nothing, and nothing at all, keeps old targets no longer than any that fails', async (t) => {
  const s = scene(t);
  s.names.say('A', 'orders.internal', ['10.0.0.1']);
  await s.discovery.fill(wanted(DNS));
  const atMs = s.clock.now();
  // Each for less than a minute, for three days and some more.
  for (let turn = 0; turn < 2 * 60 * 24 * 3 + 10; turn++) {
    s.names.say('A', 'orders.internal', turn % 2 === 0 ? null : 'SERVFAIL');
    await pass(s.clock, 40_000);
    if (s.hosts(DNS)?.length === 0) break;
  }
  assert.deepEqual(s.hosts(DNS), []);
  const days = (s.clock.now() - atMs) / DAY_MS;
  assert.ok(days <= 3.01, `${days} days`);
});
