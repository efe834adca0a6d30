import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Bench,
  change,
  contents,
  FakeDisk,
  LEAST_WINDOW_BYTES,
  openBench,
  rest,
  targets,
} from './fake-log.test.ts';
import { RESERVE_BYTES } from './reserved-segment.ts';

const FIRST = '000000000001.log';

/** Appends changes of these numbers; gives how many were taken. */
function append({ client }: Pick<Bench, 'client'>, from: number, to: number): number {
  for (let n = from; n < to; n++) if (!client.append(change(n))) return n - from;
  return to - from;
}

/** How many bytes of a segment are written. */
function writtenBytes(disk: FakeDisk, name = FIRST): number {
  return disk.text(name).replace(/\0+$/, '').length;
}

test('what is appended stands in the log, numbered and chained, when it is acknowledged', async () => {
  const bench = await openBench();
  append(bench, 0, 100);
  await bench.client.flush();
  const { targets: found, report } = await contents(bench.disk.remains('power cut'));
  assert.deepEqual(found, targets(0, 100));
  assert.deepEqual(report, { first: 1, last: 100, segments: 1, breaks: [], torn: false });
  assert.deepEqual([bench.alerts, bench.events], [[], []]);
});

test('the end of the process loses nothing that arrived, acknowledged or not', async () => {
  const bench = await openBench();
  bench.disk.failsSyncing = true;
  append(bench, 0, 3);
  await bench.clock.pass(5);
  assert.deepEqual((await contents(bench.disk.remains('kill'))).targets, targets(0, 3));
});

test('the end of the process loses no more than the last 50 ms, at whatever moment it comes', async () => {
  const bench = await openBench();
  for (let n = 0; n < 60; n++) {
    append(bench, n, n + 1);
    await bench.clock.pass(5);
    const kept = (await contents(bench.disk.remains('kill'))).targets;
    assert.deepEqual(kept, targets(0, kept.length));
    assert.ok(kept.length >= n + 1 - 50 / 5, `${kept.length} of ${n + 1}`);
  }
});

test('the disk is asked at most every 40 ms however much comes', async () => {
  const bench = await openBench();
  const before = bench.disk.syncs;
  for (let n = 0; n < 100; n++) {
    append(bench, n, n + 1);
    await bench.clock.pass(5);
  }
  assert.ok(bench.disk.syncs - before <= 500 / 40 + 1, String(bench.disk.syncs - before));
});

test('a log goes on after a stop, and an orderly one gives back the space', async () => {
  const disk = new FakeDisk();
  for (let run = 0; run < 3; run++) {
    const bench = await openBench({ disk });
    append(bench, run * 10, run * 10 + 10);
    bench.client.close();
    await rest();
    assert.deepEqual(await bench.writer.close(), { ok: true, value: undefined });
    assert.ok(!disk.text(FIRST).includes('\0'));
  }
  const { targets: found, report } = await contents(disk);
  assert.deepEqual([found, report.breaks], [targets(0, 30), []]);
});

test('two who append share one log, each in its own order', async () => {
  const bench = await openBench();
  const other = await bench.join();
  for (let n = 0; n < 50; n++) assert.ok(bench.client.append(change(n)) && other.append(change(100 + n)));
  await Promise.all([bench.client.flush(), other.flush()]);
  const { targets: found, report } = await contents(bench.disk);
  const first = new Set(targets(0, 50));
  assert.deepEqual(
    [found.filter((target) => first.has(target)), found.filter((target) => !first.has(target))],
    [targets(0, 50), targets(100, 150)],
  );
  assert.equal(report.last, 100);
});

test('a producer that is gone is released once, when what it left is safe and not before', async () => {
  const { disk, clock, writer, join, released } = await openBench();
  const other = await join();
  disk.failsWriting = true;
  assert.ok(other.append(change(1)));
  other.close();
  await clock.pass(1_000);
  assert.equal(released(), 0);
  disk.failsWriting = false;
  await clock.pass(5_000);
  assert.equal(released(), 1);
  assert.ok((await writer.close()).ok);
  assert.equal(released(), 1);
  assert.deepEqual((await contents(disk)).targets, targets(1, 2));
});

test('producers that go while nothing can be written are released all the same, unless they have left something', async () => {
  const { disk, clock, writer, join, released } = await openBench();
  const left = await join();
  disk.failsWriting = true;
  assert.ok(left.append(change(1)));
  await clock.pass(1_000);
  left.close();
  for (let n = 1; n <= 20; n++) {
    const next = await join();
    assert.equal(next.append(change(100 + n)), false);
    next.close();
    await clock.pass(1_000);
    assert.equal(released(), n);
  }
  disk.failsWriting = false;
  await clock.pass(5_000);
  assert.equal(released(), 21);
  assert.ok((await writer.close()).ok);
  assert.deepEqual((await contents(disk)).targets, targets(1, 2));
});

