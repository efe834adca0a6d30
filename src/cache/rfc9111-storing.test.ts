import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, bodyOf, fields, keyOf, request } from './fixture.test.ts';

const FRESH = { 'cache-control': 'max-age=60' };

test('RFC 9111 §3: a reply must not be stored unless the method of the request is GET', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY', 'get', 'FOO']) {
    const bench = new Bench();
    assert.equal(bench.refusal({ method }, { fields: FRESH }), 'method', method);
    assert.equal(bench.says(), 'miss uri-miss');
  }
  assert.equal(new Bench().refusal({ method: 'HEAD' }, { fields: FRESH }), 'method');
});

test('RFC 9111 §3: a reply must not be stored unless its status is final and its caching understood', () => {
  const bench = new Bench();
  const refused = [100, 103, 201, 202, 205, 226, 304, 305, 400, 401, 403, 405, 414, 418, 429, 451, 500, 501, 503, 599];
  for (const status of refused) assert.equal(bench.refusal({}, { status, fields: FRESH }), 'status', String(status));
  for (const status of [200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410])
    assert.equal(bench.refusal({}, { status, fields: FRESH }), null, String(status));
});

test('RFC 9111 §3: a reply must not be stored unless it is whole: neither a 206 nor one with Content-Range', () => {
  const bench = new Bench();
  assert.equal(bench.refusal({}, { status: 206, fields: FRESH }), 'status');
  assert.equal(bench.refusal({}, { fields: { ...FRESH, 'content-range': 'bytes 0-3/10' } }), 'partial');
});

test('RFC 9111 §3: a reply must not be stored where it says no-store, in whatever case, place and company', () => {
  const bench = new Bench({ ttlMs: 60_000 });
  const said = ['no-store', 'No-Store', 'max-age=60, no-store', 'no-store=1', 'public,no-store', 'x="a,b", NO-STORE ,'];
  for (const text of said) assert.equal(bench.refusal({}, { fields: { 'cache-control': text } }), 'no-store', text);
  const lines = [
    ['cache-control', 'max-age=60'],
    ['cache-control', 'no-store'],
  ] as const;
  assert.equal(bench.refusal({}, { fields: lines }), 'no-store');
});

test('RFC 9111 §3: a reply must not be stored where it says private, with or without the names of fields', () => {
  const bench = new Bench({ ttlMs: 60_000 });
  for (const text of ['private', 'private, max-age=60', 'max-age=60, PRIVATE', 'private="x-a, x-b", max-age=60'])
    assert.equal(bench.refusal({}, { fields: { 'cache-control': text } }), 'private', text);
});

test('RFC 9111 §3: a reply must not be stored unless it says how long it is fresh, or is public, or has a status that is stored unasked and a time for that', () => {
  assert.equal(new Bench().refusal({}, {}), 'no-freshness');
  assert.equal(new Bench({ ttlMs: 5_000 }).refusal({}, {}), null);
  for (const status of [302, 303, 307, 404, 410])
    assert.equal(new Bench({ ttlMs: 5_000 }).refusal({}, { status }), 'no-freshness', String(status));
  assert.equal(new Bench().refusal({}, { fields: { expires: new Bench().date(60) } }), null);
  assert.equal(new Bench().refusal({}, { fields: { 'cache-control': 's-maxage=1' } }), null);
});

test('RFC 9111 §3: a reply must not be stored where it sets a cookie', () => {
  for (const name of ['set-cookie', 'set-cookie2'])
    for (const credential of ['none', 'keyed', 'shared'] as const) {
      const identity = credential === 'keyed' ? 'ada' : null;
      const given = { 'cache-control': 'public, s-maxage=60', [name]: 'id=1' };
      const bench = new Bench({ storesPrivate: true });
      assert.equal(bench.refusal({ credential, identity }, { fields: given }), 'set-cookie');
    }
});

