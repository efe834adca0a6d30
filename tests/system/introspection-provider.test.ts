import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Configuration } from 'oidc-provider';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask, type Reply } from './https-client.ts';
import { startLocalServer } from './local-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';

// Opaque tokens of a provider that nobody here wrote, which is asked as each of the ways to be its client has it.

const AUDIENCE = 'https://api.acme.example';
const SECRET = 'a secret of forty-two characters, or so it is';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const SHOP = {
  client_id: 'shop',
  client_secret: SECRET,
  id_token_signed_response_alg: 'ES256' as const,
  introspection_signed_response_alg: 'ES256' as const,
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
};
const ASKER = { ...SHOP, client_id: 'gateway', grant_types: [] };

const CONFIGURATION: Configuration = {
  clients: [
    SHOP,
    ASKER,
    { ...ASKER, client_id: 'poster', token_endpoint_auth_method: 'client_secret_post' },
    {
      ...ASKER,
      ...{ client_id: 'signer', token_endpoint_auth_method: 'private_key_jwt' },
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' } as never] },
    },
  ],
  scopes: ['orders'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtIntrospection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      getResourceServerInfo: () => ({ scope: 'orders', audience: AUDIENCE, accessTokenFormat: 'opaque' }),
      useGrantedResource: () => true,
    },
  },
};

interface Scene {
  readonly peer: OpenIdProvider;
  readonly gateway: GatewayProcess;
  readonly get: (token: string) => Promise<Reply>;
}

async function start(t: TestContext, client: string, more = ''): Promise<Scene> {
  const peer = await startOpenIdProvider(t, SHOP, { configuration: CONFIGURATION });
  const upstream = await startLocalServer((request, response) => response.end(JSON.stringify(request.headers)));
  t.after(() => upstream.stop());
  const gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  peer:
    issuer: '${peer.issuer}'
    audience: '${AUDIENCE}'
    claims: { permissions: scope }
    introspection: { client: { ${client} }, cache: 0s${more} }
apis:
  orders:
    routes: ['GET /orders']
    upstream: '${upstream.url}'
    auth: [peer]
    operations: { 'GET /orders': { needs: orders } }
`,
    { beside: { secret: SECRET, 'key.pem': PEM } },
  );
  t.after(async () => await gateway.stop());
  return {
    peer,
    gateway,
    get: async (token) =>
      await ask({
        ...{ port: gateway.https, ca: gateway.ca, path: '/orders' },
        headers: { authorization: `Bearer ${token}` },
      }),
  };
}

async function post(url: string, form: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const headers = { authorization: `Basic ${Buffer.from(`shop:${encodeURIComponent(SECRET)}`).toString('base64')}` };
  const reply = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
  const text = await reply.text();
  return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
}

async function tokenOf({ peer }: Scene, scope = 'orders'): Promise<string> {
  const got = await post(`${peer.issuer}/token`, { grant_type: 'client_credentials', scope });
  const token = got['access_token'];
  assert.ok(typeof token === 'string' && !token.includes('.'), JSON.stringify(got));
  return token;
}

const WAYS: readonly (readonly [name: string, client: string, more?: string])[] = [
  ['a secret in the field Authorization', "id: gateway, secret: '${file:secret}'"],
  ['a secret in the body', "id: poster, secret: '${file:secret}', method: post"],
  ['an assertion', 'id: signer, key: ./key.pem, kid: k1'],
  ['signed answers (RFC 9701)', "id: gateway, secret: '${file:secret}'", ', jwt: true'],
];

for (const [name, client, more] of WAYS) {
  test(`oidc-provider is asked about its opaque tokens: ${name}`, async (t) => {
    const scene = await start(t, client, more);
    const token = await tokenOf(scene);
    const reply = await scene.get(token);
    assert.equal(reply.status, 200, `${reply.body} ${scene.gateway.said()}`);
    const told = JSON.parse(reply.body) as Readonly<Record<string, string>>;
    assert.deepEqual([told['x-portcullis-subject'], told['authorization']], ['shop', undefined]);
    assert.equal((await scene.get(`${token}x`)).status, 401);
    assert.equal((await scene.get(token.slice(0, -1))).status, 401);
    await post(`${scene.peer.issuer}/token/revocation`, { token });
    assert.equal((await scene.get(token)).status, 401, 'what the provider has taken back opens nothing');
  });
}

test('whom oidc-provider does not know gets no answer, and nobody is let in', async (t) => {
  const stranger = await start(t, "id: nobody, secret: '${file:secret}'");
  assert.equal((await stranger.get(await tokenOf(stranger))).status, 503);
});
