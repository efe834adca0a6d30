import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, Bench, bodyOf, PARTS } from './fixture.test.ts';
import { cacheKey } from './index.ts';

const FRESH = { 'cache-control': 'max-age=60' };
const PUBLIC = { 'cache-control': 'public, max-age=60' };

test('poisoning: what came of a field that some servers take for target, host or scheme is given to nobody without it', () => {
  const names = [
    'x-original-url',
    'x-rewrite-url',
    'x-host',
    'x-forwarded-server',
    'x-forwarded-prefix',
    'x-forwarded-scheme',
    'x-forwarded-port',
  ];
  for (const name of names) {
    const bench = new Bench();
    const evil = { fields: { [name]: 'evil.example' } };
    bench.store(evil, { fields: PUBLIC, body: 'evil' });
    assert.equal(bench.says(), 'miss vary-miss', name);
    assert.equal(bench.says({ fields: { [name]: 'other.example' } }), 'miss vary-miss', name);
    assert.equal(bodyOf(bench.find(evil)), 'evil', name);
    bench.store({}, { fields: PUBLIC, body: 'good' });
    assert.equal(bodyOf(bench.find()), 'good', name);
    assert.equal(bodyOf(bench.find(evil)), 'evil', name);
  }
});

test('poisoning: two such fields can’t pass for another pair of them', () => {
  const bench = new Bench();
  bench.store({ fields: { 'x-host': 'a","x-original-url', 'x-original-url': 'b' } }, { fields: PUBLIC });
  assert.equal(bench.says({ fields: { 'x-host': 'a', 'x-original-url': 'x-original-url","b' } }), 'miss vary-miss');
});

test('poisoning: what came of a field that some frameworks take for the method is not stored, and who sends one gets nothing stored', () => {
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const bench = new Bench();
    const evil = { fields: { [name]: 'POST' } };
    assert.equal(bench.refusal(evil, { fields: PUBLIC }), 'method-override');
    assert.equal(bench.says(evil), 'bypass method-override');
  }
});

test('poisoning: a GET with a body is none of the cache’s', () => {
  const bench = new Bench();
  assert.equal(bench.refusal({ hasBody: true }, { fields: PUBLIC }), 'body');
  bench.store({}, { fields: PUBLIC });
  assert.equal(bench.says({ hasBody: true }), 'bypass body');
});

test('poisoning: a reply to HEAD is never what a GET gets', () => {
  const bench = new Bench();
  assert.equal(bench.refusal({ method: 'HEAD' }, { fields: PUBLIC, body: '' }), 'method');
  assert.equal(bench.says(), 'miss uri-miss');
});

test('poisoning: an error that a client brings about with a head that is too large, a bad field or a method is not stored', () => {
  const bench = new Bench({ ttlMs: 60_000 });
  for (const status of [400, 405, 408, 411, 413, 414, 416, 417, 421, 426, 429, 431, 500, 501, 502, 503, 504])
    assert.equal(bench.refusal({}, { status, fields: PUBLIC }), 'status', String(status));
  for (const status of [404, 410]) assert.equal(bench.refusal({}, { status }), 'no-freshness', String(status));
});

test('poisoning: a coded body is not given to who did not ask for that coding, nor a grant to one origin to another, though Vary was forgotten', () => {
  const bench = new Bench();
  const gzip = { fields: { 'accept-encoding': 'gzip' } };
  bench.store(gzip, { fields: { ...FRESH, 'content-encoding': 'gzip' } });
  assert.equal(bench.says(gzip), 'fresh');
  assert.equal(bench.says(), 'miss vary-miss');
  const page = (origin: string): Asked => ({ query: 'cors', fields: { origin } });
  const grant = { ...FRESH, 'access-control-allow-origin': 'https://evil.example' };
  bench.store(page('https://evil.example'), { fields: grant });
  assert.equal(bench.says(page('https://good.example')), 'miss vary-miss');
  bench.store({ query: 'open' }, { fields: { ...FRESH, 'access-control-allow-origin': '*' } });
  assert.equal(bench.says({ query: 'open', fields: { origin: 'https://good.example' } }), 'fresh');
});

test('poisoning: Vary holds no credential, and no list without end', () => {
  const secret = {
    fields: { cookie: 'id=1', authorization: 'Bearer a' },
    credential: 'keyed',
    identity: 'ada',
  } as const;
  for (const vary of ['cookie', 'Cookie, accept', 'authorization'])
    assert.equal(new Bench().refusal(secret, { fields: { ...PUBLIC, vary } }), 'vary', vary);
  assert.equal(new Bench().refusal({}, { fields: { ...FRESH, vary: 'cookie' } }), null, 'who has none may share');
  const many = Array.from({ length: 17 }, (_, at) => `x-${at}`).join();
  assert.equal(new Bench().refusal({}, { fields: { ...FRESH, vary: many } }), 'vary');
  for (const vary of ['x a', 'x:a', '"x"', 'é', 'x'.repeat(257)])
    assert.equal(new Bench().refusal({}, { fields: { ...FRESH, vary } }), 'vary', vary);
});

