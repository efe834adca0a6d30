import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOUNDS, pastBounds } from './bounds.ts';

const SMALL = { ...BOUNDS, nodes: 10, depth: 4, pointerLength: 20 };

test('a document at its bounds is taken', () => {
  assert.equal(pastBounds([1, 2, 3, 4, 5, 6, 7, 8, 9], SMALL), null);
  assert.equal(pastBounds({ a: { b: { c: {} } } }, SMALL), null);
  assert.equal(pastBounds({ a: { 'sixteen letters!': {} } }, SMALL), null);
});

test('a document past a bound is told which', () => {
  assert.match(pastBounds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], SMALL) ?? '', /more than 10 values/);
  assert.match(pastBounds([[], 'a', { b: 'c', d: [1, 2, null, 4, 5, true] }], SMALL) ?? '', /more than 10 values/);
  assert.match(pastBounds({ a: { b: { c: { d: {} } } } }, SMALL) ?? '', /deeper than 4/);
  assert.match(pastBounds({ 'longer than twenty characters': {} }, SMALL) ?? '', /longer than 20/);
});

test('aliases count wherever they stand, so a document that unfolds without end is refused', () => {
  let unfolding: unknown = 'x';
  for (let level = 0; level < 100; level += 1) unfolding = [unfolding, unfolding];
  assert.match(pastBounds(unfolding) ?? '', /more than 2000000 values/);
  const itself: Record<string, unknown> = {};
  itself['self'] = itself;
  assert.match(pastBounds(itself) ?? '', /holds itself/);
});

test('depth is no matter of the stack', () => {
  let deep: unknown = {};
  for (let level = 0; level < 500_000; level += 1) deep = { deep };
  assert.match(pastBounds(deep) ?? '', /deeper than 500/);
});

test('every value counts once, of whatever kind and wherever it stands', () => {
  const countOf = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? Object.values(value).reduce((sum: number, each) => sum + countOf(each), 1)
      : 1;
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const nodes = countOf(document);
      assert.equal(pastBounds(document, { ...BOUNDS, nodes }), null);
      assert.match(pastBounds(document, { ...BOUNDS, nodes: nodes - 1 }) ?? '', /more than/);
    }),
  );
});
