import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTurns } from '../turns-fixture.test.ts';
import { Turns } from '../turns.ts';
import { isTar, readTar } from './tar.ts';
import { tarEntry, tarOf } from './zip-fixture.test.ts';

async function told(archive: Buffer, limit = 100): Promise<string> {
  const read = await readTar(archive, limit, new Turns());
  return read.ok ? read.value.map(({ name, bytes }) => `${name}:${bytes.length}`).join(' ') : read.error;
}

const pax = (...records: readonly string[]): string =>
  records
    .map((record) => {
      const length = Buffer.byteLength(record) + 2;
      const digits = String(length + String(length).length).length;
      return `${length + digits} ${record}\n`;
    })
    .join('');

test('files of ustar, of the oldest kind, with names of pax and of GNU are read', async () => {
  assert.equal(await told(tarOf(tarEntry('a.txt', 'hello'), tarEntry('d/', '', { kind: '5' }))), 'a.txt:5');
  assert.equal(await told(tarOf(tarEntry('a.txt', 'hello', { ustar: false }))), 'a.txt:5');
  assert.equal(
    await told(tarOf(tarEntry('x', pax('path=ü.txt', 'mtime=1'), { kind: 'x' }), tarEntry('u', 'hi'))),
    'ü.txt:2',
  );
  assert.equal(
    await told(tarOf(tarEntry('././@LongLink', 'long.txt\0', { kind: 'L' }), tarEntry('lo', 'hi'))),
    'long.txt:2',
  );
  const cut = [tarEntry('././@LongLink', 'd/d/a\0', { kind: 'L' }), tarEntry('d/d/', 'hi')];
  assert.equal(await told(tarOf(...cut)), 'd/d/a:2', 'a long name, cut behind a slash');
  assert.equal(await told(tarEntry('a.txt', 'hello')), 'a.txt:5', 'without blocks of zeros');
  const sized = [tarEntry('x', pax('size=5'), { kind: 'x' }), tarEntry('a.txt', 'hello')];
  assert.equal(await told(tarOf(...sized)), 'a.txt:5', 'a size of pax that is the same');
  assert.equal(await told(tarOf(tarEntry('d/', '', { kind: '\0' }), tarEntry('a', 'x'))), 'a:1', 'an old folder');
  assert.equal(isTar(tarEntry('a.txt')), true);
  assert.equal(isTar(Buffer.alloc(512)), false);
});

