import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change, contents, FakeDisk, oldLog, openBench, rest, targets } from './fake-log.test.ts';
import { Chain, NO_HASH } from './line.ts';
import { RecordEncoder } from './record-encoder.ts';
import { recoverLog } from './recover.ts';

const FIRST = '000000000001.log';
const SECOND = '000000000002.log';

/** A disk with one closed segment of so many changes, each a block of its own or all of them one. */
async function written(
  count: number,
  blocks: 'one' | 'each' = 'each',
): Promise<{ readonly disk: FakeDisk; readonly text: string }> {
  const bench = await openBench();
  for (let n = 0; n < count; n++) {
    bench.client.append(change(n));
    if (blocks === 'each') await bench.client.flush();
  }
  await bench.client.flush();
  bench.client.close();
  await rest();
  await bench.writer.close();
  return { disk: bench.disk, text: bench.disk.text(FIRST) };
}

/** A disk with this text as its only segment. */
function diskOf(text: string, name = FIRST): FakeDisk {
  const disk = new FakeDisk();
  disk.put(name, text);
  return disk;
}

/** Opens, appends one change of this number, and closes. */
async function goOn(disk: FakeDisk, number: number) {
  const bench = await openBench({ disk });
  assert.ok(bench.client.append(change(number)));
  await bench.client.flush();
  await bench.writer.close();
  return bench;
}

test('a last block that was cut anywhere is taken off, before reserved space or the end, and the log goes on', async () => {
  const { text } = await written(3);
  const lastBlock = text.lastIndexOf('{"version":1');
  for (let cut = lastBlock; cut < text.length; cut += cut > text.length - 3 ? 1 : 7) {
    for (const zeros of [0, 1, 5_000]) {
      const disk = diskOf(text.slice(0, cut) + '\0'.repeat(zeros));
      const bench = await goOn(disk, 2);
      const { targets: found, report } = await contents(disk);
      assert.deepEqual([found, report.breaks, bench.alerts], [targets(0, 3), [], []], `${cut} ${zeros}`);
      assert.deepEqual(bench.events, cut === lastBlock ? [] : ['ledger.torn'], String(cut));
    }
  }
});

test('what a killed process left in the memory of the system is safe before anything is chained to it', async () => {
  const { disk, text } = await written(3);
  const file = disk.files.get(FIRST);
  assert.ok(file !== undefined);
  file.safe = Buffer.alloc(0);
  disk.failsSyncing = true;
  const refused = await recoverLog(disk);
  assert.deepEqual(refused, { ok: false, error: 'the ledger can not be read: a fake fault: other' });
  disk.failsSyncing = false;
  assert.ok((await recoverLog(disk)).ok);
  assert.equal(disk.remains('power cut').text(FIRST), text);
});

test('of a block that is not whole no record counts, however many of them are', async () => {
  const { text } = await written(5, 'one');
  const lines = text.split('\n');
  for (let whole = 1; whole <= 6; whole++) {
    const disk = diskOf(`${lines.slice(0, whole).join('\n')}\n${'\0'.repeat(100)}`);
    const { targets: before, report } = await contents(disk);
    assert.deepEqual([before, report.breaks, report.torn], [[], [], whole > 1], String(whole));
    const bench = await goOn(disk, 0);
    assert.deepEqual([(await contents(disk)).targets, bench.alerts], [targets(0, 1), []], String(whole));
  }
});

test('a log of the first version is read, and goes on in a segment of its own', async () => {
  const records = [0, 1, 2].map((n) => text(n));
  const whole = oldLog(records);
  for (const [words, rest] of [
    ['whole', ''],
    ['with space', '\0'.repeat(5_000)],
    ['torn', `{"sequence":4,"rec${'\0'.repeat(5_000)}`],
  ] as const) {
    const disk = diskOf(whole + rest);
    assert.deepEqual((await contents(disk)).targets, targets(0, 3), words);
    const bench = await goOn(disk, 3);
    assert.deepEqual(bench.alerts, [], words);
    const { targets: found, report } = await contents(disk);
    assert.deepEqual([found, report.breaks, report.segments], [targets(0, 4), [], 2], words);
  }
});

