import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMediaType } from '../media-type.ts';
import { SIGNATURES, typesOf } from '../signatures.ts';
import { isTextual, typesOfExtension } from './file-extensions.ts';
import { judgeFileType } from './file-type.ts';

interface Sent {
  readonly type?: string;
  readonly name?: string;
  readonly takes?: readonly string[];
}

function told(content: string | Buffer, { type, name, takes }: Sent = {}): string {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const read = type === undefined ? null : parseMediaType(type);
  const mediaType = read?.ok === true ? read.value : null;
  const judged = judgeFileType({ mediaType, name: name ?? null, bytes }, { types: takes ?? null, macros: 'refuse' });
  return 'fault' in judged ? judged.fault : 'taken';
}

const PNG = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR';
const GIF = 'GIF89a\x10\0\x10\0\x80\0\0';
const JPEG = '\xff\xd8\xff\xe0\0\x10JFIF\0';
const PDF = '%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n';
const ZIP = 'PK\x03\x04\x14\0\0\0';
/** A list of one entry and the end of an archive, as it stands behind other bytes. */
const ZIP_END = `PK\x01\x02${'\0'.repeat(42)}PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0`;

test('a type is held to its bytes by whichever of its names it is sent', () => {
  for (const [type, usual] of [
    ['application/x-pdf', 'application/pdf'],
    ['application/x-zip', 'application/zip'],
    ['application/x-rar', 'application/vnd.rar'],
    ['application/x-rtf', 'application/rtf'],
    ['text/rtf', 'application/rtf'],
    ['audio/m4a', 'audio/mp4'],
    ['video/avi', 'video/x-msvideo'],
  ] as const) {
    for (const other of [PNG, 'hello', '\0\x01\x02'])
      assert.equal(told(other, { type, takes: [usual] }), 'other-format', `${type}: ${other}`);
  }
  assert.equal(told(PDF, { type: 'application/x-pdf', takes: ['application/pdf'] }), 'taken');
  assert.equal(told('RIFF\0\0\0\0AVI LIST', { type: 'video/avi', takes: ['video/x-msvideo'] }), 'taken');
  assert.equal(told('\0\0\0\x20ftypM4A \0', { type: 'audio/m4a', takes: ['audio/mp4'] }), 'taken');
});

test('a file is taken by what its bytes are', () => {
  assert.equal(told(PNG, { type: 'image/png', name: 'a.png', takes: ['image/png'] }), 'taken');
  assert.equal(told(PNG, { takes: ['image/png'] }), 'taken');
  assert.equal(told(PNG, { type: 'application/octet-stream', name: 'a.png', takes: ['image/*'] }), 'taken');
  assert.equal(told(PNG, { name: 'a.dat', takes: ['image/png'] }), 'taken');
  assert.equal(told('a,b\n1,2\n', { type: 'text/csv', name: 'a.csv', takes: ['text/csv'] }), 'taken');
  assert.equal(told('a,b\n1,2\n', { name: 'a.csv', takes: ['text/csv'] }), 'taken');
  assert.equal(told('\x01\x02\x03\xff', { takes: ['application/octet-stream'] }), 'taken');
  assert.equal(told(PNG), 'taken', 'where nothing is listed');
});

test('a picture in XML is one however its namespace is written', () => {
  const hidden = (inside: string): string => `<x:svg xmlns:x="http://www.w3.org/2000/s&#118;g">${inside}</x:svg>`;
  for (const type of ['image/svg+xml', 'application/xml']) {
    assert.equal(told(hidden('<x:script>alert(1)</x:script>'), { type }), 'active');
    assert.equal(told(hidden('<x:g onclick="alert(1)"/>'), { type }), 'active');
    assert.equal(told(hidden('<x:path d="M0 0"/>'), { type }), 'taken');
  }
  assert.equal(told('<a xmlns="urn:a&amp;b"/>', { type: 'application/xml' }), 'taken');
});