test('RFC 9111 §3.1: all fields are stored, unknown ones too, in their order and number', () => {
  const bench = new Bench();
  const given = [
    ['date', bench.date()],
    ['x-unknown', 'a'],
    ['cache-control', 'max-age=60'],
    ['x-unknown', 'b'],
    ['link', '</a>; rel=next'],
  ] as const;
  const stored = bench.store({}, { fields: given });
  assert.ok(stored.ok);
  assert.deepEqual([...stored.value.head.fields.entries()], given);
});

test('RFC 9111 §3.1: what is of one connection or one proxy is not stored, nor what Connection names', () => {
  const bench = new Bench();
  const stored = bench.store(
    {},
    {
      fields: {
        ...FRESH,
        connection: 'X-Hop, keep-alive',
        'x-hop': 'a',
        'keep-alive': 'timeout=5',
        'proxy-connection': 'close',
        te: 'trailers',
        trailer: 'x-sum',
        'transfer-encoding': 'chunked',
        upgrade: 'h2c',
        'proxy-authenticate': 'Basic',
        'proxy-authentication-info': 'a=b',
        'proxy-authorization': 'Basic eA==',
        'x-end': 'b',
      },
    },
  );
  assert.ok(stored.ok);
  const names = [...stored.value.head.fields.entries()].map(([name]) => name);
  assert.deepEqual(names, ['date', 'cache-control', 'x-end']);
});

test('RFC 9111 §3.1: a reply without a Date that can be read gets one of when it came (RFC 9110 §6.6.1)', () => {
  for (const date of ['', 'yesterday']) {
    const bench = new Bench();
    bench.pass(100);
    const stored = bench.store({}, { fields: { ...FRESH, date } });
    assert.ok(stored.ok);
    assert.equal(stored.value.head.fields.get('date'), bench.date());
    assert.equal(stored.value.usage.bornAtMs, bench.nowMs);
  }
});

const begin = (bench: Bench, length: number | null) => {
  const fetch = bench.cache.fetch(keyOf(), request(), bench.rules, bench.nowMs);
  assert.ok(fetch.head(200, fields(FRESH), bench.times(), length).ok);
  return fetch;
};

test('RFC 9111 §3.3: a body that is shorter than its head says is not stored, nor one that is longer', () => {
  for (const body of ['abc', 'abcde']) {
    const bench = new Bench();
    const fetch = begin(bench, 4);
    fetch.write(body);
    assert.equal(fetch.finish().ok, false);
    assert.equal(bench.says(), 'miss uri-miss');
    assert.equal(bench.memory.heldBytes, 0);
  }
});

test('RFC 9111 §3.3: nothing is found before the end of a body, and nothing if that never comes', () => {
  const bench = new Bench();
  const fetch = begin(bench, null);
  fetch.write('abc');
  assert.equal(bench.says(), 'miss uri-miss');
  fetch.abandon();
  assert.equal(fetch.finish().ok, false);
  assert.equal(bench.says(), 'miss uri-miss');
  assert.equal(bench.memory.heldBytes, 0);
});

test('RFC 9111 §3.3: a body without a head is not stored', () => {
  const bench = new Bench();
  const fetch = bench.cache.fetch(keyOf(), request(), bench.rules, 0);
  assert.equal(fetch.write('abc'), false);
  assert.deepEqual(fetch.finish(), { ok: false, error: 'incomplete' });
});

test('RFC 9111 §3.3: a body that grows over what a body may have is given up at once', () => {
  const bench = new Bench({ bodyLimitBytes: 10 });
  const fetch = begin(bench, null);
  assert.equal(fetch.write('0123456789'), true);
  assert.equal(fetch.lost, null);
  assert.equal(fetch.write('x'), false);
  assert.equal(fetch.lost, 'too-large');
  assert.deepEqual(fetch.finish(), { ok: false, error: 'too-large' });
  assert.equal(bench.memory.heldBytes, 0);
  assert.equal(bench.refusal({}, { fields: FRESH, length: 11 }), 'too-large');
});

