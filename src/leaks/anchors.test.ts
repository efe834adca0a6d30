import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnchorTable } from './anchors.ts';

/** What a search for each anchor by itself finds, in either case. */
function oneByOne(anchors: readonly string[], text: string): readonly string[] {
  const lower = text.toLowerCase();
  return anchors
    .flatMap((anchor, number) => {
      const found: string[] = [];
      for (let at = lower.indexOf(anchor.toLowerCase()); at >= 0; at = lower.indexOf(anchor.toLowerCase(), at + 1))
        found.push(`${number} ${at}`);
      return found;
    })
    .toSorted();
}

function together(anchors: readonly string[], text: string): readonly string[] {
  const found: string[] = [];
  new AnchorTable(anchors).scan(Buffer.from(text, 'latin1'), (number, from) => found.push(`${number} ${from}`));
  return found.toSorted();
}

test('all anchors are found wherever they stand, also within each other', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '-'), minLength: 1, maxLength: 5 });
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '-', 'x', '\u00e9'), maxLength: 60 });
  fc.assert(
    fc.property(fc.array(letters, { minLength: 1, maxLength: 8 }), texts, (anchors, text) => {
      assert.deepEqual(together(anchors, text), oneByOne(anchors, text));
    }),
  );
});

test('an anchor is one to many letters of ASCII', () => {
  assert.throws(() => new AnchorTable(['']), RangeError);
  assert.throws(() => new AnchorTable(['\u00e9']), RangeError);
  const many = Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x21 + at));
  assert.throws(() => new AnchorTable(many), RangeError);
});
