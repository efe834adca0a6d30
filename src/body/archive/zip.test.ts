import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
// @ts-expect-error: it has no types of its own.
import * as yauzl from 'yauzl';
import type { ArchiveFault } from './archive-fault.ts';
import { type MadeArchive, type MadeEntry, zipOf } from './zip-fixture.test.ts';
import { countTurns } from '../turns-fixture.test.ts';
import { Turns } from '../turns.ts';
import { readZip } from './zip.ts';

/** The other reader, as far as it is used. */
interface OtherReader {
  fromBuffer(
    bytes: Buffer,
    options: { readonly lazyEntries: boolean },
    callback: (fault: Error | null, file: NodeJS.EventEmitter) => void,
  ): void;
}
const { fromBuffer } = yauzl as unknown as OtherReader;

const PLAIN: MadeEntry = { name: 'a.txt', content: 'hello hello hello' };
const NOTHING = Buffer.alloc(0);
const OTHER: MadeEntry = { name: 'b/c.txt', content: 'other', stored: true };

async function told(archive: Buffer, limit = 1_000): Promise<string> {
  const read = await readZip(archive, limit, new Turns());
  return read.ok ? read.value.map(({ name }) => name).join(' ') : read.error;
}

test('archives as programs write them are read, in the order of their list', async () => {
  assert.equal(await told(zipOf([PLAIN, OTHER, { name: 'd/' }])), 'a.txt b/c.txt d/');
  assert.equal(await told(zipOf([])), '');
  assert.equal(
    await told(
      zipOf([
        { ...PLAIN, described: 'behind' },
        { ...OTHER, described: 'behind-unmarked' },
      ]),
    ),
    'a.txt b/c.txt',
  );
  assert.equal(await told(zipOf([PLAIN], { comment: Buffer.from('made by hand') })), 'a.txt');
  assert.equal(await told(zipOf([{ ...PLAIN, name: 'ünd.txt', flags: 0x0800 }])), 'ünd.txt');
  assert.equal(await told(zipOf([{ ...PLAIN, mode: 0o100644 }])), 'a.txt');
  const inner = zipOf([PLAIN]);
  assert.equal(
    await told(zipOf([{ name: 'inner.zip', content: inner, stored: true }])),
    'inner.zip',
    'an end inside is none',
  );
});

const REFUSED: readonly (readonly [
  name: string,
  fault: ArchiveFault,
  entries: readonly MadeEntry[],
  more?: MadeArchive,
])[] = [
  ['another name before the entry than in the list', 'malformed', [{ ...PLAIN, local: { name: 'b.txt' } }]],
  ['another size before the entry', 'malformed', [{ ...PLAIN, local: { size: 5 } }]],
  ['another packed size before the entry', 'malformed', [{ ...PLAIN, local: { packedSize: 5 } }]],
  ['another checksum before the entry', 'malformed', [{ ...PLAIN, local: { crc: 5 } }]],
  ['another way of packing before the entry', 'malformed', [{ ...PLAIN, local: { method: 0 } }]],
  ['encrypted in one place alone', 'malformed', [{ ...PLAIN, local: { flags: 1 } }]],
  ['a descriptor that says another size', 'malformed', [{ ...PLAIN, described: 'behind', central: { size: 9 } }]],
  ['two entries over the same bytes', 'overlap', [PLAIN, { ...PLAIN, name: 'b.txt', central: { start: 0 } }]],
  [
    'an entry inside of another',
    'overlap',
    [{ ...PLAIN, central: { packedSize: 60 }, local: { packedSize: 60 } }, OTHER],
  ],
  ['bytes before the first entry', 'malformed', [PLAIN], { before: Buffer.from('#!/bin/sh\n') }],
  ['an entry that is not in the list', 'malformed', [PLAIN], { gap: zipOf([OTHER]).subarray(0, 42) }],
  ['bytes behind the end', 'malformed', [PLAIN], { behind: Buffer.from('<?php') }],
  ['an end inside of the comment', 'malformed', [PLAIN], { comment: zipOf([]) }],
  ['more entries than are said', 'malformed', [PLAIN, OTHER], { count: 1 }],
  ['fewer entries than are said', 'malformed', [PLAIN], { count: 2 }],
  ['a way up', 'name', [{ ...PLAIN, name: '../a.txt' }]],
  ['a way up inside', 'name', [{ ...PLAIN, name: 'a/../../b.txt' }]],
  ['a way up with a blank behind', 'name', [{ ...PLAIN, name: 'a/.. /b.txt' }]],
  ['a root', 'name', [{ ...PLAIN, name: '/etc/passwd' }]],
  ['a drive', 'name', [{ ...PLAIN, name: 'C:/windows/a.dll' }]],
  ['a backslash', 'name', [{ ...PLAIN, name: '..\\a.txt' }]],
  ['a NUL', 'name', [{ ...PLAIN, name: 'a.txt\0.png' }]],
  ['two entries of one name', 'name', [PLAIN, { ...PLAIN, content: 'x' }]],
  ['two entries of one place', 'name', [PLAIN, { ...PLAIN, name: './/a.txt' }]],
  ['a name that is not the UTF-8 that it says', 'malformed', [{ ...PLAIN, name: Buffer.from([0xff]), flags: 0x0800 }]],
  ['a symbolic link', 'link', [{ ...PLAIN, mode: 0o120777 }]],
  ['a device', 'link', [{ ...PLAIN, mode: 0o060600 }]],
  ['a folder that holds something', 'malformed', [{ ...PLAIN, name: 'a/' }]],
  ['stored as another size', 'malformed', [{ ...OTHER, central: { size: 9 }, local: { size: 9 } }]],
  ['a second name that leads up', 'name', [{ ...PLAIN, extra: unicodeName('../a.txt') }]],
  ['a second name that is another', 'name', [{ ...PLAIN, extra: unicodeName('a.php') }]],
  ['a second name before the entry alone', 'name', [{ ...PLAIN, localExtra: unicodeName('a.php') }]],
  [
    'a second name that leads up, beside one that nobody knows to read',
    'name',
    [{ ...PLAIN, name: Buffer.from([0x84]), extra: unicodeName('../ä') }],
  ],
  ['a list that is hidden', 'malformed', [{ ...PLAIN, flags: 0x2000 }]],
];

