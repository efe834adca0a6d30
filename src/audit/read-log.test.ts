import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { change, contents, FakeDisk, openBench, targets } from './fake-log.test.ts';
import { readLog } from './read-log.ts';

/** A log of three segments and more. */
let whole: FakeDisk;

before(async () => {
  const bench = await openBench({ segmentBytes: 2_000 });
  for (let n = 0; n < 40; n += 5) {
    for (let at = n; at < n + 5; at++) bench.client.append(change(at));
    await bench.client.flush();
    await bench.clock.pass(100);
  }
  await bench.writer.close();
  whole = bench.disk;
});

/** The whole log with one file changed. */
function tampered(name: string, alter: (text: string) => string): FakeDisk {
  const disk = whole.remains('kill');
  const text = disk.text(name);
  disk.put(name, alter(text));
  return disk;
}

const anyName = fc.nat().map((at) => {
  const names = [...whole.files.keys()];
  return names[at % names.length] as string;
});

async function isFound(disk: FakeDisk): Promise<boolean> {
  const read = await readLog(disk, { sinceMs: null, newest: null }, () => {});
  // A header that now names a later version is refused whole.
  if (!read.ok) return true;
  const report = read.value;
  return report.breaks.length > 0 || report.torn || report.last !== 40;
}

test('an untouched log is found whole', async () => {
  const { targets: found, report } = await contents(whole);
  assert.ok(report.segments >= 3);
  assert.deepEqual([found, report.breaks, report.torn], [targets(0, 40), [], false]);
});

test('any byte that is changed anywhere is found', async () => {
  await fc.assert(
    fc.asyncProperty(anyName, fc.nat(), fc.integer({ min: 1, max: 255 }), async (name, place, flip) => {
      const disk = tampered(name, (text) => {
        const at = place % text.length;
        return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ flip) + text.slice(at + 1);
      });
      assert.ok(await isFound(disk));
    }),
    { numRuns: 300 },
  );
});

test('a line that was taken out, doubled or put elsewhere is found', async () => {
  await fc.assert(
    fc.asyncProperty(anyName, fc.nat(), fc.nat(), async (name, first, second) => {
      const lines = whole.text(name).trimEnd().split('\n');
      const a = first % lines.length;
      const b = second % lines.length;
      const join = (changed: readonly string[]): string => changed.map((line) => `${line}\n`).join('');
      const changes = [join(lines.toSpliced(a, 1)), join(lines.toSpliced(b, 0, lines[a] as string))];
      if (a !== b) changes.push(join(lines.with(a, lines[b] as string).with(b, lines[a] as string)));
      for (const text of changes) assert.ok(await isFound(tampered(name, () => text)), `${name} ${a} ${b}`);
    }),
    { numRuns: 150 },
  );
});

test('a segment that was taken out of the middle, or swapped with another, is found', async () => {
  const names = [...whole.files.keys()];
  for (const name of names.slice(1, -1)) {
    const disk = whole.remains('kill');
    disk.files.delete(name);
    const { report } = await contents(disk);
    assert.deepEqual(
      report.breaks.map(({ detail }) => detail),
      ['it does not continue the segment before it'],
    );
  }
  const [first = '', second = ''] = names;
  const disk = whole.remains('kill');
  disk.put(first, whole.text(second));
  disk.put(second, whole.text(first));
  assert.ok((await contents(disk)).report.breaks.length >= 1);
});

test('the end of an earlier segment can not be cut off unseen', async () => {
  const [first = ''] = whole.files.keys();
  const text = whole.text(first);
  const short = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
  for (const cut of [short, `${short}\0\0\0`, text.slice(0, -10)]) assert.ok(await isFound(tampered(first, () => cut)));
});

test('a log whose oldest segments were put away is read from where it begins now', async () => {
  const disk = whole.remains('kill');
  const [first = ''] = disk.files.keys();
  disk.files.delete(first);
  const { report } = await contents(disk);
  assert.deepEqual([report.breaks, report.last], [[], 40]);
  assert.ok((report.first ?? 0) > 1);
});

test('only as much is read as is asked for', async () => {
  const read = await readLog(whole, { sinceMs: null, newest: 3 }, () => {});
  assert.ok(read.ok && (read.value.first ?? 0) > 10 && read.value.last === 40 && read.value.breaks.length === 0);
  const late = await readLog(whole, { sinceMs: Number.MAX_SAFE_INTEGER, newest: null }, () => {});
  assert.ok(late.ok && late.value.segments === 1);
  const early = await readLog(whole, { sinceMs: 0, newest: null }, () => {});
  assert.ok(early.ok && early.value.first === 1);
});

test('an empty folder is a log without segments, and an unreadable one is an error', async () => {
  assert.deepEqual((await contents(new FakeDisk())).report, {
    first: null,
    last: null,
    segments: 0,
    breaks: [],
    torn: false,
  });
  const disk = new FakeDisk();
  disk.list = () => Promise.resolve({ ok: false, error: { reason: 'forbidden', detail: 'not for you' } });
  assert.deepEqual(await readLog(disk, { sinceMs: null, newest: null }, () => {}), { ok: false, error: 'not for you' });
});

test('a log is read while it is written, and half a line at its end is no break', async () => {
  const bench = await openBench();
  bench.client.append(change(0));
  await bench.client.flush();
  const { report } = await contents(bench.disk);
  assert.deepEqual([report.last, report.breaks, report.torn], [1, [], false]);
  const text = bench.disk.text('000000000001.log').replace(/\0+$/, '');
  bench.disk.put('000000000001.log', `${text}{"sequence":2,"rec${'\0'.repeat(5_000)}`);
  const torn = (await contents(bench.disk)).report;
  assert.deepEqual([torn.last, torn.breaks, torn.torn], [1, [], true]);
});

test('a line that was half written when it was looked at first is read when it is whole', async () => {
  const [name = ''] = whole.files.keys();
  const only = new FakeDisk();
  const text = whole.text(name);
  only.put(name, text + '\0'.repeat(100));
  const end = text.indexOf('\n', text.indexOf('thing 3'));
  const halves = [text.slice(0, end - 20) + '\0'.repeat(text.length - end + 120)];
  const open = only.open.bind(only);
  let opened = 0;
  only.open = async (wanted) => {
    const segment = await open(wanted);
    if (!segment.ok || opened++ === 0) return segment;
    const read = segment.value.read.bind(segment.value);
    segment.value.read = (position, target) => {
      const half = halves.pop();
      return half === undefined
        ? read(position, target)
        : { ok: true, value: Buffer.from(half, 'latin1').copy(target, 0, position) };
    };
    return segment;
  };
  const { report } = await contents(only);
  assert.deepEqual([report.breaks, report.torn], [[], false]);
});

test('a segment that is begun while it is looked at is no break', async () => {
  const disk = whole.remains('kill');
  const name = [...disk.files.keys()].at(-1) as string;
  const text = disk.text(name);
  disk.put(name, '\0'.repeat(5_000));
  const open = disk.open.bind(disk);
  disk.open = async (wanted) => {
    const opened = await open(wanted);
    if (!opened.ok || wanted !== name) return opened;
    const segment = opened.value;
    const read = segment.read.bind(segment);
    let looks = 0;
    segment.read = (position, target) => {
      // Blank at the first look only.
      if (looks++ === 1) disk.files.get(name)?.bytes.write(text, 'latin1');
      return read(position, target);
    };
    return opened;
  };
  const { targets: found, report } = await contents(disk);
  assert.deepEqual([found, report.breaks], [targets(0, 40), []]);
});