test('RFC 9111 §3.3: what is stored are the octets that came, however they were cut, and not the memory they came in', () => {
  const bench = new Bench();
  const octets = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 256));
  const fetch = begin(bench, null);
  const cut = Buffer.from(octets);
  fetch.write(cut.subarray(0, 7));
  fetch.write(cut.subarray(7, 9_000).toString('latin1'));
  fetch.write(cut.subarray(9_000, 19_000));
  fetch.write(cut.subarray(19_000));
  cut.fill(0);
  assert.ok(fetch.finish().ok);
  const found = bench.find();
  assert.ok(found.kind === 'fresh');
  const { body } = found.stored;
  assert.ok(typeof body !== 'string');
  assert.deepEqual(body, octets);
  assert.equal(body.buffer.byteLength, octets.length, 'and no more memory than that');
});

test('RFC 9111 §3.3: an empty body is a whole one', () => {
  const bench = new Bench();
  assert.ok(begin(bench, 0).finish().ok);
  assert.equal(bodyOf(bench.find()), '');
});

const PUBLIC = { 'cache-control': 'public, s-maxage=60' };

test('RFC 9111 §3.5: a reply to a request with a credential is stored where the key holds whose it is, and found by nobody else', () => {
  const bench = new Bench();
  const ada = { credential: 'keyed', identity: 'ada', fields: { authorization: 'Bearer a' } } as const;
  assert.equal(bench.refusal(ada, { fields: FRESH, body: 'of ada' }), null);
  assert.equal(bodyOf(bench.find(ada)), 'of ada');
  assert.equal(bench.says({ credential: 'keyed', identity: 'bob' }), 'miss uri-miss');
  assert.equal(bench.says(), 'miss uri-miss');
  assert.equal(bench.says({ credential: 'shared' }), 'miss uri-miss');
});

test('RFC 9111 §3.5: a reply to a request with a credential is not stored where the key does not hold whose it is, whatever the reply says: public and s-maxage do not suffice', () => {
  const bench = new Bench();
  for (const credential of ['unkeyed', 'none'] as const) {
    const asked = { credential, fields: { authorization: 'Bearer a' } };
    assert.equal(bench.refusal(asked, { fields: PUBLIC }), 'credential');
    assert.equal(bench.says(asked), 'bypass credential');
  }
});

test('RFC 9111 §3.5: a reply to a request with a credential is stored for all where the policy says that callers share, and the reply itself that it is for all', () => {
  const bench = new Bench({ ttlMs: 60_000 });
  const asked = { credential: 'shared', fields: { authorization: 'Bearer a' } } as const;
  for (const text of ['max-age=60', 'must-revalidate, max-age=60', 'no-cache'])
    assert.equal(bench.refusal(asked, { fields: { 'cache-control': text } }), 'credential-not-shared', text);
  assert.equal(bench.refusal(asked, {}), 'credential-not-shared');
  assert.equal(bench.refusal(asked, { fields: { 'cache-control': 'private, s-maxage=60' } }), 'private');
  assert.equal(bench.refusal(asked, { fields: PUBLIC }), null);
  assert.equal(bench.says({ credential: 'shared', fields: { authorization: 'Bearer b' } }), 'fresh');
  assert.equal(bench.says(), 'miss uri-miss', 'who has no credential does not get it');
});

test('RFC 9111 §3.5: a private reply is stored only where the policy says so and the key holds whose it is', () => {
  const given = { 'cache-control': 'private, max-age=60' };
  const keyed = { credential: 'keyed', identity: 'ada' } as const;
  assert.equal(new Bench().refusal(keyed, { fields: given }), 'private');
  const bench = new Bench({ storesPrivate: true });
  assert.equal(bench.refusal({}, { fields: given }), 'private');
  assert.equal(bench.refusal({ credential: 'shared' }, { fields: given }), 'private');
  assert.equal(bench.refusal(keyed, { fields: given }), null);
});

test('RFC 9111 §3.5: what may be a credential, and no key holds, needs the reply to say that it is for all', () => {
  for (const name of ['cookie', 'x-api-key', 'proxy-authorization', 'private-token']) {
    const asked = { fields: { [name]: 'secret' } };
    assert.equal(new Bench().refusal(asked, { fields: FRESH }), 'credential-not-shared', name);
    assert.equal(new Bench().refusal(asked, { fields: PUBLIC }), null, name);
  }
});
