import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ascii, putBytes, putNumber, putNumberOrNull, putText, putTextOrNull, TEXT_LIMIT } from './line-bytes.ts';

/** What was put at 7, where nothing before and behind it is touched. */
function put(write: (target: Uint8Array, at: number) => number): string {
  const target = Buffer.alloc(8 * TEXT_LIMIT, '#');
  const end = write(target, 7);
  assert.equal(target.toString('latin1', 0, 7), '#######');
  assert.equal(target.toString('latin1', end, end + 3), '###');
  return target.toString('latin1', 7, end);
}

test('bytes are put where they are wanted', () => {
  assert.equal(
    put((target, at) => putBytes(target, at, ascii('abc'))),
    'abc',
  );
});

test('a text is put as JSON in printable ASCII, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (value) => {
      const said = put((target, at) => putText(target, at, value));
      assert.match(said, /^"[ -~]*"$/);
      assert.equal(JSON.parse(said), value);
    }),
  );
  const hostile = ['"', '\\', '\n', '\0', '\x7f', '\x1b[31m', '\u2028', '\ud800', '</script>'];
  for (const value of hostile) {
    const said = put((target, at) => putText(target, at, `a${value}b`));
    assert.match(said, /^"[ -~]*"$/);
    assert.equal(JSON.parse(said), `a${value}b`);
  }
});

test('a text has 1,024 characters at most, and shows where it was cut', () => {
  for (const length of [TEXT_LIMIT - 1, TEXT_LIMIT, TEXT_LIMIT + 1, 100_000]) {
    const said = JSON.parse(put((target, at) => putText(target, at, 'x'.repeat(length)))) as string;
    assert.equal(said, length > TEXT_LIMIT ? `${'x'.repeat(TEXT_LIMIT - 1)}…` : 'x'.repeat(length));
  }
});

test('a number is put as JSON has it', () => {
  const edges = [0, 9, 10, 99, 9_999_999, 1e7, 1e14, 999_999_999_999_999, 1e15, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53];
  const numbers = fc.oneof(fc.maxSafeNat(), fc.double(), fc.constantFrom(...edges, -1, 0.5, 1e-7, 1e21));
  fc.assert(
    fc.property(numbers, (value) => {
      const said = JSON.stringify(value === 0 ? 0 : value);
      assert.equal(
        put((target, at) => putNumber(target, at, value)),
        said,
      );
      assert.equal(
        put((target, at) => putNumberOrNull(target, at, value)),
        said,
      );
    }),
  );
});

test('what is not there is null', () => {
  assert.equal(
    put((target, at) => putNumberOrNull(target, at, null)),
    'null',
  );
  assert.equal(
    put((target, at) => putTextOrNull(target, at, null)),
    'null',
  );
  assert.equal(
    put((target, at) => putTextOrNull(target, at, 'null')),
    '"null"',
  );
});
