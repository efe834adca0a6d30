import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, Bench, bodyOf, fields, type Given, keyOf, request } from './fixture.test.ts';
import { CONDITIONS, invalidates, isNotModified, notModifiedFields, validators } from './index.ts';

const FRESH = { 'cache-control': 'max-age=60' };
const TAGGED = { ...FRESH, etag: '"1"' };

const sent = (given: Given) => {
  const bench = new Bench();
  const stored = bench.store({}, { fields: given });
  assert.ok(stored.ok);
  return validators(stored.value);
};

test('RFC 9111 §4.3.1: a stored reply is validated with its entity tag and its Last-Modified, where it has them', () => {
  const modified = 'Tue, 01 Jan 2030 00:00:00 GMT';
  assert.deepEqual(sent({ ...FRESH, etag: 'W/"a,b"' }), [['if-none-match', 'W/"a,b"']]);
  assert.deepEqual(sent({ ...FRESH, 'last-modified': modified }), [['if-modified-since', modified]]);
  assert.deepEqual(sent({ ...TAGGED, 'last-modified': modified }), [
    ['if-none-match', '"1"'],
    ['if-modified-since', modified],
  ]);
});

test('RFC 9111 §4.3.1: a stored reply is validated with nothing that is no validator', () => {
  assert.deepEqual(sent({ ...FRESH, etag: 'unquoted', 'last-modified': 'yesterday' }), []);
  const twice = [
    ['cache-control', 'max-age=60'],
    ['etag', '"1"'],
    ['etag', '"2"'],
  ] as const;
  assert.deepEqual(sent(twice), []);
});

const isMet = (stored: Given, asked: Given, status = 200): boolean => {
  const bench = new Bench();
  const kept = bench.store({}, { status, fields: { ...FRESH, ...stored } });
  assert.ok(kept.ok);
  return isNotModified(request({ fields: asked }), kept.value);
};

test('RFC 9111 §4.3.2: a client with conditions has what is stored where its list holds the tag, compared weakly', () => {
  assert.ok(isMet({ etag: '"1"' }, { 'if-none-match': '"1"' }));
  assert.ok(isMet({ etag: 'W/"1"' }, { 'if-none-match': '"0", "1"' }));
  assert.ok(isMet({ etag: '"1"' }, { 'if-none-match': 'W/"a,b",W/"1"' }));
  assert.ok(isMet({}, { 'if-none-match': '*' }));
  assert.ok(!isMet({ etag: '"1"' }, { 'if-none-match': '"2"' }));
  assert.ok(!isMet({ etag: '"1"' }, { 'if-none-match': '1' }));
  assert.ok(!isMet({ etag: '"1"' }, { 'if-none-match': '' }));
  assert.ok(!isMet({}, { 'if-none-match': '"1"' }));
  assert.ok(!isMet({ etag: '"b"' }, { 'if-none-match': '"a"b"' }));
});

test('RFC 9111 §4.3.2: a client with conditions has it by its date, compared with Last-Modified or else Date, and only where it names no tag', () => {
  const [early, late] = ['Mon, 31 Dec 2029 23:59:59 GMT', 'Tue, 01 Jan 2030 00:00:01 GMT'];
  const modified = { 'last-modified': 'Tue, 01 Jan 2030 00:00:00 GMT' };
  assert.ok(isMet(modified, { 'if-modified-since': late }));
  assert.ok(isMet(modified, { 'if-modified-since': modified['last-modified'] }));
  assert.ok(!isMet(modified, { 'if-modified-since': early }));
  assert.ok(!isMet(modified, { 'if-modified-since': 'never' }));
  assert.ok(!isMet({}, { 'if-modified-since': late }), 'its Date is noon');
  assert.ok(isMet({}, { 'if-modified-since': 'Tue, 01 Jan 2030 12:00:00 GMT' }));
  assert.ok(!isMet({ ...modified, etag: '"1"' }, { 'if-modified-since': late, 'if-none-match': '"2"' }));
  assert.ok(isMet({ ...modified, etag: '"1"' }, { 'if-modified-since': early, 'if-none-match': '"1"' }));
});

test('RFC 9111 §4.3.2: a client with conditions gets no 304 for what is stored with another status than 200', () => {
  assert.ok(!isMet({ etag: '"1"' }, { 'if-none-match': '"1"' }, 404));
  assert.ok(!isMet({}, { 'if-none-match': '*' }, 301));
});

