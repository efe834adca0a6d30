import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_BOUNDS, ChunkedReader } from './chunked.ts';

interface Decoded {
  readonly data: string;
  readonly state: 'done' | 'failed' | 'more';
  /** Bytes that belonged to the body. */
  readonly used: number;
}

/** Reads the text in the given pieces. */
function decode(pieces: readonly string[]): Decoded {
  const reader = new ChunkedReader();
  let data = '';
  let used = 0;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    for (let at = 0; at < bytes.length && !reader.done && !reader.failed; ) {
      const step = reader.read(bytes, at);
      assert.ok(step.at > at && step.at <= bytes.length);
      data += bytes.toString('latin1', step.dataStart, step.dataEnd);
      used += step.at - at;
      at = step.at;
    }
  }
  return { data, state: reader.done ? 'done' : reader.failed ? 'failed' : 'more', used };
}

const stateOf = (text: string): string => decode([text]).state;

const END = '0\r\n\r\n';

test('a chunked body is data without its framing, and ends at its last chunk', () => {
  assert.deepEqual(decode([`5\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n${END}GET`]), {
    data: 'hello world',
    state: 'done',
    used: 32,
  });
  assert.equal(decode([`A\r\n0123456789\r\na\r\n0123456789\r\n${END}`]).data.length, 20);
  assert.deepEqual(decode([END]), { data: '', state: 'done', used: 5 });
  assert.deepEqual(decode(['0000\r\n\r\n']), { data: '', state: 'done', used: 8 });
});

test('a body cut into two at any byte, or into single bytes, is the same body', () => {
  for (const text of [
    `5;a="b\\"c" ; d\r\nhello\r\n1f\r\n${'x'.repeat(31)}\r\n0;z\r\nX-A: 1\r\nX-B:\r\n\r\n`,
    `5\r\nhello\r\n5x\r\nhello\r\n${END}`,
    `5\r\nhellox\r\n${END}`,
    '5\r\nhello\r\n0\r\nX : 1\r\n\r\n',
  ]) {
    const whole = decode([text]);
    for (let at = 0; at <= text.length; at++) assert.deepEqual(decode([text.slice(0, at), text.slice(at)]), whole);
    assert.deepEqual(decode([...text]), whole);
  }
});

test('a size is one to sixteen hexadecimal digits', () => {
  for (const size of ['5', '05', '0000000000000005'])
    assert.equal(decode([`${size}\r\nhello\r\n${END}`]).data, 'hello');
  for (const size of [
    '',
    ' 5',
    '5 ',
    '5\t',
    '0x5',
    '-5',
    '+5',
    '5_',
    '5.0',
    '5,',
    'g',
    '5h',
    '"5"',
    '5=5',
    '\x005',
    '5\0',
    '00000000000000005',
    '0'.repeat(64),
  ]) {
    assert.equal(stateOf(`${size}\r\nhello\r\n${END}`), 'failed', JSON.stringify(size));
  }
});

test('a size that no number holds exactly is announced as infinite, and one that is known as it is', () => {
  const announced = (text: string): number => {
    const reader = new ChunkedReader();
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at = reader.read(bytes, at).at;
    return reader.announced;
  };
  assert.equal(announced('1FFFFFFFFFFFFF\r\n'), Number.MAX_SAFE_INTEGER);
  assert.equal(announced('20000000000000\r\n'), Number.POSITIVE_INFINITY);
  assert.equal(announced('FFFFFFFFFFFFFFFF\r\n'), Number.POSITIVE_INFINITY);
  assert.equal(announced('a\r\nhell'), 6);
  assert.equal(announced('a'), 0);
  assert.equal(announced('5\r\nhello'), 0);
});

test('lines end with CRLF and with nothing else', () => {
  for (const text of [
    '5\nhello\r\n',
    '5\rhello\r\n',
    '5\r\nhello\n',
    '5\r\nhello\r0',
    '5\r\nhello\n\r',
    '5\r\nhelloXX',
    '5\r\nhello\r\n\r\n',
    '0\n',
    '0\r\n\n',
    '0\r\n\r\r',
    '\r\n5',
  ]) {
    assert.equal(stateOf(text), 'failed', JSON.stringify(text));
  }
});

test('extensions follow the grammar, and stay within their bound over the whole body', () => {
  for (const extension of [
    ';a',
    ' ; a',
    ';a=b',
    ';a = b',
    ';a="b c"',
    ';a="\\"\\\\"',
    ';a;b;c=d',
    '\t;\ta\t=\t"b"\t;c',
    ';a="é"',
  ]) {
    assert.equal(stateOf(`5${extension}\r\nhello\r\n${END}`), 'done', extension);
  }
  for (const extension of [
    ';',
    ';;a',
    ';a=',
    ';a="',
    ';a="b',
    ';a="b"c',
    ';a b',
    ';=b',
    ';a\n',
    ';a="\n"',
    ';a\rb',
    ';a\r\r',
    ';\0',
    ';a=\x01',
    ';a="\x7f"',
    ';a="\\\n"',
    ';(',
    ' ',
    ' x',
    ';a=b c',
    ';a ',
    ';a=b ',
  ]) {
    assert.equal(stateOf(`5${extension}\r\nhello\r\n${END}`), 'failed', JSON.stringify(extension));
  }
  const name = 'a'.repeat(CHUNK_BOUNDS.extensionBytes - 1);
  assert.equal(stateOf(`5;${name}\r\nhello\r\n${END}`), 'done');
  assert.equal(stateOf(`5;${name}a\r\nhello\r\n${END}`), 'failed');
  assert.equal(stateOf(`1;${'a'.repeat(99)}\r\nx\r\n`.repeat(3)), 'failed');
});

