import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { formatIssue } from '../base/index.ts';
import type { PolicyKind } from '../policy/index.ts';
import type { Config } from './config.ts';
import { USUAL_OUTPUT } from './diff-output.ts';
import { parseConfig } from './parse.ts';

const FILE = '/etc/portcullis/portcullis.yaml';
const NOTHING_PROVEN = { identity: null, serverName: null, pins: [] };
const NOBODY_JUDGED = { clients: null, hosts: [], acceptNodeBelowFloor: false };

const WHOLE = `
version: 1
server:
  host: 0.0.0.0
  https: { port: 443, certificate: { cert: tls/chain.pem, key: "\${file:/run/secrets/key.pem}" } }
  http: { port: 80, mode: refuse }
  threads: 4
  connectionsPerAddress: 1000
admin: { host: "::1", port: 9000 }
data: /var/lib/portcullis
apis:
  orders:
    openapi: ./orders.openapi.yaml
    host: api.acme.example
    basePath: /v1
    upstream: { targets: [https://orders.internal:8443/api], timeout: 10s, connectTimeout: 500ms, idleTimeout: 1m, streamTimeout: 1h, ca: ca.pem }
    auth: public
    body: 1MiB
    priority: high
    operations:
      getOrder: { body: 0B, priority: low }
      createOrder: { auth: public, body: 64KiB }
  legacy:
    routes: ['GET /legacy/{id}', '* /files/{rest...}']
    upstream: http://127.0.0.1:3002
    auth: public
    operations:
      GET /legacy/{id}: { body: 0B }
`;

const DESCRIBED = {
  kind: 'openapi-request',
  name: 'orders/openapi-request',
  config: { errors: 'plain' },
  mode: 'enforce',
  modes: {},
  path: 'apis.orders.openapi',
};
const FILES = {
  ...DESCRIBED,
  kind: 'files',
  name: 'orders/files',
  config: { api: null, operations: {} },
};
/** What an operation says that says nothing of it. */
const UNHANDLED = { rewrite: null, redirect: null, respond: null, maintenance: null };
/** What every API has. */
const ERRORS_REPLACED = {
  kind: 'upstream-errors',
  name: 'orders/upstream-errors',
  config: { api: 'replace', operations: {}, strict: { api: false, operations: {} } },
  mode: 'enforce',
  modes: {},
  path: 'apis.orders.upstreamErrors',
};

const NOTHING = {
  access: { deny: [], when: [], object: null, fields: null, accepts: null, observe: [] },
  assurance: null,
  files: null,
  rules: [],
  needs: null,
  limits: [],
  lists: null,
  priority: null,
  validate: null,
  replies: { undescribed: null, responseHeaders: null },
  sanitize: null,
  upstreamErrors: null,
  leaks: null,
  websocket: null,
  cache: null,
  timeoutMs: null,
  deadlineMs: null,
  ...UNHANDLED,
};
/** An upstream with one target that says nothing of others, nor of what happens when it fails. */
const NOTHING_SAID_OF_FAILURES = {
  canary: null,
  mirror: null,
  discover: null,
  allowedAddresses: [],
  deadlineMs: null,
  deadlineField: null,
  retries: { attempts: 0, on: ['connect'], budgetPercent: 20 },
  breaker: null,
};
const ENCODING = {
  ...{ kind: 'output-encoding', name: 'orders/output-encoding', config: {}, mode: 'enforce', modes: {} },
  path: 'apis.orders.encode',
};
/** An API of whose requests and replies nothing more is said. */
const NOTHING_BESIDE = {
  denials: [],
  graphql: null,
  metadata: { resource: null },
  tokensInQuery: 'refuse',
  files: null,
  values: {},
  cors: null,
  lists: null,
  rewrite: null,
  maintenance: null,
  cache: null,
};
const LOW = { ...NOTHING, priority: 'low' };

function parse(text: string, kinds: readonly PolicyKind<unknown>[] = []): Config {
  const result = parseConfig(text, { file: FILE, kinds });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
}

const HEALTH = {
  check: null,
  eject: { consecutive: 5, failurePercent: 50, timeMs: 10_000, maxTimeMs: 300_000, maxPercent: 50 },
  slowStartMs: 10_000,
  whenAllDown: 'refuse',
} as const;

