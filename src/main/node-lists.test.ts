import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createMemoryTables, createVirtualClock } from '../adapters/index.ts';
import { err, ok } from '../base/index.ts';
import { type Gathered, parseConfig, readList } from '../config/index.ts';
import { LISTS_TABLE } from '../gateway/index.ts';
import { listKey } from '../lists/index.ts';
import type { Alerts, Files, Tables } from '../ports/index.ts';
import { type NodeLists, openNodeLists } from './node-lists.ts';

const FILE = '/etc/bad.txt';
const KEY = listKey({ kind: 'addresses', file: FILE });

/** A machine with files, and the lists of a node on it. `table` is what a thread has of them. */
class Bench {
  readonly held = new Map<string, string>();
  readonly alerts: string[] = [];
  readonly watched = new Map<string, () => void>();
  readonly clock = createVirtualClock();
  readonly table: Tables = createMemoryTables({ log: { write() {} } });
  readonly lists: NodeLists;

  constructor() {
    this.table.declare(LISTS_TABLE);
    this.lists = openNodeLists({
      host: { files: this.files, clock: this.clock, log: { write() {} } },
      alerts: { raise: ({ kind, message }) => void this.alerts.push(`${kind} ${message}`) } as Alerts,
      tell: (table) => this.table.take(table),
    });
  }

  get files(): Files {
    const read: Files['read'] = (path) => {
      const text = this.held.get(path);
      return Promise.resolve(text === undefined ? err({ reason: 'missing', detail: '' }) : ok(Buffer.from(text)));
    };
    const watch: Files['watch'] = (path, changed) => {
      this.watched.set(path, changed);
      return () => void this.watched.delete(path);
    };
    return { read, watch } as Files;
  }

  async gathered(deny = `deny: { addresses: [{ file: ${FILE} }] }`): Promise<Pick<Gathered, 'config' | 'files'>> {
    const text = `version: 1\n${deny}\napis: { a: { routes: ['GET /x'], upstream: 'http://127.0.0.1:1', auth: public } }\n`;
    const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
    assert.ok(parsed.ok);
    const list = await readList({ kind: 'addresses', file: FILE }, this.files);
    return { config: parsed.value.config, files: list.ok ? { [KEY]: list.value.packed } : {} };
  }

  /** Puts a text in the place of the file, and is done when that has been read. */
  async write(text: string | null): Promise<void> {
    this.begin(text);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }

  /** Puts a text there, and the reading has begun. */
  begin(text: string | null): void {
    if (text === null) this.held.delete(FILE);
    else this.held.set(FILE, text);
    this.watched.get(FILE)?.();
  }

  get entries(): number | null | undefined {
    return this.lists.report()[0]?.entries;
  }

  get version(): number {
    return this.table.read(LISTS_TABLE.name).version;
  }
}

async function started(): Promise<Bench> {
  const bench = new Bench();
  bench.held.set(FILE, '192.0.2.1\n');
  const gathered = await bench.gathered();
  bench.lists.fill(gathered);
  bench.lists.follow(gathered);
  await bench.write('192.0.2.1\n');
  return bench;
}

test('what was gathered is in every thread before anything is compiled, and the same again is no new version', async () => {
  const bench = await started();
  assert.deepEqual([bench.entries, bench.version, bench.alerts], [1, 1, []]);
  assert.ok(bench.table.read(LISTS_TABLE.name).rows.has(KEY));
  bench.lists.fill(await bench.gathered());
  await bench.write('192.0.2.1 # the same\n');
  assert.equal(bench.version, 1);
});

test('a change is a new version, and tells since when it holds', async () => {
  const bench = await started();
  const before = bench.lists.report()[0]?.readAt ?? 0;
  bench.clock.advance(5_000);
  await bench.write('192.0.2.1\n198.51.100.1\n');
  assert.deepEqual([bench.entries, bench.version], [2, 2]);
  assert.equal(bench.lists.report()[0]?.readAt, before + 5_000);
});

test('a bad file, and none, leave what was there, until there is a sound one', async () => {
  const bench = await started();
  for (const [text, words] of [
    ['192.0.2.1\nx\n', /^list\.refused .*line 2 of \/etc\/bad\.txt/],
    ['', /has no line/],
    [null, /there is no file \/etc\/bad\.txt/],
  ] as const) {
    await bench.write(text);
    assert.match(bench.alerts.at(-1) ?? '', words);
    assert.match(bench.lists.report()[0]?.fault ?? '', /bad\.txt/);
    assert.deepEqual([bench.entries, bench.version], [1, 1]);
  }
  await bench.write('192.0.2.1\n');
  assert.equal(bench.lists.report()[0]?.fault, null);
});

test('a file that changed while a configuration was being taken is in force behind it', async () => {
  const bench = await started();
  const older = await bench.gathered();
  await bench.write('192.0.2.1\n192.0.2.9\n');
  bench.lists.fill(older);
  bench.lists.follow(older);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  assert.equal(bench.entries, 2);
});

test('what a configuration names no more is neither watched nor kept', async () => {
  const bench = await started();
  bench.lists.follow(await bench.gathered('deny: { methods: [TRACE] }'));
  assert.deepEqual([bench.lists.report(), bench.watched.size], [[], 0]);
  assert.equal(bench.table.read(LISTS_TABLE.name).rows.size, 0);
  const gathered = await bench.gathered();
  bench.lists.follow(gathered);
  bench.lists.close();
  assert.equal(bench.watched.size, 0);
  bench.lists.follow(gathered);
  assert.equal(bench.watched.size, 0);
});

test('a list that a configuration names no more does not come back from a reading that had begun', async () => {
  const bench = await started();
  const without = await bench.gathered('deny: { methods: [TRACE] }');
  bench.begin('192.0.2.1\n198.51.100.1\n');
  bench.lists.follow(without);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  assert.equal(bench.table.read(LISTS_TABLE.name).rows.size, 0);
});

test('a change while the one before is being read is in force too', async () => {
  const bench = await started();
  bench.begin('192.0.2.1\n198.51.100.1\n');
  await bench.write('192.0.2.1\n198.51.100.1\n198.51.100.2\n');
  assert.equal(bench.entries, 3);
});

test('a configuration that was gathered before a list changed does not bring the old list back, also where it is refused', async () => {
  const bench = await started();
  const gathered = await bench.gathered();
  await bench.write('192.0.2.1\n198.51.100.1\n');
  assert.equal(bench.entries, 2);
  bench.lists.fill(gathered);
  assert.equal(bench.entries, 2);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  assert.equal(bench.entries, 2);
});

test('a change of a list that nobody told of is in force behind the next filling', async () => {
  const bench = await started();
  bench.held.set(FILE, '192.0.2.1\n198.51.100.1\n');
  bench.lists.fill(await bench.gathered());
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  assert.equal(bench.entries, 2);
});
