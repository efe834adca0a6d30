import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { countTurns } from '../turns-fixture.test.ts';
import { Turns } from '../turns.ts';
import { archiveFormat } from './archive-format.ts';
import { archiveFault, type ArchiveLimits, documentFault } from './open-archive.ts';
import { tarEntry, tarOf, zipOf } from './zip-fixture.test.ts';

const LIMITS: ArchiveLimits = {
  entries: 1_000,
  depth: 3,
  bytes: 20 * 1024 * 1024,
  held: 10 * 1024 * 1024,
  ratio: 100,
  encrypted: 'refuse',
  unopened: 'refuse',
  macros: 'refuse',
};

const wanted = (): boolean => true;

async function told(bytes: Buffer, limits: Partial<ArchiveLimits> = {}): Promise<string> {
  const format = archiveFormat(bytes);
  if (format === null) return 'no archive';
  return (
    (await archiveFault({ bytes, format, types: [] }, { ...LIMITS, ...limits }, { wanted, turns: new Turns() })) ??
    'sound'
  );
}

const TEXT = Buffer.from('some words that are not the same all the time, and some that are. '.repeat(50));
const ZEROS = Buffer.alloc(8 * 1024 * 1024);
const file = { name: 'a.txt', content: TEXT };

test('sound archives of each kind are opened, also in each other', async () => {
  assert.equal(await told(zipOf([file, { name: 'b', content: TEXT, stored: true }])), 'sound');
  assert.equal(await told(zlib.gzipSync(TEXT)), 'sound');
  assert.equal(await told(zlib.zstdCompressSync(TEXT)), 'sound');
  assert.equal(await told(tarOf(tarEntry('a', TEXT))), 'sound');
  assert.equal(await told(zlib.gzipSync(tarOf(tarEntry('a', zipOf([file]))))), 'sound');
  const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * at) % 251));
  assert.equal(await told(zipOf([{ name: 'large', content: large }]), { ratio: 1_000 }), 'sound', 'beside the thread');
  assert.equal(await told(TEXT), 'no archive');
});

test('what holds more than it may is refused, whatever sizes it says', async () => {
  assert.equal(await told(zipOf([{ name: 'zeros', content: ZEROS }])), 'ratio');
  assert.equal(await told(zlib.gzipSync(ZEROS)), 'ratio');
  assert.equal(await told(zlib.zstdCompressSync(ZEROS)), 'ratio');
  assert.equal(await told(zipOf([{ name: 'zeros', content: ZEROS }]), { ratio: 5_000, bytes: 1_000_000 }), 'bytes');
  const lying = { size: 10, crc: zlib.crc32(ZEROS.subarray(0, 10)) };
  const packed = zlib.deflateRawSync(ZEROS);
  assert.equal(await told(zipOf([{ name: 'z', packed, local: lying, central: lying }])), 'ratio');
  assert.equal(await told(zipOf([file, { ...file, name: 'b' }]), { entries: 1 }), 'entries');
  // Many that are each within bounds.
  const some = Array.from({ length: 100 }, (_, at) => ({ name: `${at}`, content: ZEROS.subarray(0, 120_000) }));
  assert.equal(await told(zipOf(some)), 'ratio');
});

test('what comes out is held to the size and the checksum that are said', async () => {
  const packed = zlib.deflateRawSync(TEXT);
  const lie = { size: TEXT.length + 1, crc: zlib.crc32(TEXT) };
  assert.equal(await told(zipOf([{ name: 'a', packed, local: lie, central: lie }])), 'malformed');
  const sum = { size: TEXT.length, crc: 1 };
  assert.equal(await told(zipOf([{ name: 'a', packed, local: sum, central: sum }])), 'malformed');
  const right = { size: TEXT.length, crc: zlib.crc32(TEXT) };
  const trailing = Buffer.concat([packed, Buffer.from('<?php')]);
  assert.equal(await told(zipOf([{ name: 'a', packed: trailing, local: right, central: right }])), 'malformed');
  assert.equal(
    await told(zipOf([{ name: 'a', packed: packed.subarray(0, 20), local: right, central: right }])),
    'malformed',
  );
  assert.equal(await told(Buffer.concat([zlib.gzipSync(TEXT), Buffer.from('behind')])), 'malformed');
  assert.equal(await told(zlib.gzipSync(TEXT).subarray(0, 60)), 'malformed');
});

