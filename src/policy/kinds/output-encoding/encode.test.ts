import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mayBeJson, readPageBody } from './encode.ts';

/** Texts with what must not stay in them. */
const piece = fc.constantFrom(
  '<',
  '>',
  '&',
  "'",
  '\u2028',
  '\u2029',
  '\u2027',
  '\\',
  '"',
  '\u0000',
  '\ud800',
  '</script>',
  '<!--',
  'é',
  '😀',
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(piece, { maxLength: 20 }).map((all) => all.join('')),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any')),
    fc.dictionary(text, tie('any')),
  ),
})).any;

/**
 * The text with the escapes of those characters undone, and no other. V8 14.6 is no judge of it: at times its JSON.parse takes
 * an escaped name of one character for another one, by what it read before.
 */
function undone(text: string): string {
  return text.replaceAll(/\\(?:u00(?:3c|3e|26|27)|u202[89]|[^])/g, (escape) =>
    escape.length === 2 ? escape : String.fromCharCode(Number.parseInt(escape.slice(2), 16)),
  );
}

const UNSAFE = /[<>&'\u2028\u2029]/;

test('whatever JSON it is, what comes back is the same document with nothing that HTML reads', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.array(value), fc.dictionary(text, value)),
      fc.constantFrom(undefined, 1, '\t'),
      (given, space) => {
        const written = JSON.stringify(given, null, space);
        const found = readPageBody(Buffer.from(written));
        assert.ok(found.kind === 'json');
        const back = found.encoded === null ? written : found.encoded.toString();
        assert.equal(found.encoded === null, !UNSAFE.test(written));
        assert.doesNotMatch(back, UNSAFE);
        assert.equal(undone(back), written);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('what is not to be encoded is byte for byte what it was', () => {
  fc.assert(
    fc.property(fc.array(value), (given) => {
      const written = JSON.stringify(given, null, 2);
      const found = readPageBody(Buffer.from(written));
      assert.ok(found.kind === 'json');
      const back = found.encoded?.toString() ?? written;
      const undone = back.replaceAll(/\\u00(?:3c|3e|26|27)|\\u202[89]/g, (escape) => String(JSON.parse(`"${escape}"`)));
      const once = written.replaceAll(/\\u00(?:3c|3e|26|27)|\\u202[89]/g, (escape) =>
        String(JSON.parse(`"${escape}"`)),
      );
      assert.equal(undone, once);
    }),
  );
});

test('whatever begins like JSON has nothing that a browser reads as markup, or is no page any more', () => {
  const start = fc.constantFrom('{', '[', ' {', '\n[', '\ufeff{', '\t\f[');
  fc.assert(
    fc.property(start, text, (opening, rest) => {
      const found = readPageBody(Buffer.from(opening + rest));
      assert.ok(
        found.kind === 'doubtful' || (found.kind === 'json' && !UNSAFE.test(found.encoded?.toString() ?? rest)),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('whatever is not a page is told by its beginning, wherever it is cut, and a page by its first letter', () => {
  const start = fc.constantFrom(
    '{',
    '[',
    '"',
    ")]}'",
    ' {',
    '\n"',
    '\ufeff[',
    '\ufeff \n',
    '\t<',
    '\ufeff<',
    'é',
    '<',
    '',
  );
  fc.assert(
    fc.property(start, text, (opening, rest) => {
      const bytes = Buffer.from(opening + rest);
      if (bytes[1] === 0) return;
      const told = Array.from({ length: bytes.length + 1 }, (_, at) => mayBeJson(bytes.subarray(0, at)));
      const first = told.find((each) => each !== null) ?? null;
      assert.ok(told.slice(told.indexOf(first)).every((each) => each === first));
      if (readPageBody(bytes).kind !== 'page') assert.equal(first, true);
      if (/^\ufeff?\s*[<a-z]/.test(opening)) assert.equal(first, false);
    }),
    { numRuns: 2_000 },
  );
  const wide = Buffer.from('["<b>"]', 'utf16le');
  for (const bytes of [wide, Buffer.concat([Buffer.from([0xff, 0xfe]), wide]), Buffer.from(wide).swap16()])
    assert.equal(mayBeJson(bytes.subarray(0, 1)), true);
});

test('JSON in UTF-16, and what is not UTF-8, is doubtful', () => {
  const wide = Buffer.from('["<b>"]', 'utf16le');
  for (const bytes of [wide, Buffer.concat([Buffer.from([0xff, 0xfe]), wide]), Buffer.from(wide).swap16()])
    assert.equal(readPageBody(bytes).kind, 'doubtful');
  assert.equal(readPageBody(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])).kind, 'doubtful');
});

test('what is too long to be read is doubtful, and a page of any length is one', () => {
  const long = `["${'a'.repeat(1024 * 1024)}"]`;
  assert.equal(readPageBody(Buffer.from(long)).kind, 'doubtful');
  assert.equal(readPageBody(Buffer.from(`<${long}`)).kind, 'page');
  const deep = '['.repeat(200_000);
  assert.equal(readPageBody(Buffer.from(deep)).kind, 'doubtful');
});
