import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { MtlsConfig } from '../policy/index.ts';
import { certificateClientChanges } from './clients.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';

interface Said {
  readonly https?: string;
  readonly clients?: string;
  readonly api?: string;
}

const CA = 'clientCa: ./ca.pem';

function parsed({ https = CA, clients = '{}', api = 'auth: [mtls]' }: Said): Config | string {
  const text = `version: 1
server: { https: { ${https} } }
issuers: { acme: { issuer: 'https://id.acme.example', audience: a } }
roles: { biller: { can: [bills:read] } }
${clients === '' ? '' : `clients: ${clients}`}
apis:
  bills: { routes: ['GET /bills'], upstream: 'http://127.0.0.1:1', ${api} }
`;
  const read = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  return read.ok ? read.value.config : read.error.map(formatIssue).join('\n');
}

function configOf(said: Said): Config {
  const config = parsed(said);
  return typeof config === 'string' ? assert.fail(config) : config;
}

const entries = (...list: readonly string[]): string => `{ certificates: [${list.join(', ')}] }`;

test('names and fingerprints are read in one spelling, and unlisted certificates are refused as soon as one is listed', () => {
  const digits = 'ab'.repeat(32);
  const { clients } = configOf({
    clients: entries(
      `{ match: 'sha256:${digits.toUpperCase().replace(/..(?!$)/g, '$&:')}', subject: batch }`,
      `{ match: 'dns:*.Partner.example', roles: [biller], scopes: [bills:read], tenant: acme }`,
      `{ match: 'subject:O=Partner, CN=one', issuer: 'O=Partner, CN=CA' }`,
    ),
  });
  assert.deepEqual(
    clients.certificates.map(({ match, issuer, subject }) => [match, issuer, subject]),
    [
      [`sha256:${digits}`, null, 'batch'],
      ['dns:*.partner.example', null, null],
      ['subject:O=Partner,CN=one', 'O=Partner,CN=CA', null],
    ],
  );
  assert.deepEqual([clients.subject, clients.unlisted], ['dn', 'refuse']);
  assert.equal(configOf({}).clients.unlisted, 'identify');
  assert.equal(configOf({ clients: `{ unlisted: refuse }` }).clients.unlisted, 'refuse');
});

test('the policy stands before those that look for what is in the head, and knows what they look for', () => {
  const kinds = (api: string): readonly string[] =>
    (configOf({ api }).apis[0]?.policies ?? []).map(({ kind }) => kind).slice(0, 3);
  assert.deepEqual(kinds('auth: [mtls]'), ['credentials', 'mtls', 'jwt']);
  const use = configOf({ api: 'auth: [acme, mtls]' }).apis[0]?.policies.find(({ kind }) => kind === 'mtls');
  const { others, alone } = (use?.config as MtlsConfig | undefined)?.api ?? assert.fail();
  assert.deepEqual([others.authorization, alone], [true, false]);
  assert.match(parsed({ api: 'auth: [api-key, mtls]' }) as string, /api-key would name a second caller/);
});

test('an API takes certificates only where every client that reaches it is asked for one', () => {
  const unasked = /apis\.bills\.auth: .*asked for no certificate/;
  const named = 'host: api.test, auth: [mtls]';
  assert.match(parsed({ https: 'port: 8443' }) as string, unasked);
  assert.match(parsed({ https: `${CA}, hosts: { api.test: { clientCa: off } }` }) as string, unasked);
  assert.match(parsed({ https: `${CA}, hosts: { api.test: { clientCa: off } }`, api: named }) as string, unasked);
  assert.match(parsed({ https: 'hosts: { api.test: { clientCa: ./ca.pem } }' }) as string, unasked);
  configOf({ https: 'hosts: { api.test: { clientCa: ./ca.pem } }', api: named });
  configOf({ https: `${CA}, hosts: { other.test: { clientCa: off } }`, api: named });
  const own = "auth: public, operations: { 'GET /bills': { auth: [mtls] } }";
  assert.match(parsed({ https: 'port: 8443', api: own }) as string, /apis\.bills\.operations\["GET \/bills"\]\.auth/);
});

test('what is wrong with an entry is told at its place', () => {
  for (const [list, words] of [
    [`{ match: 'sha256:abcd' }`, /certificates\[0\]\.match: a fingerprint has 64/],
    [`{ match: 'CN=a' }`, /certificates\[0\]\.match: a name of a certificate begins with its kind/],
    [
      `{ match: 'dns:a.b', roles: [bilier] }`,
      /certificates\[0\]\.roles\[0\]: there is no role "bilier" \(did you mean "biller"/,
    ],
    [`{ match: 'dns:a.b', issuer: Partners }`, /certificates\[0\]\.issuer: this is no subject/],
    [`{ match: 'dns:a.b' }, { match: 'dns:a.b' }`, /certificates\[1\]: this certificate stands in the list already/],
    [
      `{ match: 'dns:a.b' }, { match: 'dns:a.b', issuer: CN=x }`,
      /certificates\[1\]\.match: .* fits clients\.certificates\[0\] too/,
    ],
    [
      `{ match: 'dns:*.b.c' }, { match: 'dns:a.b.c' }`,
      /certificates\[1\]\.match: .* fits clients\.certificates\[0\] too/,
    ],
    [
      `{ match: 'dns:a.b.c' }, { match: 'dns:*.b.c' }`,
      /certificates\[0\]\.match: .* fits clients\.certificates\[1\] too/,
    ],
    [`{ match: 'dns:a.b', rols: [biller] }`, /rols: unknown key/],
  ] as const)
    assert.match(parsed({ clients: entries(list) }) as string, words, list);
  configOf({ clients: entries(`{ match: 'dns:a.b', issuer: CN=y }, { match: 'dns:a.b', issuer: CN=x }`) });
  assert.match(parsed({ api: 'auth: public' }) as string, /clients: no API takes certificates/);
});

test('what opens more is told as such', () => {
  const changes = (before: string, after: string): readonly string[] =>
    certificateClientChanges(configOf({ clients: before }).clients, configOf({ clients: after }).clients).map(
      ({ effect, message }) => `${effect} ${message}`,
    );
  const one = `{ match: 'dns:a.b' }`;
  assert.deepEqual(changes(entries(one), entries(one)), []);
  assert.deepEqual(changes(entries(one), entries(one, `{ match: 'uri:x:y', issuer: CN=x }`)), [
    'loosens the certificate uri:x:y of CN=x is listed',
  ]);
  assert.deepEqual(changes(entries(one, `{ match: 'uri:x:y' }`), entries(one)), [
    'tightens the certificate uri:x:y is no longer listed',
  ]);
  assert.deepEqual(changes(entries(one), entries(`{ match: 'dns:a.b', roles: [biller] }`)), [
    'loosens the certificate dns:a.b has other rights, or is another’s',
  ]);
  assert.deepEqual(changes('{ unlisted: refuse }', '{ unlisted: identify, subject: uri }'), [
    'loosens certificates say by `uri` instead of `dn` who calls',
    'loosens certificates that are not listed let callers in',
  ]);
});
