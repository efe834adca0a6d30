import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { readTar } from '../../src/body/archive/tar.ts';
import { tarEntry, tarOf } from '../../src/body/archive/zip-fixture.test.ts';
import { Turns } from '../../src/body/turns.ts';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';

/** What a reader sees: names and sizes of files, or null where it refuses. */
type Listing = readonly string[] | null;

const PYTHON = `
import io, json, sys, tarfile
while True:
    length = sys.stdin.buffer.read(4)
    if len(length) < 4: break
    data = sys.stdin.buffer.read(int.from_bytes(length, 'big'))
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode='r:', errorlevel=2) as archive:
            seen = ['%s:%d' % (m.name.encode('utf8', 'surrogateescape').hex(), m.size) for m in archive if not m.isdir()]
    except Exception:
        seen = None
    print(json.dumps(seen), flush=True)
`;

let python: ChildProcessWithoutNullStreams | null = null;
const waiting: ((line: string) => void)[] = [];

after(() => void python?.kill());

async function startPython(program: string): Promise<void> {
  const child = spawn(program, ['-c', PYTHON]);
  await once(child, 'spawn');
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  python = child;
}

async function listedByPython(archive: Buffer): Promise<Listing> {
  const { promise, resolve } = Promise.withResolvers<string>();
  waiting.push(resolve);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(archive.length);
  python?.stdin.write(Buffer.concat([length, archive]));
  return JSON.parse(await promise) as Listing;
}

/** GNU's program says what it sees in lines: kind and mode, owners, size, day, time, name. */
function listedByTar(program: string, archive: Buffer): Listing {
  const options = ['--list', '--verbose', '--numeric-owner', '--quoting-style=escape', '--utc', '--file=-'];
  const { status, stdout } = spawnSync(program, options, { input: archive, env: { LC_ALL: 'C.UTF-8' } });
  if (status !== 0) return null;
  const lines = stdout.toString('utf8').split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const [, kind, size, name] = /^(.)\S* +\S+ +([0-9]+) \S+ \S+ (.*)$/.exec(line) ?? [];
    return kind === 'd' ? [] : [`${Buffer.from(name ?? line).toString('hex')}:${size}`];
  });
}

async function listedByUs(archive: Buffer): Promise<Listing> {
  const read = await readTar(archive, 100, new Turns());
  return read.ok ? read.value.map(({ name, bytes }) => `${Buffer.from(name).toString('hex')}:${bytes.length}`) : null;
}

/** Both drop slashes at the end of names, and print what is not ASCII in ways of their own: names of such are left out. */
function isComparable(listing: readonly string[]): boolean {
  return listing.every((each) => /^[\x20-\x5b\x5d-\x7e]*$/.test(nameOf(each)));
}

function nameOf(entry: string): string {
  return Buffer.from(entry.split(':')[0] ?? '', 'hex')
    .toString('utf8')
    .replace(/\/+$/, '');
}

function pax(record: string): string {
  const length = Buffer.byteLength(record) + 2;
  const digits = String(length + String(length).length).length;
  return `${length + digits} ${record}\n`;
}

const SEEDS: readonly Buffer[] = [
  tarOf(tarEntry('a.txt', 'hello'), tarEntry('d/', '', { kind: '5' }), tarEntry('d/b.txt', 'x'.repeat(700))),
  tarOf(tarEntry('a.txt', 'hello', { ustar: false }), tarEntry('b', 'y', { kind: '\0' })),
  tarOf(tarEntry('x', pax('path=long.txt'), { kind: 'x' }), tarEntry('a', 'hello'), tarEntry('b', 'world')),
  tarOf(tarEntry('x', pax('size=5'), { kind: 'x' }), tarEntry('a', 'hello'), tarEntry('b', 'world')),
  tarOf(tarEntry('g', pax('comment=none'), { kind: 'g' }), tarEntry('a', 'hello'), tarEntry('b', 'world')),
  tarOf(tarEntry('././@LongLink', 'long.txt\0', { kind: 'L' }), tarEntry('a', 'hello'), tarEntry('b', 'world')),
  tarOf(tarEntry('a', 'hello', { size: `${' '.repeat(9)}5 \0` }), tarEntry('b', 'world')),
];

