import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMediaType } from './media-type.ts';
import { signatureFault } from './signature.ts';

function faultOf(type: string, body: string | Uint8Array, whole = true): ReturnType<typeof signatureFault> {
  const mediaType = parseMediaType(type);
  assert.ok(mediaType.ok, type);
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  return signatureFault(mediaType.value, { bytes, whole });
}

const PNG = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR';
const GIF = 'GIF89a\x01\0\x01\0\0\0\0;';
const JPEG = '\xff\xd8\xff\xe0\0\x10JFIF';
const ELF = '\x7fELF\x02\x01\x01';
const PHP = '<?php system($_GET[0]);';
const SCRIPT = '<script>alert(1)</script>';

/** A Windows program: its second head at an offset. */
function windowsProgram(at: number, head = 'PE\0\0'): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.write('MZ', 'latin1');
  bytes.write(head, at, 'latin1');
  bytes.writeUInt32LE(at, 0x3c);
  return bytes;
}

/** The least archive: a list of one file, and the record at its end. */
function archive(comment = ''): string {
  const list = `PK\x01\x02${'\0'.repeat(42)}a`;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(list.length);
  const length = String.fromCharCode(comment.length & 0xff, comment.length >> 8);
  return `${list}PK\x05\x06${'\0'.repeat(8)}${size.toString('latin1')}\0\0\0\0${length}${comment}`;
}

test('a body that begins as its type does has no fault', () => {
  for (const [type, body] of [
    ['image/png', PNG],
    ['image/gif', GIF],
    ['image/gif', 'GIF87a..'],
    ['IMAGE/JPEG', JPEG],
    ['image/webp', 'RIFF\x10\0\0\0WEBPVP8 '],
    ['image/avif', '\0\0\0\x1cftypavif'],
    ['image/tiff', 'II*\0\x08'],
    ['image/bmp', 'BM1234'],
    ['application/pdf', '%PDF-1.7'],
    ['application/zip', 'PK\x03\x04'],
    ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'PK\x03\x04'],
    ['application/gzip', '\x1f\x8b\x08\0'],
    ['application/wasm', '\0asm\x01\0\0\0'],
    ['application/x-tar', `${'a'.repeat(257)}ustar`],
    ['audio/mpeg', 'ID3\x04'],
    ['audio/mpeg', '\xff\xfb\x90'],
    ['audio/wav', 'RIFF....WAVEfmt '],
    ['audio/ogg', 'OggS\0'],
    ['video/mp4', '\0\0\0\x18ftypisom'],
    ['video/webm', '\x1aE\xdf\xa3'],
    ['font/woff2', 'wOF2'],
    ['application/xml', '<?xml version="1.0" encoding="UTF-8"?><a/>'],
    ['application/soap+xml', '\xef\xbb\xbf\n<a/>'],
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><a href="#b"/><use xlink:href="#c"/></svg>'],
    ['image/svg+xml', '<svg><animate attributeName="x" from="0" to="5" values="1;2"/><image href="a.png?b=1"/></svg>'],
    ['multipart/form-data; boundary=x1', '--x1\r\n'],
    ['application/vnd.acme.thing', 'anything'],
    ['application/vnd.acme.thing', 'MZ is how this begins, and it is no program at all, since it goes on as text does'],
    ['application/octet-stream', ELF],
    ['application/x-sh', '#!/bin/sh'],
    ['image/x-unknown', 'anything < at all'],
  ] as const) {
    assert.equal(faultOf(type, body), null, type);
  }
});