test('what was granted is reserved on the disk before it is granted', async () => {
  const bench = await openBench({ windowBytes: 256 * 1024 });
  const safe = bench.disk.files.get(FIRST)?.safe.length ?? 0;
  assert.ok(safe - writtenBytes(bench.disk) >= 256 * 1024);
  let taken = 0;
  while (bench.client.append(change(taken))) taken++;
  bench.disk.roomBytes = 0;
  await bench.client.flush();
  assert.equal((await contents(bench.disk)).targets.length, taken);
});

test('a segment that is full is followed by another, the chain goes through both, and the old one keeps no space', async () => {
  const bench = await openBench({ segmentBytes: 3 * 1024 });
  for (let n = 0; n < 100; n += 10) {
    append(bench, n, n + 10);
    await bench.client.flush();
    await bench.clock.pass(50);
  }
  const { targets: found, report } = await contents(bench.disk);
  assert.deepEqual([found, report.breaks], [targets(0, 100), []]);
  assert.ok(report.segments > 4, String(report.segments));
  assert.ok(!bench.disk.text(FIRST).includes('\0'));
});

test('on a full disk what was granted is still taken and kept, then nothing, and all goes on when there is space', async () => {
  const bench = await openBench({ windowBytes: LEAST_WINDOW_BYTES });
  bench.disk.roomBytes = [...bench.disk.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  let next = 0;
  for (let quiet = 0; quiet < 5; ) {
    const taken = append(bench, next, next + 1_000);
    quiet = taken === 0 ? quiet + 1 : 0;
    next += taken;
    await bench.clock.pass(1_000);
  }
  assert.ok(next * 250 > RESERVE_BYTES / 2, String(next));
  await bench.client.flush();
  assert.deepEqual((await contents(bench.disk.remains('power cut'))).targets, targets(0, next));
  assert.deepEqual(
    bench.alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [['ledger.fault', 'space', 'critical']],
  );
  bench.disk.roomBytes = Number.POSITIVE_INFINITY;
  await bench.clock.pass(1_000);
  assert.equal(append(bench, next, next + 10), 10);
  await bench.client.flush();
  const { targets: found, report } = await contents(bench.disk);
  assert.deepEqual([found, report.breaks], [targets(0, next + 10), []]);
  assert.deepEqual(bench.events, ['ledger.written']);
  assert.deepEqual(bench.conditions, ['short because', 'sound well']);
});

test('where the next segment finds no space it is tried once a second, not with every write', async () => {
  const bench = await openBench({ segmentBytes: 2_000 });
  const { disk } = bench;
  disk.roomBytes = [...disk.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 1.5 * RESERVE_BYTES);
  let created = 0;
  const create = disk.create.bind(disk);
  disk.create = (name) => {
    created++;
    return create(name);
  };
  for (let n = 0; n < 100; n++) {
    assert.equal(append(bench, n, n + 1), 1);
    await bench.clock.pass(50);
  }
  assert.ok(created >= 4 && created <= 6, String(created));
  // What is appended has space all the same.
  assert.deepEqual([bench.alerts, bench.conditions], [[], []]);
  disk.roomBytes = Number.POSITIVE_INFINITY;
  await bench.clock.pass(1_000);
  const { targets: found, report } = await contents(disk);
  assert.deepEqual([found, report.breaks, report.segments], [targets(0, 100), [], 2]);
});

for (const [words, set] of [
  ['a disk that fails to write', (disk: FakeDisk, bad: boolean) => void (disk.failsWriting = bad)],
  ['a disk that fails to make safe', (disk: FakeDisk, bad: boolean) => void (disk.failsSyncing = bad)],
  ['a folder that is gone', (disk: FakeDisk, bad: boolean) => void (disk.folderGone = bad)],
] as const) {
  test(`${words} stops everything with an alert, and nothing is lost or doubled when it is back`, async () => {
    const bench = await openBench();
    append(bench, 0, 10);
    await bench.client.flush();
    set(bench.disk, true);
    append(bench, 10, 20);
    await bench.clock.pass(1_000);
    assert.equal(bench.client.append(change(99)), false);
    assert.deepEqual(
      bench.alerts.map(({ kind, key }) => [kind, key]),
      [['ledger.fault', 'file']],
    );
    await bench.clock.pass(5_000);
    assert.equal(bench.client.append(change(99)), false);
    assert.equal(bench.alerts.length, 1);
    set(bench.disk, false);
    await bench.clock.pass(2_000);
    assert.equal(append(bench, 20, 30), 10);
    await bench.client.flush();
    const { targets: found, report } = await contents(bench.disk.remains('power cut'));
    assert.deepEqual([found, report.breaks], [targets(0, 30), []]);
    assert.deepEqual(bench.events.at(-1), 'ledger.written');
    assert.deepEqual(bench.conditions, ['broken because', 'sound well']);
  });
}

test('the ledger is sound again when the header of a new segment is safe, and not before', async () => {
  const bench = await openBench();
  bench.disk.failsSyncing = true;
  append(bench, 0, 5);
  await bench.clock.pass(1_000);
  // From now on what is reserved is made safe, and what is written first is not.
  let asked = 0;
  Object.defineProperty(bench.disk, 'failsSyncing', { configurable: true, get: () => asked++ % 2 === 1 });
  await bench.clock.pass(5_000);
  assert.ok(asked > 4, String(asked));
  assert.deepEqual([bench.alerts.length, bench.conditions], [1, ['broken because']]);
  assert.equal(bench.client.append(change(99)), false);
  Object.defineProperty(bench.disk, 'failsSyncing', { value: false });
  await bench.clock.pass(2_000);
  assert.deepEqual(bench.conditions, ['broken because', 'sound well']);
  const { targets: found, report } = await contents(bench.disk.remains('power cut'));
  assert.deepEqual([found, report.breaks], [targets(0, 5), []]);
});

test('a folder that goes while nothing is asked is noticed within a second', async () => {
  const bench = await openBench();
  bench.disk.folderGone = true;
  await bench.clock.pass(1_000);
  assert.equal(bench.client.append(change(1)), false);
});

test('closing says what could not be written', async () => {
  const bench = await openBench();
  bench.disk.failsWriting = true;
  append(bench, 0, 3);
  await bench.clock.pass(5);
  const closed = await bench.writer.close();
  assert.ok(!closed.ok && closed.error === '3 records could not be written', JSON.stringify(closed));
});

test('a log that can not be made is an error in words', async () => {
  const disk = new FakeDisk();
  disk.roomBytes = 100;
  await assert.rejects(openBench({ disk }), /the ledger can not be written: a fake fault: full/);
  assert.equal(disk.files.size, 0);
});

const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('writing' as const, 'syncing' as const, 'folder' as const, 'full' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'power cut' as const) }) },
);

