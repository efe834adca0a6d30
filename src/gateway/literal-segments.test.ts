import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiteralSegments } from './literal-segments.ts';

test('a segment is found wherever it stands in a path, and only as a whole', () => {
  const segments = new LiteralSegments<string>();
  segments.add('orders', 'the orders');
  segments.add('', 'nothing');
  assert.equal(segments.find('/orders', 1, 7), 'the orders');
  assert.equal(segments.find('/v1/orders/7', 4, 10), 'the orders');
  assert.equal(segments.find('/v1//7', 4, 4), 'nothing');
  for (const [path, from, end] of [
    ['/order', 1, 6],
    ['/orderss', 1, 8],
    ['/orders', 1, 6],
    ['/orders', 0, 7],
    ['/Orders', 1, 7],
    ['/ordfrs', 1, 7],
  ] as const)
    assert.equal(segments.find(path, from, end), undefined, path);
});

test('whatever is added is found, and nothing else', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '%', '2', 'F'), maxLength: 8 });
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 200 }), fc.array(text), (added, asked) => {
      const segments = new LiteralSegments<string>();
      for (const each of added) segments.add(each, `for ${each}`);
      const known = new Set(added);
      for (const each of [...added, ...asked]) {
        const wanted = known.has(each) ? `for ${each}` : undefined;
        assert.equal(segments.get(each), wanted);
        assert.equal(segments.find(`/x/${each}/y`, 3, 3 + each.length), wanted);
      }
    }),
  );
});

test('segments that share a number are told apart', () => {
  const segments = new LiteralSegments<number>();
  const texts = Array.from({ length: 100_000 }, (_, at) => hash('sha1', `${at}`).slice(0, 10));
  // The number has 30 bits, so that of so many texts a few share theirs with another.
  for (const [at, text] of texts.entries()) segments.add(text, at);
  assert.ok(texts.every((text, at) => segments.get(text) === at));
});

test('a segment longer than any that is kept is not read', () => {
  const segments = new LiteralSegments<number>();
  segments.add('abc', 1);
  const path = {
    length: 1_000_000,
    charCodeAt: () => assert.fail('it was read'),
    startsWith: () => assert.fail('it was compared'),
  } as unknown as string;
  assert.equal(segments.find(path, 0, 4), undefined);
});