test('a body that begins otherwise has one', () => {
  for (const [type, body] of [
    ['image/png', JPEG],
    ['image/png', 'PNG'],
    ['image/png', PNG.slice(0, 7)],
    ['image/jpeg', ` ${JPEG}`],
    ['image/webp', 'RIFF\x10\0\0\0WAVEfmt '],
    ['application/pdf', `\n%PDF-1.7`],
    ['application/zip', 'PK\x07\x08'],
    ['application/vnd.oasis.opendocument.text', '<html>'],
    ['audio/mpeg', '\xff\xf1\x50'],
    ['video/mp4', 'ftypisom'],
    ['application/xml', 'a=1'],
    ['application/xml', '\xff\xfe<\0a\0'],
    ['application/xml', '<\0a\0'],
    ['application/xml', '<?xml version="1.0" encoding="UTF-7"?>+ADw-a+AD4-'],
    ['application/xml', `<?xml version="1.0"${' '.repeat(300)}encoding="UTF-7"?>+ADw-a+AD4-`],
    ['application/xml', `<?xml version="1.0" encoding="${'x'.repeat(50)}"?><a/>`],
    ['application/xml', '<a>\xff</a>'],
    ['multipart/form-data', '--x\r\n'],
    ['multipart/form-data; boundary=x', 'preamble\r\n--x\r\n'],
    ['multipart/mixed; boundary="x "', '--x \r\n'],
  ] as const) {
    assert.equal(faultOf(type, body), 'other-format', `${type} ${JSON.stringify(body)}`);
  }
});

test('a program under any other name is one', () => {
  for (const type of [
    'image/png',
    'application/pdf',
    'application/vnd.acme.thing',
    'application/zip',
    'image/x-unknown',
  ]) {
    for (const body of [
      ELF,
      '#!/bin/sh\n',
      '#! /usr/bin/env php',
      PHP,
      `\n ${PHP.toUpperCase()}`,
      '\xca\xfe\xba\xbe\0\0\0\x34',
    ]) {
      assert.equal(faultOf(type, body), 'executable', `${type} ${JSON.stringify(body)}`);
    }
    for (const at of [4, 64, 200]) assert.equal(faultOf(type, windowsProgram(at)), 'executable');
  }
  assert.equal(faultOf('application/xml', ELF), 'executable');
  assert.equal(faultOf('application/xml', PHP), 'executable');
  assert.equal(faultOf('application/vnd.acme.thing', windowsProgram(0x7fffff00 & 0xff, 'no')), null);
});

test('a page or script inside a picture is told, wherever it stands and however it is written', () => {
  for (const body of [`${GIF}/*${SCRIPT}*/`, `${GIF}<ScRiPt src=x>`, `${GIF}<?PHP x`, `GIF89a/*<script/*/=1`]) {
    assert.equal(faultOf('image/gif', body), 'active', body);
  }
  assert.equal(faultOf('image/png', `${PNG}${'x'.repeat(100_000)}${PHP}`), 'active');
  for (const body of ['<!DOCTYPE html><p>', '<html>', ' <script>', '<svg onload=x>', '<!--x-->']) {
    assert.equal(faultOf('application/vnd.acme.thing', body), 'active', body);
  }
  assert.equal(faultOf('image/png', `${PNG}<scripture>`), null);
  assert.equal(faultOf('application/pdf', `%PDF-1.7 ${SCRIPT}`), null);
});

test('script is found among bytes that begin as it does, seldom or often, as one expression would find it', () => {
  const wanted = /<(?:script[\s/>]|\?php)/i;
  const piece = fc.constantFrom(
    '<s',
    '<S',
    '<?',
    '<',
    'cript',
    'CRIPT>',
    '>',
    '\n',
    '<script ',
    '<?pHp',
    'x'.repeat(3000),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const body = `${PNG}${pieces.join('')}`;
      assert.equal(faultOf('image/png', body), wanted.test(body) ? 'active' : null);
    }),
    { numRuns: 2_000 },
  );
  const seldom = `${'x'.repeat(4_000)}<sx`.repeat(20);
  for (const end of ['<script>', '<SCRIPT ', '<?php']) {
    assert.equal(faultOf('image/png', `${PNG}${seldom}${end}`), 'active', end);
    assert.equal(faultOf('image/png', `${PNG}${'<s'.repeat(5_000)}${end}`), 'active', end);
  }
  assert.equal(faultOf('image/png', `${PNG}${seldom}<script`), null);
});