const REFUSED: readonly (readonly [name: string, fault: string, archive: Buffer])[] = [
  ['a symbolic link', 'link', tarOf(tarEntry('a', '', { kind: '2' }))],
  ['a hard link', 'link', tarOf(tarEntry('a', '', { kind: '1' }))],
  ['a device', 'link', tarOf(tarEntry('a', '', { kind: '3' }))],
  ['a file with holes', 'malformed', tarOf(tarEntry('a', 'x', { kind: 'S' }))],
  ['a part of another volume', 'malformed', tarOf(tarEntry('a', 'x', { kind: 'M' }))],
  ['a way up', 'name', tarOf(tarEntry('../a', 'x'))],
  ['a root', 'name', tarOf(tarEntry('/a', 'x'))],
  ['a way up in a name of pax', 'name', tarOf(tarEntry('x', pax('path=../a'), { kind: 'x' }), tarEntry('a', 'x'))],
  ['a way up behind a name of pax', 'name', tarOf(tarEntry('x', pax('path=a'), { kind: 'x' }), tarEntry('../a', 'x'))],
  ['a way up in a name of GNU', 'name', tarOf(tarEntry('l', '../a\0', { kind: 'L' }), tarEntry('a', 'x'))],
  [
    'a size that pax says otherwise',
    'malformed',
    tarOf(tarEntry('x', pax('size=512'), { kind: 'x' }), tarEntry('a', 'x')),
  ],
  ['a name for all that follow', 'malformed', tarOf(tarEntry('g', pax('path=a'), { kind: 'g' }), tarEntry('a', 'x'))],
  [
    'a folder of pax that holds something',
    'malformed',
    tarOf(tarEntry('x', pax('path=a/'), { kind: 'x' }), tarEntry('a', 'x')),
  ],
  ['a broken record of pax', 'malformed', tarOf(tarEntry('x', '99 path=a\n', { kind: 'x' }), tarEntry('a', 'x'))],
  [
    'two names',
    'malformed',
    tarOf(tarEntry('l', 'b\0', { kind: 'L' }), tarEntry('x', pax('path=c'), { kind: 'x' }), tarEntry('a')),
  ],
  ['a size for nothing', 'malformed', tarOf(tarEntry('x', pax('size=1'), { kind: 'x' }))],
  [
    'a size that is said twice',
    'malformed',
    tarOf(tarEntry('x', pax('size=1', 'size=1'), { kind: 'x' }), tarEntry('a', 'x')),
  ],
  [
    'a size of pax that is no number',
    'malformed',
    tarOf(tarEntry('x', pax('size=0x1'), { kind: 'x' }), tarEntry('a', 'x')),
  ],
  ['a size for all that follow', 'malformed', tarOf(tarEntry('g', pax('size=1'), { kind: 'g' }), tarEntry('a', 'x'))],
  [
    'a head for all between a name and its file',
    'malformed',
    tarOf(
      tarEntry('x', pax('path=b'), { kind: 'x' }),
      tarEntry('g', pax('comment=x'), { kind: 'g' }),
      tarEntry('a', 'x'),
    ),
  ],
  ['a file whose name ends as that of a folder', 'malformed', tarOf(tarEntry('a/', ''))],
  [
    'an old folder with the name of a file',
    'malformed',
    tarOf(tarEntry('l', 'b\0', { kind: 'L' }), tarEntry('a/', '', { kind: '\0' })),
  ],
  ['a mode that is no number', 'malformed', tarOf(tarEntry('a', 'x', { mode: '8' }))],
  ['a name for nothing', 'malformed', tarOf(tarEntry('l', 'b\0', { kind: 'L' }))],
  [
    'a head that says more than anybody reads in one go',
    'malformed',
    tarOf(
      tarEntry('x', pax(...Array.from({ length: 22 }, () => `comment=${'x'.repeat(50_000)}`)), { kind: 'x' }),
      tarEntry('a', 'x'),
    ),
  ],
  ['two files of one name', 'name', tarOf(tarEntry('a', 'x'), tarEntry('./a', 'y'))],
  ['more than there is', 'malformed', tarEntry('a', '', { size: '77777777777\0' })],
  [
    'a size of GNU that is more than there is',
    'malformed',
    tarEntry('a', '', { size: '\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff' }),
  ],
  ['a size that is no number', 'malformed', tarEntry('a', '', { size: '-0000000001\0' })],
  ['something behind the end', 'malformed', Buffer.concat([tarOf(tarEntry('a', 'x')), tarEntry('b', 'y')])],
  ['a block of zeros in the middle', 'malformed', Buffer.concat([tarEntry('a'), Buffer.alloc(512), tarEntry('b')])],
  ['half a head', 'malformed', tarOf(tarEntry('a', 'x')).subarray(0, 700)],
];

for (const [name, fault, archive] of REFUSED)
  test(`refused: ${name}`, async () => assert.equal(await told(archive), fault));

test('more files than may be are refused, and heads that name none are counted', async () => {
  assert.equal(await told(tarOf(tarEntry('a'), tarEntry('b')), 1), 'entries');
  const heads = Array.from({ length: 50 }, () => tarEntry('g', '', { kind: 'g' }));
  assert.equal(await told(tarOf(...heads), 10), 'entries');
});

test('many heads, and long ones, are read in slices', async () => {
  const files = Array.from({ length: 2_000 }, (_, at) => tarEntry(`${at}`));
  assert.ok((await countTurns(async () => await told(tarOf(...files), 2_000))) > 10);
  const records = pax(...Array.from({ length: 900 }, () => 'mtime=1'));
  const heads = Array.from({ length: 50 }, () => tarEntry('g', records, { kind: 'g' }));
  assert.ok((await countTurns(async () => await told(tarOf(...heads)))) > 40);
});

test('a head whose sum is wrong is none', async () => {
  const archive = tarOf(tarEntry('a', 'x'));
  archive[0] = 0x62;
  assert.equal(await told(archive), 'malformed');
});