test('whatever fails and whenever it ends: what was acknowledged is there once, in order, and the chain holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 25 }), async (events) => {
      let bench = await openBench({ windowBytes: LEAST_WINDOW_BYTES, segmentBytes: 8 * 1024 });
      let next = 0;
      let acknowledged = 0;
      const flushed = (upTo: number): Promise<void> => {
        const { client } = bench;
        return client
          .flush()
          .then(() => void (bench.client === client && (acknowledged = Math.max(acknowledged, upTo))));
      };
      for (const step of events) {
        const { disk } = bench;
        if (step.kind === 'append') next += append(bench, next, next + step.count);
        if (step.kind === 'append') void flushed(next);
        if (step.kind === 'pass') await bench.clock.pass(step.ms);
        if (step.kind === 'flush') await rest();
        if (step.kind === 'writing') disk.failsWriting = !disk.failsWriting;
        if (step.kind === 'syncing') disk.failsSyncing = !disk.failsSyncing;
        if (step.kind === 'folder') disk.folderGone = !disk.folderGone;
        if (step.kind === 'full') disk.roomBytes = Number.isFinite(disk.roomBytes) ? Number.POSITIVE_INFINITY : 0;
        if (step.kind !== 'kill' && step.kind !== 'power cut') continue;
        const due = acknowledged;
        bench = await openBench({
          disk: disk.remains(step.kind),
          windowBytes: LEAST_WINDOW_BYTES,
          segmentBytes: 8 * 1024,
        });
        const { targets: left } = await contents(bench.disk);
        assert.ok(left.length >= due, `${left.length} of ${due}`);
        assert.deepEqual(left, targets(0, left.length));
        next = left.length;
        acknowledged = next;
      }
      const { disk } = bench;
      Object.assign(disk, {
        failsWriting: false,
        failsSyncing: false,
        folderGone: false,
        roomBytes: Number.POSITIVE_INFINITY,
      });
      await bench.clock.pass(3_000);
      await flushed(next);
      const { targets: found, report } = await contents(disk.remains('power cut'));
      assert.deepEqual([found, report.breaks, report.torn], [targets(0, next), [], false]);
    }),
    { numRuns: 60 },
  );
});
