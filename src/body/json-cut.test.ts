import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json.ts';
import { cutElements, cutMembers } from './json-cut.ts';
import type { JsonValue } from './json-value.ts';
import type { MembersToCut } from './json-walk.ts';

/** Cuts all members of these names, wherever they are. */
function cut(text: string, ...names: readonly string[]): string {
  const value = read(text);
  return cutMembers(
    Buffer.from(text),
    value,
    everywhere(value, (name) => names.includes(name)),
  ).toString();
}

function read(text: string | Uint8Array): JsonValue {
  const parsed = parseJson(Buffer.from(text));
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  return parsed.value;
}

function everywhere(value: JsonValue, goes: (name: string) => boolean): MembersToCut {
  const members = new Map<object, ReadonlyMap<string, unknown>>();
  const visit = (part: JsonValue): void => {
    if (typeof part !== 'object' || part === null) return;
    if (!Array.isArray(part)) {
      members.set(part, new Map(Object.keys(part).flatMap((name) => (goes(name) ? [[name, true] as const] : []))));
    }
    for (const inner of Object.values(part) as JsonValue[]) visit(inner);
  };
  visit(value);
  return members;
}

test('what stays keeps its bytes, its order and its white space', () => {
  assert.equal(cut('{"a":1.0,"x":2,"b":1e3}', 'x'), '{"a":1.0,"b":1e3}');
  assert.equal(cut('{"x":2,"a":12345678901234567890123}', 'x'), '{"a":12345678901234567890123}');
  assert.equal(cut('{ "a" : -0 ,\n "x" : [1, {"a": 2}] }', 'x'), '{ "a" : -0 }');
  assert.equal(cut('{\n  "x": 1,\n  "a": "\\u00e9é"\n}', 'x'), '{\n  "a": "\\u00e9é"\n}');
  assert.equal(cut('{"2":1,"x":0,"1":2}', 'x'), '{"2":1,"1":2}');
});

test('members go wherever they stand, several in a row too', () => {
  assert.equal(cut('{"x":1,"y":2,"a":3,"z":4,"b":5,"w":6,"v":7}', 'x', 'y', 'z', 'w', 'v'), '{"a":3,"b":5}');
  assert.equal(cut('{"x":1}', 'x'), '{}');
  assert.equal(cut('{ "x":1 , "y":{} }', 'x', 'y'), '{  }');
  assert.equal(cut('[{"x":[]},{"a":{"x":{"x":1},"b":2}}]', 'x'), '[{},{"a":{"b":2}}]');
  assert.equal(cut('[]', 'x'), '[]');
  assert.equal(cut(' "x" ', 'x'), ' "x" ');
});

test('a name is known however it is written', () => {
  assert.equal(cut('{"\\u0078":1,"a":2}', 'x'), '{"a":2}');
  assert.equal(cut('{"a":1,"__proto__":{"b":1}}', '__proto__'), '{"a":1}');
  assert.equal(cut('{"é":1,"a":"}],{\\"","\\u00fc":"\\\\"}', 'é', 'ü'), '{"a":"}],{\\""}');
  assert.equal(cut('{"x ":1,"X":2,"x":3}', 'x'), '{"x ":1,"X":2}');
});

test('a member of the same name elsewhere stays', () => {
  const text = '{"a":{"x":1},"b":{"x":1}}';
  const value = read(text) as { readonly a: object };
  const members = new Map([[value.a, new Map([['x', true]])]]);
  assert.equal(
    cutMembers(Buffer.from(text), value as unknown as JsonValue, members).toString(),
    '{"a":{},"b":{"x":1}}',
  );
});

const names = fc.constantFrom('a', 'b', 'x', '1', 'é', '__proto__', 'a"b', '\\');
const space = fc.constantFrom('', ' ', '\n\t');
const number = fc.constantFrom('0', '-0', '1.0', '1e3', '12345678901234567890', '-2.50E-1');

/** JSON as somebody might write it: any numbers, white space anywhere. */
const { text: jsonText } = fc.letrec<{ text: string; leaf: string; object: string; array: string }>((tie) => ({
  leaf: fc.oneof(number, fc.constantFrom('true', 'false', 'null', '"}],{"', '"\\"x\\":"', '""')),
  object: fc
    .tuple(fc.uniqueArray(fc.tuple(names, tie('text')), { maxLength: 5, selector: ([name]) => name }), space, space)
    .map(([members, before, after]) => {
      const written = members.map(([name, value]) => `${before}${JSON.stringify(name)}${after}:${before}${value}`);
      return `{${written.join(`${after},`)}${after}}`;
    }),
  array: fc.array(tie('text'), { maxLength: 4 }).map((items) => `[ ${items.join(' , ')}]`),
  text: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('object'), tie('array')),
}));

test('property: the result is what the value is without the members, and a part of its bytes in their order', () => {
  fc.assert(
    fc.property(jsonText, fc.uniqueArray(names), (text, gone: readonly string[]) => {
      const value = read(text);
      const bytes = Buffer.from(text);
      const result = cutMembers(
        bytes,
        value,
        everywhere(value, (name) => gone.includes(name)),
      );
      assert.deepEqual(read(result), without(value, gone));
      assert.ok(isPartOf(result, bytes));
      if (gone.length === 0) assert.equal(result.toString(), text);
    }),
  );
});

function without(value: JsonValue, gone: readonly string[]): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => without(item, gone));
  const object = new Bare();
  for (const [name, inner] of Object.entries(value)) {
    if (gone.includes(name)) continue;
    Object.defineProperty(object, name, { value: without(inner as JsonValue, gone), ...DATA });
  }
  return object as JsonValue;
}

const DATA = { enumerable: true, writable: true, configurable: true };
const Bare = Object.assign(function () {} as unknown as new () => object, {});
Bare.prototype = Object.getPrototypeOf(read('{}')) as object;

function isPartOf(part: Uint8Array, whole: Uint8Array): boolean {
  let found = 0;
  for (const byte of whole) if (found < part.length && part[found] === byte) found++;
  return found === part.length;
}

test('elements go out of their list alone, with members beside them', () => {
  const cutAt = (text: string, ...gone: readonly number[]): string => {
    const value = read(text);
    assert.ok(Array.isArray(value));
    return cutElements(Buffer.from(text), value, {
      elements: new Map([[value as object, new Set(gone)]]),
      members: everywhere(value, (name) => name === 'x'),
    }).toString();
  };
  assert.equal(cutAt('[1, 2,3 ,4]', 1, 3), '[1,3]');
  assert.equal(cutAt('[ 1 , 2 ]', 0), '[ 2 ]');
  assert.equal(cutAt('[1,2]', 0, 1), '[]');
  assert.equal(cutAt('[]', 0), '[]');
  assert.equal(cutAt('[[1,2],{"x":[3],"a":"]"},[{"x":4}]]', 0), '[{"a":"]"},[{}]]');
});

test('without elements, whatever they are, the text says what the list without them does', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(8)), fc.nat(3), (list, gone, spaces) => {
      const text = JSON.stringify(list, null, spaces);
      const value = read(text);
      const elements = new Map([[value as object, new Set(gone)]]);
      const left = cutElements(Buffer.from(text), value, { elements, members: new Map() });
      const kept = JSON.parse(text) as unknown[];
      assert.deepEqual(
        JSON.parse(left.toString()),
        kept.filter((_, at) => !gone.includes(at)),
      );
    }),
  );
});
