import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createLedgerSegments, createSystemClock } from '../adapters/index.ts';
import { readLog } from '../audit/index.ts';
import type { LedgerRecord } from '../base/index.ts';
import type { Alert } from '../ports/index.ts';
import type { LedgerConnection } from './ledger-channel.ts';
import { type LedgerHost, startLedger } from './ledger-host.ts';

const PATIENCE_MS = 30_000;

/** A thread that appends changes as fast as it can, and counts each in shared memory when it was taken. */
const APPENDER = `
const { workerData, parentPort } = require('node:worker_threads');
parentPort.on('message', () => {});
(async () => {
  const { createLedgerClient } = await import(workerData.audit);
  const { ledgerChannel } = await import(workerData.channel);
  const { port, ring, name } = workerData;
  const client = createLedgerClient({ channel: ledgerChannel(port), ring });
  await client.ready();
  const taken = new Int32Array(workerData.taken);
  const about = { author: name, action: 'change', before: null, after: null };
  for (let n = 0; ; ) {
    for (let many = 0; many < 50; many++) {
      if (!client.append({ version: 1, kind: 'change', id: 'id', at: n, target: String(n), ...about })) break;
      Atomics.store(taken, 0, ++n);
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (workerData.hang && n > 2000) for (;;) ;
    if (workerData.hoard && n > 2000) for (const all = []; ; ) all.push(new Array(1e6).fill(n));
  }
})();
`;

async function ledgerIn(
  t: TestContext,
): Promise<{ readonly folder: string; readonly host: LedgerHost; readonly alerts: Alert[] }> {
  const data = await mkdtemp(join(tmpdir(), 'ledger-host-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const alerts: Alert[] = [];
  const folder = join(data, 'ledger');
  const started = await startLedger({
    folder,
    clock: createSystemClock(),
    log: { write() {} },
    alerts: { raise: (alert) => void alerts.push(alert), list: async () => [] },
    lost: (reason) => assert.fail(reason),
  });
  assert.ok(started.ok, JSON.stringify(started));
  return { folder, host: started.value, alerts };
}

interface AppenderOptions {
  readonly hang?: boolean;
  readonly hoard?: boolean;
  /** In place of a new one. */
  readonly connection?: LedgerConnection;
}

function appender(host: LedgerHost, name: string, { connection, ...more }: AppenderOptions = {}) {
  const { port, ring } = connection ?? host.connect();
  const taken = new SharedArrayBuffer(4);
  const files = {
    audit: import.meta.resolve('../audit/index.ts'),
    channel: import.meta.resolve('./ledger-channel.ts'),
  };
  const worker = new Worker(APPENDER, {
    eval: true,
    workerData: { port, ring, taken, name, ...files, ...more },
    transferList: [port],
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.on('error', () => {});
  return { worker, ended, count: () => Atomics.load(new Int32Array(taken), 0) };
}

async function until(words: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(10)) if (await holds()) return;
  assert.fail(`it never came to it: ${words}`);
}

/** What is recorded under each name, in order; the chain must hold. */
async function recorded(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const read = await readLog(createLedgerSegments(folder), { sinceMs: null, newest: null }, ({ record }) => {
    if (record?.kind !== 'change') return assert.fail('what was written can be read');
    const targets = found.get(record.author) ?? [];
    targets.push(record.target);
    found.set(record.author, targets);
  });
  assert.ok(read.ok && read.value.breaks.length === 0, JSON.stringify(read));
  return found;
}

function change(target: string): LedgerRecord {
  const about = { author: 'main', action: 'change', target, before: null, after: null };
  return { version: 1, kind: 'change', id: 'id', at: 1, ...about };
}

for (const [words, how] of [
  ['is ended in the midst of it', {}],
  ['hangs', { hang: true }],
  ['runs out of memory', { hoard: true }],
] as const) {
  test(`of a thread that ${words} every record that was taken is in the ledger once`, async (t) => {
    const { folder, host, alerts } = await ledgerIn(t);
    const threads = ['one', 'two'].map((name) => ({ name, ...appender(host, name, how) }));
    for (const { worker, count, ended, name } of threads) {
      await until(`${name} appends`, () => count() > 2_000);
      if ('hoard' in how) await ended;
      else await worker.terminate();
    }
    assert.ok(host.ledger.append(change('after')));
    await host.ledger.flush();
    // The writer hears of the end of a thread in its own time; closing waits for nothing that it has not heard of.
    await host.close();
    const found = await recorded(folder);
    for (const { name, count } of threads) {
      const targets = found.get(name) ?? [];
      // One may have been counted by its ring and not yet by the thread.
      assert.ok(targets.length === count() || targets.length === count() + 1, `${targets.length} of ${count()}`);
      assert.deepEqual(
        targets,
        targets.map((_, at) => String(at)),
      );
    }
    assert.deepEqual([found.get('main'), alerts], [['after'], []]);
  });
}

test('what a dead thread left is written without anybody asking for it', async (t) => {
  const { folder, host } = await ledgerIn(t);
  t.after(() => host.close());
  const { worker, count } = appender(host, 'one');
  await until('it appends', () => count() > 500);
  await worker.terminate();
  const text = async (): Promise<string> => readFile(join(folder, '000000000001.log'), 'latin1');
  await until('the last record is written', async () => (await text()).includes(`"target":"${count() - 1}"`));
});

test('the ring of a thread that has gone is the next one’s, and what each appended is there once', async (t) => {
  const { folder, host } = await ledgerIn(t);
  const counts = new Map<string, () => number>();
  let connection = host.connect();
  const { ring: first } = connection;
  for (const name of ['one', 'two', 'three']) {
    const { worker, ended, count } = appender(host, name, { hang: true, connection });
    counts.set(name, count);
    await until('it appends', () => count() > 2_000);
    await worker.terminate();
    await ended;
    const early: LedgerConnection[] = [];
    await until('the next one has its ring', () => {
      connection = host.connect();
      if (connection.ring !== first) early.push(connection);
      return connection.ring === first;
    });
    for (const { port } of early) port.close();
  }
  connection.port.close();
  await host.close();
  const found = await recorded(folder);
  for (const [name, count] of counts) {
    const numbers = (found.get(name) ?? []).map(Number);
    assert.ok(numbers.length - count() <= 1, `${numbers.length} of ${count()}`);
    assert.deepEqual(numbers, [...numbers.keys()]);
  }
});

test('a ledger that was closed goes on where it ended, and leaves no timer behind', async (t) => {
  const { folder, host } = await ledgerIn(t);
  assert.ok(host.ledger.append(change('first')));
  await host.close();
  const clock = createSystemClock();
  const armed = new Set<number>();
  let timers = 0;
  const counting = {
    ...clock,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    every: (periodMs: number, run: () => void) => clock.every(periodMs, run),
    after: (delayMs: number, run: () => void) => {
      const id = timers++;
      armed.add(id);
      const timer = clock.after(delayMs, () => (armed.delete(id), run()));
      return { cancel: () => (armed.delete(id), timer.cancel()) };
    },
  };
  const again = await startLedger({
    folder,
    clock: counting,
    log: { write() {} },
    alerts: { raise() {}, list: async () => [] },
    lost: (reason) => assert.fail(reason),
  });
  assert.ok(again.ok);
  assert.ok(again.value.ledger.append(change('second')));
  await again.value.close();
  assert.deepEqual([...armed], []);
  assert.deepEqual((await recorded(folder)).get('main'), ['first', 'second']);
});
