import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIssue } from '../base/index.ts';
import type { JwtConfig, PermissionConfig, RateConfig } from '../policy/index.ts';
import { parseClaimPath } from './claim-path.ts';
import type { ApiConfig, Config } from './config.ts';
import { USUAL_OUTPUT } from './diff-output.ts';
import { parseLimit } from './limits.ts';
import { parseConfig } from './parse.ts';
import { readWebUrl } from './web-url.ts';

const WHOLE = `version: 1
issuers:
  acme:
    issuer: https://id.acme.example/realms/shop
    audience: [https://api.acme.example, orders]
    algorithms: [ES256, EdDSA]
    jwks: https://id.acme.example/keys?v=1
    claims: { roles: realm_access.roles, tenant: /https:~1~1acme.example~1org, permissions: scope }
    scopes: ignore
    typ: at+jwt
    skew: 5s
    maxLifetime: 1h
  local: { issuer: 'http://127.0.0.1:4444', audience: orders, jwks: ./keys.json }
roles:
  customer: { can: [orders:read, orders:create] }
  support: { includes: [customer], can: [orders:refund] }
  Head of Ops: { includes: [support] }
audit: off
alerts: { webhook: { url: https://hooks.acme.example/x?y=1, secret: "\${env:HOOK}" } }
apis:
  orders:
    openapi: ./orders.yaml
    upstream: http://127.0.0.1:3001
    auth: [acme, local]
    limit: [100/min per user, 1000/min per address]
    validate: observe
    errors: helpful
    credentials: pass
    securityHeaders: off
    operations:
      refund: { auth: [local], needs: orders:refund, limit: 5/min per user, validate: requests }
      close: { needs: [orders:refund, orders:read] }
      health: { auth: public, limit: [1/s per address] }
tests:
  - { do: GET /v1/orders/7?full=true, expect: 401 }
  - do: POST https://api.acme.example/v1/orders
    as: { subject: ada, roles: [customer], permissions: [a:b], scopes: [], tenant: t, client: shop, claims: { n: [1, null] } }
    with: { body: { amount: 5 }, headers: { X-Trace: '1' } }
    at: 2026-11-24T09:00:00Z
    given: { status: 201, response: { id: 7 }, headers: { x-a: b } }
    expect: forbidden
    because: office-hours
    observed: orders.refund.when[0]
  - { do: GET /x, as: { roles: [support] }, given: {}, expect: pass, returns: null }
`;

function parse(text: string): Config {
  const result = parseConfig(text, { file: '/etc/portcullis/portcullis.yaml', kinds: [] });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
}

function ordersOf(config: Config): ApiConfig {
  return config.apis[0] ?? assert.fail('no API');
}

function configOf<C>(api: ApiConfig, kind: string): C {
  return (api.policies.find((use) => use.kind === kind)?.config ?? assert.fail(kind)) as C;
}

test('issuers become what their tokens are held against, with every default filled in', () => {
  const [acme, local] = parse(WHOLE).issuers;
  assert.deepEqual(acme, {
    name: 'acme',
    issuer: 'https://id.acme.example/realms/shop',
    tenants: null,
    hostedDomains: null,
    audiences: ['https://api.acme.example', 'orders'],
    algorithms: ['ES256', 'EdDSA'],
    keys: { kind: 'url', url: 'https://id.acme.example/keys?v=1' },
    introspection: null,
    claims: { roles: ['realm_access', 'roles'], tenant: ['https://acme.example/org'], permissions: ['scope'] },
    scopes: 'ignore',
    typ: 'at+jwt',
    proof: 'none',
    skewMs: 5000,
    maxLifetimeMs: 3_600_000,
    path: 'issuers.acme',
  });
  assert.deepEqual(local, {
    name: 'local',
    issuer: 'http://127.0.0.1:4444',
    tenants: null,
    hostedDomains: null,
    audiences: ['orders'],
    algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'],
    keys: { kind: 'file', path: '/etc/portcullis/keys.json' },
    introspection: null,
    claims: { roles: ['roles'], tenant: null, permissions: null },
    scopes: 'narrow',
    typ: 'any',
    proof: 'none',
    skewMs: 30_000,
    maxLifetimeMs: 86_400_000,
    path: 'issuers.local',
  });
  const plain = parse(WHOLE.replace(', jwks: ./keys.json', '')).issuers[1];
  assert.deepEqual(plain?.keys, { kind: 'discovery' });
});

