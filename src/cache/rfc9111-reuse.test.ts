import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, Bench, bodyOf, fields, type Given, keyOf, request } from './fixture.test.ts';
import { ageSeconds } from './index.ts';

const FRESH = { 'cache-control': 'max-age=60' };

test('RFC 9111 §4: a stored reply must not be used unless host, path and query are the same', () => {
  const bench = new Bench();
  bench.store({ path: '/a', query: 'x=1' }, { fields: FRESH });
  assert.equal(bench.says({ path: '/a', query: 'x=1' }), 'fresh');
  const others: Asked[] = [
    { path: '/a' },
    { path: '/a', query: '' },
    { path: '/a', query: 'x=2' },
    { path: '/A', query: 'x=1' },
    { path: '/a/', query: 'x=1' },
    { path: '/a', query: 'x=1', host: 'other.example' },
  ];
  for (const other of others) assert.equal(bench.says(other), 'miss uri-miss', JSON.stringify(other));
});

test('RFC 9111 §4: a stored reply must not be used unless the method is one that it answers: GET, and HEAD with its fields', () => {
  const bench = new Bench();
  bench.store({}, { fields: FRESH });
  assert.equal(bench.says({ method: 'HEAD' }), 'fresh');
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'CUSTOM'])
    assert.equal(bench.says({ method }), 'bypass method', 'methods that may change something are written through');
});

test('RFC 9111 §4: a stored reply must not be used unless it is fresh: at the end of its lifetime it is not', () => {
  const bench = new Bench();
  bench.store({}, { fields: FRESH });
  bench.nowMs = 59_999;
  assert.equal(bench.says(), 'fresh');
  bench.nowMs = 60_000;
  assert.equal(bench.says(), 'stale stale');
});

test('RFC 9111 §4: a stored reply must not be used unasked where it says no-cache, however fresh it is', () => {
  for (const text of ['no-cache', 'no-cache, max-age=60', 'max-age=60, no-cache="x-a"', 'public, NO-CACHE']) {
    const bench = new Bench({ staleWhileRevalidateMs: 60_000 });
    assert.equal(bench.refusal({}, { fields: { 'cache-control': text, etag: '"1"' } }), null, text);
    assert.equal(bench.says(), 'stale stale', text);
  }
});

test('RFC 9111 §4: of several stored replies that answer a request the one that was made last is used', () => {
  const bench = new Bench();
  bench.store({ fields: { 'x-a': '1' } }, { fields: { ...FRESH, vary: 'x-a' }, body: 'of x-a' });
  bench.pass(1);
  bench.store({ fields: { 'x-a': '2' } }, { fields: FRESH, body: 'of all' });
  assert.equal(bodyOf(bench.find({ fields: { 'x-a': '1' } })), 'of all');
  const older = new Bench();
  older.store({ fields: { 'x-a': '1' } }, { fields: { ...FRESH, vary: 'x-a' }, body: 'of x-a' });
  const date = older.date(-10);
  older.store({ fields: { 'x-a': '2' } }, { fields: { ...FRESH, date }, body: 'of all' });
  assert.equal(bodyOf(older.find({ fields: { 'x-a': '1' } })), 'of x-a');
});

test('RFC 9111 §4: the age of a stored reply is told to whoever gets it, in whole seconds', () => {
  const bench = new Bench();
  bench.store({}, { fields: { ...FRESH, age: '7' } });
  const found = bench.find();
  assert.ok(found.kind === 'fresh');
  assert.equal(found.stored.head.fields.get('age'), null, 'the Age it came with is not said again');
  assert.equal(ageSeconds(found.stored, 0), 7);
  assert.equal(ageSeconds(found.stored, 3_999), 10);
  assert.equal(ageSeconds(found.stored, -100_000), 0);
});

const chosen = (names: string, stored: Given, asked: Given): string => {
  const bench = new Bench();
  assert.equal(bench.refusal({ fields: stored }, { fields: { ...FRESH, vary: names } }), null);
  return bench.says({ fields: asked });
};

test('RFC 9111 §4.1: a reply is used only where all fields that it names are the same', () => {
  assert.equal(chosen('X-A, X-B', { 'x-a': '1', 'x-b': '2' }, { 'x-b': '2', 'x-a': '1' }), 'fresh');
  assert.equal(chosen('x-a, x-b', { 'x-a': '1', 'x-b': '2' }, { 'x-a': '1', 'x-b': '3' }), 'miss vary-miss');
  assert.equal(chosen('x-a', { 'x-a': '1' }, { 'x-a': '1', 'x-c': '9' }), 'fresh');
});

test('RFC 9111 §4.1: absent is the same as absent only, and not as empty', () => {
  assert.equal(chosen('x-a', {}, {}), 'fresh');
  assert.equal(chosen('x-a', {}, { 'x-a': '' }), 'miss vary-miss');
  assert.equal(chosen('x-a', { 'x-a': '' }, {}), 'miss vary-miss');
});

