import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIssue } from '../base/index.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { LOCAL_ROLE, type StarterApi, starterConfig, type StarterOptions, type StarterSignIn } from './starter.ts';

const FILE = '/srv/portcullis.yaml';
const API: StarterApi = { name: 'api', upstreamUrl: 'http://localhost:3000' };
const PUBLIC: StarterSignIn = { kind: 'public' };
const PLACEHOLDER: StarterSignIn = { kind: 'placeholder' };
const YOURS = { kind: 'issuer', issuer: 'https://id.acme.example/', audience: 'orders api' } as const;
const LOCAL: StarterSignIn = {
  kind: 'local',
  issuer: 'https://localhost:8443/local-id',
  audience: 'https://localhost:8443',
  jwksUrl: 'http://127.0.0.1:40001/local-id/jwks',
  upstreamUrl: 'http://127.0.0.1:40001',
};

function read(options: StarterOptions): Config {
  const result = parseConfig(starterConfig(options), { file: FILE, kinds: [] });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
}

test('without a description everything is routed; open, if that was asked for, and the text says so', () => {
  const { apis, server, dataFolder, issuers } = read({ apis: [API], signIn: PUBLIC });
  assert.deepEqual(apis[0]?.source, { kind: 'routes', routes: [{ method: '*', template: '/{rest...}' }] });
  assert.deepEqual([apis[0]?.auth, issuers], ['public', []]);
  assert.deepEqual([server.https.port, dataFolder], [8443, '/srv/.portcullis']);
  assert.match(starterConfig({ apis: [API], signIn: PUBLIC }), /# Open to everybody/);
});

test('an API that is open has limits by address alone, others also by caller', () => {
  const limits = (signIn: StarterSignIn): unknown =>
    read({ apis: [API], signIn }).apis[0]?.limits.map(({ text }) => text);
  assert.deepEqual(limits(PUBLIC), ['3000/min per address']);
  for (const signIn of [PLACEHOLDER, YOURS, LOCAL]) {
    assert.deepEqual(limits(signIn), ['1000/min per user', '3000/min per address']);
  }
});

test('nothing but the word public opens an API', () => {
  for (const signIn of [PLACEHOLDER, YOURS, LOCAL]) {
    const auth = read({ apis: [API], signIn }).apis[0]?.auth;
    assert.ok(Array.isArray(auth) && auth.length === 1, signIn.kind);
  }
});

test('an issuer of yours is taken as it stands, and the scopes of its tokens are permissions', () => {
  const [issuer] = read({ apis: [API], signIn: YOURS }).issuers;
  assert.deepEqual([issuer?.issuer, issuer?.audiences], ['https://id.acme.example/', ['orders api']]);
  assert.deepEqual([issuer?.keys, issuer?.claims.permissions], [{ kind: 'discovery' }, ['scope']]);
});

test('a local authorization server is reached through the gateway, and its keys are read beside it', () => {
  const permissions = { read: ['a:read'], write: ['a:write'] };
  const { apis, issuers, roles } = read({ apis: [{ ...API, openapi: 'a.yaml', permissions }], signIn: LOCAL });
  assert.deepEqual(
    apis.map(({ name, auth, source }) => [name, auth, source]),
    [
      ['api', ['local'], { kind: 'openapi', location: '/srv/a.yaml' }],
      [
        'local-id',
        'public',
        {
          kind: 'routes',
          routes: [
            { method: '*', template: '/local-id/{rest...}' },
            { method: 'GET', template: '/.well-known/oauth-authorization-server/local-id' },
          ],
        },
      ],
    ],
  );
  assert.equal(apis[1]?.upstream.targets[0]?.port, 40001);
  assert.deepEqual([issuers[0]?.issuer, issuers[0]?.typ], ['https://localhost:8443/local-id', 'at+jwt']);
  assert.deepEqual(issuers[0]?.keys, { kind: 'url', url: 'http://127.0.0.1:40001/local-id/jwks' });
  assert.deepEqual(
    roles.map(({ name, can }) => [name, can]),
    [[LOCAL_ROLE, ['a:read', 'a:write']]],
  );
});

test('scopes become a role that reads and one that does all, for each API', () => {
  const { roles, apis } = read({
    apis: [
      {
        ...API,
        name: 'orders',
        openapi: './o.yaml',
        basePath: '/orders',
        permissions: { read: ['o:r'], write: ['o:w'] },
      },
      {
        ...API,
        name: 'users',
        openapi: './u.yaml',
        basePath: '/users',
        permissions: { read: [], write: ['u:w', 'u:w'] },
      },
      { ...API, name: 'open', openapi: './p.yaml', basePath: '/open' },
    ],
    signIn: PLACEHOLDER,
  });
  assert.deepEqual(
    roles.map(({ name, can, includes }) => [name, can, includes]),
    [
      ['orders-reader', ['o:r'], []],
      ['orders-writer', ['o:w'], ['orders-reader']],
      ['users-writer', ['u:w'], []],
    ],
  );
  assert.deepEqual(
    apis.map(({ basePath }) => basePath),
    ['/orders', '/users', '/open'],
  );
});

test('a scope that is no permission does not spoil the file', () => {
  const permissions = { read: ['*', 'a b', 'fine', 'x"], can: ["all'], write: [] };
  const { roles } = read({ apis: [{ ...API, permissions }], signIn: PLACEHOLDER });
  assert.deepEqual(
    roles.map(({ can }) => can),
    [['fine']],
  );
});

test('ports, a name, a host and a folder are taken over', () => {
  const { apis, server, admin, dataFolder } = read({
    apis: [{ name: 'orders', upstreamUrl: 'http://localhost:3000/api', openapi: 'docs/orders.json' }],
    signIn: PLACEHOLDER,
    ports: { https: 0, http: 'off', admin: 0 },
    host: '::1',
    dataFolder: '/var/lib/p',
  });
  assert.deepEqual(apis[0]?.source, { kind: 'openapi', location: '/srv/docs/orders.json' });
  assert.deepEqual([apis[0]?.name, apis[0]?.validate, server.host], ['orders', 'requests', '::1']);
  assert.deepEqual([server.https.port, server.http, admin.port, dataFolder], [0, null, 0, '/var/lib/p']);
});

const ODD = [
  'a: b',
  'a\n    body: 1GiB',
  '"a"',
  "a'b",
  '# a',
  '*a',
  '!a',
  '{a}',
  'null',
  'a #b',
  '\\n',
  '- a',
  'é',
  '1',
];

/** Reads a text with these values in it; what is not taken must be told of the key that it was meant for. */
function holds(text: string, path: string, found: (config: Config) => unknown): void {
  const openapi = path === 'apis.api.openapi' ? text : undefined;
  const signIn = path.startsWith('issuers') ? { ...YOURS, audience: text } : YOURS;
  const options = { apis: [openapi === undefined ? API : { ...API, openapi }], signIn };
  const result = parseConfig(starterConfig(options), { file: FILE, kinds: [] });
  if (result.ok) {
    assert.equal(found(result.value.config), text);
    assert.equal(result.value.config.apis[0]?.bodyLimitBytes, 10 * 1024 * 1024);
    return;
  }
  const paths = result.error.map((issue) => issue.path);
  assert.ok(
    paths.every((told) => told === path || told === ''),
    `${text}: ${paths.join(', ')}`,
  );
}

function locationOf({ apis }: Config): unknown {
  const source = apis[0]?.source;
  return source?.kind === 'openapi' ? source.location.slice('/srv/'.length) : undefined;
}

test('no argument can bring keys of its own into the file', () => {
  for (const text of ODD) {
    holds(text, 'apis.api.openapi', locationOf);
    holds(text, 'issuers.main.audience', ({ issuers }) => issuers[0]?.audiences[0]);
  }
});

test('an audience is kept as it stands or refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) =>
      holds(text, 'issuers.main.audience', ({ issuers }) => issuers[0]?.audiences[0]),
    ),
    { numRuns: 200 },
  );
});
