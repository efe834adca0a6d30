import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../base/index.ts';
import type { ApiConfig } from '../config/compiled.ts';
import type { IssuerConfig, Operation } from '../policy/index.ts';
import { Challenges } from './challenges.ts';

const ISSUERS = [
  { name: 'acme', proof: 'none' },
  { name: 'bound', proof: 'dpop' },
  { name: 'either', proof: 'any' },
] as unknown as readonly IssuerConfig[];

interface Given {
  readonly auth?: ApiConfig['auth'];
  readonly own?: ApiConfig['auth'];
  readonly metadata?: ApiConfig['metadata'];
  readonly needs?: readonly string[];
  readonly basePath?: string;
  readonly hasChildren?: boolean;
  readonly port?: number | null;
  readonly caller?: 'key' | 'certificate' | 'user';
}

/** The challenges of a refusal of `GET /orders`, one a line. */
function asked(code: Problem['code'], given: Given, headers: Problem['headers'] = []): readonly string[] {
  const { auth = ['acme'], own = null, metadata = null, needs = null, basePath = '', port = null } = given;
  const api = {
    ...{ name: 'orders', auth, metadata, basePath },
    operations: { list: { auth: own, needs } },
  } as unknown as ApiConfig;
  const operation = { name: 'list', described: null } as Operation;
  const request = { host: 'api.acme.example', port };
  const principal = given.caller === undefined ? null : { kind: given.caller };
  const place = { operation, request, hasChildren: given.hasChildren === true, principal };
  const problem = new Challenges(api, ISSUERS).complete({ code, headers }, place);
  assert.equal(problem.code, code);
  return (problem.headers ?? []).map(([name, value]) => (name === 'www-authenticate' ? value : `${name}: ${value}`));
}

const HOST = { resource: null };
const INVALID = [['www-authenticate', 'Bearer realm="orders", error="invalid_token"']] as const;

test('every way to sign in that the operation takes is asked for, once', () => {
  assert.deepEqual(asked('unauthenticated', {}), ['Bearer realm="orders"']);
  assert.deepEqual(asked('unauthenticated', { auth: ['acme', 'api-key'] }), [
    'Bearer realm="orders"',
    'ApiKey realm="orders"',
  ]);
  assert.deepEqual(asked('unauthenticated', { auth: ['bound'] }), ['DPoP realm="orders"']);
  assert.deepEqual(asked('unauthenticated', { auth: ['either'] }), ['Bearer realm="orders"', 'DPoP realm="orders"']);
  assert.deepEqual(asked('unauthenticated', { auth: ['acme'], own: ['api-key'] }), ['ApiKey realm="orders"']);
  assert.deepEqual(asked('invalid-token', { auth: ['acme', 'api-key'] }, INVALID), [
    'Bearer realm="orders", error="invalid_token"',
    'ApiKey realm="orders"',
  ]);
});

test('where no scheme is registered for a way there is one all the same', () => {
  assert.deepEqual(asked('unauthenticated', { auth: ['session'] }), [
    'Portcullis-Session realm="orders", login="/.portcullis/login"',
  ]);
  assert.deepEqual(asked('unauthenticated', { auth: ['mtls'] }), ['Certificate realm="orders"']);
});

test('where no token is taken none is asked for, whatever a policy says, and each 401 asks for something', () => {
  const tokens = [
    'Bearer realm="orders", error="invalid_token"',
    'DPoP realm="orders", error="invalid_token"',
    'bearer realm="orders"',
  ];
  const session = 'Portcullis-Session realm="orders", login="/.portcullis/login"';
  for (const token of tokens) {
    const said = [['www-authenticate', token]] as const;
    for (const code of [
      'unauthenticated',
      'invalid-token',
      'insufficient-authentication',
      'credential-unbound',
    ] as const) {
      assert.deepEqual(asked(code, { auth: ['api-key'] }, said), ['ApiKey realm="orders"'], code);
      assert.deepEqual(asked(code, { auth: ['api-key', 'mtls'] }, said), ['ApiKey realm="orders"'], code);
      assert.deepEqual(asked(code, { auth: ['api-key', 'session'] }, said), ['ApiKey realm="orders"'], code);
      assert.deepEqual(asked(code, { auth: ['mtls'] }, said), ['Certificate realm="orders"'], code);
      assert.deepEqual(asked(code, { auth: ['session'] }, said), [session], code);
      assert.deepEqual(asked(code, { auth: ['session', 'mtls'] }, said), [session], code);
    }
    for (const auth of [['api-key'], ['mtls'], ['session'], ['api-key', 'mtls', 'session']])
      assert.deepEqual(asked('forbidden', { auth, metadata: HOST }, said), [], auth.join());
  }
});

