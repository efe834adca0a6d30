import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMediaRange } from './media-range.ts';

/** Halves of surrogate pairs and control characters too. */
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

test('media types and ranges come out in one spelling', () => {
  for (const [text, written] of [
    ['application/json', 'application/json'],
    ['Application/Problem+JSON', 'application/problem+json'],
    ['text/*', 'text/*'],
    ['*/*', '*/*'],
    ['application/json;charset=UTF-8', 'application/json; charset=UTF-8'],
    ['application/json ; Charset=utf-8 ;', 'application/json; charset=utf-8'],
    ['multipart/mixed; boundary="a;b\\"c"', 'multipart/mixed; boundary="a;b\\"c"'],
  ] as const) {
    assert.deepEqual(parseMediaRange(text), { ok: true, value: written });
  }
});

test('what is no media range is refused', () => {
  for (const text of [
    '',
    'json',
    'text/csv, text/plain',
    '*/json',
    'a/b/c',
    'a b/c',
    'a/b; c',
    'a/b; c="d',
    'a/b;c=d e',
    `a/${'b'.repeat(1000)}`,
  ]) {
    assert.equal(parseMediaRange(text).ok, false, text);
  }
});

test('any text is read or refused, and what was read reads the same again', () => {
  const texts = fc
    .array(fc.constantFrom('a', 'B', '/', ';', '=', '"', '\\', ' ', '*', ',', '\n'), { maxLength: 14 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.oneof(
        texts,
        anyText,
        texts.map((text) => `a/b;${text}`),
      ),
      (text) => {
        const first = parseMediaRange(text);
        if (first.ok) assert.deepEqual(parseMediaRange(first.value), first);
      },
    ),
    { numRuns: 500 },
  );
});