test('a type that has several names is taken by any of them', () => {
  const zip = { type: 'application/x-zip-compressed', name: 'a.zip' };
  assert.equal(told(ZIP, { ...zip, takes: ['application/zip'] }), 'taken');
  assert.equal(told('\x1f\x8b\x08\0', { type: 'application/x-gzip', takes: ['application/gzip'] }), 'taken');
  assert.equal(told(JPEG, { type: 'image/jpg', name: 'a.jpg', takes: ['image/jpeg'] }), 'taken');
  assert.equal(told('<a/>', { type: 'text/xml', name: 'a.xml', takes: ['application/xml'] }), 'taken');
  assert.equal(told('<a/>', { type: 'text/xml', name: 'a.xml', takes: ['text/*'] }), 'taken');
  assert.equal(told(ZIP, { ...zip, takes: ['application/gzip'] }), 'type');
});

test('tables and notes may be of charsets of old, and tables be sent as those of an office suite', () => {
  const old = 'K\xf6ln;1\r\nM\xfcnchen;2\r\n';
  assert.equal(told(old, { type: 'text/csv', name: 'a.csv', takes: ['text/csv'] }), 'taken');
  assert.equal(told(old, { type: 'application/vnd.ms-excel', name: 'a.csv', takes: ['text/csv'] }), 'taken');
  assert.equal(told(old, { type: 'application/vnd.ms-excel', name: 'a.csv', takes: ['image/png'] }), 'type');
  assert.equal(told(old, { type: 'application/vnd.ms-excel', name: 'a.xls' }), 'other-format');
  assert.equal(told('\xf6\x01', { type: 'text/csv' }), 'other-format', 'no text');
  assert.equal(told('{"a":"\xf6"}', { type: 'application/yaml' }), 'other-format', 'a format of UTF-8');
  assert.equal(told('<script>\xf6', { type: 'text/plain' }), 'active');
  assert.equal(told(old, { takes: ['text/plain'] }), 'type', 'where nobody says that it is text');
});

test('other bodies in parts than those that are read are no files', () => {
  assert.equal(told('--x\r\n\r\na\r\n--x--', { type: 'multipart/alternative; boundary=x' }), 'other-format');
});

test('formulas of XML that lead somewhere are pages', () => {
  const formula = (address: string): string =>
    `<math xmlns="http://www.w3.org/1998/Math/MathML"><mi href="${address}">x</mi></math>`;
  for (const type of ['application/xml', 'application/mathml+xml']) {
    assert.equal(told(formula('javascript:x'), { type }), 'active', type);
    assert.equal(told(formula('https://a.test/'), { type }), 'taken', type);
  }
});

test('what is listed by no word is not taken', () => {
  assert.equal(told(GIF, { takes: ['image/png'] }), 'type');
  assert.equal(told(GIF, { type: 'image/gif', takes: ['image/png'] }), 'type');
  assert.equal(told('hello', { takes: ['image/png'] }), 'type');
  assert.equal(told('\x01\x02\x03\xff', { takes: ['image/*'] }), 'type');
});

test('a file is not what it says', () => {
  assert.equal(told(GIF, { type: 'image/png', takes: ['image/png'] }), 'other-format');
  assert.equal(told('hello', { type: 'image/png' }), 'other-format');
  assert.equal(told(PNG, { type: 'text/plain' }), 'other-format');
  assert.equal(told('a\0b', { type: 'text/csv' }), 'other-format');
  assert.equal(told('\xff\xfeh\0i\0', { type: 'text/csv' }), 'other-format');
  assert.equal(told(GIF, { type: 'image/gif', name: 'a.png' }), 'extension');
  assert.equal(told(GIF, { name: 'a.pdf' }), 'extension');
  assert.equal(told(PNG, { type: 'image/png', name: 'a.txt' }), 'extension');
});

test('programs are taken only where their type is named', () => {
  const elf = '\x7fELF\x02\x01\x01';
  assert.equal(told(elf), 'executable');
  assert.equal(told(elf, { type: 'application/octet-stream', takes: ['application/octet-stream'] }), 'executable');
  assert.equal(told(elf, { type: 'application/x-executable', takes: ['application/*'] }), 'executable');
  assert.equal(told(elf, { type: 'application/x-executable', takes: ['application/x-executable'] }), 'taken');
  assert.equal(told('#!/bin/sh\nid\n', { type: 'text/plain' }), 'executable');
  assert.equal(told('  <?php system($_GET[0]);', { type: 'text/plain' }), 'executable');
});