/** Heads with another byte at a place, the sum made right again. */
function changedHead(archive: Buffer, head: number, at: number, value: number): Buffer<ArrayBuffer> {
  const changed = Buffer.from(archive);
  const start = head * 512;
  changed[start + at] = value;
  changed.fill(0x20, start + 148, start + 156);
  const sum = changed.subarray(start, start + 512).reduce((all, byte) => all + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, start + 148, 'latin1');
  return changed;
}

/** Bytes that mean something somewhere in a head. */
const TELLING = [0, 0x20, 0x2f, 0x2e, 0x30, 0x31, 0x35, 0x37, 0x38, 0x3d, 0x41, 0x4c, 0x67, 0x78, 0x80, 0xff];

/** Heads in any order: what one says of the next is where readers differ. */
const PIECES: readonly Buffer[] = [
  tarEntry('x', pax('path=named'), { kind: 'x' }),
  tarEntry('x', pax('size=5'), { kind: 'x' }),
  tarEntry('x', `${pax('mtime=1.5')}${pax('path=other')}`, { kind: 'x' }),
  tarEntry('g', pax('comment=none'), { kind: 'g' }),
  tarEntry('././@LongLink', 'long.txt\0', { kind: 'L' }),
  tarEntry('a', 'hello'),
  tarEntry('b', 'world'),
  tarEntry('d/', '', { kind: '5' }),
  tarEntry('d/e/', ''),
];

const changed = fc.record({
  head: fc.nat(6),
  at: fc.oneof(fc.nat(12), fc.integer({ min: 120, max: 164 }), fc.integer({ min: 255, max: 270 }), fc.nat(511)),
  value: fc.oneof(fc.constantFrom(...TELLING), fc.nat(255)),
  sum: fc.boolean(),
});
const made = fc.record({
  archive: fc.oneof(
    fc.constantFrom(...SEEDS),
    fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 }).map((pieces) => tarOf(...pieces)),
  ),
  changes: fc.array(changed, { maxLength: 2 }),
});

interface Made {
  readonly archive: Buffer;
  readonly changes: readonly {
    readonly head: number;
    readonly at: number;
    readonly value: number;
    readonly sum: boolean;
  }[];
}

function archiveOf({ archive, changes }: Made): Buffer {
  let bytes = Buffer.from(archive);
  for (const { head, at, value, sum } of changes) {
    const inside = Math.min(head, bytes.length / 512 - 1);
    if (sum) bytes = changedHead(bytes, inside, at, value);
    else bytes[inside * 512 + at] = value;
  }
  return bytes;
}

async function compared(t: TestContext, list: (archive: Buffer) => Promise<Listing>, runs: number): Promise<void> {
  for (const seed of SEEDS) assert.deepEqual(await list(seed), await listedByUs(seed));
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(made, async (how) => {
      const archive = archiveOf(how);
      const ours = await listedByUs(archive);
      if (ours === null || !isComparable(ours)) return;
      const theirs = await list(archive);
      // What another refuses harms nobody.
      if (theirs === null) return;
      taken++;
      assert.deepEqual(
        ours.map((each) => [nameOf(each), each.split(':')[1]]),
        theirs.map((each) => [nameOf(each), each.split(':')[1]]),
      );
    }),
    { numRuns: runs },
  );
  assert.ok(taken > runs / 20, `${taken} were compared`);
  t.diagnostic(`${taken} archives compared`);
}

test('however a tar archive is changed, what is read has the files that python sees in it', async (t) => {
  const program = findProgram('python3');
  if (program === null) {
    skipOrFail(t, 'python3 missing');
    return;
  }
  await startPython(program);
  await compared(t, listedByPython, 5_000);
});

test('however a tar archive is changed, what is read has the files that GNU tar sees in it', async (t) => {
  const program = findProgram('tar');
  const version = program === null ? '' : spawnSync(program, ['--version']).stdout.toString();
  if (program === null || !version.includes('GNU tar')) {
    skipOrFail(t, 'GNU tar missing');
    return;
  }
  await compared(t, async (archive) => await Promise.resolve(listedByTar(program, archive)), 600);
});