test('what is stored is held to its checksum too, in slices', async () => {
  const sum = { crc: 1 };
  assert.equal(await told(zipOf([{ ...file, stored: true, local: sum, central: sum }])), 'malformed');
  const large = zipOf([{ name: 'large', content: ZEROS, stored: true }]);
  assert.ok((await countTurns(async () => assert.equal(await told(large), 'sound'))) > 20);
});

test('archives in archives are held in memory up to a bound of their own, all that are held at a time together', async () => {
  const large = Buffer.from(Array.from({ length: 600_000 }, (_, at) => (at * at) % 251));
  const tar = tarOf(tarEntry('a', large));
  const held = 650_000;
  assert.equal(await told(zlib.gzipSync(tar), { held, ratio: 1_000 }), 'sound');
  assert.equal(await told(zlib.gzipSync(tar), { held: 600_000, ratio: 1_000 }), 'held');
  assert.equal(await told(zipOf([{ name: 'a', content: tar }]), { held: 600_000, ratio: 1_000 }), 'held');
  const twice = zlib.gzipSync(tarOf(tarEntry('a.gz', zlib.gzipSync(tar, { level: 0 }))));
  assert.equal(await told(twice, { held: 2 * held, ratio: 1_000 }), 'depth');
  assert.equal(await told(twice, { held: 2 * held, ratio: 1_000, depth: 4 }), 'sound');
  assert.equal(await told(twice, { held, ratio: 1_000, depth: 4 }), 'held', 'two of them lie in each other');
  const beside = zipOf(['a', 'b', 'c'].map((name) => ({ name, content: tar })));
  assert.equal(await told(beside, { held, ratio: 1_000 }), 'sound', 'one is let go before the next');
  assert.equal(
    await told(zipOf([{ name: 'a', content: tar, stored: true }]), { held: 1, ratio: 1_000 }),
    'sound',
    'lies there anyway',
  );
  const plain = zlib.gzipSync(large);
  assert.equal(await told(plain, { held: 1, ratio: 1_000 }), 'sound', 'what is no archive is not held');
  const rar = zlib.gzipSync(Buffer.concat([Buffer.from('Rar!\x1a\x07'), large]));
  assert.equal(await told(rar, { held: 1, ratio: 1_000, unopened: 'pass' }), 'sound', 'nor what nobody opens');
});

test('archives that lie too deep in each other are refused, so that one which holds itself comes to an end', async () => {
  let nested: Buffer = zipOf([file]);
  for (const depth of [1, 2, 3]) {
    assert.equal(await told(nested), 'sound', `${depth}`);
    nested = zipOf([{ name: 'inner.zip', content: nested, stored: depth % 2 === 0 }]);
  }
  assert.equal(await told(nested), 'depth');
  let many = zlib.gzipSync(TEXT);
  for (let depth = 0; depth < 5; depth++) many = zlib.gzipSync(many);
  assert.equal(await told(many), 'depth');
});

test('bombs of several layers are ended by what comes out of all of them', async () => {
  // As 42.zip: each layer holds the next one many times.
  let layer: Buffer = zipOf([{ name: 'zeros', content: ZEROS.subarray(0, 1_000_000) }]);
  for (let depth = 0; depth < 2; depth++) {
    const inner = layer;
    layer = zipOf(Array.from({ length: 16 }, (_, at) => ({ name: `${at}.zip`, content: inner })));
  }
  assert.equal(await told(layer), 'ratio');
  assert.equal(await told(layer, { ratio: 1_000_000 }), 'bytes');
});

test('what can not be looked into is refused unless it is said to pass', async () => {
  const encrypted = zipOf([{ ...file, flags: 1 }]);
  assert.equal(await told(encrypted), 'encrypted');
  assert.equal(await told(encrypted, { encrypted: 'pass' }), 'sound');
  const aes = zipOf([{ ...file, method: 99 }]);
  assert.equal(await told(aes), 'encrypted');
  const lzma = zipOf([{ ...file, method: 14 }]);
  assert.equal(await told(lzma), 'unopened');
  assert.equal(await told(lzma, { unopened: 'pass' }), 'sound');
  for (const start of [
    '7z\xbc\xaf\x27\x1c',
    'Rar!\x1a\x07\x01\0',
    '\xfd7zXZ\0',
    'BZh91AY&SY',
    '!<arch>\n',
    'MSCF\0\0\0\0',
  ]) {
    const bytes = Buffer.from(`${start}rest of it`, 'latin1');
    assert.equal(await told(bytes), 'unopened', start);
    assert.equal(await told(bytes, { unopened: 'pass' }), 'sound', start);
    assert.equal(await told(zipOf([{ name: 'inner', content: bytes }])), 'unopened', start);
  }
});

