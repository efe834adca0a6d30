import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue, ok, type Result, Secret } from '../base/index.ts';
import type { JwtConfig, PolicyKind } from '../policy/index.ts';
import type { Egress, Files, Secrets } from '../ports/index.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gathered.ts';
import { parseConfig } from './parse.ts';

const SECRETS = { HOOK: 'a secret of sixteen or more', WEAK: 'fifteen bytes .', LOGIN: 'a-secret-without-spaces' };

const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    get:
      operationId: listOrders
      security: [{ o: [orders:read] }]
      responses: { default: { description: x } }
    post:
      operationId: createOrder
      security: [{ o: [orders:create] }, { k: [orders:write], l: [orders:any] }]
      responses: { default: { description: x } }
  /health:
    get:
      operationId: health
      security: [{ o: [health:read] }]
      responses: { default: { description: x } }
components: { securitySchemes: { o: { type: http, scheme: bearer }, k: { type: mutualTLS }, l: { type: mutualTLS } } }
`;

const CONFIG = `version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: api } }
roles: { customer: { can: [orders:read] } }
apis:
  orders:
    openapi: ./orders.yaml
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations:
      health: { auth: public }
`;

/** A kind in the place of `jwt`: it asks for the files of its issuers' keys. */
const JWT: PolicyKind<unknown> = {
  kind: 'jwt',
  summary: 'x',
  schema: null,
  sources: (config) =>
    (config as JwtConfig).issuers.flatMap(({ keys }) =>
      keys.kind === 'file' ? [{ kind: 'file' as const, path: keys.path, limitBytes: 10_000 }] : [],
    ),
  compile: () => ok(new Map()),
};

/** What gathering makes of a configuration whose only file is the document and whose only variable is HOOK. */
async function gatheredOf(text: string): Promise<Result<Gathered, readonly string[]>> {
  const parsed = parseConfig(text, { file: '/etc/p/portcullis.yaml', kinds: [JWT] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const files: Pick<Files, 'read'> = {
    read: async (path) =>
      path === '/etc/p/orders.yaml' ? ok(Buffer.from(DOCUMENT)) : err({ reason: 'missing', detail: 'ENOENT' }),
  };
  const secrets: Secrets = {
    resolve: async (reference) => {
      const named = reference.scheme === 'env' ? new Map(Object.entries(SECRETS)).get(reference.name) : undefined;
      return named === undefined ? err('nothing is behind it') : ok(new Secret(Buffer.from(named)));
    },
  };
  const egress: Egress = { call: async () => err({ reason: 'unreachable', detail: '' }) };
  const result = await gather(parsed.value, { files: files as Files, secrets, egress, revision: 1 });
  return result.ok ? result : err(result.error.map(formatIssue));
}

async function warningsOf(text: string): Promise<readonly string[]> {
  const result = await gatheredOf(text);
  assert.ok(result.ok, result.ok ? '' : result.error.join('\n'));
  assert.ok(result.value.warnings.every(({ severity }) => severity === 'warning'));
  return result.value.warnings.map(formatIssue).map((line) => line.replace('/etc/p/portcullis.yaml:', ''));
}

test('a permission that an operation needs and nobody can have is a warning, with the operations it closes', async () => {
  assert.deepEqual(await warningsOf(CONFIG), [
    '6:5 apis.orders.openapi: createOrder can be called by nobody: no role grants orders:create' +
      ' (grant it to a role below `roles`, or let an issuer bring it by `claims: { permissions: … }`)',
  ]);
  const needs = CONFIG.replace('health: { auth', 'createOrder: { needs: [orders:read, a:b] }\n      health: { auth');
  assert.match((await warningsOf(needs)).join('\n'), /^10:22 apis\.orders\.operations\.createOrder\.needs: .*a:b/);
});

test('there is no such warning where one alternative can be had, where tokens bring permissions, or for anybody', async () => {
  const alternative = CONFIG.replace('[orders:read]', '[orders:read, orders:any, orders:write]');
  assert.deepEqual(await warningsOf(alternative), []);
  assert.deepEqual(
    await warningsOf(CONFIG.replace('audience: api', 'audience: api, claims: { permissions: scope }')),
    [],
  );
  assert.deepEqual(await warningsOf(CONFIG.replace('auth: [acme]', 'auth: public')), []);
  const session = (claims: string): string =>
    CONFIG.replace('auth: [acme]', 'auth: [session]').replace(
      'audience: api',
      `audience: api, ${claims}login: { clientId: gateway, clientSecret: '\${env:LOGIN}' }`,
    );
  assert.deepEqual(await warningsOf(session('claims: { permissions: scope }, ')), []);
  assert.match((await warningsOf(session(''))).join(), /createOrder can be called by nobody/);
});

test('many of them are told as one a permission, and not without end', async () => {
  const none = CONFIG.replace(/^roles.*\n/m, '');
  assert.equal((await warningsOf(none)).length, 2);
  const operations = Array.from({ length: 30 }, (_, n) => `GET /r${n}: { needs: p${n % 25} }`);
  const routes = operations.map((line) => `'${line.slice(0, line.indexOf(':'))}'`).join(', ');
  const text = none
    .replace('openapi: ./orders.yaml', `routes: [${routes}]`)
    .replace('health: { auth: public }', operations.join('\n      '));
  assert.equal((await warningsOf(text)).length, 20);
});

test('the secret of the webhook is gathered by its reference, and one that is not there is an issue', async () => {
  const withHook = (name: string): string =>
    `${CONFIG}alerts: { webhook: { url: https://hooks.acme.example, secret: "\${env:${name}}" } }\n`;
  const found = await gatheredOf(withHook('HOOK'));
  assert.ok(found.ok);
  assert.equal(Buffer.from(found.value.secrets['${env:HOOK}'] ?? []).toString(), 'a secret of sixteen or more');
  const weak = await gatheredOf(withHook('WEAK'));
  assert.ok(!weak.ok);
  assert.match(weak.error.join('\n'), /alerts\.webhook\.secret: the secret has fewer than 16 bytes/);
  const missing = await gatheredOf(withHook('HOOKS'));
  assert.ok(!missing.ok);
  assert.match(missing.error.join('\n'), /portcullis\.yaml:11:55 alerts\.webhook\.secret: nothing is behind it/);
});

test('the keys of an issuer are read from their file, once for all APIs, and told of at the issuer', async () => {
  const second = '  second: { routes: [GET /s], upstream: http://127.0.0.1:1, auth: [acme] }\n';
  const withKeys = (file: string): string =>
    CONFIG.replace('audience: api', `audience: api, jwks: ${file}`).replace('apis:\n', `apis:\n${second}`);
  const found = await gatheredOf(withKeys('./orders.yaml'));
  assert.ok(found.ok);
  assert.deepEqual(Object.keys(found.value.files), ['/etc/p/orders.yaml']);
  const missing = await gatheredOf(withKeys('./keys.json'));
  const told = missing.ok ? [] : missing.error.filter((line) => line.includes('keys.json'));
  assert.deepEqual(told.length, 1);
  assert.match(told[0] ?? '', /^\/etc\/p\/portcullis\.yaml:2:68 issuers\.acme\.jwks: there is no file/);
});
