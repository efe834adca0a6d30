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
