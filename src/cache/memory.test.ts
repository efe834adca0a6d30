import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Bench, fields, keyOf, makeHead, request, RULES } from './fixture.test.ts';
import { CacheMemory, ReplyCache, type StoredHead } from './index.ts';

const FRESH = { 'cache-control': 'max-age=60' };

const cacheOf = (memory: CacheMemory, limitBytes = memory.limitBytes): ReplyCache<StoredHead> =>
  new ReplyCache(memory, limitBytes, makeHead);

/** Stores a body of so many bytes; whether it was stored. */
function put(cache: ReplyCache<StoredHead>, path: string, bytes: number): boolean {
  const fetch = cache.fetch(keyOf({ path }), request({ path }), RULES, 0);
  assert.ok(fetch.head(200, fields(FRESH), { receivedAtMs: 0, wallMs: 0 }, null).ok);
  fetch.write(Buffer.alloc(bytes));
  return fetch.finish().ok;
}

const has = (cache: ReplyCache<StoredHead>, path: string): boolean =>
  cache.find(keyOf({ path }), request({ path }), RULES, 0).kind === 'fresh';

test('never more is held than allowed, with ten thousand large replies and keys of all lengths', () => {
  const memory = new CacheMemory(1_000_000, 1_000_000);
  const cache = cacheOf(memory);
  for (let at = 0; at < 10_000; at++) {
    assert.ok(put(cache, `/${at}/${'x'.repeat(at % 7_000)}`, 50_000 - at));
    assert.ok(memory.heldBytes <= 1_000_000);
  }
  assert.ok(cache.entries > 5);
  assert.equal(cache.evictions, 10_000 - cache.entries);
  cache.clear();
  assert.equal(memory.heldBytes, 0);
});

test('what is held counts keys, heads and fields that chose a reply, and not only bodies', () => {
  const bench = new Bench();
  const held = (asked: Parameters<Bench['store']>[0], given: Record<string, string>): number => {
    bench.cache.clear();
    assert.ok(bench.store(asked, { fields: { ...FRESH, ...given }, body: '' }).ok);
    return bench.cache.heldBytes;
  };
  const least = held({}, {});
  assert.ok(least > 1_000);
  assert.ok(held({ query: 'x'.repeat(1_000) }, {}) >= least + 1_000);
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`x${at}`, '']));
  assert.ok(held({}, many) >= least + 50 * 32);
  assert.ok(held({}, { 'x-a': 'x'.repeat(1_000) }) >= least + 1_000);
  assert.ok(held({ fields: { 'x-a': 'x'.repeat(1_000) } }, { vary: 'x-a' }) >= least + 1_000);
});

test('what is counted is no less than what it takes', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const cache = cacheOf(new CacheMemory(200_000_000, 200_000_000));
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < 20_000; at++) put(cache, `/${at}`, 100);
  collect();
  const taken = process.memoryUsage().heapUsed - before;
  assert.ok(taken <= cache.heldBytes, `${taken} taken, ${cache.heldBytes} counted`);
  assert.equal(cache.entries, 20_000);
});

test('what chose a reply holds no more than itself of the head that it stood in', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const cache = cacheOf(new CacheMemory(200_000_000, 200_000_000));
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < 2_000; at++) {
    const head = Buffer.from(`${'x'.repeat(15_000)}https://${at}.example.org`, 'latin1').toString('latin1');
    const asked = request({ fields: { origin: head.slice(15_000) } });
    const fetch = cache.fetch(keyOf({ path: `/${at}` }), asked, RULES, 0);
    assert.ok(fetch.head(200, fields({ ...FRESH, vary: 'origin' }), { receivedAtMs: 0, wallMs: 0 }, null).ok);
    assert.ok(fetch.finish().ok);
  }
  collect();
  const taken = process.memoryUsage().heapUsed - before;
  assert.ok(taken <= cache.heldBytes, `${taken} taken, ${cache.heldBytes} counted`);
});

test('a cache holds no more than its own share, whatever room there is', () => {
  const memory = new CacheMemory(1_000_000, 1_000_000);
  const cache = cacheOf(memory, 100_000);
  for (let at = 0; at < 100; at++) put(cache, `/${at}`, 10_000);
  assert.ok(cache.heldBytes <= 100_000 && cache.heldBytes > 80_000);
  assert.equal(put(cache, '/large', 100_000), false);
});

