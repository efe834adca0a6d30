import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepFields, type KeptFields } from './json-keep.ts';
import { parseJson } from './json.ts';

const ALL: KeptFields = { rest: true, members: new Map() };
const NONE: KeptFields = { rest: false, members: new Map() };

function only(members: Readonly<Record<string, KeptFields>>): KeptFields {
  return { rest: false, members: new Map(Object.entries(members)) };
}

function kept(text: string, fields: KeptFields): string | null {
  const found = keepFields(Buffer.from(text), fields);
  return found === null ? null : Buffer.from(found.bytes).toString();
}

test('what stays stays byte for byte, and commas go with what goes', () => {
  const fields = only({ a: ALL, c: only({ d: ALL }) });
  assert.equal(kept('{"a":1,"b":2}', fields), '{"a":1}');
  assert.equal(kept('{"b":2,"a":1}', fields), '{"a":1}');
  assert.equal(kept('{ "b" : 2 , "a" : 1.0 , "x":[] }', fields), '{ "a" : 1.0 }');
  assert.equal(kept('{"b":2,"x":{"a":1}}', fields), '{}');
  assert.equal(kept('{"c":[{"d":1,"e":2},3,{"e":2}]}', fields), '{"c":[{"d":1},{}]}');
  assert.equal(kept('[{"a":1,"b":{}},[{"b":[]}],null]', fields), '[{"a":1},[{}]]');
});

test('one value is kept where all of it is, and else there is nothing to keep', () => {
  assert.equal(kept(' "x" ', ALL), ' "x" ');
  assert.equal(kept('"x"', only({ x: ALL })), null);
  assert.equal(kept('null', NONE), null);
  assert.equal(kept('{"a":1}', NONE), '{}');
  assert.equal(kept('[1,{"a":1}]', NONE), '[]');
});

test('whoever asks hears the names that lead to what goes, and how much that is', () => {
  const told: string[] = [];
  const fields = only({ a: only({ b: ALL }) });
  const found = keepFields(Buffer.from('{"a":[{"b":1,"c":2},5],"x":{"y":1}}'), fields, (names) =>
    told.push(names.join('.')),
  );
  assert.deepEqual(told, ['a.c', 'a', 'x']);
  assert.equal(found?.taken, 3);
});

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const NAME = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'é', '"', 'a\\b', '');
const { fields: FIELDS } = fc.letrec<{ fields: KeptFields }>((tie) => ({
  fields: fc.record({
    rest: fc.boolean(),
    members: fc
      .array(fc.tuple(NAME, fc.oneof({ maxDepth: 4 }, fc.constantFrom(ALL, NONE), tie('fields'))), { maxLength: 4 })
      .map((all) => new Map(all)),
  }),
}));
const { value: VALUE } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<Json>(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(NAME, tie('value')), { maxLength: 5 }).map((all) => Object.fromEntries(all) as Json),
  ),
}));
const GONE = Symbol('gone');

/** The meaning, told value by value. */
function naive(value: Json, { rest, members }: KeptFields, isRoot: boolean): Json | typeof GONE {
  if (members.size === 0 && !isRoot) return rest ? value : GONE;
  if (Array.isArray(value))
    return value.flatMap((each) => {
      const left = naive(each, { rest, members }, false);
      return left === GONE ? [] : [left];
    });
  if (typeof value !== 'object' || value === null) return rest ? value : GONE;
  const left = Object.entries(value).flatMap(([name, each]) => {
    const below = naive(each, members.get(name) ?? (rest ? ALL : NONE), false);
    return below === GONE ? [] : [[name, below] as const];
  });
  return Object.fromEntries(left);
}

/** All JSON is written otherwise too: with spaces, and with each letter as an escape. */
function written(value: Json, way: number): string {
  const text = JSON.stringify(value, null, way % 3);
  return way < 3
    ? text
    : text.replaceAll(/(?<![\\a-z0-9])([abc])(?=[":\\])/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

test('for all documents and fields: as a reader would filter, no more than was there, and twice is once', () => {
  fc.assert(
    fc.property(VALUE, FIELDS, fc.nat(5), (value, fields, way) => {
      const text = written(value, way);
      const bytes = Buffer.from(text);
      assert.ok(parseJson(bytes).ok, text);
      const found = keepFields(bytes, fields);
      const wanted = naive(JSON.parse(text) as Json, fields, true);
      if (found === null) {
        assert.equal(wanted, GONE);
        return;
      }
      const again = Buffer.from(found.bytes);
      assert.deepEqual(JSON.parse(again.toString()), wanted);
      assert.ok(parseJson(again).ok);
      assert.ok(found.taken > 0 || found.bytes === bytes);
      assert.equal(keepFields(again, fields)?.taken, 0);
    }),
    { numRuns: 5_000 },
  );
});

test('for all bytes that are JSON: what comes out is JSON, and a part of what went in', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"a"',
    '"b"',
    ':',
    ',',
    '1',
    'null',
    ' ',
    '"\\u0061"',
    '\n',
    '-0.5e1',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 24 }), FIELDS, (parts, fields) => {
      const bytes = Buffer.from(parts.join(''));
      const read = parseJson(bytes);
      fc.pre(read.ok);
      const found = keepFields(bytes, fields);
      if (found === null) return;
      assert.ok(parseJson(found.bytes).ok);
      let at = 0;
      for (const byte of found.bytes) {
        at = bytes.indexOf(byte, at) + 1;
        assert.notEqual(at, 0);
      }
    }),
    { numRuns: 3_000 },
  );
});
