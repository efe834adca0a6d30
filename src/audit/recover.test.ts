import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change, contents, FakeDisk, openBench, rest, targets } from './fake-log.test.ts';
import { Chain, NO_HASH } from './line.ts';

const FIRST = '000000000001.log';
const SECOND = '000000000002.log';

/** A disk with one closed segment of so many changes. */
async function written(count: number): Promise<{ readonly disk: FakeDisk; readonly text: string }> {
  const bench = await openBench();
  for (let n = 0; n < count; n++) bench.client.append(change(n));
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

test('a last line that was cut anywhere is taken off, before reserved space or the end, and the log goes on', async () => {
  const { text } = await written(3);
  const lastLine = text.lastIndexOf('\n', text.length - 2) + 1;
  for (let cut = lastLine; cut < text.length; cut += cut > text.length - 3 ? 1 : 7) {
    for (const zeros of [0, 1, 5_000]) {
      const disk = diskOf(text.slice(0, cut) + '\0'.repeat(zeros));
      const bench = await goOn(disk, 2);
      const { targets: found, report } = await contents(disk);
      assert.deepEqual([found, report.breaks, bench.alerts], [targets(0, 3), [], []], `${cut} ${zeros}`);
      assert.deepEqual(bench.events, cut === lastLine ? [] : ['ledger.torn'], String(cut));
    }
  }
});

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
    const last = Number(/"sequence":(\d+)/.exec(disk.text(SECOND))?.[1]);
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
  const header = chain.begin(1, 1, null).replace('"version":1', '"version":2');
  const disk = diskOf(header);
  await assert.rejects(
    openBench({ disk }),
    /its format has version 2, this program knows 1; run the version that wrote it/,
  );
  assert.deepEqual([disk.text(FIRST), disk.files.size], [header, 1]);
  await assert.rejects(contents(disk), /version 2/);
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
