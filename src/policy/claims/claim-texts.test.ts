import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAt, nameIn, namesIn } from './claim-texts.ts';

const MALFORMED = { ok: false, error: 'claims' };
const claims = JSON.parse(
  '{"a":{"b":["x"],"n":null},"t":"x","l":["x"],"https://x.example/roles":["y"],"a.b":1}',
) as Record<string, unknown>;

test('a path leads through objects by their own names', () => {
  assert.deepEqual(claimAt(claims, ['a', 'b']), { ok: true, value: ['x'] });
  assert.deepEqual(claimAt(claims, ['https://x.example/roles']), { ok: true, value: ['y'] });
  assert.deepEqual(claimAt(claims, ['a.b']), { ok: true, value: 1 });
});

test('a path that ends early finds nothing', () => {
  for (const path of [['z'], ['z', 'b'], ['a', 'z'], ['a', 'z', 'y']]) {
    assert.deepEqual(claimAt(claims, path), { ok: true, value: undefined });
  }
});

test('what every object inherits is no claim', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.deepEqual(claimAt(claims, [name]), { ok: true, value: undefined });
    assert.deepEqual(claimAt(claims, ['a', name]), { ok: true, value: undefined });
  }
});

test('a path through what is no object is malformed', () => {
  for (const path of [
    ['t', 'length'],
    ['l', '0'],
    ['l', 'length'],
    ['a', 'n', 'x'],
  ]) {
    assert.deepEqual(claimAt(claims, path), MALFORMED, path.join());
  }
});

test('a name is a text without control characters, or it is not there', () => {
  assert.deepEqual(nameIn(undefined), { ok: true, value: null });
  assert.deepEqual(nameIn('ä b'), { ok: true, value: 'ä b' });
  assert.deepEqual(nameIn('x'.repeat(256)), { ok: true, value: 'x'.repeat(256) });
  for (const value of ['', 'a\n', '\0', 'a\x7f', 'x'.repeat(257), null, 0, true, ['a'], {}]) {
    assert.deepEqual(nameIn(value), MALFORMED, JSON.stringify(value));
  }
});

test('names are an array of names, or one text with single spaces between them', () => {
  assert.deepEqual(namesIn(undefined), { ok: true, value: null });
  assert.deepEqual(namesIn(['a', 'b c']), { ok: true, value: ['a', 'b c'] });
  assert.deepEqual(namesIn('a b'), { ok: true, value: ['a', 'b'] });
  assert.deepEqual(namesIn([]), { ok: true, value: [] });
  assert.deepEqual(namesIn(''), { ok: true, value: [] });
});

test('anything else is malformed and gives no names at all', () => {
  const values = [
    null,
    5,
    true,
    {},
    [5],
    ['a', null],
    [['a']],
    ['a', ''],
    ' ',
    'a  b',
    ' a',
    'a ',
    'a\tb',
    'a\nb',
    { 0: 'a', length: 1 },
  ];
  for (const value of values) assert.deepEqual(namesIn(value), MALFORMED, JSON.stringify(value));
});

test('five hundred names are a list, one more is not', () => {
  const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`);
  assert.equal(namesIn(names(500)).ok, true);
  assert.deepEqual(namesIn(names(501)), MALFORMED);
  assert.deepEqual(namesIn(names(501).join(' ')), MALFORMED);
});
