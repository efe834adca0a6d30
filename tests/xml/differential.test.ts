import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearlyXml } from './arbitrary.ts';
import { read, readBySaxes, readByXmldom } from './oracles.ts';

const RUNS = 20_000;

test('whatever is read, two other readers read with the same names, attributes and text', () => {
  let done = 0;
  fc.assert(
    fc.property(nearlyXml(), (text) => {
      const ours = read(Buffer.from(text));
      if (typeof ours === 'string') return;
      done += 1;
      assert.deepEqual(readBySaxes(text), ours);
      assert.deepEqual(readByXmldom(text), ours);
    }),
    { numRuns: RUNS },
  );
  // Texts that are refused show nothing here.
  assert.ok(done > RUNS / 20, `only ${done} were read`);
});

/** Why we refuse what is well-formed: each is said to be in the guide. */
const STRICTER =
  /^xml: (?:document-type|processing-instruction|declaration|encoding|attribute-line|spaced-namespace|text-in-pieces|too-[a-z-]+|text-outside|invalid-character|character-reference) /;

test('what both others read and this refuses is refused for a reason that is told', () => {
  fc.assert(
    fc.property(nearlyXml(), (text) => {
      const ours = read(Buffer.from(text));
      if (typeof ours !== 'string' || STRICTER.test(ours)) return;
      const theirs = [readBySaxes(text), readByXmldom(text)];
      assert.ok(theirs.includes(null), `${JSON.stringify(text)}: ${ours}`);
    }),
    { numRuns: RUNS },
  );
});

test('what those two read in different ways is refused', () => {
  for (const text of [
    '<a b="x\ny"/>',
    '<a>ad<!---->min</a>',
    '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>',
    '<a>&#x110000;</a>',
  ]) {
    assert.equal(typeof read(Buffer.from(text)), 'string', text);
  }
});
