import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkJson } from './json-check.ts';
import { readFlawless } from './json-glance.ts';

const DEPTH_LIMIT = 4;

/** Keys of which some are written in two ways, and some are names of prototypes or of list positions. */
const KEY = fc.constantFrom(
  '"a"',
  '"\\u0061"',
  '"b"',
  '"__proto__"',
  '"constructor"',
  '"0"',
  '":"',
  '"{\\""',
  '"é"',
  '""',
);
const SCALAR = fc.constantFrom('1', 'null', 'true', '"a:b"', '"\\"{"', '"]\\\\"', '-0.5e1', '"😀"');
const { value: TEXT } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    SCALAR,
    fc.array(tie('value'), { maxLength: 3 }).map((elements) => `[${elements.join(', ')}]`),
    fc
      .array(fc.tuple(KEY, tie('value')), { maxLength: 3 })
      .map((members) => `{${members.map((pair) => pair.join(':')).join()}}`),
  ),
}));
const DAMAGED = fc
  .tuple(TEXT, fc.nat(), fc.constantFrom('', ',', '"', '\\', '}', ']', '[', '{', ':', ' ', '\n', '\0'), fc.nat(2))
  .map(([text, at, insert, cut]) => {
    const offset = at % (text.length + 1);
    return text.slice(0, offset) + insert + text.slice(offset + cut);
  });

test('a text is flawless exactly if the check finds nothing in it, and its value is the one of JSON.parse', () => {
  const seen = { flawless: 0, faulty: 0, twice: 0 };
  fc.assert(
    fc.property(fc.oneof(TEXT, DAMAGED), (text) => {
      const { fault, duplicates } = checkJson(text, DEPTH_LIMIT);
      const read = readFlawless(text, DEPTH_LIMIT);
      assert.equal(read !== null, fault === null && duplicates.length === 0, text);
      if (read !== null) assert.deepEqual(read.value, JSON.parse(text));
      seen[fault !== null ? 'faulty' : duplicates.length > 0 ? 'twice' : 'flawless'] += 1;
    }),
    { numRuns: 3000 },
  );
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 50, kind);
});

test('a key that stands twice is seen, however it is written and however deep it lies', () => {
  assert.equal(readFlawless('{"a": 1, "a": 1}', 9), null);
  assert.equal(readFlawless('{"a": 1, "\\u0061": 2}', 9), null);
  assert.equal(readFlawless('[[{"b": {"__proto__": 1, "__proto__": {"x": 1}}}]]', 9), null);
  // What goes with the first of the two must not make up for it.
  assert.equal(readFlawless('{"a": {"b": 1, "c": 2}, "a": {"d": 1, "e": 2, "f": 3}}', 9), null);
  assert.deepEqual(readFlawless('{"a": "b:c", "d": [{"a": 1}, {"a": 2}]}', 9)?.value, {
    a: 'b:c',
    d: [{ a: 1 }, { a: 2 }],
  });
});

test('what is nested too deep is not parsed', (context) => {
  const parse = context.mock.method(JSON, 'parse');
  assert.equal(readFlawless('['.repeat(1_000_000), 500), null);
  assert.equal(readFlawless(`${'['.repeat(501)}${']'.repeat(501)}`, 500), null);
  assert.equal(parse.mock.callCount(), 0);
  assert.notEqual(readFlawless(`${'['.repeat(500)}${']'.repeat(500)}`, 500), null);
});

test('a prototype with names of its own makes no text flawless that has a key twice', (context) => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  prototype['planted'] = 1;
  context.after(() => delete prototype['planted']);
  assert.equal(readFlawless('{"a": 1, "a": {"b": 2}}', 9), null);
  assert.equal(readFlawless('{"a": 1}', 9), null);
});
