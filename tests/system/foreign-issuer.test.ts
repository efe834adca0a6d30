import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Events, type MutableToken, OAuth2Server } from 'oauth2-mock-server';
import { Agent, fetch as undiciFetch } from 'undici';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { RawClient, statusOf } from '../framing/raw-client.ts';
import { run } from './command.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { skipOrFail } from './skip.ts';

const AUDIENCE = 'https://api.acme.example';
/** What a challenge says of the tokens that are wanted: their scope, and where it is told who gives them. */
const WHERE = 'scope="orders:read", resource_metadata="https://localhost/.well-known/oauth-protected-resource"';

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } }],
      get: {
        operationId: 'getOrder',
        security: [{ oauth: ['orders:read'] }],
        responses: { 200: { description: 'one' } },
      },
      delete: {
        operationId: 'deleteOrder',
        security: [{ oauth: ['orders:delete'] }],
        responses: { 200: { description: 'gone' } },
      },
    },
  },
};

/** An issuer that nobody here wrote, an API that says what it was told, and the gateway between them. */
let issuer: OAuth2Server;
let upstream: LocalServer;
let gateway: GatewayProcess;
let ca: string;

before(async () => {
  issuer = new OAuth2Server();
  await issuer.issuer.keys.generate('RS256');
  await issuer.start(0, '127.0.0.1');
  issuer.service.on(Events.BeforeTokenSigning, ({ payload }: MutableToken) => {
    Object.assign(payload, { sub: 'ada', aud: AUDIENCE, client_id: 'shop', realm_access: { roles: ['customer'] } });
  });
  upstream = await startLocalServer((request, response) => response.end(JSON.stringify(request.headers)));
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
issuers:
  mock: { issuer: '${issuer.issuer.url}', audience: '${AUDIENCE}', claims: { roles: realm_access.roles } }
roles:
  customer: { can: ['orders:read', 'orders:list'] }
  support: { includes: [customer], can: ['orders:delete'] }
apis:
  orders:
    openapi: ./orders.json
    upstream: '${upstream.url}'
    auth: [mock]
`,
    { beside: { 'orders.json': JSON.stringify(DESCRIPTION) } },
  );
  ca = join(gateway.folder, 'ca.pem');
  await writeFile(ca, gateway.ca);
});

after(async () => {
  await gateway.stop();
  await issuer.stop();
  upstream.stop();
});

/** A token made by the issuer itself; `change` has the last word on its claims and its header. */
async function token(change: (payload: Record<string, unknown>, header: Record<string, unknown>) => void = () => {}) {
  return await issuer.issuer.buildToken({
    scopesOrTransform: (header, payload) => {
      Object.assign(payload, { sub: 'ada', aud: AUDIENCE, realm_access: { roles: ['customer'] } });
      change(payload, header);
    },
  });
}

async function get(bearer: string | null, path = '/orders/7', method = 'GET'): Promise<Reply> {
  const headers: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  return await ask({ port: gateway.https, ca: gateway.ca, method, path, headers });
}

function codeOf({ body }: Reply): unknown {
  return (JSON.parse(body) as Record<string, unknown>)['code'];
}

test('a token that curl got from the issuer opens what its role and its scope permit, and nothing else', async (t) => {
  if ((await run('curl', ['--version']).catch(() => null)) === null) return skipOrFail(t, 'curl is not installed');
  const got = await run('curl', [
    '--silent',
    '--show-error',
    ...['-d', 'grant_type=client_credentials', '-d', 'scope=orders:read orders:delete'],
    `${issuer.issuer.url}/token`,
  ]);
  const { access_token: bearer } = JSON.parse(got.stdout) as { readonly access_token: string };
  const curl = async (...args: string[]): Promise<string> =>
    (
      await run('curl', [
        ...['--silent', '--max-time', '20', '--cacert', ca, '-w', ' %{http_code}'],
        ...['-H', `Authorization: Bearer ${bearer}`, ...args],
      ])
    ).stdout;
  assert.match(await curl(`https://localhost:${gateway.https}/orders/7`), / 200$/);
  assert.match(await curl('-X', 'DELETE', `https://localhost:${gateway.https}/orders/7`), /"forbidden".* 403$/s);
  assert.match(await curl(`https://localhost:${gateway.https}/orders/0`), /"invalid-parameters".* 400$/s);
});

test('undici is served with the same token again and again', async () => {
  const dispatcher = new Agent({ connect: { ca: gateway.ca } });
  const headers = { authorization: `Bearer ${await token()}` };
  for (let at = 1; at <= 20; at++) {
    const reply = await undiciFetch(`https://localhost:${gateway.https}/orders/${at}`, { headers, dispatcher });
    assert.equal(reply.status, 200);
    await reply.arrayBuffer();
  }
  await dispatcher.close();
});

test('the upstream is told who calls and does not see the token', async () => {
  const reply = await ask({
    port: gateway.https,
    ca: gateway.ca,
    path: '/orders/7',
    headers: {
      authorization: `Bearer ${await token()}`,
      'x-portcullis-subject': 'root',
      'X-Portcullis-Roles': 'admin',
    },
  });
  const told = JSON.parse(reply.body) as IncomingHttpHeaders;
  assert.equal(told['x-portcullis-subject'], 'ada');
  assert.equal(told['x-portcullis-roles'], 'customer');
  assert.equal(told.authorization, undefined);
});