test('documents with macros are refused unless these pass', async () => {
  const types = { name: '[Content_Types].xml', content: '<Types/>' };
  const macro = zipOf([types, { name: 'word/vbaProject.bin', content: 'x' }]);
  assert.equal(await told(macro), 'macro');
  assert.equal(await told(macro, { macros: 'pass' }), 'sound');
  assert.equal(await told(zipOf([types, { name: 'xl/macrosheets/sheet1.xml', content: 'x' }])), 'macro');
  assert.equal(await told(zipOf([{ name: 'inner.docx', content: macro }])), 'macro', 'inside of an archive too');
  assert.equal(await told(zipOf([types, { name: 'word/document.xml', content: 'x' }])), 'sound');
});

test('macros are found under any name, by what the list of parts says of them', async () => {
  const listed = (type: string, more: object = {}): Buffer =>
    zipOf([
      {
        name: '[Content_Types].xml',
        content: `<Types><Override PartName="/word/a" ContentType="${type}"/></Types>`,
        ...more,
      },
      { name: 'word/a', content: 'x' },
    ]);
  const vba = 'application/vnd.ms-office.vbaProject';
  for (const macro of [
    listed(vba),
    listed(vba, { stored: true }),
    listed(vba.toUpperCase(), { name: '[content_types].XML' }),
    listed(vba.replace('P', '&#80;')),
    listed('application/vnd.ms-excel.intlmacrosheet+xml'),
  ]) {
    assert.equal(await told(macro), 'macro');
    assert.equal(await told(macro, { macros: 'pass' }), 'sound');
  }
  assert.equal(await told(listed('application/vnd.openxmlformats-officedocument.theme+xml')), 'sound');
  for (const content of [
    '',
    'x',
    '<!DOCTYPE Types><Types/>',
    Buffer.from('<Types/>', 'utf16le'),
    `<Types>${' '.repeat(3_000_000)}</Types>`,
  ])
    assert.equal(await told(listed(vba, { content }), { ratio: 1_000 }), 'malformed');
});

test('of lists of parts there is one: of two nobody knows which counts', async () => {
  const list = { name: '[Content_Types].xml', content: '<Types/>' };
  assert.equal(await told(zipOf([list])), 'sound');
  assert.equal(await told(zipOf([list, { ...list, name: '[content_types].xml' }])), 'malformed');
  assert.equal(await told(zipOf([list, { ...list, name: 'inner/[Content_Types].xml' }])), 'sound', 'of another place');
});

test('documents of which no more than the list is read leave the thread to others', async () => {
  const bytes = zipOf([{ name: '[Content_Types].xml', content: `<Types>${' '.repeat(100_000)}</Types>` }, file]);
  const types = ['application/vnd.openxmlformats-officedocument.theme'];
  const turns = new Turns();
  const work = async (): Promise<void> => {
    for (let count = 0; count < 20; count++) assert.equal(await documentFault({ bytes, types }, LIMITS, turns), null);
  };
  assert.ok((await countTurns(work)) > 10);
});

test('nothing is opened that nobody waits for any more', async () => {
  const archive = { bytes: zipOf([file]), format: 'zip', types: [] } as const;
  assert.equal(await archiveFault(archive, LIMITS, { wanted: () => false, turns: new Turns() }), 'busy');
  let asked = 0;
  const bomb = { bytes: zlib.gzipSync(ZEROS), format: 'gzip', types: [] } as const;
  assert.equal(
    await archiveFault(bomb, { ...LIMITS, ratio: 5_000 }, { wanted: () => ++asked < 3, turns: new Turns() }),
    'busy',
  );
});

test('many small entries leave the thread to others', async () => {
  const archive = zipOf(Array.from({ length: 1_000 }, (_, at) => ({ name: `${at}`, content: TEXT })));
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  assert.equal(await told(archive), 'sound');
  clearInterval(timer);
  assert.ok(turns > 3, `${turns}`);
});