test('poisoning: who has no cookie does not get what was made for one, and who has one gets what is for all', () => {
  const bench = new Bench();
  bench.store({}, { fields: { ...FRESH, vary: 'cookie' } });
  assert.equal(bench.says({ fields: { cookie: 'id=1' } }), 'miss vary-miss');
  bench.store({ query: 'open' }, { fields: FRESH });
  assert.equal(bench.says({ query: 'open', fields: { cookie: 'id=1' } }), 'fresh');
});

test('poisoning: a key longer than any request has is not looked for, and nothing is stored under it', () => {
  const bench = new Bench();
  const long = { query: 'x'.repeat(16_400) };
  assert.equal(bench.says(long), 'bypass key-too-long');
  assert.equal(bench.refusal(long, { fields: PUBLIC }), 'key-too-long');
  assert.equal(bench.cache.entries, 0);
});

test('deception: a page is not stored under the name of a file of another type', () => {
  for (const path of [
    '/account/x.css',
    '/account/x.js',
    '/account;x.png',
    '/account/%0a.css',
    '/account%2fx.svg',
    '/account/x.WOFF2',
  ]) {
    assert.equal(
      new Bench().refusal({ path }, { fields: { ...PUBLIC, 'content-type': 'text/html' } }),
      'type-mismatch',
      path,
    );
    assert.equal(
      new Bench().refusal({ path }, { fields: { ...PUBLIC, 'content-type': 'application/json' } }),
      'type-mismatch',
      path,
    );
    assert.equal(new Bench().refusal({ path }, { fields: PUBLIC }), 'type-mismatch', path);
  }
});

test('deception: a file is stored under its own name, and what is no file under any', () => {
  const files = [
    ['/x.css', 'text/css; charset=utf-8'],
    ['/x.JS', 'Application/JavaScript'],
    ['/x.png', 'image/webp'],
    ['/v1.2', 'application/json'],
    ['/x.json', 'application/problem+json'],
    ['/things', 'text/html'],
  ] as const;
  for (const [path, type] of files)
    assert.equal(new Bench().refusal({ path }, { fields: { ...PUBLIC, 'content-type': type } }), null, path);
  assert.equal(new Bench().refusal({ path: '/x.css' }, { status: 404, fields: PUBLIC }), null);
});

test('deception: a victim’s reply is not stored for others, whatever the path', () => {
  const victim = { path: '/account/x.css', fields: { cookie: 'id=victim' } };
  const css = { 'cache-control': 'max-age=60', 'content-type': 'text/css' };
  assert.equal(new Bench({ ttlMs: 60_000 }).refusal(victim, { fields: css }), 'credential-not-shared');
});

test('keys: all of the query is keyed, so that no parameter can be hidden from one reader and shown to another', () => {
  const bench = new Bench();
  bench.store({ query: 'page=1&utm=x' }, { fields: FRESH });
  for (const query of [
    'page=1',
    'page=1&utm=y',
    'page=1&utm=x;page=2',
    'utm=x&page=1',
    'page=1&utm=x&',
    'page=1&utm=x&page=2',
  ])
    assert.equal(bench.says({ query }), 'miss uri-miss', query);
});

test('keys: no part of a key can pass for another', () => {
  const key = (parts: Partial<typeof PARTS>): string => {
    const { place, whole } = cacheKey({ ...PARTS, ...parts });
    assert.ok(whole.startsWith(`${place}\n`));
    return whole;
  };
  const keys = [
    {},
    { query: '' },
    { query: 'a' },
    { api: 'shop2' },
    { shape: 'list@2' },
    { port: 8443 },
    { scheme: 'http' },
    { host: 'api.example:8443' },
    { path: '/things?a' },
    { path: '/things/' },
    { credential: 'shared' },
    { credential: 'keyed', identity: '' },
    { credential: 'keyed', identity: 'none' },
    { credential: 'keyed', identity: 'ada' },
    { credential: 'keyed', identity: 'ada\nnone' },
  ] as const;
  const seen = new Set(keys.map((parts) => key(parts)));
  // A host never holds a port, so the one that looks as if it did is the same key as the port.
  assert.equal(seen.size, keys.length - 1);
});

test('keys: a key with half an identity is not made', () => {
  assert.throws(() => cacheKey({ ...PARTS, credential: 'keyed' }));
  assert.throws(() => cacheKey({ ...PARTS, identity: 'ada' }));
});
