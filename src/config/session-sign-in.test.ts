import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { SessionConfig } from '../policy/index.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { sessionChanges } from './diff-sessions.ts';

const ISSUER = (name: string, login: boolean): string =>
  `  ${name}: { issuer: 'https://${name}.example', audience: api${login ? ", login: { clientId: c, clientSecret: '${env:S}' }" : ''} }\n`;

function read(auth: string, issuers: string, more = ''): Config | string {
  const text = `version: 1
issuers:
${issuers}${more}
apis:
  shop: { host: a.example, routes: ['GET /a', 'GET /b'], upstream: 'http://127.0.0.1:1', auth: ${auth}, operations: { 'GET /b': { auth: public } } }
  other: { host: b.example, routes: ['GET /'], upstream: 'http://127.0.0.1:1', auth: public, operations: { 'GET /': { auth: [session] } }, cors: { origins: ['https://c.example'], credentials: true } }
`;
  const result = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  return result.ok ? result.value.config : result.error.map(formatIssue).join('\n');
}

function configOf(read: Config | string, api = 'shop'): SessionConfig {
  if (typeof read === 'string') assert.fail(read);
  const policies = read.apis.find(({ name }) => name === api)?.policies ?? [];
  const use = policies.find(({ kind }) => kind === 'session') ?? assert.fail('no policy');
  return use.config as SessionConfig;
}

const BOTH = ISSUER('acme', true) + ISSUER('partner', true) + ISSUER('tokens', false);
const namesOf = (issuers: SessionConfig['issuers']): readonly string[] => issuers.map(({ issuer }) => issuer.name);

test('`session` alone takes those of every issuer that people sign in with, beside names those of the list', () => {
  assert.deepEqual(namesOf(configOf(read('[session]', BOTH)).issuers), ['acme', 'partner']);
  assert.deepEqual(namesOf(configOf(read('[session, partner]', BOTH)).issuers), ['partner']);
  assert.deepEqual(namesOf(configOf(read('[session, tokens]', BOTH)).issuers), ['acme', 'partner']);
});

test('an operation that anybody may call takes none, and one that says so itself does', () => {
  const shop = configOf(read('[session]', BOTH));
  assert.deepEqual(shop.operations, { 'GET /b': [] });
  const other = configOf(read('[session]', BOTH), 'other');
  assert.deepEqual(other.issuers, []);
  assert.deepEqual(namesOf(other.operations['GET /'] ?? []), ['acme', 'partner']);
});

test('pages are for the hosts of their APIs, and know whom these let in', () => {
  const config = read('[session]', BOTH);
  assert.deepEqual([configOf(config).site.host, configOf(config).site.cors.length], ['a.example', 0]);
  assert.deepEqual([configOf(config, 'other').site.host, configOf(config, 'other').site.cors.length], ['b.example', 1]);
});

test('sessions that nobody could open are refused', () => {
  const said = read('[session]', ISSUER('tokens', false));
  assert.ok(typeof said === 'string');
  assert.match(said, /apis\.shop\.auth\[0\].*nobody can sign in: no issuer has a `login`/);
});

test('to be content with the origin of a page is told as a loosening', () => {
  const before = read('[session]', BOTH) as Config;
  const after = read('[session]', BOTH, 'sessions: { csrf: origin }') as Config;
  const told = sessionChanges({ config: before } as never, { config: after } as never);
  assert.deepEqual(
    told.map(({ effect, message }) => `${effect} ${message}`),
    ['loosens pages show by `origin` that requests of a session are theirs'],
  );
});