test('a log of the first version that was changed is found out, and its numbers are not given again', async () => {
  const lines = oldLog([0, 1, 2].map((n) => text(n))).split('\n');
  const swapped = lines.with(2, lines[3] ?? '').with(3, lines[2] ?? '');
  for (const changed of [
    swapped,
    lines.toSpliced(2, 1),
    lines.with(2, lines[2]?.replace('thing 1', 'thing X') ?? ''),
  ]) {
    const disk = diskOf(changed.join('\n'));
    const bench = await goOn(disk, 9);
    assert.deepEqual(
      bench.alerts.map(({ key }) => key),
      ['chain'],
    );
    const { targets: found, report } = await contents(disk);
    assert.deepEqual([found, report.breaks.length], [['thing 0', 'thing 9'], 1]);
    assert.match(disk.text(SECOND), /"firstSequence":4,/);
  }
});

/** The text of a change, as both versions have it. */
function text(n: number): string {
  const encoder = new RecordEncoder();
  const length = encoder.encode(change(n));
  return encoder.line.toString('latin1', 0, length - 1);
}

test('reserved space at the end is neither cut off nor an error', async () => {
  const { text } = await written(3);
  const disk = diskOf(text + '\0'.repeat(3_000_000));
  const { report } = await contents(disk);
  assert.deepEqual([report.last, report.breaks, report.torn], [3, [], false]);
  await goOn(disk, 3);
  assert.deepEqual((await contents(disk)).targets, targets(0, 4));
});