test('a drawing that runs something is told', () => {
  for (const inside of [
    SCRIPT,
    '<svg:script>x</svg:script>',
    '<a onclick = "x"/>',
    '<a/onload="x"/>',
    '<a href="javascript:x"/>',
    '<a xlink:href=" java&#115;cript:x"/>',
    "<a href='data:text/html,x'/>",
    '<use href="data:image/svg+xml;base64,x"/>',
    '<set attributeName="href" to="javascript:x"/>',
    '<foreignObject><p/></foreignObject>',
    '<!ENTITY x "y">',
    PHP,
  ]) {
    assert.equal(faultOf('image/svg+xml', `<svg>${inside}</svg>`), 'active', inside);
  }
  assert.equal(faultOf('image/svg+xml', '<?xml-stylesheet href="x"?><svg/>'), 'active');
});

test('an archive at the end of a picture is told, whatever follows it', () => {
  assert.equal(faultOf('image/gif', GIF + archive()), 'archive');
  assert.equal(faultOf('image/png', `${PNG}${'x'.repeat(70_000)}${archive('a comment')}trailing`), 'archive');
  assert.equal(faultOf('image/gif', `${GIF}PK\x05\x06${'\xff'.repeat(18)}`), null);
  assert.equal(faultOf('image/gif', `${GIF}PK\x05\x06`), null);
  assert.equal(faultOf('image/gif', GIF + archive(), false), null, 'of a part there is no end');
});

test('of a part no more is asked than it can show', () => {
  assert.equal(faultOf('application/xml', Buffer.from('<a>ä').subarray(0, 4), false), null);
  assert.equal(faultOf('application/xml', Buffer.from('<a>😀').subarray(0, 6), false), null);
  assert.equal(faultOf('application/xml', Buffer.from('<a>ä').subarray(0, 4)), 'other-format');
  assert.equal(faultOf('image/png', JPEG, false), 'other-format');
});

test('whatever the bytes are, they are judged', () => {
  const types = [
    'image/png',
    'image/svg+xml',
    'application/xml',
    'multipart/mixed; boundary=a',
    'application/x',
    'image/x',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 400 }), fc.boolean(), (type, bytes, whole) => {
      faultOf(type, bytes, whole);
    }),
  );
});

test('an archive behind a picture is told whichever record readers go by', () => {
  const list = `PK\x01\x02${'\0'.repeat(42)}`;
  const number = (value: number): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes.toString('latin1');
  };
  const end = (size: number, start: number): string =>
    `PK\x05\x06${'\0'.repeat(4)}\x01\0\x01\0${number(size)}${number(start)}\0\0`;
  const full = 0xffff_ffff;
  assert.equal(faultOf('image/gif', GIF + list + end(7, GIF.length)), 'archive', 'its place is right, its size is not');
  assert.equal(faultOf('image/gif', `${GIF}${list}PK\x06\x07${'\0'.repeat(16)}${end(full, full)}`), 'archive', 'ZIP64');
  assert.equal(faultOf('image/gif', GIF + end(7, 9)), null, 'no list anywhere');
});

test('ten megabytes of the worst bytes are judged in little time', () => {
  const size = 10 * 1024 * 1024;
  for (const [type, body] of [
    ['image/gif', GIF + '<s'.repeat(size / 2)],
    ['image/gif', GIF + `<s<S<?${'x'.repeat(1020)}`.repeat(size / 1026)],
    ['image/gif', GIF + 'PK\x05\x06'.repeat(size / 4)],
    ['image/svg+xml', `<${' on'.repeat(size / 3)}`],
    ['image/svg+xml', `<${' onaa '.repeat(size / 6)}`],
    ['image/svg+xml', `<${' href='.repeat(size / 6)}`],
    ['image/svg+xml', `< href="${'a'.repeat(size)}`],
    ['image/svg+xml', `< href${' '.repeat(size)}`],
    ['image/svg+xml', `<${'<a'.repeat(size / 2)}`],
    ['image/svg+xml', `<${'<a:'.repeat(size / 3)}`],
    ['application/xml', `<?xml${' encoding'.repeat(size / 9)}`],
    ['application/xml', `<?xml encoding${' '.repeat(size)}`],
  ] as const) {
    const bytes = Buffer.from(body, 'latin1');
    const started = process.cpuUsage().user;
    faultOf(type, bytes);
    const spentMs = (process.cpuUsage().user - started) / 1000;
    assert.ok(spentMs < 2000, `${body.slice(0, 20)} took ${spentMs} ms`);
  }
});