test('where there is no room the cache that holds most gives way', () => {
  const memory = new CacheMemory(1_000_000, 1_000_000);
  const [large, small] = [cacheOf(memory), cacheOf(memory)];
  for (let at = 0; at < 200; at++) put(large, `/${at}`, 10_000);
  for (let at = 0; at < 10; at++) put(small, `/${at}`, 10_000);
  assert.ok(Array.from({ length: 10 }, (_, at) => has(small, `/${at}`)).every(Boolean));
  for (let at = 10; at < 200; at++) put(small, `/${at}`, 10_000);
  assert.ok(Math.abs(large.heldBytes - small.heldBytes) < 30_000, `${large.heldBytes} and ${small.heldBytes}`);
});

test('what lies on the heap has a bound of its own, which small replies reach and large ones do not', () => {
  const memory = new CacheMemory(10_000_000, 100_000);
  const [small, large] = [cacheOf(memory), cacheOf(memory)];
  for (let at = 0; at < 1_000; at++) assert.ok(put(small, `/${at}`, 1_000));
  assert.ok(small.heldBytes <= 100_000 && small.heldBytes > 90_000, String(small.heldBytes));
  for (let at = 0; at < 20; at++) assert.ok(put(large, `/${at}`, 90_000));
  assert.ok(Array.from({ length: 20 }, (_, at) => has(large, `/${at}`)).every(Boolean));
  assert.ok(large.heldBytes > 1_800_000);
  assert.ok(small.heldBytes < 70_000, 'whose heads take the most gives way');
  const none = cacheOf(new CacheMemory(10_000_000, 1_000));
  assert.equal(put(none, '/', 0), false);
});

test('bodies on their way take no more than half, count as held, and give back what they took', () => {
  const memory = new CacheMemory(1_000_000, 1_000_000);
  const cache = cacheOf(memory);
  for (let at = 0; at < 200; at++) put(cache, `/${at}`, 10_000);
  const begin = (path: string) => {
    const fetch = cache.fetch(keyOf({ path }), request({ path }), RULES, 0);
    assert.ok(fetch.head(200, fields(FRESH), { receivedAtMs: 0, wallMs: 0 }, 100_000).ok);
    return fetch;
  };
  const fetches = Array.from({ length: 10 }, (_, at) => begin(`/new${at}`));
  const taken = fetches.map((fetch) => fetch.write(Buffer.alloc(100_000)));
  assert.deepEqual(taken, [true, true, true, true, true, false, false, false, false, false]);
  assert.ok(memory.heldBytes <= 1_000_000);
  const ends = fetches.map((fetch) => fetch.finish());
  assert.ok(ends.slice(0, 5).every(({ ok }) => ok));
  assert.deepEqual(ends[9], { ok: false, error: 'no-room' });
  assert.equal(memory.heldBytes, cache.heldBytes);
  const left = begin('/left');
  left.write(Buffer.alloc(50_000));
  assert.ok(memory.heldBytes > cache.heldBytes);
  left.abandon();
  left.abandon();
  assert.equal(memory.heldBytes, cache.heldBytes);
});

test('a body that stands still gives its room to others who have none, and is not stored then', () => {
  const memory = new CacheMemory(1_000_000, 1_000_000);
  const cache = cacheOf(memory);
  const begin = (path: string, bytes: number) => {
    const fetch = cache.fetch(keyOf({ path }), request({ path }), RULES, 0);
    assert.ok(fetch.head(200, fields(FRESH), { receivedAtMs: 0, wallMs: 0 }, null).ok);
    assert.ok(fetch.write(Buffer.alloc(bytes)));
    return fetch;
  };
  const all = Array.from({ length: 5 }, (_, at) => begin(`/${at}`, 90_000));
  for (const fetch of all) fetch.mayGiveWay();
  assert.ok(all[1]?.write(Buffer.alloc(1)), 'moves again');
  const last = begin('/5', 90_000);
  assert.deepEqual(
    [...all, last].map((fetch) => fetch.finish().ok),
    [false, true, true, true, true, true],
  );
  assert.equal(has(cache, '/0'), false);
  assert.equal(memory.heldBytes, cache.heldBytes);
  const still = begin('/6', 90_000);
  still.mayGiveWay();
  still.abandon();
  assert.equal(memory.heldBytes, cache.heldBytes);
  const taken = Array.from({ length: 6 }, (_, at) => begin(`/7/${at}`, 70_000 - at));
  taken[0]?.mayGiveWay();
  begin('/8', 90_000).abandon();
  assert.equal(taken[0]?.write(Buffer.alloc(1)), false);
  for (const fetch of taken) fetch.abandon();
  assert.equal(memory.heldBytes, cache.heldBytes);
});

test('a reply that is being served stays whole when it is thrown out', () => {
  const bench = new Bench({}, 100_000);
  bench.store({}, { fields: FRESH, body: 'x'.repeat(20_000) });
  const found = bench.find();
  assert.ok(found.kind === 'fresh');
  bench.cache.clear();
  assert.equal(bench.says(), 'miss uri-miss');
  assert.equal(found.stored.body.toString(), 'x'.repeat(20_000));
});

