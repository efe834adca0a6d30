import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json.ts';
import { replaceTexts } from './json-replace.ts';
import type { JsonValue } from './json-value.ts';

type Change = (text: string, name: string) => string | null;

function read(text: string | Uint8Array): JsonValue {
  const parsed = parseJson(Buffer.from(text));
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  return parsed.value;
}

/** Changes all texts for which `change` gives another. */
function replaced(text: string, change: Change): string {
  const value = read(text);
  const texts = new Map<object, ReadonlyMap<string, string>>();
  const visit = (part: JsonValue): void => {
    if (typeof part !== 'object' || part === null) return;
    const own = new Map<string, string>();
    for (const [name, inner] of Object.entries(part) as [string, JsonValue][]) {
      const instead = typeof inner === 'string' ? change(inner, name) : null;
      if (instead !== null) own.set(name, instead);
      visit(inner);
    }
    texts.set(part, own);
  };
  visit(value);
  return replaceTexts(Buffer.from(text), value, texts).toString();
}

test('all but the texts that are replaced keeps its bytes', () => {
  const trimmed: Change = (text) => (text.trim() === text ? null : text.trim());
  assert.equal(
    replaced('{ "a" : " x " ,\n "n": 1.0e0, "b":"\\u0041 " , "c":"\\u0041"}', trimmed),
    '{ "a" : "x" ,\n "n": 1.0e0, "b":"A" , "c":"\\u0041"}',
  );
  assert.equal(replaced('[" a",["b ",1,"c"],{"x ":"d "}]', trimmed), '["a",["b",1,"c"],{"x ":"d"}]');
  assert.equal(replaced('{"2":" a","1":" b"}', trimmed), '{"2":"a","1":"b"}');
  assert.equal(replaced('{"__proto__":" a"}', trimmed), '{"__proto__":"a"}');
});

test('what a text holds never becomes JSON around it', () => {
  assert.equal(
    replaced('{"a":"x","b":1}', () => '","b":2,"\u0000\n\u2028'),
    '{"a":"\\",\\"b\\":2,\\"\\u0000\\n\u2028","b":1}',
  );
});

test('what is no text there is a bug', () => {
  const value = read('{"a":1}') as object;
  const texts = new Map([[value, new Map([['a', 'x']])]]);
  assert.throws(() => replaceTexts(Buffer.from('{"a":1}'), value as JsonValue, texts), /no text/);
});

test('whatever the document, what comes out says what was meant', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.nat(3), (document, added, indent) => {
      const change: Change = (text, name) => (name.length % 2 === 0 ? text + added : null);
      const map = (part: unknown): unknown => {
        if (typeof part !== 'object' || part === null) return part;
        const entries = Object.entries(part).map(([name, inner]) => [
          name,
          typeof inner === 'string' ? (change(inner, name) ?? inner) : map(inner),
        ]);
        return Array.isArray(part) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
      };
      const text = JSON.stringify(document, null, indent);
      assert.deepEqual(JSON.parse(replaced(text, change)), JSON.parse(JSON.stringify(map(JSON.parse(text)))));
    }),
  );
});
