import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriesBy } from './series.ts';

test('a series is made with its first use, once for each key', () => {
  const made: string[] = [];
  const of = seriesBy((key: string) => {
    made.push(key);
    return { key };
  });
  assert.deepEqual(made, []);
  const first = of('a');
  assert.equal(of('a'), first);
  assert.equal(of('b').key, 'b');
  assert.equal(of('a'), first);
  assert.deepEqual(made, ['a', 'b']);
});

test('series of two keys are told apart by both', () => {
  const of = seriesBy((api: string) => seriesBy((code: string) => ({ name: `${api} ${code}` })));
  assert.equal(of('a b')('c').name, 'a b c');
  assert.equal(of('a')('b c').name, 'a b c');
  assert.notEqual(of('a b')('c'), of('a')('b c'));
});
