import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { CacheConfig, Config } from './config.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

interface Written {
  /** Lines of the API, its `auth` among them. */
  readonly api?: readonly string[];
  /** Whole lines at the top. */
  readonly top?: string;
  /** The line that says what the API serves. */
  readonly source?: string;
}

const ROUTES = "routes: ['GET /a', 'POST /a']";

function parse({ api = ['auth: public'], top = '', source = ROUTES }: Written) {
  const lines = api.map((line) => `    ${line}\n`).join('');
  const issuer = "issuers:\n  main: { issuer: 'https://id.acme.example', audience: shop }\n";
  const text = `version: 1\n${top}${issuer}apis:\n  a:\n    ${source}\n    upstream: http://127.0.0.1:1\n${lines}`;
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function configOf(written: Written): Config {
  const parsed = parse(written);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

const USUAL: CacheConfig = {
  per: 'user',
  ttlMs: null,
  maxEntryBytes: 1_048_576,
  staleWhileRevalidateMs: null,
  staleIfErrorMs: null,
  clientControl: 'ignore',
  cookies: 'bypass',
};

test('nothing is stored unless somebody says so', () => {
  const config = configOf({});
  assert.equal(config.apis[0]?.cache, null);
  assert.deepEqual(config.cache, { memoryBytes: 64 * 1024 * 1024 });
});

test('a cache that is on keeps callers apart, and clients out', () => {
  assert.deepEqual(configOf({ api: ['auth: public', 'cache: on'] }).apis[0]?.cache, USUAL);
  assert.deepEqual(configOf({ api: ['auth: public', 'cache: {}'] }).apis[0]?.cache, USUAL);
});

test('an operation’s own words are laid over those of its API', () => {
  const cacheOf = (
    own: string,
    api = 'cache: { ttl: 60s, per: everybody }',
  ): CacheConfig | 'off' | null | undefined => {
    const lines = ['auth: public', api, `operations: { 'GET /a': { ${own} } }`].filter((line) => line !== '');
    return configOf({ api: lines }).apis[0]?.operations['GET /a']?.cache;
  };
  assert.equal(cacheOf('cache: off'), 'off');
  assert.equal(cacheOf('body: 1KiB'), null);
  const ofApi = { ...USUAL, ttlMs: 60_000, per: 'everybody' };
  assert.deepEqual(cacheOf('cache: on'), ofApi);
  const own = { ...ofApi, staleIfErrorMs: 3_600_000, ttlMs: 5_000 };
  assert.deepEqual(cacheOf('cache: { ttl: 5s, staleIfError: 1h }'), own);
  assert.deepEqual(cacheOf('cache: { ttl: 5s }', ''), { ...USUAL, ttlMs: 5_000 });
});

const REFUSED: readonly (readonly [api: string, words: RegExp])[] = [
  ['cache: yes', /:\d+:12 apis\.a\.cache: expected `on`, or the settings of the cache/],
  ['cache: off', /expected `on`, or the settings of the cache/],
  ['cache: 60s', /expected `on`, or the settings of the cache/],
  ['cache: { tll: 60s }', /tll: unknown key \(did you mean "ttl"\?\)/],
  ['cache: { ttl: 60 }', /expected a duration with its unit/],
  ['cache: { ttl: 0s }', /must be from 1s to 365d/],
  ['cache: { ttl: 366d }', /must be from 1s to 365d/],
  ['cache: { maxEntry: 65MiB }', /must be from 1KiB to 64MiB/],
  ['cache: { per: caller }', /per/],
  ['cache: { cookies: pass }', /cookies/],
  ['cache: { clientControl: on }', /clientControl/],
  ['cache: { staleIfError: -1s }', /expected a duration/],
  ['cache: { query: [a] }', /query: unknown key/],
];

for (const [api, words] of REFUSED)
  test(`refused with its place: ${api}`, () => {
    const parsed = parse({ api: ['auth: public', api] });
    assert.ok(!parsed.ok);
    assert.match(parsed.error.map(formatIssue).join('\n'), words);
  });

function issuesOf(written: Written): string {
  const parsed = parse(written);
  return parsed.ok ? '' : parsed.error.map(formatIssue).join('\n');
}

test('an entry for which no thread has room is an issue where it is written', () => {
  const top = 'cache: { memory: 1MiB }\n';
  const api = ['auth: public', "operations: { 'GET /a': { cache: { maxEntry: 2MiB } } }"];
  assert.match(
    issuesOf({ top, api }),
    /operations\["GET \/a"\]\.cache\.maxEntry: a reply of more than 524288 bytes is never stored/,
  );
  const threads = (count: number): string => `server: { threads: ${count} }\ncache: { memory: 8MiB }\n`;
  assert.equal(issuesOf({ top: threads(2), api }), '');
  assert.match(issuesOf({ top: threads(3), api }), /maxEntry: a reply of more than 1398101 bytes/);
  assert.equal(issuesOf({ top: threads(64), api: ['auth: public', 'cache: on'] }), '', 'the default is a bound only');
  assert.match(issuesOf({ top: 'cache: { memory: 1KiB }\n' }), /cache\.memory: must be from 1MiB to 64GiB/);
});

test('an API of gRPC can not have its replies stored', () => {
  const source = 'descriptors: a.binpb';
  assert.match(
    issuesOf({ source, api: ['auth: public', 'cache: on'] }),
    /apis\.a\.cache: replies to gRPC are not stored/,
  );
  assert.equal(issuesOf({ source }), '');
});

test('one reply for everybody must be said anew where callers must sign in', () => {
  const api = ['auth: public', 'cache: { per: everybody }'];
  const signIn = (more: string): string => `operations: { 'GET /a': { auth: [main]${more} } }`;
  assert.match(issuesOf({ api: [...api, signIn('')] }), /operations\["GET \/a"\]\.auth: callers must sign in here/);
  for (const more of [', cache: { per: user }', ', cache: { per: everybody }', ', cache: off'])
    assert.equal(issuesOf({ api: [...api, signIn(more)] }), '');
  assert.equal(issuesOf({ api: ['auth: [main]', 'cache: { per: everybody }', signIn('')] }), '');
});

function changes(before: Written, after: Written): readonly string[] {
  const side = (written: Written): Comparable => {
    return { config: configOf(written), descriptions: {}, documents: {}, files: {}, secrets: {} };
  };
  return diffConfigurations(side(before), side(after)).map(({ effect, message }) => `${effect}: ${message}`);
}

test('the difference tells who may get whose reply', () => {
  const api = (auth: string, cache = ''): Written => ({ api: [auth, ...(cache === '' ? [] : [`cache: ${cache}`])] });
  assert.deepEqual(changes(api('auth: public'), api('auth: public', 'on')), ['changes: replies are stored']);
  assert.deepEqual(changes(api('auth: public', 'on'), api('auth: public')), ['tightens: replies are no longer stored']);
  assert.deepEqual(changes(api('auth: [main]'), api('auth: [main]', '{ per: everybody }')), [
    'loosens: replies are stored, one for everybody',
  ]);
  assert.deepEqual(changes(api('auth: [main]', 'on'), api('auth: [main]', '{ per: everybody, cookies: ignore }')), [
    'loosens: stored replies are given to everybody',
    'loosens: replies to requests with cookies are stored as those to any other',
  ]);
  assert.deepEqual(changes(api('auth: [main]', '{ per: everybody }'), api('auth: [main]', '{ ttl: 5s }')), [
    'tightens: stored replies are kept apart by caller',
    'changes: replies are stored for other times, or up to another size',
  ]);
  assert.deepEqual(changes(api('auth: public', 'on'), api('auth: public', '{ clientControl: honour }')), [
    'loosens: clients may have the upstream asked past what is stored',
  ]);
  assert.deepEqual(changes(api('auth: public'), api('auth: public', '{ clientControl: honour, cookies: ignore }')), [
    'loosens: replies to requests with cookies are stored as those to any other',
    'loosens: clients may have the upstream asked past what is stored',
    'changes: replies are stored',
  ]);
  assert.deepEqual(changes({ top: '' }, { top: 'cache: { memory: 1MiB }\n' }), [
    'changes: stored replies may hold 1048576 bytes',
  ]);
});

test('the difference tells of an operation that is stored in another way than its API', () => {
  const api = (own: string): Written => {
    return { api: ['auth: [main]', 'cache: on', `operations: { 'GET /a': { ${own} } }`] };
  };
  assert.deepEqual(changes(api('body: 1KiB'), api('body: 1KiB, cache: off')), [
    'tightens: replies are no longer stored',
  ]);
  assert.deepEqual(changes(api('body: 1KiB'), api('body: 1KiB, cache: { per: everybody }')), [
    'loosens: stored replies are given to everybody',
  ]);
});