test('a whole configuration becomes data with paths absolute, durations in ms and sizes in bytes', () => {
  const config = parse(WHOLE);
  assert.deepEqual(config.server, {
    host: '0.0.0.0',
    threads: 4,
    https: {
      port: 443,
      certificate: { kind: 'files', certificate: '/etc/portcullis/tls/chain.pem', key: '${file:/run/secrets/key.pem}' },
      ...NOBODY_JUDGED,
    },
    http: { port: 80, mode: 'refuse' },
    connectionsPerAddress: 1_000,
    proxyProtocol: [],
  });
  assert.deepEqual(config.admin, { host: '::1', port: 9000, decisions: null });
  assert.equal(config.dataFolder, '/var/lib/portcullis');
  const [orders, legacy] = config.apis;
  assert.deepEqual(orders, {
    name: 'orders',
    host: 'api.acme.example',
    basePath: '/v1',
    upstream: {
      protocol: 'http1',
      scheme: 'https',
      targets: [{ host: 'orders.internal', port: 8443, weight: 1 }],
      ...{ balance: { rule: 'p2c' }, health: HEALTH },
      pathPrefix: '/api',
      connectTimeoutMs: 500,
      responseTimeoutMs: 10_000,
      idleTimeoutMs: 60_000,
      streamTimeoutMs: 3_600_000,
      ...NOTHING_SAID_OF_FAILURES,
      caFile: '/etc/portcullis/ca.pem',
      ...NOTHING_PROVEN,
      forwarded: 'x-forwarded',
    },
    auth: 'public',
    apiKey: { header: 'x-api-key' },
    dpop: { nonce: 'off' },
    assurance: null,
    bodyLimitBytes: 1_048_576,
    priority: 'high',
    limits: [],
    ...NOTHING_BESIDE,
    validate: 'requests',
    replies: { undescribed: null, responseHeaders: null },
    errors: 'plain',
    sanitize: null,
    upstreamErrors: 'replace',
    leaks: null,
    credentials: 'remove',
    output: USUAL_OUTPUT,
    source: { kind: 'openapi', location: '/etc/portcullis/orders.openapi.yaml' },
    operations: {
      getOrder: { ...LOW, auth: null, bodyLimitBytes: 0, path: 'apis.orders.operations.getOrder' },
      createOrder: { ...NOTHING, auth: 'public', bodyLimitBytes: 65_536, path: 'apis.orders.operations.createOrder' },
    },
    policies: [ERRORS_REPLACED, DESCRIBED, FILES, ENCODING],
    party: null,
    path: 'apis.orders',
  });
  assert.deepEqual(legacy?.source, {
    kind: 'routes',
    routes: [
      { method: 'GET', template: '/legacy/{id}' },
      { method: '*', template: '/files/{rest...}' },
    ],
  });
  assert.deepEqual(Object.keys(legacy?.operations ?? {}), ['GET /legacy/{id}']);
});

test('what is left out has its default', () => {
  const config = parse('version: 1\napis: { a: { routes: [GET /x], upstream: http://127.0.0.1:1, auth: public } }');
  assert.deepEqual(config.server, {
    host: '127.0.0.1',
    threads: 'auto',
    https: { port: 8443, certificate: { kind: 'local' }, ...NOBODY_JUDGED },
    http: { port: 8080, mode: 'redirect' },
    connectionsPerAddress: 256,
    proxyProtocol: [],
  });
  assert.deepEqual(config.admin, { host: '127.0.0.1', port: 9443, decisions: null });
  assert.equal(config.dataFolder, '/etc/portcullis/.portcullis');
  const [api] = config.apis;
  assert.equal(api?.host, null);
  assert.equal(api?.basePath, '');
  assert.equal(api?.bodyLimitBytes, 10 * 1024 * 1024);
  assert.equal(api.priority, 'normal');
  assert.deepEqual(
    [api?.upstream.connectTimeoutMs, api?.upstream.responseTimeoutMs, api?.upstream.idleTimeoutMs],
    [3000, 30_000, 30_000],
  );
});

test('plain http can be switched off', () => {
  assert.equal(parse(WHOLE.replace(/ {2}http: .*/, '  http: off')).server.http, null);
});

test('a key given as a plain path becomes a reference, so that its bytes are treated as a secret', () => {
  const config = parse(WHOLE.replace(/"\$\{file.*?"/, 'tls/key.pem'));
  const { certificate } = config.server.https;
  assert.equal(certificate.kind === 'files' ? certificate.key : '', '${file:/etc/portcullis/tls/key.pem}');
});

