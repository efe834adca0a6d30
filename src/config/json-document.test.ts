import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkJson } from './json-check.ts';
import { readJson } from './json-document.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('a text is sound exactly if JSON.parse takes it', () => {
  const texts = ['', ' ', '{', '[1,]', '{"a":1,}', '{"a"}', "{'a':1}", '01', '1.', '-', '+1', '1e', 'nul', 'true false']
    .concat([
      '"\\x"',
      '"\\u12"',
      '"\n"',
      '"a',
      '[1 2]',
      '{"a":1 "b":2}',
      '{a:1}',
      '[}',
      ']',
      '{"a":}',
      '/**/1',
      '\u00a01',
    ])
    .concat([
      'null',
      '-0.5E+2',
      '"\\u0041\\n"',
      '[]',
      '{}',
      ' [ 1 , {"a" : [ ] } ] ',
      '"\u2028"',
      '{"a":{"b":[{}]}}',
      '1 ',
      '"\\',
    ]);
  for (const text of texts) assert.equal(checkJson(text, 500).fault === null, parses(text), JSON.stringify(text));
});

test('whatever JSON there is, sound or damaged, the check agrees with JSON.parse', () => {
  const damaged = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', ',', '"', '\\', '}', ']', '[', '{', ':', ' ', '0', 'e', '-', '\n'),
      fc.nat(2),
    )
    .map(([text, at, insert, cut]) => {
      const offset = at % (text.length + 1);
      return text.slice(0, offset) + insert + text.slice(offset + cut);
    });
  fc.assert(
    fc.property(damaged, (text) => assert.equal(checkJson(text, 500).fault === null, parses(text))),
    { numRuns: 2000 },
  );
});

test('a fault is told with its line and column', () => {
  const { document, issues } = readJson('{\n  "a": 1,\n  "b": nope\n}', 'a.json', 500);
  assert.equal(document, null);
  assert.deepEqual(issues[0]?.place, { file: 'a.json', line: 3, column: 8 });
});

test('a key that stands twice is told, also where it is written in another way', () => {
  const { issues } = readJson('{"a": 1,\n "b": {"a": 2},\n "\\u0061": 3}', 'a.json', 500);
  assert.deepEqual(
    issues.map(({ message, place }) => [message, place?.line]),
    [['the key "a" stands twice in one object', 3]],
  );
});

test('nesting is bounded', () => {
  assert.equal(checkJson(`${'['.repeat(500)}${']'.repeat(500)}`, 500).fault, null);
  assert.deepEqual(checkJson('['.repeat(1_000_000), 500).fault, { offset: 500, reason: 'depth' });
});

test('every value of a document is found at its place', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = `\n${JSON.stringify(value, null, indent)}`;
      const { document } = readJson(text, 'a.json', 500);
      const visit = (part: unknown, path: (string | number)[]): void => {
        const place = document?.locate(path)?.value;
        assert.ok(place, JSON.stringify(path));
        const offset =
          text
            .split('\n')
            .slice(0, place.line - 1)
            .join('\n').length + place.column;
        assert.ok(text.slice(offset).startsWith(JSON.stringify(part, null, indent).slice(0, 1)));
        if (typeof part !== 'object' || part === null) return;
        for (const [key, child] of Object.entries(part))
          visit(child, [...path, Array.isArray(part) ? Number(key) : key]);
      };
      // Duplicate keys cannot come out of JSON.stringify, and __proto__ is read as a key.
      if (!text.includes('__proto__')) visit(value, []);
    }),
  );
  assert.equal(readJson('{"a":[1]}', 'a.json', 500).document?.locate(['a', 1]), null);
});