test('what has taken the place of a stored reply stays when that is found to be no good', () => {
  const bench = new Bench();
  bench.store({}, { fields: { ...FRESH, etag: '"1"' }, body: 'old' });
  const old = bench.find();
  assert.ok(old.kind === 'fresh');
  bench.pass(1);
  bench.store({}, { fields: { ...FRESH, etag: '"2"' }, body: 'new' });
  const fetch = bench.cache.fetch(keyOf(), request(), RULES, bench.nowMs);
  const said = fields({ date: bench.date(), 'cache-control': 'no-store', etag: '"1"' });
  assert.ok(fetch.notModified(old.stored, said, bench.times()) !== null);
  const found = bench.find();
  assert.ok(found.kind === 'fresh');
  assert.equal(found.stored.body, 'new');
  assert.equal(bench.memory.heldBytes, bench.cache.heldBytes);
});

test('what was declared no good makes room for what comes', () => {
  const memory = new CacheMemory(1_000_000, 1_000_000);
  const cache = cacheOf(memory);
  const query = (at: number) => ({ path: '/spoilt', query: String(at) });
  for (let at = 0; at < 40; at++) {
    const asked = query(at);
    const fetch = cache.fetch(keyOf(asked), request(asked), RULES, 0);
    assert.ok(fetch.head(200, fields(FRESH), { receivedAtMs: 0, wallMs: 0 }, null).ok);
    fetch.write(Buffer.alloc(10_000));
    assert.ok(fetch.finish().ok);
    for (let use = 0; use < 5; use++) cache.find(keyOf(asked), request(asked), RULES, 0);
  }
  for (let at = 0; at < 40; at++) put(cache, `/${at}`, 10_000);
  cache.invalidate(keyOf({ path: '/spoilt' }).place);
  for (let at = 40; at < 75; at++) put(cache, `/${at}`, 10_000);
  const kept = Array.from({ length: 75 }, (_, at) => has(cache, `/${at}`)).filter(Boolean);
  assert.equal(kept.length, 75);
});

test('what is thrown out stays out, though somebody still validates it', () => {
  const bench = new Bench();
  bench.store({}, { fields: { ...FRESH, etag: '"1"' } });
  const found = bench.find();
  assert.ok(found.kind === 'fresh');
  bench.cache.clear();
  const fetch = bench.cache.fetch(keyOf(), request(), RULES, 0);
  const said = fields({ date: bench.date(), 'cache-control': 'no-store', etag: '"1"' });
  assert.ok(fetch.notModified(found.stored, said, bench.times()) !== null);
  assert.equal(bench.memory.heldBytes, 0);
});

test('whatever is stored, invalidated and abandoned, all sums agree in the end', () => {
  const act = fc.tuple(
    fc.constantFrom('put', 'vary', 'begin', 'still', 'end', 'leave', 'invalidate', 'clear'),
    fc.nat(5),
    fc.nat(30_000),
  );
  fc.assert(
    fc.property(fc.array(act, { minLength: 5, maxLength: 60 }), (acts) => {
      const bench = new Bench({}, 200_000);
      const open: ReturnType<ReplyCache<StoredHead>['fetch']>[] = [];
      for (const [what, at, bytes] of acts) {
        const path = `/${at}`;
        if (what === 'put') put(bench.cache, path, bytes);
        else if (what === 'vary')
          bench.store({ path, fields: { 'x-a': String(bytes) } }, { fields: { ...FRESH, vary: 'x-a' } });
        else if (what === 'begin') {
          const fetch = bench.cache.fetch(keyOf({ path }), request({ path }), RULES, 0);
          fetch.head(200, fields(FRESH), { receivedAtMs: 0, wallMs: 0 }, null);
          fetch.write(Buffer.alloc(bytes));
          open.push(fetch);
        } else if (what === 'still') open.at(-1)?.mayGiveWay();
        else if (what === 'end') open.shift()?.finish();
        else if (what === 'leave') open.pop()?.abandon();
        else if (what === 'invalidate') bench.cache.invalidate(keyOf({ path }).place);
        else bench.cache.clear();
        assert.ok(bench.memory.heldBytes <= 200_000);
        assert.ok(bench.memory.heldBytes >= bench.cache.heldBytes);
      }
      for (const fetch of open) fetch.abandon();
      assert.equal(bench.memory.heldBytes, bench.cache.heldBytes);
      bench.cache.clear();
      assert.equal(bench.cache.entries, 0);
      assert.equal(bench.memory.heldBytes, 0);
    }),
    { numRuns: 300 },
  );
});
