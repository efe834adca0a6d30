import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, Bench, bodyOf, fields, request } from './fixture.test.ts';
import { isUpstreamFailure, mayServeOnFailure } from './index.ts';

const FRESH = { 'cache-control': 'max-age=60', etag: '"1"' };
const asking = (text: string): Asked => ({ fields: { 'cache-control': text } });

const after = (seconds: number, asked: Asked, text = 'max-age=60'): string => {
  const bench = new Bench();
  bench.store({}, { fields: { 'cache-control': text, etag: '"1"' } });
  bench.pass(seconds);
  return bench.says(asked);
};

test('RFC 9111 §5.2.1.1: a client whose word is heeded takes nothing older than max-age, and with it nothing stale', () => {
  assert.equal(after(10, asking('max-age=10')), 'fresh');
  assert.equal(after(11, asking('max-age=10')), 'stale request');
  assert.equal(after(1, asking('max-age=0')), 'stale request');
  assert.equal(after(1, asking('max-age=100, max-age=0')), 'stale request');
  assert.equal(after(1, asking('max-age=x')), 'stale request');
  assert.equal(after(61, asking('max-age=100'), 'max-age=60, stale-while-revalidate=60'), 'stale stale');
});

test('RFC 9111 §5.2.1.2: a client whose word is heeded takes what is stale for no longer than max-stale, or for however long', () => {
  assert.equal(after(70, asking('max-stale=11')), 'fresh');
  assert.equal(after(71, asking('max-stale=10')), 'stale stale');
  assert.equal(after(100_000, asking('max-stale')), 'fresh');
  assert.equal(after(70, asking('max-stale, max-stale=5')), 'stale stale');
  assert.equal(after(70, asking('max-stale=x')), 'stale stale');
  assert.equal(after(70, asking('max-stale=20, max-age=30')), 'stale stale');
  assert.equal(after(70, asking('max-stale=20, max-age=80')), 'fresh');
});

test('RFC 9111 §5.2.1.3: a client whose word is heeded takes only what stays fresh for min-fresh', () => {
  assert.equal(after(10, asking('min-fresh=50')), 'fresh');
  assert.equal(after(11, asking('min-fresh=50')), 'stale request');
  assert.equal(after(11, asking('min-fresh=1, min-fresh=50')), 'stale request');
  assert.equal(after(0, asking('min-fresh')), 'stale request');
});

test('RFC 9111 §5.2.1.4, §5.4: a client whose word is heeded with no-cache, or Pragma where there is no Cache-Control, takes nothing unasked', () => {
  assert.equal(after(0, asking('no-cache')), 'stale request');
  assert.equal(after(0, { fields: { pragma: 'no-cache' } }), 'stale request');
  assert.equal(after(0, { fields: { pragma: 'no-cache', 'cache-control': 'max-age=60' } }), 'fresh');
  assert.equal(after(0, asking('no-cache="a')), 'stale request', 'what can’t be read is read strictly');
});

test('RFC 9111 §5.2.1.7: a client whose word is heeded with only-if-cached gets what may be served at once, and else nothing', () => {
  assert.equal(after(0, asking('only-if-cached')), 'fresh');
  assert.equal(after(61, asking('only-if-cached')), 'unavailable');
  assert.equal(after(61, asking('only-if-cached'), 'max-age=60, stale-while-revalidate=60'), 'stale now');
  assert.equal(new Bench().says(asking('only-if-cached')), 'unavailable');
});

test('RFC 9111 §5.2.3: a client whose word is heeded says nothing with directives that nobody knows', () => {
  assert.equal(after(1, asking('x, min-freshness=1000, no-cachet, "=')), 'stale request');
  assert.equal(after(1, asking('x, min-freshness=1000, no-cachet, y="no-cache"')), 'fresh');
});

test('a client whose word is not heeded can neither pass the cache by nor ask it for what is stale', () => {
  const bench = new Bench({ clientControl: 'ignore' });
  bench.store({}, { fields: FRESH });
  for (const text of ['no-cache', 'max-age=0', 'min-fresh=1000', 'only-if-cached', 'no-store', '"'])
    assert.equal(bench.says(asking(text)), 'fresh', text);
  assert.equal(bench.says({ fields: { pragma: 'no-cache' } }), 'fresh');
  bench.pass(61);
  assert.equal(bench.says(asking('max-stale')), 'stale stale');
  assert.equal(new Bench({ clientControl: 'ignore' }).says(asking('only-if-cached')), 'miss uri-miss');
});