test('roles, audit, alerts and tests become data in the order of the file', () => {
  const { roles, audit, alerts, tests } = parse(WHOLE);
  assert.deepEqual(roles, [
    { name: 'customer', can: ['orders:read', 'orders:create'], includes: [], path: 'roles.customer' },
    { name: 'support', can: ['orders:refund'], includes: ['customer'], path: 'roles.support' },
    { name: 'Head of Ops', can: [], includes: ['support'], path: 'roles["Head of Ops"]' },
  ]);
  assert.equal(audit, 'off');
  assert.deepEqual(alerts, { webhook: { url: 'https://hooks.acme.example/x?y=1', secret: '${env:HOOK}' } });
  assert.deepEqual(tests[0], {
    method: 'GET',
    target: '/v1/orders/7?full=true',
    caller: { kind: 'anonymous' },
    headers: {},
    body: undefined,
    expect: 401,
    from: null,
    atMs: null,
    given: null,
    returns: undefined,
    owner: undefined,
    because: null,
    observed: null,
    path: 'tests[0]',
  });
  assert.deepEqual(tests[1], {
    method: 'POST',
    target: 'https://api.acme.example/v1/orders',
    caller: {
      kind: 'known',
      subject: 'ada',
      roles: ['customer'],
      permissions: ['a:b'],
      scopes: [],
      tenant: 't',
      clientId: 'shop',
      claims: { n: [1, null] },
      assurance: { acr: null, amr: [], authAgeMs: null, proof: null },
    },
    headers: { 'X-Trace': '1' },
    body: { amount: 5 },
    expect: 'forbidden',
    from: null,
    atMs: Date.UTC(2026, 10, 24, 9),
    given: { status: 201, headers: { 'x-a': 'b' }, body: { id: 7 } },
    returns: undefined,
    owner: undefined,
    because: 'office-hours',
    observed: 'orders.refund.when[0]',
    path: 'tests[1]',
  });
  assert.deepEqual([tests[2]?.given, tests[2]?.returns], [{ status: 200, headers: {}, body: undefined }, null]);
  const caller = tests[2]?.caller;
  assert.ok(caller?.kind === 'known');
  assert.deepEqual([caller.subject, caller.scopes, caller.tenant, caller.clientId], ['', null, null, null]);
});

test('what is left out of a configuration is the strict thing', () => {
  const config = parse('version: 1\napis: { a: { routes: [GET /x], upstream: http://127.0.0.1:1, auth: public } }');
  assert.deepEqual([config.issuers, config.roles, config.tests], [[], [], []]);
  assert.deepEqual([config.audit, config.alerts], ['required', { webhook: null }]);
  const { limits, validate, errors, credentials, output, policies } = ordersOf(config);
  assert.deepEqual([limits, validate, errors, credentials], [[], 'requests', 'plain', 'remove']);
  assert.deepEqual(output, USUAL_OUTPUT);
  assert.deepEqual(
    policies.map(({ kind, path }) => [kind, path]),
    [
      ['upstream-errors', 'apis.a.upstreamErrors'],
      ['output-encoding', 'apis.a.encode'],
    ],
  );
});

test('the keys of an API become its policies, in the order in which requests meet them, each with its line', () => {
  const api = ordersOf(parse(WHOLE));
  assert.deepEqual(
    api.policies.map(({ kind, name, mode, modes, path }) => [kind, name, mode, modes, path]),
    [
      ['credentials', 'orders/credentials', 'enforce', {}, 'apis.orders.auth'],
      ['jwt', 'orders/jwt', 'enforce', {}, 'apis.orders.auth'],
      ['possession', 'orders/possession', 'enforce', {}, 'apis.orders.auth'],
      ['revocation', 'orders/revocation', 'enforce', {}, 'apis.orders.auth'],
      ['overlay', 'orders/overlay', 'enforce', {}, 'apis.orders.auth'],
      ['permission', 'orders/permission', 'enforce', {}, 'apis.orders.auth'],
      ['upstream-errors', 'orders/upstream-errors', 'enforce', {}, 'apis.orders.upstreamErrors'],
      ['rate', 'orders/rate', 'enforce', {}, 'apis.orders.limit'],
      ['openapi-request', 'orders/openapi-request', 'observe', { refund: 'enforce' }, 'apis.orders.openapi'],
      ['files', 'orders/files', 'observe', { refund: 'enforce' }, 'apis.orders.openapi'],
      ['openapi-response', 'orders/openapi-response', 'observe', { refund: 'enforce' }, 'apis.orders.validate'],
      ['output-encoding', 'orders/output-encoding', 'enforce', {}, 'apis.orders.encode'],
    ],
  );
  assert.deepEqual(configOf<PermissionConfig>(api, 'permission'), {
    operations: { refund: ['orders:refund'], close: ['orders:refund', 'orders:read'] },
    open: ['health'],
    closed: ['refund'],
    openByDefault: false,
  });
  const rate = configOf<RateConfig>(api, 'rate');
  assert.deepEqual(rate.rules[0], {
    rate: { count: 100, periodMs: 60_000, burst: 100 },
    per: 'user',
    text: '100/min per user',
  });
  assert.deepEqual([rate.rules.length, Object.keys(rate.operations), rate.open], [2, ['refund', 'health'], ['health']]);
  assert.deepEqual(configOf(api, 'openapi-request'), { errors: 'helpful' });
});

