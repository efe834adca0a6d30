import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Escaping, PlainView } from './escapes.ts';

const plain = (text: string, escaping: Escaping): string =>
  Buffer.from(new PlainView(Buffer.from(text), escaping).bytes).toString('latin1');

test('escapes say what their readers take them for', () => {
  const cases: readonly (readonly [Escaping, string, string])[] = [
    ['backslash', 'a\\u0041\\n\\"\\/\\\\q', 'aA\n"/\\q'],
    ['backslash', '\\x41\\u00e9\\ud83d\\ude00', 'A\u0080\u0080\u0080'],
    ['backslash', '\\q \\u12 \\', '\\q \\u12 \\'],
    ['backslash', '\\\\u0041', 'A'],
    ['backslash', '\\\\\\\\\\\\\\\\', '\\'],
    ['entity', '&#65;&#x42;&amp;&lt;&nbsp;&#8217;', 'AB&< \u0080'],
    ['entity', '&other; & &#x;', '&other; & &#x;'],
    ['entity', '&amp;#65;', 'A'],
    ['entity', '&quot;\\u0041\\n&#92;u0042', '"A\nB'],
    ['percent', '%41+%2', 'A+%2'],
    ['form', '%41+%2B', 'A +'],
    ['none', '%41\\u0041', '%41\\u0041'],
  ];
  for (const [escaping, text, said] of cases) assert.equal(plain(text, escaping), said, `${escaping} ${text}`);
});

/** A text of letters of which some are escaped, and where each of them is written. */
const escaped = fc.array(fc.tuple(fc.constantFrom(...'abc0'), fc.constantFrom('plain', 'unicode', 'twice')), {
  maxLength: 30,
});

function write(character: string, way: string): string {
  if (way === 'plain') return character;
  return `${way === 'twice' ? '\\\\' : '\\'}u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

test('each place of what is said is where it is written, over all levels', () => {
  fc.assert(
    fc.property(escaped, (parts) => {
      const pieces = parts.map(([character, way]) => write(character, way));
      const view = new PlainView(Buffer.from(pieces.join('')), 'backslash');
      assert.equal(Buffer.from(view.bytes).toString(), parts.map(([character]) => character).join(''));
      const starts = pieces.map((_, at) => pieces.slice(0, at).join('').length);
      assert.deepEqual(view.written([...view.bytes.keys()]), starts);
      assert.deepEqual(view.written([view.bytes.length]), [pieces.join('').length]);
    }),
  );
});

const ascii = (code: number): string => (code < 0x80 ? String.fromCharCode(code) : '\u0080');
const ofHexadecimal = (_: string, digits: string): string => ascii(Number.parseInt(digits, 16));
const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', sol: '/', colon: ':', commat: '@' },
};

/** Readers of each way by expressions. */
const unescaped = {
  percent: (text: string) => text.replace(/%([0-9A-Fa-f]{2})/g, ofHexadecimal),
  entity: (text: string) =>
    text.replace(
      /&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([a-z]{2,6}));/g,
      (whole, ...groups: (string | undefined)[]) => {
        const [decimal, hexadecimal, name] = groups;
        if (name !== undefined) return NAMED[name] ?? whole;
        return ascii(decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal));
      },
    ),
  backslash: (text: string) =>
    text.replace(
      /\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(["'\\/bfnrt]))/g,
      (_, ...groups: (string | undefined)[]) => {
        const [long, brief, letter] = groups;
        return letter === undefined ? ofHexadecimal('', long ?? brief ?? '') : (SHORT[letter] ?? letter);
      },
    ),
};

/** Escapes, and what is almost one. */
const piece = fc
  .tuple(
    fc.constantFrom('&', '&', '&#', '&#x', '&#X', '\\', '\\u', '\\x', '%', ''),
    fc.constantFrom('amp', 'lt', 'quot', 'commat', 'colons', 'commats', 'n', '"', '`', '{', 'U', '', '\0', '\u0080'),
    fc.constantFrom('', '', '41', '4g', '0041', '5c', '38', '1234567', '12345678', 'abcdef', 'ABCDEF0'),
    fc.constantFrom(';', ';', ''),
  )
  .map((parts) => parts.join(''));

test('what is looked up by bytes is what expressions read', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (parts) => {
      const text = parts.join('');
      const thrice = (read: (text: string) => string): string => read(read(read(text)));
      const said = (escaping: Escaping): string =>
        Buffer.from(new PlainView(Buffer.from(text, 'latin1'), escaping).bytes).toString('latin1');
      assert.equal(said('percent'), thrice(unescaped.percent));
      assert.equal(said('backslash'), thrice(unescaped.backslash));
      assert.equal(
        said('entity'),
        thrice((each) => unescaped.backslash(unescaped.entity(each))),
      );
    }),
    { numRuns: 2_000 },
  );
});
