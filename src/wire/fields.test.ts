import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIELD } from './field-names.ts';
import {
  type FieldScan,
  hasField,
  HEAD_BOUNDS,
  hasRepeatedSingle,
  isRepeated,
  newFieldScan,
  onlyKeepsAlive,
  readFields,
  REPLY_OCTETS,
  REQUEST_OCTETS,
  takeWords,
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
  const words = takeWords(scan);
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
  const single = ['Authorization', 'Content-Type', 'Cookie', 'Origin', 'Range', 'X-Api-Key', 'X-Access-Token'];
  for (const name of single) {
    assert.equal(hasRepeatedSingle(read(`${name}: a\r\nX: 1\r\n`).scan), false);
    assert.equal(hasRepeatedSingle(read(`${name}: a\r\nX: 1\r\n${name.toUpperCase()}: a\r\n`).scan), true);
  }
  for (const name of single.slice(1)) {
    assert.equal(hasRepeatedSingle(read(`${single[0]}: a\r\n${name}: b\r\n`).scan), false, name);
  }
  assert.equal(hasRepeatedSingle(read('Accept: a\r\nAccept: b\r\nVia: a\r\nVia: b\r\n').scan), false);
  assert.equal(hasRepeatedSingle(read('Date: a\r\nDate: b\r\nConnection: a\r\nConnection: b\r\n').scan), false);
});

test('a scan knows which of the first fields it saw, and which of them more than once', () => {
  const { scan } = read('Connection: a\r\nExpect: b\r\nX: c\r\nConnection: d\r\n');
  const told = (['connection', 'expect', 'host', 'content-type'] as const).map((name) => [
    hasField(scan, FIELD[name]),
    isRepeated(scan, FIELD[name]),
  ]);
  assert.deepEqual(told, [
    [true, true],
    [true, false],
    [false, false],
    [false, false],
  ]);
});

test('Connection only keeps alive where that is all it says', () => {
  const onlyKeeps = (...lines: readonly string[]): boolean => {
    const { scan, bytes } = read(lines.map((line) => `Connection:${line}\r\n`).join(''));
    return onlyKeepsAlive(bytes, scan);
  };
  for (const value of [' keep-alive', 'Keep-Alive\t', '  KEEP-ALIVE ']) assert.ok(onlyKeeps(value), value);
  for (const value of ['', 'close', 'keep-alive, close', 'keep-alivf', 'keep-alive,', 'keepMalive', 'keep-aliv'])
    assert.ok(!onlyKeeps(value), value);
  assert.ok(!onlyKeeps('keep-alive', 'close') && !onlyKeeps('keep-alive', 'keep-alive'));
});

/** What a value may hold, octet by octet, and what is wrong with one that ends in CRLF. */
function valueFaultOf(value: string, obsText: boolean): string | null {
  for (let at = 0; at < value.length; at++) {
    const octet = value.charCodeAt(at);
    if (octet === 0x0a || octet === 0x0d) return 'bare-line-break';
    const sound = octet === 9 || (octet >= 0x20 && octet < 0x7f) || (obsText && octet >= 0x80);
    if (!sound) return 'malformed-header-value';
  }
  return null;
}

test('each octet of a long value is judged, wherever it stands and wherever the head begins', () => {
  const octet = fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) }, fc.nat(255));
  const value = fc.array(octet, { maxLength: 200 }).map((octets) => String.fromCharCode(...octets));
  fc.assert(
    fc.property(value, fc.nat(9), fc.boolean(), (text, offset, reply) => {
      const bytes = Buffer.alloc(300, 0x61).subarray(offset);
      const end = bytes.write(`X:a${text}a\r\n`, 'latin1');
      const octets = reply ? REPLY_OCTETS : REQUEST_OCTETS;
      const fault = readFields(bytes.subarray(0, end), { from: 0, end }, octets, newFieldScan());
      const broken = text.indexOf('\r\n');
      // Behind a line break another line begins, which is not a value's matter.
      if (broken < 0) assert.equal(fault, valueFaultOf(text, reply));
      else if (valueFaultOf(text.slice(0, broken), reply) !== null)
        assert.equal(fault, valueFaultOf(text.slice(0, broken), reply));
    }),
    { numRuns: 2_000 },
  );
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