test('RFC 9111 §4.3.2: a client with conditions that only an origin may judge is not answered from the cache, and what it gets is not stored', () => {
  for (const name of ['if-match', 'if-unmodified-since']) {
    const bench = new Bench();
    bench.store({}, { fields: TAGGED });
    const asked = { fields: { [name]: '"1"' } };
    assert.equal(bench.says(asked), 'bypass precondition');
    assert.equal(bench.refusal(asked, { fields: TAGGED }), 'precondition');
  }
});

test('RFC 9111 §4.3.2: a client with conditions asks with them of the cache alone: they do not go along with a fetch', () => {
  assert.deepEqual(CONDITIONS, ['if-none-match', 'if-modified-since', 'if-range']);
});

test('RFC 9111 §4.3.2: a client that asks for a range gets what is stored whole, and else asks the upstream, whose answer is not stored', () => {
  const asked = { fields: { range: 'bytes=0-1' } };
  const bench = new Bench();
  assert.equal(bench.says(asked), 'bypass range');
  assert.equal(bench.refusal(asked, { fields: TAGGED }), 'range');
  bench.store({}, { fields: TAGGED });
  assert.equal(bench.says(asked), 'fresh');
  bench.pass(60);
  assert.equal(bench.says(asked), 'bypass range');
});

test('RFC 9111 §4.3.2: a client with conditions sees in a 304 all that is stored but what describes a body (RFC 9110 §15.4.5)', () => {
  const stored = { ...TAGGED, 'content-type': 'text/plain', 'content-language': 'de', vary: 'x-a', expires: '0' };
  const names = notModifiedFields(fields({ ...stored, 'content-encoding': 'br' })).map(([name]) => name);
  assert.deepEqual(names, ['cache-control', 'etag', 'vary', 'expires']);
});

test('RFC 9111 §4.3.4: a 304 makes what is stored fresh again, by its own Date and fields', () => {
  const bench = new Bench();
  bench.store({}, { fields: TAGGED });
  bench.pass(90);
  const updated = bench.validate({}, { etag: '"1"', 'cache-control': 'max-age=30', 'x-new': 'a' });
  assert.equal(updated?.head.fields.get('x-new'), 'a');
  assert.equal(bodyOf(bench.find()), 'body');
  bench.pass(29);
  assert.equal(bench.says(), 'fresh');
  bench.pass(1);
  assert.equal(bench.says(), 'stale stale');
  assert.equal(bench.cache.entries, 1);
});

test('RFC 9111 §4.3.4: a 304 without a lifetime of its own leaves the stored one, counted from its Date; without a Date, from when it came', () => {
  for (const date of [undefined, '']) {
    const bench = new Bench();
    bench.store({}, { fields: TAGGED });
    bench.pass(90);
    const given = date === undefined ? { etag: '"1"' } : { etag: '"1"', date };
    assert.ok(bench.validate({}, given) !== null);
    bench.pass(59);
    assert.equal(bench.says(), 'fresh');
    const found = bench.find();
    assert.ok(found.kind === 'fresh');
    assert.equal([...found.stored.head.fields.entries()].filter(([name]) => name === 'date').length, 1);
  }
});

test('RFC 9111 §4.3.4: a 304 counts with the age that it came with', () => {
  const bench = new Bench();
  bench.store({}, { fields: TAGGED });
  bench.pass(90);
  bench.validate({}, { etag: '"1"', age: '50' });
  bench.pass(9);
  assert.equal(bench.says(), 'fresh');
  bench.pass(1);
  assert.equal(bench.says(), 'stale stale');
});

test('RFC 9111 §4.3.4: a 304 that names another strong tag, or another weak one, changes nothing and is not used', () => {
  const cases = [
    ['"1"', '"2"'],
    ['W/"1"', '"1"'],
    ['"1"', 'W/"2"'],
  ] as const;
  for (const [etag, said] of cases) {
    const bench = new Bench();
    bench.store({}, { fields: { ...FRESH, etag } });
    bench.pass(90);
    assert.equal(bench.validate({}, { etag: said }), null, `${etag} ${said}`);
    assert.equal(bench.says(), 'stale stale');
  }
  const dated = new Bench();
  dated.store({}, { fields: { ...FRESH, 'last-modified': dated.date(-10) } });
  dated.pass(90);
  assert.equal(dated.validate({}, { 'last-modified': dated.date() }), null);
});