test('RFC 9111 §4.1: several lines are one value', () => {
  const lines = [
    ['x-a', '1'],
    ['x-a', '2'],
  ] as const;
  assert.equal(chosen('x-a', lines, { 'x-a': '1, 2' }), 'fresh');
  assert.equal(chosen('x-a', lines, { 'x-a': '2, 1' }), 'miss vary-miss');
});

test('RFC 9111 §4.1: white space and case are the same only in fields where they mean nothing', () => {
  const once = { 'accept-encoding': 'gzip, br;q=0.5', 'accept-language': 'de-CH' };
  const again = { 'accept-encoding': 'GZIP,br; q=0.5', 'accept-language': 'DE-ch' };
  assert.equal(chosen('accept-encoding, accept-language', once, again), 'fresh');
  assert.equal(chosen('x-a', { 'x-a': 'b, c' }, { 'x-a': 'b,c' }), 'miss vary-miss');
  assert.equal(chosen('x-a', { 'x-a': 'b' }, { 'x-a': 'B' }), 'miss vary-miss');
});

test('RFC 9111 §4.1: a star never matches, alone or among names', () => {
  for (const vary of ['*', 'x-a, *', '*, x-a', ' * '])
    assert.equal(new Bench().refusal({}, { fields: { ...FRESH, vary } }), 'vary', vary);
  const lines = [
    ['cache-control', 'max-age=60'],
    ['vary', 'x-a'],
    ['vary', '*'],
  ] as const;
  assert.equal(new Bench().refusal({}, { fields: lines }), 'vary');
});

test('RFC 9111 §4.1: each variant is kept beside the others', () => {
  const bench = new Bench();
  const asked = (language: string): Asked => ({ fields: { 'accept-language': language } });
  for (const language of ['de', 'fr', 'it'])
    bench.store(asked(language), { fields: { ...FRESH, vary: 'accept-language' }, body: language });
  for (const language of ['de', 'fr', 'it']) assert.equal(bodyOf(bench.find(asked(language))), language);
  assert.equal(bench.says(asked('rm')), 'miss vary-miss');
  bench.store(asked('fr'), { fields: { ...FRESH, vary: 'accept-language' }, body: 'neuf' });
  assert.equal(bodyOf(bench.find(asked('fr'))), 'neuf');
  assert.equal(bench.cache.entries, 3);
});

test('RFC 9111 §4.1: of very many variants of one key the first ones go', () => {
  const bench = new Bench();
  const asked = (at: number): Asked => ({ fields: { 'x-a': String(at) } });
  for (let at = 0; at < 100; at++) bench.store(asked(at), { fields: { ...FRESH, vary: 'x-a' } });
  assert.equal(bench.cache.entries, 32);
  assert.equal(bench.says(asked(67)), 'miss vary-miss');
  assert.equal(bench.says(asked(68)), 'fresh');
  assert.equal(bench.cache.evictions, 68);
});

/** So many whole seconds a reply is fresh. */
const lifetime = (given: (bench: Bench) => Given, rules = {}): number => {
  const bench = new Bench(rules);
  const stored = bench.store({}, { fields: given(bench) });
  assert.ok(stored.ok, stored.ok ? '' : stored.error);
  return stored.value.usage.freshUntilMs / 1_000;
};

test('RFC 9111 §4.2.1: s-maxage comes before max-age, that before Expires, and each before what the configuration says', () => {
  const expires = (bench: Bench): string => bench.date(30);
  const ttl = { ttlMs: 5_000 };
  assert.equal(
    lifetime((b) => ({ 'cache-control': 's-maxage=10, max-age=20', expires: expires(b) }), ttl),
    10,
  );
  assert.equal(
    lifetime((b) => ({ 'cache-control': 's-maxage=90, max-age=20', expires: expires(b) }), ttl),
    90,
  );
  assert.equal(
    lifetime((b) => ({ 'cache-control': 'max-age=20', expires: expires(b) }), ttl),
    20,
  );
  assert.equal(
    lifetime((b) => ({ expires: expires(b) }), ttl),
    30,
  );
  assert.equal(
    lifetime(() => ({}), ttl),
    5,
  );
});

test('RFC 9111 §4.2.1: of several values of one directive the smallest counts', () => {
  assert.equal(
    lifetime(() => ({ 'cache-control': 'max-age=20, max-age=10, max-age=30' })),
    10,
  );
  const lines = [
    ['cache-control', 's-maxage=50'],
    ['cache-control', 'S-MaxAge=40'],
  ] as const;
  assert.equal(
    lifetime(() => lines),
    40,
  );
});