test('pages are taken only where they are named', () => {
  const page = '<!DOCTYPE html><script>alert(1)</script>';
  assert.equal(told(page, { type: 'text/plain' }), 'active');
  assert.equal(told(page, { type: 'text/html' }), 'active');
  assert.equal(told(page, { type: 'text/html', takes: ['text/*'] }), 'active');
  assert.equal(told(page, { name: 'a.csv' }), 'active');
  assert.equal(told(page, { type: 'text/html', name: 'a.html', takes: ['text/html'] }), 'taken');
  assert.equal(told('let a = 1;', { type: 'text/javascript' }), 'active');
});

test('pictures in XML are taken without script', () => {
  const svg = (inside: string): string => `<svg xmlns="http://www.w3.org/2000/svg">${inside}</svg>`;
  assert.equal(told(svg('<path d="M0 0"/>'), { type: 'image/svg+xml', name: 'a.svg' }), 'taken');
  assert.equal(told(svg('<path d="M0 0"/>'), { name: 'a.svg', takes: ['image/svg+xml'] }), 'taken');
  assert.equal(told(svg('<script>alert(1)</script>'), { type: 'image/svg+xml' }), 'active');
  assert.equal(told(svg('<a onclick="x()"/>'), { name: 'a.svg' }), 'active');
  assert.equal(told(svg('<?PHP x(); ?>'), { type: 'image/svg+xml' }), 'active');
  assert.equal(told(svg('__HALT_COMPILER(); ?>'), { type: 'image/svg+xml' }), 'active');
  assert.equal(told(`<?xml version="1.0"?>${svg('<script>x()</script>')}`, { type: 'application/xml' }), 'active');
  assert.equal(told('<order><id>1</id></order>', { type: 'application/xml' }), 'taken');
});

test('one file that is two is refused', () => {
  assert.equal(told(`${GIF}<?php system(1);`), 'active');
  assert.equal(told(`${JPEG}<ScRiPt src=x>`), 'active');
  assert.equal(told(`${JPEG}__HALT_COMPILER(); ?>`), 'active');
  assert.equal(told('GIF89a/*\x10\0\x80\0\0;*/=1;alert(1)'), 'active');
  assert.equal(told('GIF89a=1;alert(1)//\xff'), 'active');
  assert.equal(told('BM/*\0\0\0\0*/=1'), 'active');
  assert.equal(told('\xff\xd8\xff\xe0/*\x4a\x46*/=alert(1)'), 'active');
  assert.equal(told(`${PNG}${ZIP_END}`), 'archive');
  assert.equal(told(`${PDF}${ZIP_END}`), 'archive');
  assert.equal(told(`\x01\x02\xff${ZIP_END}`, { type: 'application/octet-stream' }), 'archive');
  assert.equal(told(`${PNG}Rar!\x1a\x07\0`), 'archive');
  assert.equal(told(`${PNG}%PDF-1.4\n`), 'document');
  assert.equal(told(`${ZIP}%PDF-1.4\n`), 'document');
  assert.equal(told(`${PDF}<html><script>alert(1)</script>`), 'active');
  assert.equal(told(`${PDF}endobj`), 'taken');
});

test('old documents with macros are refused', () => {
  const ole = `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\0'.repeat(600)}`;
  assert.equal(told(ole, { type: 'application/msword', name: 'a.doc' }), 'taken');
  assert.equal(told(Buffer.concat([Buffer.from(ole, 'latin1'), Buffer.from('_VBA_PROJECT', 'utf16le')])), 'macro');
});

test('every type that an extension stands for is told by its bytes, or is text', () => {
  const extensions =
    'png jpg gif webp pdf docx odt zip tar gz mp3 mp4 mov woff2 csv json xml svg txt doc avif heic'.split(' ');
  for (const extension of extensions) {
    const types = typesOfExtension(extension);
    assert.ok(types.length > 0, extension);
    for (const type of types) {
      const isKnown = SIGNATURES.has(type) || isTextual(type) || /xml|openxml|opendocument/.test(type);
      assert.ok(isKnown, type);
    }
  }
  assert.deepEqual(typesOf(Buffer.from(PNG, 'latin1')), ['image/png', 'image/apng', 'image/x-png']);
});
