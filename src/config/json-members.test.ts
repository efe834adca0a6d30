import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { membersOf } from './json-members.ts';

/** The parts of a text, each as the text it lies at; null for one that is divided. */
function partsOf(text: string, splits: (pointer: string) => boolean): Readonly<Record<string, string | null>> {
  const bytes = Buffer.from(text);
  const parts = [...membersOf(bytes, splits)];
  return Object.fromEntries(
    parts.map(([pointer, { start, end }]) => [pointer, end === 0 ? null : bytes.toString('utf8', start, end)]),
  );
}

const root = (pointer: string): boolean => pointer === '';

test('an object is divided by its members, and a member is given as it was written', () => {
  const text = ' {"a" : [1, {"b": 2}] ,\n"c":"x\\"}","d" : -1e3, "e": {} , "f":null}\n';
  assert.deepEqual(partsOf(text, root), {
    '': null,
    '/a': '[1, {"b": 2}]',
    '/c': '"x\\"}"',
    '/d': '-1e3',
    '/e': '{}',
    '/f': 'null',
  });
});

test('members of a divided member are parts, and names are written as in a JSON Pointer', () => {
  const splits = (pointer: string): boolean => ['', '/p'].includes(pointer);
  const text = '{"p":{"/a~b":{"x":1},"\\u00e9\\n":2},"q":{"r":3},"p2":[]}';
  const parts = { '': null, '/p': null, '/p/~1a~0b': '{"x":1}', '/p/é\n': '2', '/q': '{"r":3}', '/p2': '[]' };
  assert.deepEqual(partsOf(text, splits), parts);
});

test('what is no object is not divided', () => {
  for (const text of ['[{"a":1}]', '"{}"', '7', 'true'])
    assert.deepEqual(
      partsOf(text, () => true),
      { '': text },
    );
});

test('any JSON is divided into parts that are what JSON.parse reads, however it is laid out', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(4), (value, indent) => {
      const parts = partsOf(JSON.stringify(value, null, indent), root);
      const read = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      assert.equal(Object.keys(parts).length, Object.keys(read).length + 1);
      for (const [name, member] of Object.entries(read)) {
        const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        assert.deepEqual(JSON.parse(parts[pointer] as string), member);
      }
    }),
  );
});

test('of a name that stands twice the last counts, as for JSON.parse', () => {
  assert.deepEqual(partsOf('{"a":1,"a":2}', root), { '': null, '/a': '2' });
});

test('a text that is no JSON ends with an error and not without end', () => {
  const whole = '{"a":[1,"x",{"b":true}],"c":"d"}';
  for (let length = 0; length < whole.length; length++)
    assert.throws(() => partsOf(whole.slice(0, length), root), Error, whole.slice(0, length));
  for (const text of ['{a:1}', '{"a"1}', '{"a":1 "b":2}', '{,}', '{"a":}'])
    assert.throws(() => partsOf(text, root), text);
});