test('RFC 9111 §5.2.1.5: what a client forbids to store is not stored, whether its word is heeded else or not', () => {
  for (const clientControl of ['ignore', 'honour'] as const)
    for (const text of ['no-store', 'max-age=60, No-Store', 'x="'])
      assert.equal(new Bench({ clientControl }).refusal(asking(text), { fields: FRESH }), 'request-no-store', text);
});

test('RFC 9111 §5.2.1.5, §5.2.2.5: of what must not be stored nothing is held behind it, and no other request finds it', () => {
  const none = { 'cache-control': 'max-age=60, no-store' };
  for (const [asked, given] of [
    [asking('no-store'), FRESH],
    [{}, none],
    [{ credential: 'keyed', identity: 'ada' }, none],
  ] as const) {
    const bench = new Bench({ clientControl: 'ignore' });
    assert.notEqual(bench.refusal(asked, { fields: given, body: 'secret'.repeat(1_000) }), null);
    assert.deepEqual([bench.memory.heldBytes, bench.cache.entries], [0, 0]);
    assert.equal(bench.says({ ...asked, fields: {} }), 'miss uri-miss');
  }
});

test('RFC 9111 §5.3: where max-age or s-maxage is said, Expires counts for nothing, neither a date nor what is none', () => {
  const bench = new Bench();
  for (const [text, expires, seconds] of [
    ['max-age=10', bench.date(60), 10],
    ['max-age=60', '0', 60],
    ['s-maxage=10', bench.date(60), 10],
    ['s-maxage=60', bench.date(-60), 60],
    ['s-maxage=60', 'never', 60],
  ] as const) {
    const stored = bench.store({}, { fields: { 'cache-control': text, expires } });
    assert.ok(stored.ok, text);
    assert.equal(stored.value.usage.freshUntilMs, seconds * 1_000, `${text}, ${expires}`);
  }
});

test('RFC 9111 §5.2.2.3: a reply with must-understand is stored for all its no-store, where its status is understood', () => {
  const text = { 'cache-control': 'must-understand, no-store, max-age=60' };
  assert.equal(new Bench().refusal({}, { fields: text }), null);
  assert.equal(new Bench().refusal({}, { status: 599, fields: text }), 'status');
  assert.equal(new Bench().refusal({}, { fields: { 'cache-control': 'must-understand, "' } }), 'no-store');
});

test('RFC 9111 §5.2.2.9: a reply that says only public is stored where the configuration gives it a time', () => {
  const text = { 'cache-control': 'public' };
  assert.equal(new Bench().refusal({}, { fields: text }), 'no-freshness');
  assert.equal(new Bench({ ttlMs: 1_000 }).refusal({}, { fields: text }), null);
});

test('RFC 9111 §5.2.3: a reply with directives that nobody knows says nothing by them', () => {
  const text = { 'cache-control': 'no-stores, privates, max-age=60, community="UCI", no-cache-x=1, x=no-store' };
  const bench = new Bench();
  assert.equal(bench.refusal({}, { fields: text }), null);
  assert.equal(bench.says(), 'fresh');
});

test('RFC 9111 §5.2.2: a reply whose Cache-Control can’t be read is not stored', () => {
  for (const text of ['max-age=60; s-maxage=30', 'max-age=60 "', 'x="max-age=60', 'max-age = 60', '=60', 'a b'])
    assert.equal(new Bench({ ttlMs: 1_000 }).refusal({}, { fields: { 'cache-control': text } }), 'no-store', text);
});

test('RFC 9111 §5.3: a reply has expired where Expires is no date, above all 0, or there are several', () => {
  const bench = new Bench();
  for (const expires of ['0', '-1', 'never', '', '2030-01-01T13:00:00Z', bench.date(60).replace('GMT', 'UTC')]) {
    bench.store({}, { fields: { expires, etag: '"1"' } });
    assert.equal(bench.says(), 'stale stale', expires);
  }
  const twice = [
    ['expires', bench.date(60)],
    ['expires', bench.date(60)],
    ['etag', '"1"'],
  ] as const;
  bench.store({}, { fields: twice });
  assert.equal(bench.says(), 'stale stale');
});

test('RFC 9111 §5.4: a reply with Pragma and no Cache-Control is validated each time', () => {
  const bench = new Bench();
  bench.store({}, { fields: { pragma: 'no-cache', expires: bench.date(60), etag: '"1"' } });
  assert.equal(bench.says(), 'stale stale');
});

test('RFC 9111 §5.2.2: a reply that can never be served is not stored', () => {
  for (const text of ['max-age=0', 'no-cache', 'no-cache, max-age=60, stale-if-error=60'])
    assert.equal(new Bench().refusal({}, { fields: { 'cache-control': text } }), 'nothing-to-gain', text);
  assert.equal(new Bench().refusal({}, { fields: { 'cache-control': 'max-age=0, stale-if-error=60' } }), null);
  assert.equal(new Bench().refusal({}, { fields: { 'cache-control': 'max-age=60', age: '60' } }), 'nothing-to-gain');
});