test('who has shown a key or a certificate and may not do something is told of no token', () => {
  const lacking = [['www-authenticate', 'Bearer realm="orders", error="insufficient_scope"']] as const;
  const auth = ['acme', 'api-key', 'mtls'];
  for (const caller of ['key', 'certificate'] as const)
    assert.deepEqual(asked('forbidden', { auth, caller }, lacking), []);
  assert.deepEqual(asked('forbidden', { auth, caller: 'user' }, lacking), [lacking[0][1]]);
  // Another sign-in would do, and only a token can say that there was one.
  const stepUp = 'Bearer realm="orders", error="insufficient_user_authentication", acr_values="gold"';
  assert.deepEqual(asked('insufficient-authentication', { auth, caller: 'key' }, [['www-authenticate', stepUp]]), [
    stepUp,
  ]);
});

test('clients learn where tokens are had, by the host and port that they asked', () => {
  const at = 'resource_metadata="https://api.acme.example';
  const page = '/.well-known/oauth-protected-resource';
  assert.deepEqual(asked('unauthenticated', { metadata: HOST }), [`Bearer realm="orders", ${at}${page}"`]);
  assert.deepEqual(asked('unauthenticated', { metadata: HOST, basePath: '/v1', port: 8443 }), [
    `Bearer realm="orders", ${at}:8443${page}/v1"`,
  ]);
  assert.deepEqual(asked('unauthenticated', { metadata: HOST, port: 443 }), [`Bearer realm="orders", ${at}${page}"`]);
  const own = { resource: 'https://public.example/orders' };
  assert.deepEqual(asked('unauthenticated', { metadata: own, port: 8443 }), [
    `Bearer realm="orders", resource_metadata="https://public.example${page}/orders"`,
  ]);
  assert.deepEqual(asked('unauthenticated', { metadata: HOST, auth: ['api-key'] }), ['ApiKey realm="orders"']);
});

test('the scope that is needed is told to those who lack it, and to strangers where the API tells of itself', () => {
  const needs = ['orders:read', 'orders:list'];
  const scope = 'scope="orders:read orders:list"';
  const lacking = [['www-authenticate', 'Bearer realm="orders", error="insufficient_scope"']] as const;
  assert.deepEqual(asked('forbidden', { needs }, lacking), [
    `Bearer realm="orders", error="insufficient_scope", ${scope}`,
  ]);
  assert.deepEqual(asked('unauthenticated', { needs }), ['Bearer realm="orders"']);
  assert.match(
    asked('unauthenticated', { needs, metadata: HOST })[0] ?? '',
    new RegExp(`, ${scope}, resource_metadata`),
  );
  assert.deepEqual(asked('forbidden', { needs, hasChildren: true }, lacking), [lacking[0][1]], 'a body asked for more');
});

test('what is no scope does not get into a quoted string', () => {
  for (const name of ['a"b', 'a\\b', 'a b', 'ä', '']) {
    assert.deepEqual(
      asked('unauthenticated', { needs: ['orders:read', name], metadata: { resource: 'https://r.example' } }),
      ['Bearer realm="orders", resource_metadata="https://r.example/.well-known/oauth-protected-resource"'],
    );
  }
});

test('other refusals, and other fields, stay as they are', () => {
  const wait = [['retry-after', '30']] as const;
  assert.deepEqual(asked('keys-unavailable', { metadata: HOST }, wait), ['retry-after: 30']);
  assert.deepEqual(asked('forbidden', { metadata: HOST }), []);
  assert.deepEqual(asked('unauthenticated', {}, wait), ['Bearer realm="orders"', 'retry-after: 30']);
  assert.deepEqual(
    asked('unauthenticated', { auth: 'public', metadata: HOST }, [['www-authenticate', 'Bearer realm="a"']]),
    ['Bearer realm="a"'],
  );
  const stepUp = 'Bearer realm="orders", error="insufficient_user_authentication", acr_values="gold"';
  assert.deepEqual(
    asked('insufficient-authentication', { auth: ['acme', 'api-key'] }, [['www-authenticate', stepUp]]),
    [stepUp],
    'another credential of the same caller would not do',
  );
});