test('issuers are the same objects wherever they are named, also after a thread has received them', () => {
  const again = WHOLE.replace(
    'apis:\n',
    'apis:\n  other: { routes: [GET /o], upstream: http://127.0.0.1:1, auth: [acme] }\n',
  );
  for (const config of [parse(again), structuredClone(parse(again))]) {
    const [other, orders] = config.apis;
    assert.ok(orders !== undefined && other !== undefined);
    const [one, two] = [configOf<JwtConfig>(orders, 'jwt'), configOf<JwtConfig>(other, 'jwt')];
    assert.equal(one.issuers[0], config.issuers[0]);
    assert.equal(two.issuers[0], config.issuers[0]);
    assert.equal(one.operations['refund']?.[0], config.issuers[1]);
    assert.deepEqual([one.operations['health'], one.credentials], [[], 'pass']);
  }
});

test('where only single operations need sign-in, that is what the policies come from', () => {
  const text = WHOLE.replace('auth: [acme, local]', 'auth: public')
    .replace('100/min per user, ', '')
    .replace(/ {6}close.*\n/, '');
  const api = ordersOf(parse(text));
  assert.equal(api.policies[0]?.path, 'apis.orders.operations.refund.auth');
  assert.deepEqual(configOf<JwtConfig>(api, 'jwt').issuers, []);
  const { closed, open, openByDefault } = configOf<PermissionConfig>(api, 'permission');
  assert.deepEqual([closed, open, openByDefault], [['refund'], ['health'], true]);
});

test('a public API has neither jwt nor permission, one without limits no rate, and routes no validation', () => {
  const kinds = (text: string): string[] =>
    ordersOf(parse(text)).policies.flatMap(({ kind }) => (kind === 'upstream-errors' ? [] : [kind]));
  const api = (more: string): string =>
    `version: 1\napis:\n  a: { upstream: http://127.0.0.1:1, auth: public, ${more} }`;
  assert.deepEqual(kinds(api('routes: [GET /x]')), ['output-encoding']);
  assert.deepEqual(kinds(api('routes: [GET /x], encode: off')), []);
  assert.deepEqual(kinds(api('descriptors: ./a.binpb')), ['grpc', 'grpc-messages']);
  assert.deepEqual(kinds(api('openapi: ./a.yaml')), ['openapi-request', 'files', 'output-encoding']);
  assert.deepEqual(kinds(api('routes: [GET /x], limit: 1/s per address')), ['rate', 'output-encoding']);
  assert.deepEqual(kinds(api('routes: [GET /x], operations: { GET /x: { limit: 1/s per address } }')), [
    'rate',
    'output-encoding',
  ]);
});

test('a limit is what its text says, and any other text is none', () => {
  const units = { s: 1_000, min: 60_000, h: 3_600_000 };
  const unit = fc.constantFrom<keyof typeof units>('s', 'min', 'h');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      unit,
      fc.constantFrom('user', 'app', 'tenant', 'address'),
      (n, u, per) => {
        const text = `${n}/${u} per ${per}`;
        const expected = { rate: { count: n, periodMs: units[u], burst: n }, per, text };
        assert.deepEqual(parseLimit(text), { ok: true, value: expected });
        for (const bad of [
          ` ${text}`,
          `${text} `,
          `0${text}`,
          `-${text}`,
          text.toUpperCase(),
          `${text}s`,
          `${text}\n`,
        ]) {
          assert.equal(parseLimit(bad).ok, false, bad);
        }
      },
    ),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseLimit(text)));
});

test('a path to a claim is its names with dots between, or a JSON Pointer', () => {
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[\x00-\x1f\x7f]/.test(text));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 8 }), (names) => {
      const pointer = names.map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
      assert.deepEqual(parseClaimPath(pointer), { ok: true, value: names });
      const dotted = names.join('.');
      if (names.some((each) => /[./]/.test(each))) return;
      assert.deepEqual(parseClaimPath(dotted), { ok: true, value: names });
    }),
  );
  for (const bad of ['', '.', 'a.', '.a', 'a..b', '/', '/a/', '//a', '/~', '/~2', '/a~', 'a\0', 'a.b.c.d.e.f.g.h.i']) {
    assert.equal(parseClaimPath(bad).ok, false, JSON.stringify(bad));
  }
  assert.equal(parseClaimPath('x'.repeat(513)).ok, false);
});

test('a URL that is trusted is https, or http on loopback, and stays as it is written', () => {
  for (const url of [
    'https://id.example',
    'https://ID.example/A/',
    'https://id.example:8443/a%2Fb',
    'http://127.0.0.1:1/x',
    'http://localhost',
    'http://[::1]:4444',
  ]) {
    assert.deepEqual(readWebUrl(url, { query: false }), { ok: true, value: url });
  }
  for (const url of [
    '',
    'id.example',
    'http://id.example',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.2',
    'ftp://id.example',
    'https:/id.example',
    'https:id.example',
    'https:///id.example',
    'https://ada:secret@id.example',
    'https://@id.example',
    'https://id.example#a',
    'https://id.example?a=b',
    'https://id.example?',
    ' https://id.example',
    'https://id.example\n',
    'https://id.example\\x',
    `https://id.example/${'x'.repeat(2048)}`,
  ]) {
    assert.equal(readWebUrl(url, { query: false }).ok, false, url);
  }
  assert.equal(readWebUrl('https://id.example?a=b', { query: true }).ok, true);
});