const onFailure = (bench: Bench, asked: Asked = {}): boolean => {
  const found = bench.find();
  assert.ok(found.kind === 'stale' || found.kind === 'fresh');
  return mayServeOnFailure(found.stored, request(asked), bench.rules, bench.nowMs);
};

test('RFC 5861 §3: a stale reply is served while it is fetched anew, for as long as it says, or else the policy', () => {
  const said = new Bench({ staleWhileRevalidateMs: 1_000_000 });
  said.store({}, { fields: { 'cache-control': 'max-age=60, stale-while-revalidate=10', etag: '"1"' } });
  said.pass(69);
  assert.equal(said.says(), 'stale now');
  said.pass(1);
  assert.equal(said.says(), 'stale stale');
  const ruled = new Bench({ staleWhileRevalidateMs: 10_000 });
  ruled.store({}, { fields: FRESH });
  ruled.pass(69);
  assert.equal(ruled.says(), 'stale now');
  ruled.pass(1);
  assert.equal(ruled.says(), 'stale stale');
});

test('RFC 5861 §4: a stale reply is served when the upstream fails, for as long as it says, or else the policy', () => {
  const said = new Bench({ staleIfErrorMs: 1_000_000 });
  said.store({}, { fields: { 'cache-control': 'max-age=60, stale-if-error=10', etag: '"1"' } });
  said.pass(69);
  assert.equal(said.says(), 'stale stale');
  assert.ok(onFailure(said));
  said.pass(1);
  assert.ok(!onFailure(said));
  const ruled = new Bench({ staleIfErrorMs: 10_000 });
  ruled.store({}, { fields: FRESH });
  ruled.pass(69);
  assert.ok(onFailure(ruled));
  assert.ok(!onFailure(ruled, asking('no-cache')));
  assert.ok(!onFailure(ruled, asking('max-age=30')));
  ruled.pass(1);
  assert.ok(!onFailure(ruled));
});

test('RFC 5861 §4: failures are the statuses of servers that could not', () => {
  for (const status of [500, 502, 503, 504]) assert.ok(isUpstreamFailure(status));
  for (const status of [200, 304, 400, 404, 429, 501, 505]) assert.ok(!isUpstreamFailure(status));
});

test('RFC 5861: what must be validated is not served stale for a failure either (RFC 9111 §5.2.2.2)', () => {
  for (const word of ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache']) {
    const bench = new Bench({ staleIfErrorMs: 1_000_000, staleWhileRevalidateMs: 1_000_000 });
    bench.store({}, { fields: { 'cache-control': `max-age=60, ${word}`, etag: '"1"' } });
    bench.pass(61);
    assert.ok(!onFailure(bench), word);
  }
});

test('RFC 5861: the reply’s own word stands beside s-maxage, which else forbids it', () => {
  const bench = new Bench();
  const text = 's-maxage=60, stale-while-revalidate=10, stale-if-error=20';
  bench.store({}, { fields: { 'cache-control': text } });
  bench.pass(65);
  assert.equal(bench.says(), 'stale now');
  bench.pass(10);
  assert.equal(bench.says(), 'stale stale');
  assert.ok(onFailure(bench));
});

test('RFC 5861: what says that it is never fresh is not kept for failures by the policy alone', () => {
  const bench = new Bench({ staleIfErrorMs: 10_000, staleWhileRevalidateMs: 10_000 });
  bench.store({}, { fields: { 'cache-control': 'max-age=0', etag: '"1"' } });
  assert.equal(bench.says(), 'stale stale');
  assert.ok(!onFailure(bench));
});

test('RFC 5861: a reply of nothing but a stale time is kept for that', () => {
  const bench = new Bench();
  bench.store({}, { fields: { 'cache-control': 'max-age=0, stale-while-revalidate=5' }, body: 'a' });
  bench.pass(1);
  assert.equal(bodyOf(bench.find()), 'a');
  assert.equal(bench.says(), 'stale now');
});

test('the longest Cache-Control that a head can hold is read in no time', () => {
  const long = [
    ' '.repeat(16_000),
    'x'.repeat(16_000),
    `x="${'\\"'.repeat(8_000)}`,
    `x=${'y'.repeat(16_000)} z`,
    ', '.repeat(8_000),
  ];
  const bench = new Bench();
  const startMs = performance.now();
  for (const text of long) bench.store({}, { fields: fields({ 'cache-control': text }).entries() as [] });
  assert.ok(performance.now() - startMs < 2_000);
});
