import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTar, readTar } from './tar.ts';
import { tarEntry, tarOf } from './zip-fixture.test.ts';

function told(archive: Buffer, limit = 100): string {
  const read = readTar(archive, limit);
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

test('files of ustar, of the oldest kind, with names of pax and of GNU are read', () => {
  assert.equal(told(tarOf(tarEntry('a.txt', 'hello'), tarEntry('d/', '', { kind: '5' }))), 'a.txt:5');
  assert.equal(told(tarOf(tarEntry('a.txt', 'hello', { ustar: false }))), 'a.txt:5');
  assert.equal(told(tarOf(tarEntry('x', pax('path=ü.txt', 'mtime=1'), { kind: 'x' }), tarEntry('u', 'hi'))), 'ü.txt:2');
  assert.equal(told(tarOf(tarEntry('././@LongLink', 'long.txt\0', { kind: 'L' }), tarEntry('lo', 'hi'))), 'long.txt:2');
  const cut = [tarEntry('././@LongLink', 'd/d/a\0', { kind: 'L' }), tarEntry('d/d/', 'hi')];
  assert.equal(told(tarOf(...cut)), 'd/d/a:2', 'a long name, cut behind a slash');
  assert.equal(told(tarEntry('a.txt', 'hello')), 'a.txt:5', 'without blocks of zeros');
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
  ['a name for nothing', 'malformed', tarOf(tarEntry('l', 'b\0', { kind: 'L' }))],
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

for (const [name, fault, archive] of REFUSED) test(`refused: ${name}`, () => assert.equal(told(archive), fault));

test('more files than may be are refused, and heads that name none are counted', () => {
  assert.equal(told(tarOf(tarEntry('a'), tarEntry('b')), 1), 'entries');
  const heads = Array.from({ length: 50 }, () => tarEntry('g', '', { kind: 'g' }));
  assert.equal(told(tarOf(...heads), 10), 'entries');
});

test('a head whose sum is wrong is none', () => {
  const archive = tarOf(tarEntry('a', 'x'));
  archive[0] = 0x62;
  assert.equal(told(archive), 'malformed');
});