test('RFC 9111 §4.3.4: a 304 that names the same tag weakly, or no validator at all, speaks of the one that was asked for', () => {
  for (const given of [{ etag: 'W/"1"' }, {}]) {
    const bench = new Bench();
    bench.store({}, { fields: TAGGED });
    bench.pass(90);
    assert.ok(bench.validate({}, given) !== null);
    assert.equal(bench.says(), 'fresh');
  }
});

test('RFC 9111 §3.2: a 304 replaces all fields of each name, adds new ones, and leaves what tells how to read the octets', () => {
  const bench = new Bench();
  const given = [
    ['cache-control', 'max-age=60'],
    ['x-a', '1'],
    ['x-a', '2'],
    ['content-encoding', 'br'],
    ['content-type', 'text/plain'],
    ['x-b', 'b'],
  ] as const;
  bench.store({}, { fields: given });
  bench.pass(90);
  const updated = bench.validate({}, [
    ['x-a', '3'],
    ['content-encoding', 'gzip'],
    ['content-range', 'bytes 0-1/2'],
    ['content-length', '0'],
    ['content-type', 'text/html'],
    ['connection', 'x-hop'],
    ['x-hop', '1'],
    ['x-c', 'c'],
    ['x-c', 'd'],
  ]);
  const names = [...(updated?.head.fields.entries() ?? [])].filter(([name]) => name !== 'date');
  assert.deepEqual(names, [
    ['cache-control', 'max-age=60'],
    ['content-encoding', 'br'],
    ['x-b', 'b'],
    ['x-a', '3'],
    ['content-type', 'text/html'],
    ['x-c', 'c'],
    ['x-c', 'd'],
  ]);
});

test('RFC 9111 §4.3.4: a 304 after which it may not be stored takes it out, and is served to whom it was meant for', () => {
  for (const given of [
    { 'cache-control': 'no-store' },
    { 'cache-control': 'private' },
    { 'set-cookie': 'a=b' },
    { vary: '*' },
  ]) {
    const bench = new Bench();
    bench.store({}, { fields: TAGGED });
    bench.pass(90);
    const updated = bench.validate({}, given);
    assert.equal(updated?.body, 'body');
    assert.equal(bench.says(), 'miss uri-miss', JSON.stringify(given));
  }
});

test('RFC 9111 §4.3.4: a 304 to a client that forbids to store changes nothing, and takes nothing from the others', () => {
  const bench = new Bench();
  bench.store({}, { fields: TAGGED });
  bench.pass(90);
  const updated = bench.validate({ fields: { 'cache-control': 'no-store' } }, { etag: '"1"', 'x-new': 'a' });
  assert.equal(updated?.head.fields.get('x-new'), 'a');
  const found = bench.find();
  assert.ok(found.kind === 'stale');
  assert.equal(found.stored.head.fields.get('x-new'), null);
});

test('RFC 9111 §4.3.4: a 304 to a HEAD validates the stored GET', () => {
  const bench = new Bench();
  bench.store({}, { fields: TAGGED });
  bench.pass(90);
  assert.ok(bench.validate({ method: 'HEAD' }, { etag: '"1"' }) !== null);
  assert.equal(bench.says(), 'fresh');
});

test('RFC 9111 §4.3.4: a 304 that comes behind an invalidation is not kept', () => {
  const bench = new Bench();
  bench.store({}, { fields: TAGGED });
  bench.pass(90);
  const found = bench.find();
  assert.ok(found.kind === 'stale');
  const fetch = bench.cache.fetch(keyOf(), request(), bench.rules, bench.nowMs);
  bench.cache.invalidate(keyOf().place);
  assert.ok(fetch.notModified(found.stored, fields({ date: bench.date(), etag: '"1"' }), bench.times()) !== null);
  assert.equal(bench.says(), 'miss uri-miss');
});

const afterHead = (given: Given): string => {
  const bench = new Bench();
  bench.store({}, { fields: TAGGED });
  assert.equal(bench.refusal({ method: 'HEAD' }, { fields: given, body: '' }), 'method');
  return bench.says();
};

