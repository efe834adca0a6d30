import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readValuesFile } from './values-file.ts';

function read(file: string, text: string | Uint8Array, of: 'texts' | 'numbers' = 'texts'): unknown {
  const result = readValuesFile(Buffer.from(text), { file, of });
  return result.ok ? result.value : `${result.error.place?.line ?? '-'}: ${result.error.message}`;
}

test('a file has a value a line, with comments and blanks around', () => {
  assert.deepEqual(read('a.txt', '# ours\r\n A1 \n\nA#2 # two\nb c\n'), ['A1', 'A#2', 'b c']);
  assert.deepEqual(read('a.txt', '1\n-2.5\n', 'numbers'), [1, -2.5]);
  assert.deepEqual(read('a.txt', '\ufeffA\rB # two\rC'), ['A', 'B', 'C']);
});

test('a file whose name says so is a list in JSON or YAML', () => {
  assert.deepEqual(read('a.json', '["EUR", 5]'), ['EUR', 5]);
  assert.deepEqual(read('a.yaml', '- EUR\n- 5\n'), ['EUR', 5]);
  assert.deepEqual(read('a.yml', '[1, "2"]', 'numbers'), [1, 2]);
});

test('a file is taken whole or not at all, and its line is told', () => {
  assert.match(String(read('a.txt', 'A\nB\nA\n')), /^3: value 3 of a\.txt stands in it twice/);
  assert.match(String(read('a.txt', '1\nx\n', 'numbers')), /^2: .*is no number/);
  for (const [file, text] of [
    ['a.txt', '9007199254740993'],
    ['a.json', '[9007199254740993]'],
    ['a.json', '["-9007199254740993"]'],
  ] as const)
    assert.match(String(read(file, text, 'numbers')), /no number that can be used/, text);
  assert.match(String(read('a.txt', '# nothing\n')), /has no value/);
  assert.match(String(read('a.txt', Buffer.from([0xff, 0xfe]))), /not UTF-8/);
  assert.match(String(read('a.json', '{"a": 1}')), /is no list/);
  assert.match(String(read('a.json', '["a", ["b"]]')), /neither text nor a number/);
  assert.match(String(read('a.json', '["a", ')), /can't be read/);
  assert.match(String(read('a.yaml', '- .inf\n')), /no number that can be used|neither|can't be read/);
  assert.match(String(read('a.txt', 'x'.repeat(5_000))), /longer than 4096/);
});

test('a file has 500,000 values at most', () => {
  const lines = Array.from({ length: 500_001 }, (_, n) => `v${n}`);
  assert.equal((read('a.txt', lines.slice(0, -1).join('\n')) as readonly string[]).length, 500_000);
  assert.match(String(read('a.txt', lines.join('\n'))), /^-: a.txt has more than 500000 values$/);
});

test('whatever the bytes, a file is read or refused', () => {
  fc.assert(
    fc.property(fc.constantFrom('a.txt', 'a.json', 'a.yaml'), fc.uint8Array({ maxLength: 60 }), (file, bytes) => {
      readValuesFile(bytes, { file, of: 'texts' });
    }),
    { numRuns: 500 },
  );
});