test('without a token the reply says which kind is wanted', async () => {
  const reply = await get(null);
  assert.equal(reply.status, 401);
  assert.equal(codeOf(reply), 'unauthenticated');
  assert.equal(reply.headers['www-authenticate'], `Bearer realm="orders", ${WHERE}`);
});

test('tokens for others, of others and out of time are refused', async () => {
  const second = Math.floor(Date.now() / 1000);
  const refused: readonly (readonly [what: string, change: (payload: Record<string, unknown>) => void])[] = [
    ['another audience', (payload) => (payload['aud'] = 'https://other.example')],
    ['no audience', (payload) => delete payload['aud']],
    ['another issuer', (payload) => (payload['iss'] = 'https://evil.example')],
    ['expired', (payload) => Object.assign(payload, { iat: second - 7200, nbf: second - 7200, exp: second - 3600 })],
    ['not yet valid', (payload) => (payload['nbf'] = second + 3600)],
    ['valid for ever', (payload) => (payload['exp'] = second + 10 * 365 * 86_400)],
    ['an ID token', (payload) => (payload['nonce'] = 'n')],
    ['bound to a key', (payload) => (payload['cnf'] = { jkt: 'x'.repeat(43) })],
    ['no subject', (payload) => delete payload['sub']],
  ];
  for (const [what, change] of refused) {
    const reply = await get(await token(change));
    assert.equal(reply.status, 401, what);
    assert.equal(codeOf(reply), 'invalid-token', what);
    assert.equal(reply.headers['www-authenticate'], `Bearer realm="orders", error="invalid_token", ${WHERE}`, what);
  }
  assert.equal((await get(await token())).status, 200);
});

test('roles grant, and scopes only narrow', async () => {
  const as = async (roles: readonly string[], scope: string | null, method: string): Promise<number> => {
    const bearer = await token((payload) => {
      payload['realm_access'] = { roles };
      if (scope !== null) payload['scope'] = scope;
    });
    return (await get(bearer, '/orders/7', method)).status;
  };
  assert.equal(await as(['support'], null, 'DELETE'), 200);
  assert.equal(await as(['support'], 'orders:read', 'DELETE'), 403);
  assert.equal(await as(['customer'], 'orders:delete', 'DELETE'), 403);
  assert.equal(await as([], 'orders:read orders:delete', 'GET'), 403);
  assert.equal(await as(['__proto__', 'constructor'], null, 'GET'), 403);
});

test('a key that the issuer began to use a moment ago is taken', async () => {
  const { kid } = await issuer.issuer.keys.generate('ES256');
  const bearer = await issuer.issuer.buildToken({
    kid,
    scopesOrTransform: (_header, payload) => {
      Object.assign(payload, { sub: 'ada', aud: AUDIENCE, realm_access: { roles: ['customer'] } });
    },
  });
  assert.equal((await get(bearer)).status, 200);
});

test('a token signed by a key that the issuer does not publish is refused', async () => {
  const stranger = new OAuth2Server();
  await stranger.issuer.keys.generate('RS256', { kid: 'of-a-stranger' });
  await stranger.start(0, '127.0.0.1');
  try {
    const bearer = await stranger.issuer.buildToken({
      scopesOrTransform: (_header, payload) => {
        Object.assign(payload, { iss: issuer.issuer.url, sub: 'ada', aud: AUDIENCE });
      },
    });
    const reply = await get(bearer);
    assert.equal(reply.status, 401);
    assert.equal(codeOf(reply), 'invalid-token');
  } finally {
    await stranger.stop();
  }
});

test('two credentials at once are refused, also where both are the same', async () => {
  const [one, other] = [`Authorization: Bearer ${await token()}`, `authorization: Bearer ${await token()}`];
  assert.equal((await askRaw(one)).status, 200);
  for (const fields of [
    [one, one],
    [one, other],
    [one, 'Authorization: Basic YTpi'],
    ['authorization:', one],
  ]) {
    const { status, body } = await askRaw(...fields);
    assert.equal(status, 400, fields.join(', '));
    assert.equal((JSON.parse(body) as Record<string, unknown>)['code'], 'duplicate-header', fields.join(', '));
  }
});

/** One GET with these lines as they stand, which no client program would send twice. */
async function askRaw(...lines: readonly string[]): Promise<{ readonly status: number; readonly body: string }> {
  const client = await RawClient.connect({ port: gateway.https, serverName: 'localhost', ca: gateway.ca });
  try {
    const head = ['GET /orders/7 HTTP/1.1', 'Host: localhost', ...lines].join('\r\n');
    await client.send(Buffer.from(`${head}\r\n\r\n`), 'whole', () => false);
    assert.ok(await client.signal.holds(() => client.replies(['GET']).finals.length > 0), 'no reply');
    const [reply] = client.replies(['GET']).finals;
    assert.ok(reply !== undefined);
    return { status: statusOf(reply), body: reply.body.toString() };
  } finally {
    client.destroy();
  }
}