test('RFC 9111 §4.3.5: a reply to HEAD that differs in tag, date or length throws out what is stored, and one that does not leaves it', () => {
  assert.equal(afterHead({ etag: '"2"' }), 'miss uri-miss');
  assert.equal(afterHead({ 'content-length': '5' }), 'miss uri-miss');
  assert.equal(afterHead({ 'last-modified': 'Tue, 01 Jan 2030 00:00:00 GMT' }), 'miss uri-miss');
  assert.equal(afterHead({ etag: '"1"', 'content-length': '4' }), 'fresh');
  assert.equal(afterHead({}), 'fresh');
});

test('RFC 9111 §4.4: invalidation: comes with every reply but an error to a method that may change something, unknown methods included', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'FROB', 'get']) {
    for (const status of [200, 201, 204, 301, 303, null]) assert.ok(invalidates(method, status), `${method} ${status}`);
    for (const status of [400, 403, 404, 409, 500, 503]) assert.ok(!invalidates(method, status), `${method} ${status}`);
  }
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) assert.ok(!invalidates(method, 200), method);
});

test('RFC 9111 §4.4: invalidation: throws out all that lies at the place: every query, every variant, everybody’s', () => {
  const bench = new Bench();
  const here: Asked[] = [
    {},
    { query: 'a=1' },
    { credential: 'keyed', identity: 'ada' },
    { credential: 'keyed', identity: 'bob', query: 'a=1' },
  ];
  for (const asked of here) bench.store(asked, { fields: FRESH });
  bench.store({ fields: { 'x-a': '1' }, query: 'v' }, { fields: { ...FRESH, vary: 'x-a' } });
  bench.store({ fields: { 'x-a': '2' }, query: 'v' }, { fields: { ...FRESH, vary: 'x-a' } });
  bench.store({ path: '/others' }, { fields: FRESH });
  bench.store({ host: 'other.example' }, { fields: FRESH });
  bench.cache.invalidate(keyOf().place);
  for (const asked of here) assert.equal(bench.says(asked), 'miss uri-miss');
  assert.equal(bench.says({ path: '/others' }), 'fresh');
  assert.equal(bench.says({ host: 'other.example' }), 'fresh', 'nothing of another origin is thrown out');
  assert.equal(bench.cache.entries, 4, 'what was come across is gone, and what was not waits for that');
  for (const language of ['1', '2'])
    assert.equal(bench.says({ fields: { 'x-a': language }, query: 'v' }), 'miss uri-miss');
  assert.equal(bench.cache.entries, 2);
  for (const asked of here) assert.equal(bench.refusal(asked, { fields: FRESH }), null);
  for (const asked of here) assert.equal(bench.says(asked), 'fresh', 'what is stored behind it is good');
});

test('RFC 9111 §4.4: invalidation: keeps what was asked for before it from being stored behind it', () => {
  const bench = new Bench();
  const fetches = [0, 1, 2].map(() => bench.cache.fetch(keyOf(), request(), bench.rules, 0));
  const [early, late, other] = fetches as [(typeof fetches)[0], (typeof fetches)[0], (typeof fetches)[0]];
  assert.ok(late.head(200, fields(FRESH), bench.times(), null).ok);
  late.write('old');
  assert.ok(other.head(200, fields(FRESH), bench.times(), null).ok);
  bench.cache.invalidate(keyOf().place);
  assert.deepEqual(early.head(200, fields(FRESH), bench.times(), null), { ok: false, error: 'invalidated' });
  assert.deepEqual(late.finish(), { ok: false, error: 'invalidated' });
  bench.cache.clear();
  assert.equal(other.finish().ok, false);
  assert.equal(bench.memory.heldBytes, 0);
  assert.equal(bench.refusal({}, { fields: FRESH }), null);
});

test('a reply that was asked for earlier does not take the place of one that was asked for later', () => {
  const bench = new Bench();
  const early = bench.cache.fetch(keyOf(), request(), bench.rules, 0);
  bench.pass(1);
  bench.store({}, { fields: FRESH, body: 'new' });
  assert.ok(early.head(200, fields(FRESH), bench.times(), null).ok);
  early.write('old');
  assert.deepEqual(early.finish(), { ok: false, error: 'superseded' });
  assert.equal(bodyOf(bench.find()), 'new');
});
