import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, Bench, keyOf, request } from './fixture.test.ts';

const FRESH = { 'cache-control': 'max-age=60' };

const flightOf = (bench: Bench, asked: Asked): string => bench.cache.flightKey(keyOf(asked), request(asked));

test('only requests wait for each other that one reply can answer, as far as is known of the replies before', () => {
  const bench = new Bench();
  const asked = (value: string): Asked => ({ fields: { 'x-a': value, 'x-b': 'c' } });
  assert.equal(flightOf(bench, asked('1')), flightOf(bench, asked('2')));
  bench.store(asked('1'), { fields: { ...FRESH, vary: 'x-a' } });
  assert.notEqual(flightOf(bench, asked('1')), flightOf(bench, asked('2')));
  assert.equal(flightOf(bench, asked('1')), flightOf(bench, { fields: { 'x-a': '1', 'x-b': 'd' } }));
  bench.store({ fields: { 'x-b': 'd' } }, { fields: { ...FRESH, vary: 'x-b' } });
  assert.notEqual(flightOf(bench, asked('1')), flightOf(bench, { fields: { 'x-a': '1', 'x-b': 'd' } }));
});

test('nobody waits for what is of another key, method, identity or target', () => {
  const bench = new Bench();
  const all: Asked[] = [
    {},
    { method: 'HEAD' },
    { query: 'a' },
    { path: '/other' },
    { host: 'other.example' },
    { credential: 'shared' },
    { credential: 'keyed', identity: 'ada' },
    { credential: 'keyed', identity: 'bob' },
    { fields: { 'x-original-url': '/admin' } },
    { fields: { 'x-host': 'evil.example' } },
  ];
  assert.equal(new Set(all.map((asked) => flightOf(bench, asked))).size, all.length);
});

test('a stored reply is found by one lookup again and again, and its uses keep it where there is no room', () => {
  const bench = new Bench({}, 40_000);
  bench.store({ path: '/used' }, { fields: FRESH });
  for (let at = 0; at < 100; at++) {
    bench.store({ path: `/${at}` }, { fields: FRESH });
    assert.equal(bench.says({ path: '/used' }), 'fresh');
  }
  assert.ok(bench.cache.entries < 30);
  assert.ok(bench.cache.evictions > 70);
});
