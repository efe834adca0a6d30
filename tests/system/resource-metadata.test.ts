import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const PAGE = '/.well-known/oauth-protected-resource';
const ENTRA = 'https://login.example/{tenantid}/v2.0';

let issuer: FileIssuer;
let upstream: LocalServer;
let gateway: GatewayProcess;

const configuration = (port: number): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json, claims: { roles: roles } }
  entra: { issuer: '${ENTRA}', tenants: [t1, t2], audience: api, jwks: ./keys.json }
roles: { reader: { can: ['orders:read'] } }
apis:
  orders:
    routes: ['GET /orders', 'GET /health']
    basePath: /v1
    upstream: http://127.0.0.1:${port}
    auth: [acme]
    operations: { 'GET /orders': { needs: ['orders:read'] }, 'GET /health': { auth: public } }
  stock:
    routes: ['GET /stock']
    basePath: /v1
    upstream: http://127.0.0.1:${port}
    auth: [entra]
    operations: { 'GET /stock': { needs: ['stock:read'] } }
  quiet: { routes: ['GET /quiet'], basePath: /v2, upstream: 'http://127.0.0.1:${port}', auth: [acme], metadata: off }
  named:
    routes: ['GET /named']
    basePath: /v3
    upstream: http://127.0.0.1:${port}
    auth: [acme]
    metadata: https://api.acme.example/named
  keyed: { routes: ['GET /keyed'], basePath: /v5, upstream: 'http://127.0.0.1:${port}', auth: [acme, api-key], metadata: off }
  open: { routes: ['GET /open'], basePath: /v4, upstream: 'http://127.0.0.1:${port}', auth: public }
`;

before(async () => {
  issuer = await createFileIssuer();
  upstream = await startLocalServer(createServer((_request, reply) => reply.end('{}')));
  gateway = await startGateway(configuration(upstream.port), { beside: { 'keys.json': issuer.keys } });
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  ask({ port: gateway.https, ca: gateway.ca, path, headers: { host: `localhost:${gateway.https}`, ...headers } });

/** What is said of a resource, by a client that followed a challenge. */
async function discovered(path: string): Promise<Readonly<Record<string, unknown>>> {
  const challenge = String((await get(path)).headers['www-authenticate']);
  const url = new URL(/resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? assert.fail(challenge));
  assert.equal(url.host, `localhost:${gateway.https}`);
  const reply = await get(url.pathname);
  assert.deepEqual([reply.status, reply.headers['content-type']], [200, 'application/json']);
  const told = JSON.parse(reply.body) as { readonly resource: string };
  // RFC 9728 §3.3: the page that a client made of the identifier must be about that identifier.
  const { origin, pathname } = new URL(told.resource);
  assert.equal(`${origin}${PAGE}${pathname === '/' ? '' : pathname}`, url.href);
  return told as never;
}

test('a client that is refused finds out where tokens are had, and for which scopes', async () => {
  const told = await discovered('/v1/orders');
  assert.equal(told['resource'], `https://localhost:${gateway.https}/v1`);
  assert.deepEqual(told['authorization_servers'], [
    FILE_ISSUER,
    'https://login.example/t1/v2.0',
    'https://login.example/t2/v2.0',
  ]);
  assert.deepEqual(told['scopes_supported'], ['orders:read', 'stock:read'], 'of both APIs at this place');
  assert.deepEqual(told['bearer_methods_supported'], ['header']);
});

test('over HTTP/2 the page is the same', async () => {
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  try {
    const stream = session.request({ ':path': `${PAGE}/v1` });
    let body = '';
    stream.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    await once(stream, 'end');
    assert.equal(body, (await get(`${PAGE}/v1`)).body);
  } finally {
    session.close();
  }
});

test('each way to sign in has a challenge of its own, over either protocol', async () => {
  const both = 'Bearer realm="keyed", ApiKey realm="keyed"';
  assert.equal((await get('/v5/keyed')).headers['www-authenticate'], both);
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  try {
    const stream = session.request({ ':path': '/v5/keyed' });
    stream.resume();
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers['www-authenticate'], both);
  } finally {
    session.close();
  }
});

test('a token that holds and lacks a right is told the scope', async () => {
  const authorization = `Bearer ${await issuer.tokenOf({ subject: 'ada', roles: [] })}`;
  const reply = await get('/v1/orders', { authorization });
  assert.equal(reply.status, 403);
  assert.match(
    String(reply.headers['www-authenticate']),
    /^Bearer realm="orders", error="insufficient_scope", scope="orders:read", resource_metadata="/,
  );
});

test('who says nothing of itself, and who takes no tokens, has no page', async () => {
  assert.equal((await get('/v2/quiet')).headers['www-authenticate'], 'Bearer realm="quiet"');
  for (const path of ['/v2', '/v3', '/v4', '/v5', '', '/v1/', '/v1/orders']) {
    assert.equal((await get(`${PAGE}${path}`)).status, 404, path);
  }
});

test('an API that says how it is called is told by that', async () => {
  const challenge = String((await get('/v3/named')).headers['www-authenticate']);
  assert.match(
    challenge,
    /resource_metadata="https:\/\/api\.acme\.example\/\.well-known\/oauth-protected-resource\/named"/,
  );
  const reply = await get(`${PAGE}/named`);
  assert.equal((JSON.parse(reply.body) as { readonly resource: string }).resource, 'https://api.acme.example/named');
});

test('the page takes nothing but what it is asked for', async () => {
  const { https: port, ca } = gateway;
  const post = await ask({ port, ca, path: `${PAGE}/v1`, method: 'POST', headers: { host: 'localhost' }, body: 'x' });
  assert.deepEqual([post.status, post.headers['allow']], [405, 'GET, HEAD']);
  // What a client writes elsewhere than in Host does not get into what it is told.
  const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
  assert.ok(!(await get(`${PAGE}/v1`, headers)).body.includes('evil'));
});