test('a chain that is broken is told, kept as it is, and followed by a segment that names what was found', async () => {
  const { text } = await written(9);
  const lines = text.trimEnd().split('\n');
  const damages: readonly (readonly [string, string])[] = [
    ['a byte', text.replace('thing 4', 'thing X')],
    ['a line', lines.toSpliced(5, 1).join('\n') + '\n'],
    [
      'two lines',
      lines
        .with(5, lines[6] ?? '')
        .with(6, lines[5] ?? '')
        .join('\n') + '\n',
    ],
    ['a block', lines.toSpliced(5, 2).join('\n') + '\n'],
    [
      'two blocks',
      [...lines.slice(0, 5), ...lines.slice(7, 9), ...lines.slice(5, 7), ...lines.slice(9)].join('\n') + '\n',
    ],
    ['a block twice', lines.toSpliced(7, 0, ...lines.slice(5, 7)).join('\n') + '\n'],
    ['a block without records', lines.toSpliced(7, 0, lines[6] ?? '').join('\n') + '\n'],
    ['zeros', text.replace(lines[5] ?? '', '\0'.repeat((lines[5] ?? '').length))],
    ['the last byte', text.slice(0, -5) + 'X' + text.slice(-4)],
    ['behind the space', text + '\0'.repeat(2_000_000) + 'X'],
    ['no line break', text.replaceAll('\n', ' ') + 'x'.repeat(100_000)],
    ['the header', text.replace('"segment":1', '"segment":7')],
    ['no header', lines.slice(1).join('\n') + '\n'],
    ['another file', '#!/bin/sh\nexit\n'],
  ];
  for (const [words, damaged] of damages) {
    const disk = diskOf(damaged);
    const bench = await goOn(disk, 100);
    assert.deepEqual(
      bench.alerts.map(({ kind, key }) => [kind, key]),
      [['ledger.fault', 'chain']],
      words,
    );
    assert.equal(disk.text(FIRST), damaged, words);
    assert.match(disk.text(SECOND), /^\{[^\n]*"found":\{"kind":"broken","detail":"000000000001\.log: /, words);
    const { targets: found, report } = await contents(disk);
    assert.equal(found.at(-1), 'thing 100', words);
    assert.equal(report.breaks.length, 1, `${words}: ${JSON.stringify(report.breaks)}`);
    assert.equal(report.breaks[0]?.segment, FIRST);
    // No number is given twice, whatever could be read of them.
    const last = Number(/"block":\{"first":(\d+)/.exec(disk.text(SECOND))?.[1]);
    assert.ok(
      last >= (words === 'the last byte' || words === 'another file' || words === 'no line break' ? 1 : 9),
      `${words} ${last}`,
    );
  }
});

test('what comes behind a break is read on and checked', async () => {
  const { text } = await written(5);
  const disk = diskOf(text.replace('thing 2', 'thing X'));
  for (let run = 0; run < 2; run++) assert.deepEqual((await goOn(disk, 10 + run)).alerts.length, run === 0 ? 1 : 0);
  const { targets: found, report } = await contents(disk);
  assert.deepEqual(found, ['thing 0', 'thing 1', 'thing 10', 'thing 11']);
  assert.equal(report.breaks.length, 1);
});

test('a format of a later version is not written behind, and the words say what to do', async () => {
  const chain = new Chain(0, NO_HASH);
  const header = chain.begin(1, 1, null).replace('"version":2', '"version":3');
  const disk = diskOf(header);
  await assert.rejects(
    openBench({ disk }),
    /its format has version 3, this program knows 2; run the version that wrote it/,
  );
  assert.deepEqual([disk.text(FIRST), disk.files.size], [header, 1]);
  await assert.rejects(contents(disk), /version 3/);
});

test('a segment that was made ready and never begun is no part of the log', async () => {
  const { disk } = await written(3);
  disk.put(SECOND, '\0'.repeat(100_000));
  assert.deepEqual((await contents(disk)).report.breaks, []);
  await goOn(disk, 3);
  assert.deepEqual([...disk.files.keys()], [FIRST]);
  assert.deepEqual((await contents(disk)).targets, targets(0, 4));
});

test('files that are no segments are left alone', async () => {
  const { disk } = await written(1);
  for (const name of ['notes.txt', '1.log', '000000000000.log', '000000000009.log.bak']) disk.put(name, 'mine');
  await goOn(disk, 1);
  assert.equal(disk.text('notes.txt'), 'mine');
  assert.deepEqual((await contents(disk)).targets, targets(0, 2));
});

test('a segment under the number of another is not written on, for nobody would read what stands there', async () => {
  const { text } = await written(3);
  const disk = diskOf(text, '000000000007.log');
  const { alerts } = await goOn(disk, 9);
  assert.deepEqual(
    alerts.map(({ key }) => key),
    ['chain'],
  );
  const { targets: found, report } = await contents(disk);
  assert.deepEqual([found, report.breaks.length, report.last], [targets(9, 10), 1, 4]);
});

test('a planted line or header with the highest number there is does not use up the numbers', async () => {
  const { text } = await written(3);
  const tail = `,"hash":"${NO_HASH}"}\n`;
  const header = new Chain(Number.MAX_SAFE_INTEGER - 2, NO_HASH).begin(1, 1, null);
  const line = `{"block":{"first":1,"last":${Number.MAX_SAFE_INTEGER - 1}}${tail}`;
  for (const planted of [text + line, header, header + line]) {
    const disk = diskOf(planted);
    await goOn(disk, 4);
    const { targets: found, report } = await contents(disk);
    assert.deepEqual([found.at(-1), report.breaks.length], ['thing 4', 1]);
    assert.ok((report.last ?? 0) < 10, String(report.last));
  }
});

test('behind the highest number that a segment can have nothing is written where nobody finds it', async () => {
  const disk = diskOf('no ledger\n', '999999999999.log');
  await assert.rejects(openBench({ disk }), /no segment can have a higher number/);
  assert.equal(disk.files.size, 1);
});
