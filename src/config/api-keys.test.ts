import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { ApiKeyConfig, CredentialsConfig } from '../policy/index.ts';
import { apiKeyWarnings } from './api-key-warnings.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

interface Said {
  readonly top?: string;
  readonly auth?: string;
  readonly api?: string;
  readonly operation?: string;
}

function parsed({ top = '', auth = '[api-key]', api = '', operation = '' }: Said) {
  const text = `version: 1
${top}
issuers: { acme: { issuer: https://id.acme.example, audience: api } }
apis:
  orders:
    routes: ['GET /orders', 'POST /orders']
    upstream: http://127.0.0.1:3001
    auth: ${auth}
    ${api}
    operations: { GET /orders: { ${operation} } }
`;
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function configOf(said: Said) {
  const read = parsed(said);
  assert.ok(read.ok, read.ok ? '' : read.error.map(formatIssue).join('\n'));
  return read.value;
}

function policy<C>(said: Said, kind: string): C | undefined {
  const use = configOf(said).config.apis[0]?.policies.find((one) => one.kind === kind);
  return use?.config as C | undefined;
}

test('the word api-key makes a policy of its own, where it stands', () => {
  assert.deepEqual(policy<ApiKeyConfig>({ auth: '[acme, api-key]', operation: 'auth: [acme]' }, 'api-key'), {
    environment: 'live',
    header: 'x-api-key',
    taken: true,
    operations: { 'GET /orders': false },
    credentials: 'remove',
    leakReports: null,
  });
  assert.equal(policy({ auth: '[acme]' }, 'api-key'), undefined);
  const own = policy<ApiKeyConfig>({ auth: '[acme]', operation: 'auth: [api-key]' }, 'api-key');
  assert.deepEqual([own?.taken, own?.operations], [false, { 'GET /orders': true }]);
  const opened = policy<ApiKeyConfig>({ operation: 'auth: public' }, 'api-key');
  assert.deepEqual(opened?.operations, { 'GET /orders': false });
});

test('a field with a key counts among the credentials of a head', () => {
  const said = { auth: '[api-key]', api: 'apiKey: { header: X-Orders-Key }', operation: 'auth: [acme]' };
  const { api, operations } = policy<CredentialsConfig>(said, 'credentials') ?? assert.fail('no policy');
  assert.deepEqual([api.authorization, api.fields], [true, ['x-orders-key']]);
  assert.deepEqual(operations['GET /orders']?.fields, []);
});

test('who may report leaks is read with absolute paths', () => {
  const top =
    "apiKeys: { environment: test, lifetime: 30d, leakReports: { publicKeys: ./k.json, secret: '${env:S}' } }";
  assert.deepEqual(configOf({ top }).config.apiKeys, {
    environment: 'test',
    lifetimeMs: 30 * 86_400_000,
    leakReports: { publicKeys: '/etc/k.json', secret: '${env:S}', bearer: null, path: 'apiKeys.leakReports' },
  });
});

for (const [what, said, words] of [
  ['a name that is no field', { api: 'apiKey: { header: "a b" }' }, 'this is no name of a header field'],
  ['a field with an underscore', { api: 'apiKey: { header: x_key }' }, 'this is no name of a header field'],
  ['Authorization', { api: 'apiKey: { header: Authorization }' }, 'keys are read there in any case'],
  ['a field of another meaning', { api: 'apiKey: { header: Cookie }' }, 'this field means something else'],
  ['a field of the gateway', { api: 'apiKey: { header: x-portcullis-subject }' }, 'this field means something else'],
  ['a field that upstreams hear', { api: 'apiKey: { header: traceparent }' }, 'this field means something else'],
  ['a field where no key is taken', { auth: '[acme]', api: 'apiKey: {}' }, 'nobody may show an API key here'],
  ['terms where no key is taken', { auth: '[acme]', top: 'apiKeys: {}' }, 'no API takes keys'],
  ['an environment in upper case', { top: 'apiKeys: { environment: Live }' }, 'an environment has a name of a-z'],
  ['a life that never ends', { top: 'apiKeys: { lifetime: never }' }, 'expected a duration'],
  ['reports of anybody', { top: 'apiKeys: { leakReports: {} }' }, 'nobody could prove that a report is theirs'],
  ['a secret itself', { top: 'apiKeys: { leakReports: { bearer: hunter2hunter2hunter2 } }' }, 'must be a reference'],
] as const) {
  test(`${what} is an issue`, () => {
    const read = parsed(said);
    assert.ok(!read.ok);
    const told = read.error.map(formatIssue).join('\n');
    assert.ok(told.includes(words), told);
    assert.ok(!told.includes('hunter2'), 'what may be a secret is not repeated');
    assert.match(told, /^\/etc\/portcullis.yaml:\d+:\d+ /);
  });
}

function changes(before: Said, after: Said): readonly string[] {
  const comparable = (said: Said): Comparable => {
    const { config } = configOf(said);
    return { config, descriptions: {}, documents: {}, files: {}, secrets: {} };
  };
  return diffConfigurations(comparable(before), comparable(after)).map(
    ({ effect, message }) => `${effect}: ${message}`,
  );
}

test('what changes of keys is told as what it opens or closes', () => {
  assert.deepEqual(changes({ top: 'apiKeys: { environment: test }' }, { top: 'apiKeys: { environment: live }' }), [
    'loosens: API keys of `live` open something',
    'tightens: API keys of `test` open nothing any more',
  ]);
  assert.deepEqual(changes({}, { top: 'apiKeys: { lifetime: 365d }' }), [
    'loosens: new API keys live for 365 days instead of 90 days where nothing else is said',
  ]);
  const reported = { top: "apiKeys: { leakReports: { bearer: '${env:B}' } }" };
  assert.deepEqual(changes(reported, {}), ['loosens: API keys that are found in public can no longer be reported']);
  assert.deepEqual(changes({}, reported), [
    'tightens: API keys that are found in public can be reported, and are revoked',
  ]);
  assert.deepEqual(changes({}, { api: 'apiKey: { header: x-key }' }), [
    'changes: API keys are read in `x-key` instead of `x-api-key`',
  ]);
  const both = changes({ auth: '[acme]' }, { auth: '[acme, api-key]' });
  assert.ok(
    both.every((line) => line === 'loosens: api-key opens it too'),
    both.join('\n'),
  );
});

test('a life of more than a year is a warning', () => {
  const told = (top: string): readonly string[] => {
    const { config, places } = configOf({ top });
    return apiKeyWarnings(config, places).map(formatIssue);
  };
  assert.deepEqual(told('apiKeys: { lifetime: 366d }'), []);
  assert.match(
    told('apiKeys: { lifetime: 367d }')[0] ?? '',
    /:2:\d+ apiKeys.lifetime: API keys live for more than a year/,
  );
});