function unicodeName(name: string): Buffer {
  const raw = Buffer.from(name);
  return Buffer.concat([Buffer.from([0x75, 0x70, raw.length + 5, 0, 1, 0, 0, 0, 0]), raw]);
}

for (const [name, fault, entries, more] of REFUSED) {
  test(`refused: ${name}`, async () => assert.equal(await told(zipOf(entries, more)), fault));
}

test('a second name that says the same, or what the first one may mean, is none', async () => {
  assert.equal(await told(zipOf([{ ...PLAIN, extra: unicodeName('a.txt') }])), 'a.txt');
  assert.equal(await told(zipOf([{ ...PLAIN, name: Buffer.from([0x84]), extra: unicodeName('ä') }])), '\x84');
});

test('more entries than may be are refused before any is read', async () => {
  assert.equal(await told(zipOf([PLAIN, OTHER]), 1), 'entries');
});

/** Sizes and place as ZIP64 keeps them, where a head says that they are there. */
function longExtra(...numbers: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * numbers.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  numbers.forEach((number, at) => extra.writeBigUInt64LE(BigInt(number), 4 + 8 * at));
  return extra;
}

test('sizes and places of ZIP64 are read in their order, as far as the head leaves them open', async () => {
  const long = 0xffff_ffff;
  const first = { ...OTHER, name: 'first' };
  const start = zipOf([first]).readUInt32LE(zipOf([first]).length - 6);
  const all = { extra: longExtra(5, 5, start), localExtra: longExtra(5, 5) };
  const open = { size: long, packedSize: long };
  const told64 = async (second: Partial<MadeEntry>): Promise<string> =>
    await told(zipOf([first, { ...OTHER, ...second }]));
  assert.equal(await told64({ ...all, local: open, central: { ...open, start: long } }), 'first b/c.txt');
  assert.equal(
    await told64({ extra: longExtra(start), localExtra: NOTHING, central: { start: long } }),
    'first b/c.txt',
  );
  assert.equal(
    await told64({ extra: longExtra(5, start), localExtra: NOTHING, central: { size: long, start: long } }),
    'first b/c.txt',
  );
  assert.equal(
    await told64({ extra: longExtra(0), localExtra: NOTHING, central: { start: long } }),
    'overlap',
    'another place',
  );
  assert.equal(
    await told64({ extra: longExtra(start + 1), localExtra: NOTHING, central: { start: long } }),
    'malformed',
  );
  assert.equal(await told64({ extra: NOTHING, central: { start: long } }), 'malformed', 'nowhere said');
  assert.equal(
    await told64({ extra: longExtra(5), localExtra: NOTHING, central: { size: long, start: long } }),
    'malformed',
    'too few',
  );
  assert.equal(
    await told64({ extra: longExtra(6), localExtra: NOTHING, central: { size: long } }),
    'malformed',
    'another size',
  );
});

test('a long list is read in slices, wherever its length comes from', async () => {
  const many = zipOf(Array.from({ length: 2_000 }, (_, at) => ({ name: `${at}`, stored: true })));
  assert.ok((await countTurns(async () => await told(many, 2_000))) > 20);
  const fields = Buffer.alloc(60_000);
  for (let at = 0; at < fields.length; at += 4) fields.writeUInt16LE(0x4242, at);
  const wide = zipOf(Array.from({ length: 20 }, (_, at) => ({ name: `${at}`, stored: true, extra: fields })));
  assert.ok((await countTurns(async () => await told(wide))) > 15);
});

test('encrypted entries are told as such', async () => {
  const read = await readZip(zipOf([{ ...PLAIN, flags: 1 }]), 10, new Turns());
  assert.ok(read.ok);
  assert.equal(read.value[0]?.encrypted, true);
});

test('however it is changed, an archive that is read has the names that another reader sees', async () => {
  const archive = zipOf([PLAIN, OTHER, { ...PLAIN, name: 'z.txt', described: 'behind' }]);
  await fc.assert(
    fc.asyncProperty(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(archive);
      changed[at] = changed[at]! ^ change;
      const read = await readZip(changed, 100, new Turns());
      if (!read.ok) return;
      const seen = await namesBy(changed);
      // The other reader takes fewer versions and names; what both take must be the same.
      if (seen !== null) assert.deepEqual(read.value.map(({ name }) => name).map(plain), seen.map(plain));
    }),
    { numRuns: 500 },
  );
});

/** Without a code page nobody says what bytes above 127 mean: they are left out. */
const plain = (name: string): string => name.replace(/[^\x20-\x7e]/gu, '');

function namesBy(archive: Buffer): Promise<readonly string[] | null> {
  return new Promise((resolve) => {
    fromBuffer(archive, { lazyEntries: false }, (fault, file) => {
      if (fault !== null) {
        resolve(null);
        return;
      }
      const names: string[] = [];
      file.on('entry', ({ fileName }: { readonly fileName: string }) => void names.push(fileName));
      file.on('end', () => resolve(names));
      file.on('error', () => resolve(null));
    });
  });
}