test('trailers follow the grammar of fields, and stay within their bounds', () => {
  const trailer = (lines: string): string => stateOf(`0\r\n${lines}\r\n`);
  for (const lines of ['X: 1\r\n', 'X:\r\nY: \t2\r\n', 'Authorization: a\r\n', 'X_Y: é\r\n'])
    assert.equal(trailer(lines), 'done', lines);
  for (const lines of [
    'X\r\n',
    'X : 1\r\n',
    ' X: 1\r\n',
    ': 1\r\n',
    'X: 1\r\n y\r\n',
    'X: 1\n',
    'X: \0\r\n',
    'X: 1\r2\r\n',
    'GET / HTTP/1.1\r\n',
  ]) {
    assert.equal(trailer(lines), 'failed', JSON.stringify(lines));
  }
  assert.equal(trailer('X: 1\r\n'.repeat(CHUNK_BOUNDS.trailerFields)), 'done');
  assert.equal(trailer('X: 1\r\n'.repeat(CHUNK_BOUNDS.trailerFields + 1)), 'failed');
  const filler = CHUNK_BOUNDS.trailerBytes - 'X: \r\n\r\n'.length;
  assert.equal(trailer(`X: ${'v'.repeat(filler)}\r\n`), 'done');
  assert.equal(trailer(`X: ${'v'.repeat(filler + 1)}\r\n`), 'failed');
});

test('after the end and after a fault nothing is read', () => {
  const reader = new ChunkedReader();
  assert.equal(reader.read(Buffer.from(`${END}5\r\nhello`), 0).at, 5);
  assert.equal(reader.read(Buffer.from('5\r\n'), 0).at, 0);
  const broken = new ChunkedReader();
  assert.equal(broken.read(Buffer.from('xyz'), 0).at, 1);
  assert.equal(broken.read(Buffer.from('5\r\n'), 0).at, 0);
});

const TOKEN = fc.string({ unit: fc.constantFrom(..."ab1!#$%&'*+-.^_`|~"), minLength: 1, maxLength: 6 });
const QUOTED = fc
  .string({ unit: fc.constantFrom('a', ' ', '\t', ';', '=', '\\"', '\\\\', 'é'), maxLength: 6 })
  .map((text) => `"${text}"`);
const SPACE = fc.constantFrom('', '', ' ', '\t ');
const EXTENSION = fc
  .tuple(SPACE, SPACE, TOKEN, fc.option(fc.tuple(SPACE, SPACE, fc.oneof(TOKEN, QUOTED))))
  .map(
    ([before, behind, name, value]) =>
      `${before};${behind}${name}${value === null ? '' : `${value[0]}=${value[1]}${value[2]}`}`,
  );
const CHUNK = fc.record({
  data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  zeros: fc.nat(3),
  upper: fc.boolean(),
  extensions: fc.array(EXTENSION, { maxLength: 1 }),
});
const TRAILER = fc
  .tuple(TOKEN, fc.string({ unit: fc.constantFrom('a', ' ', ':'), maxLength: 6 }))
  .map(([name, value]) => `${name}:${value}\r\n`);

test('whatever was chunked comes out again, however it is chunked, extended, trailed and cut', () => {
  fc.assert(
    fc.property(
      fc.array(CHUNK, { maxLength: 6 }),
      fc.array(TRAILER, { maxLength: 3 }),
      fc.array(fc.nat(400), { maxLength: 8 }),
      (chunks, trailers, cuts) => {
        const body = chunks.map(({ data, zeros, upper, extensions }) => {
          const size = data.length.toString(16);
          return `${'0'.repeat(zeros)}${upper ? size.toUpperCase() : size}${extensions.join('')}\r\n${Buffer.from(data).toString('latin1')}\r\n`;
        });
        const text = `${body.join('')}0\r\n${trailers.join('')}\r\n`;
        const marks = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const pieces = marks.slice(1).map((mark, at) => text.slice(marks[at], mark));
        const data = chunks.map((chunk) => Buffer.from(chunk.data).toString('latin1')).join('');
        assert.deepEqual(decode(pieces), { data, state: 'done', used: text.length });
      },
    ),
    { numRuns: 500 },
  );
});

test('no bytes make the reader throw or read past a fault', () => {
  const piece = fc.constantFrom(
    '5',
    '0',
    'a',
    '\r\n',
    '\r',
    '\n',
    ';',
    '=',
    '"',
    ' ',
    'hello',
    'X',
    ':',
    '\\',
    '\0',
    '\xff',
    END,
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const whole = decode([pieces.join('')]);
      assert.deepEqual(decode(pieces), whole);
      assert.deepEqual(decode([...pieces.join('')]), whole);
    }),
    { numRuns: 1_000 },
  );
});