test('several ports of 0 do not collide', () => {
  parse(WHOLE.replace('443', '0').replace('port: 80,', 'port: 0,').replace('9000', '0'));
});

test('every key is found in the table of places', () => {
  const result = parseConfig(WHOLE, { file: FILE, kinds: [] });
  assert.ok(result.ok);
  const { places } = result.value;
  assert.deepEqual(places['apis.orders.auth'], { file: FILE, line: 17, column: 5 });
  assert.deepEqual(places['apis.legacy.routes[1]'], { file: FILE, line: 24, column: 34 });
  assert.deepEqual(places['apis.legacy.operations["GET /legacy/{id}"]'], { file: FILE, line: 28, column: 7 });
  for (const api of result.value.config.apis) assert.ok(places[api.path]);
});

const header: PolicyKind<unknown> = {
  kind: 'header',
  summary: 'Wants a header.',
  schema: z.strictObject({ name: z.string(), exact: z.boolean().optional() }),
  sources: () => [],
  compile: () => ({ ok: true, value: new Map() }),
};

test('a kind of policy brings its own keys, which become uses', () => {
  const text =
    'version: 1\napis: { a: { routes: [GET /x], upstream: http://127.0.0.1:1, auth: public, encode: off, policies: { header: { name: x } } } }';
  const { policies } = parse(text, [header]).apis[0] ?? assert.fail();
  const named = policies.filter(({ kind }) => kind !== 'upstream-errors');
  assert.deepEqual(named, [
    {
      kind: 'header',
      name: 'a/header',
      config: { name: 'x' },
      mode: 'enforce',
      modes: {},
      path: 'apis.a.policies.header',
    },
  ]);
  for (const [damaged, words] of [
    [text.replace('header', 'haeder'), 'apis.a.policies.haeder: unknown key (did you mean "header"?)'],
    [
      text.replace('name: x', 'name: x, exact: yes'),
      'policies.header.exact: expected true or false, found text (write true without quotes)',
    ],
    [text.replace('name: x', 'name: 1'), 'policies.header.name: expected text, found a number (put quotes around it)'],
  ] as const) {
    const result = parseConfig(damaged, { file: FILE, kinds: [header] });
    assert.ok(!result.ok);
    assert.ok(result.error.map(formatIssue).join('\n').includes(words), result.error.map(formatIssue).join('\n'));
  }
});

test('parsing never throws, whatever the text', () => {
  const pieces = fc.constantFrom(
    ...'[]{}:,-?!&*|>\'"%@`#~ \n\t\\',
    '\r\n',
    '${env:A}',
    '<<',
    '&a ',
    '*a',
    '!!str ',
    '---\n',
    '...',
    'null',
    '0x1',
    '\u{1F600}',
  );
  const mutated = fc
    .array(fc.tuple(fc.nat(), fc.nat(12), fc.oneof(pieces, fc.string())), { minLength: 1, maxLength: 6 })
    .map((edits) => {
      let text = WHOLE;
      for (const [at, cut, insert] of edits) {
        const offset = at % (text.length + 1);
        text = text.slice(0, offset) + insert + text.slice(offset + cut);
      }
      return text;
    });
  const soup = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(mutated, soup, fc.string(), fc.json()), (text) => {
      const result = parseConfig(text, { file: FILE, kinds: [header] });
      if (result.ok) return;
      assert.ok(result.error.length > 0);
      for (const issue of result.error) {
        assert.ok(issue.place !== null && issue.place.line >= 1 && issue.place.column >= 1, formatIssue(issue));
        assert.ok(!/[\n\r]/.test(issue.message), issue.message);
      }
    }),
    { numRuns: 1500 },
  );
});

test('arbitrary values at arbitrary keys are told, never thrown', () => {
  const keys = [
    'version',
    'server',
    'https',
    'http',
    'certificate',
    'apis',
    'orders',
    'routes',
    'upstream',
    'targets',
    'auth',
    'operations',
    'policies',
    'constructor',
  ];
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(1, 'public', 'local', 'http://127.0.0.1:1', 'GET /x', null, true),
      fc.anything(),
      tie('object'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }),
  })).object;
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
      parseConfig(text.isWellFormed() ? text : '', { file: FILE, kinds: [header] });
    }),
    { numRuns: 500 },
  );
});
