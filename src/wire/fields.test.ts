import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD } from './field-names.ts';
import {
  type FieldScan,
  HEAD_BOUNDS,
  hasRepeatedSingle,
  newFieldScan,
  readFields,
  REPLY_OCTETS,
  REQUEST_OCTETS,
} from './fields.ts';

/** Reads whole lines, behind a first line as in a head, and with the empty line that follows. */
function read(lines: string, octets = REQUEST_OCTETS): { fault: string | null; scan: FieldScan; bytes: Buffer } {
  const bytes = Buffer.from(`first\r\n${lines}\r\n`, 'latin1');
  const scan = newFieldScan();
  const fault = readFields(bytes, { from: 7, end: bytes.length - 2 }, octets, scan);
  return { fault, scan, bytes };
}

const faultOf = (lines: string): string | null => read(lines).fault;

test('names, values and numbers are kept as packed offsets', () => {
  const { fault, scan, bytes } = read('Host: a.test\r\nX-A:\t b \t\r\nX-B:\r\n');
  assert.equal(fault, null);
  const text = (word: number): string => bytes.toString('latin1', word & 0xffff, (word & 0xffff) + (word >>> 16));
  const words = scan.words;
  assert.deepEqual(
    [0, 3, 6].map((at) => text(words[at] as number)),
    ['Host', 'X-A', 'X-B'],
  );
  assert.deepEqual(
    [1, 4, 7].map((at) => text(words[at] as number)),
    ['a.test', 'b', ''],
  );
  assert.deepEqual(
    [2, 5, 8].map((at) => words[at]),
    [FIELD.host, 0, 0],
  );
});

test('no line may be folded, empty-named, colonless or spaced before its colon', () => {
  for (const line of [
    ' X: 1',
    '\tX: 1',
    'X : 1',
    'X\t: 1',
    ': 1',
    'X',
    'X-A',
    'X(: 1',
    'X\x85: 1',
    'X\0: 1',
    'X/: 1',
    'X@: 1',
    '"X": 1',
  ]) {
    assert.equal(faultOf(`${line}\r\n`), 'malformed-header', JSON.stringify(line));
  }
  assert.equal(faultOf('X: 1\r\n folded\r\n'), 'malformed-header');
});

test('an underscore in a name is refused by its own name, and a reply may have one', () => {
  for (const name of ['Content_Length', '_', 'X_A', 'X-A_'])
    assert.equal(faultOf(`${name}: 1\r\n`), 'underscore-in-header');
  assert.equal(read('X_A: 1\r\n', REPLY_OCTETS).fault, null);
});

test('a line ends with CRLF and with nothing else', () => {
  for (const lines of [
    'X: 1\n',
    'X: 1\r\r\n',
    'X: 1\rY: 2\r\n',
    'X\r: 1\r\n',
    'X\n: 1\r\n',
    'X:\n1\r\n',
    '\nX: 1\r\n',
    '\rX: 1\r\n',
  ]) {
    assert.equal(faultOf(lines), 'bare-line-break', JSON.stringify(lines));
  }
});

test('values are visible ASCII with spaces and tabs; a reply may hold obs-text, but no control byte either', () => {
  for (let octet = 0; octet < 256; octet++) {
    if (octet === 0x0a || octet === 0x0d) continue;
    const line = `X: a${String.fromCharCode(octet)}b\r\n`;
    const visible = octet === 9 || (octet >= 0x20 && octet < 0x7f);
    assert.equal(faultOf(line), visible ? null : 'malformed-header-value', `${octet}`);
    assert.equal(
      read(line, REPLY_OCTETS).fault,
      visible || octet >= 0x80 ? null : 'malformed-header-value',
      `${octet}`,
    );
  }
});

test('Content-Length is one plain decimal number', () => {
  for (const good of ['0', '5', '10', '9007199254740991']) {
    const { fault, scan } = read(`Content-Length: ${good}\r\n`);
    assert.equal(fault, null);
    assert.equal(scan.contentLength, Number(good));
  }
  const bad = [
    '',
    '00',
    '01',
    '+1',
    '-1',
    '0x1',
    '1_0',
    '1.0',
    '1e3',
    '1,1',
    '1 1',
    '9007199254740992',
    '99999999999999999',
    'a',
    '1;',
    '"1"',
  ];
  for (const value of bad) assert.equal(faultOf(`Content-Length: ${value}\r\n`), 'invalid-content-length', value);
  assert.equal(faultOf('Content-Length: 5\r\nContent-Length: 5\r\n'), 'invalid-content-length');
  assert.equal(read('Content-Length: 5 \r\n').scan.paddedLength, true);
  assert.equal(read('Content-Length:  5\r\n').scan.paddedLength, false);
});

test('Transfer-Encoding is the one word chunked', () => {
  for (const good of ['chunked', 'Chunked', 'CHUNKED'])
    assert.equal(read(`Transfer-Encoding: ${good}\r\n`).scan.chunked, true);
  for (const value of [
    '',
    'xchunked',
    'chunkedx',
    'identity',
    'gzip, chunked',
    'chunked, chunked',
    ',chunked',
    'chunked,',
    'chunked;q=1',
    '"chunked"',
    'chun ked',
    'Chun\u001bed',
  ]) {
    assert.notEqual(faultOf(`Transfer-Encoding: ${value}\r\n`), null, value);
  }
  assert.equal(faultOf('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'), 'invalid-transfer-encoding');
});

test('a second Host is a fault at once, and a value that is folded away is a folded line', () => {
  assert.equal(faultOf('Host: a\r\nHost: a\r\n'), 'invalid-host');
  assert.equal(faultOf('Transfer-Encoding:\r\n chunked\r\n'), 'malformed-header');
  assert.equal(faultOf('Content-Length:\r\n\t5\r\n'), 'malformed-header');
});

test('a field that may stand once is counted whatever else stands there', () => {
  for (const name of ['Authorization', 'Content-Type', 'Cookie', 'Origin', 'Range']) {
    assert.equal(hasRepeatedSingle(read(`${name}: a\r\nX: 1\r\n`).scan.words), false);
    assert.equal(hasRepeatedSingle(read(`${name}: a\r\nX: 1\r\n${name.toUpperCase()}: a\r\n`).scan.words), true);
  }
  assert.equal(hasRepeatedSingle(read('Accept: a\r\nAccept: b\r\nVia: a\r\nVia: b\r\n').scan.words), false);
});

test('a head has at most a hundred fields', () => {
  const lines = (count: number): string => 'X: 1\r\n'.repeat(count);
  assert.equal(faultOf(lines(HEAD_BOUNDS.fields)), null);
  assert.equal(faultOf(lines(HEAD_BOUNDS.fields + 1)), 'header-too-large');
});

test('however much of the lines is there, nothing else is said than of the whole', () => {
  for (const lines of [
    'X: 1\r\nY : 2\r\nZ: 3\r\n',
    'X: 1\nY: 2\r\n',
    'X: \x01\r\n',
    'X_Y: 1\r\n',
    'X: 1\r\n\rY: 1\r\n',
    'A: 1\r\nB: 2\r\n',
  ]) {
    const bytes = Buffer.from(lines, 'latin1');
    const whole = readFields(bytes, { from: 0, end: bytes.length }, REQUEST_OCTETS, newFieldScan());
    for (let length = 0; length < bytes.length; length++) {
      const part = readFields(bytes.subarray(0, length), { from: 0, end: length }, REQUEST_OCTETS, newFieldScan());
      assert.ok(
        part === null || part === 'incomplete' || part === whole,
        `${JSON.stringify(lines)} at ${length}: ${part}`,
      );
    }
  }
});
