import 'reflect-metadata';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  allowInsecureRequests,
  type Configuration,
  customFetch,
  type CustomFetch,
  clientCredentialsGrant,
  discovery,
  fetchProtectedResource,
  getDPoPHandle,
  randomDPoPKeyPair,
} from 'openid-client';
import type { ClientMetadata, Configuration as ProviderConfiguration } from 'oidc-provider';
import { Agent, fetch as undiciFetch } from 'undici';
import { type Made, make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';
import { skipOrFail } from './skip.ts';

const AUDIENCE = 'https://api.acme.example';
/** For whom its tokens are that nobody can read. */
const OPAQUE = 'https://opaque.acme.example';
const SECRET = 'a-secret-that-is-long-enough';
const ALGORITHMS = ['ES256', 'Ed25519', 'PS256', 'RS256', 'ES384', 'ES512'] as const;

const CLIENT: ClientMetadata = {
  ...{ client_id: 'shop', client_secret: SECRET, grant_types: ['client_credentials'] },
  ...{ redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' },
};

/** A provider that binds its tokens, clients, a gateway and an API, of which only the gateway was written here. */
let provider: OpenIdProvider;
let upstream: LocalServer;
let gateway: GatewayProcess;
let ca: Made;
let partner: Made;
let stranger: Made;
let arrived: IncomingHttpHeaders | null = null;
const ends: (() => void)[] = [];

/** Tokens of the profile of RFC 9068, bound to a key or to the certificate that its requests are said to come with. */
function binding(): ProviderConfiguration {
  return {
    clients: [
      CLIENT,
      { ...CLIENT, client_id: 'gateway' },
      { ...CLIENT, client_id: 'partner', tls_client_certificate_bound_access_tokens: true },
    ],
    enabledJWA: { dPoPSigningAlgValues: [...ALGORITHMS] },
    scopes: ['orders:read'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: () => partner.certPem,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          ...{ scope: 'orders:read', audience: resource, accessTokenTTL: 600 },
          accessTokenFormat: resource === OPAQUE ? 'opaque' : 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}

before(async () => {
  ca = await makeAuthority('CN=Partners');
  partner = await make({ by: ca, subject: 'CN=partner' });
  stranger = await make({ by: ca, subject: 'CN=stranger' });
  provider = await startOpenIdProvider({ after: (end) => void ends.push(end as () => void) }, CLIENT, {
    configuration: binding(),
  });
  upstream = await startLocalServer((request, response) => {
    arrived = request.headers;
    response.end('reached');
  });
  gateway = await startGateway(
    `version: 1
server:
  http: off
  https: { port: 0, acceptNodeBelowFloor: true, hosts: { b2b.test: { clientCa: ./ca.pem } } }
admin: { port: 0 }
data: ./data
issuers:
  provider: { issuer: '${provider.issuer}', audience: '${AUDIENCE}', typ: at+jwt, proof: any, algorithms: [ES256] }
  asked:
    issuer: '${provider.issuer}'
    audience: '${OPAQUE}'
    algorithms: [ES256]
    introspection: { client: { id: gateway, secret: '\${env:GATEWAY_SECRET}' } }
apis:
  orders:
    routes: ['GET /orders/{id}', 'POST /orders/{id}']
    upstream: '${upstream.url}'
    auth: [provider]
    dpop: { nonce: required }
  opaque: { routes: ['GET /opaque'], upstream: '${upstream.url}', auth: [asked] }
`,
    { beside: { 'ca.pem': ca.certPem }, environment: { GATEWAY_SECRET: SECRET } },
  );
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
  for (const end of ends) end();
});

/** Counts what comes back with each status; only what goes to the gateway goes over its CA. */
function createFetch(allowH2: boolean, statuses: number[]): CustomFetch {
  const dispatcher = new Agent({ allowH2, connect: { ca: gateway.ca } });
  ends.push(() => void dispatcher.close());
  return async (url, options) => {
    if (url.startsWith(provider.issuer)) return fetch(url, options as RequestInit);
    const reply = await undiciFetch(url, { ...(options as object), dispatcher });
    statuses.push(reply.status);
    return reply as unknown as Response;
  };
}

async function configured(allowH2: boolean, statuses: number[]): Promise<Configuration> {
  const options = { execute: [allowInsecureRequests], [customFetch]: createFetch(allowH2, statuses) };
  return discovery(new URL(provider.issuer), 'shop', SECRET, undefined, options);
}

for (const [version, allowH2] of [
  ['HTTP/1.1', false],
  ['HTTP/2', true],
] as const) {
  describe(`over ${version}`, () => {
    for (const algorithm of ALGORITHMS) {
      test(`openid-client gets a token for a key for ${algorithm}, learns the nonce, and is let in by each proof after it`, async () => {
        const statuses: number[] = [];
        const config = await configured(allowH2, statuses);
        const DPoP = getDPoPHandle(config, await randomDPoPKeyPair(algorithm));
        const tokens = await clientCredentialsGrant(config, { scope: 'orders:read' }, { DPoP });
        assert.equal(tokens.token_type, 'dpop');
        const url = new URL(`https://localhost:${gateway.https}/orders/7?full=true`);
        for (let n = 0; n < 3; n++) {
          const reply = await fetchProtectedResource(
            config,
            tokens.access_token,
            url,
            n === 2 ? 'POST' : 'GET',
            null,
            new Headers(),
            { DPoP },
          );
          assert.equal(await reply.text(), 'reached');
          assert.equal(arrived?.['x-portcullis-subject'], 'shop');
          assert.deepEqual([arrived?.authorization, arrived?.['dpop']], [undefined, undefined]);
        }
        assert.deepEqual(statuses, [401, 200, 200, 200]);
      });
    }

    test('a token that nobody can read is bound as its provider says, also where what it said is remembered', async () => {
      const statuses: number[] = [];
      const config = await configured(allowH2, statuses);
      const DPoP = getDPoPHandle(config, await randomDPoPKeyPair('ES256'));
      const asked = { scope: 'orders:read', resource: OPAQUE };
      const { access_token: token } = await clientCredentialsGrant(config, asked, { DPoP });
      assert.equal(token.split('.').length, 1);
      const url = new URL(`https://localhost:${gateway.https}/opaque`);
      for (let n = 0; n < 2; n++) {
        const reply = await fetchProtectedResource(config, token, url, 'GET', null, new Headers(), { DPoP });
        assert.equal(await reply.text(), 'reached');
      }
      await assert.rejects(fetchProtectedResource(config, token, url, 'GET'), { status: 401 });
      const other = getDPoPHandle(config, await randomDPoPKeyPair('ES256'));
      const stolen = fetchProtectedResource(config, token, url, 'GET', null, new Headers(), { DPoP: other });
      await assert.rejects(stolen, { status: 401 });
    });

    test('a token that the provider gave to nobody’s key is refused', async () => {
      const config = await configured(allowH2, []);
      const { access_token: token } = await clientCredentialsGrant(config, { scope: 'orders:read' });
      const url = new URL(`https://localhost:${gateway.https}/orders/7`);
      await assert.rejects(fetchProtectedResource(config, token, url, 'GET'), { status: 401 });
    });
  });
}

test('curl is let in with the certificate of its token, over HTTP/1.1 and HTTP/2, and with no other', async (t) => {
  if ((await run('curl', ['--version']).catch(() => null)) === null) return skipOrFail(t, 'curl is not installed');
  const asked = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`partner:${SECRET}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials&scope=orders:read',
  });
  const { access_token: token } = (await asked.json()) as { readonly access_token: string };
  for (const [name, { chainPem, keyPem }] of Object.entries({ partner, stranger })) {
    await writeFile(join(gateway.folder, `${name}.pem`), chainPem);
    await writeFile(join(gateway.folder, `${name}.key`), keyPem);
  }
  const ask = async (shown: 'partner' | 'stranger', version: string, scheme = 'Bearer'): Promise<string> => {
    const { stdout } = await run('curl', [
      ...['--silent', '--show-error', '--insecure', '--max-time', '20', version, '--write-out', ' %{http_code}'],
      ...['--cert', join(gateway.folder, `${shown}.pem`), '--key', join(gateway.folder, `${shown}.key`)],
      ...['--connect-to', `b2b.test:443:127.0.0.1:${gateway.https}`, '--header', `Authorization: ${scheme} ${token}`],
      'https://b2b.test/orders/7',
    ]);
    return `${/"code":"([a-z-]+)"/.exec(stdout)?.[1] ?? ''}${stdout.slice(stdout.lastIndexOf(' '))}`;
  };
  for (const version of ['--http1.1', '--http2']) {
    assert.equal(await ask('partner', version), ' 200');
    assert.equal(await ask('stranger', version), 'invalid-token 401');
    assert.equal(await ask('partner', version, 'DPoP'), 'invalid-token 401');
  }
});