test('RFC 9111 §4.2.1: a lifetime that is no number of seconds is none', () => {
  for (const value of ['-1', '1.5', 'x', '', '0x10', '1e3', '+5', '٣', '1 0']) {
    const given = { 'cache-control': `max-age=${value}`, etag: '"1"' };
    const bench = new Bench();
    const why = bench.refusal({}, { fields: given });
    assert.ok(why === null ? bench.says() === 'stale stale' : why === 'no-store', `${value}: ${why}`);
  }
  const bare = new Bench();
  bare.store({}, { fields: { 'cache-control': 'max-age', etag: '"1"' } });
  assert.equal(bare.says(), 'stale stale');
});

test('RFC 9111 §4.2.2: a time of our own is never put in the place of one that the reply says', () => {
  for (const given of [{ 'cache-control': 'max-age=0' }, { expires: '0' }, { 'cache-control': 's-maxage=0' }]) {
    const bench = new Bench({ ttlMs: 60_000 });
    bench.store({}, { fields: { ...given, etag: '"1"' } });
    assert.equal(bench.says(), 'stale stale');
  }
});

test('RFC 9111 §4.2.2: Last-Modified alone makes nothing fresh', () => {
  const bench = new Bench();
  assert.equal(bench.refusal({}, { fields: { 'last-modified': bench.date(-86_400) } }), 'no-freshness');
});

test('RFC 9111 §1.2.2: a number too large is the largest, and does not overflow', () => {
  for (const value of ['2147483648', '4294967296', '99999999999999999999', '9'.repeat(400)])
    assert.equal(
      lifetime(() => ({ 'cache-control': `max-age=${value}` })),
      2_147_483_648,
    );
  const bench = new Bench();
  bench.store({}, { fields: { 'cache-control': 'max-age=60', age: '9'.repeat(400), etag: '"1"' } });
  const found = bench.find();
  assert.ok(found.kind === 'stale');
  assert.equal(ageSeconds(found.stored, 0), 2_147_483_648);
});

test('RFC 9111 §5.2: a number may stand in quotes', () => {
  assert.equal(
    lifetime(() => ({ 'cache-control': 'max-age="20"' })),
    20,
  );
  assert.equal(
    lifetime(() => ({ 'cache-control': 'x="no-store, max-age=1", max-age="3\\0"' })),
    30,
  );
});

test('RFC 9111 §4.2.3: the age it came with counts, and so does the time it took to come', () => {
  const bench = new Bench();
  const fetch = bench.cache.fetch(keyOf(), request(), bench.rules, 0);
  bench.pass(4);
  const given = fields({ ...FRESH, age: '10', date: bench.date() });
  assert.ok(fetch.head(200, given, bench.times(), 0).ok);
  const stored = fetch.finish();
  assert.ok(stored.ok);
  assert.equal(ageSeconds(stored.value, bench.nowMs), 14);
  assert.equal(stored.value.usage.freshUntilMs, 50_000);
});

test('RFC 9111 §4.2.3: the larger of what Date and Age say counts; a Date ahead of our clock says nothing', () => {
  assert.equal(
    lifetime((b) => ({ 'cache-control': 'max-age=60', date: b.date(-20), age: '5' })),
    40,
  );
  assert.equal(
    lifetime((b) => ({ 'cache-control': 'max-age=60', date: b.date(-5), age: '20' })),
    40,
  );
  assert.equal(
    lifetime((b) => ({ 'cache-control': 'max-age=60', date: b.date(3_600) })),
    60,
  );
  assert.equal(
    lifetime((b) => ({ date: b.date(3_600), expires: b.date(3_660) })),
    60,
  );
});

test('RFC 9111 §5.1: of an Age with several members the first counts, and one that is no number is left out', () => {
  assert.equal(
    lifetime(() => ({ ...FRESH, age: '10, 50' })),
    50,
  );
  for (const age of ['-5', 'x', '1.5', ''])
    assert.equal(
      lifetime(() => ({ ...FRESH, age })),
      60,
      age,
    );
});

test('RFC 9111 §4.2.4: a stale reply is not used where must-revalidate, proxy-revalidate, s-maxage or no-cache forbid it, whatever client and policy say', () => {
  const policy = { staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000 };
  for (const word of ['must-revalidate', 'proxy-revalidate', 's-maxage=10', 'no-cache']) {
    const bench = new Bench(policy);
    bench.store({}, { fields: { 'cache-control': `max-age=10, ${word}`, etag: '"1"' } });
    bench.pass(11);
    assert.equal(bench.says({ fields: { 'cache-control': 'max-stale' } }), 'stale stale', word);
    assert.equal(bench.says(), 'stale stale', word);
  }
  const both = new Bench(policy);
  const text = 'max-age=10, stale-while-revalidate=60, stale-if-error=60, must-revalidate';
  both.store({}, { fields: { 'cache-control': text, etag: '"1"' } });
  both.pass(11);
  assert.equal(both.says(), 'stale stale');
});

test('RFC 9111 §4.2.4: a stale reply is not used where nobody allows it', () => {
  const bench = new Bench();
  bench.store({}, { fields: FRESH });
  bench.pass(61);
  assert.equal(bench.says(), 'stale stale');
});
