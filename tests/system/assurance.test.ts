import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { COMMAND } from './odd/gateway.ts';
import { askOver, VERSIONS } from './possession-scene.ts';

const ISSUER = 'https://id.acme.example';
const AUDIENCE = 'https://api.acme.example';

let outside: LocalServer;
let gateway: GatewayProcess;
let tokenOf: (claims: Readonly<Record<string, unknown>>) => Promise<string>;

before(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] });
  outside = await startLocalServer((request, reply) => {
    if (request.url === '/jwks') return reply.setHeader('content-type', 'application/json').end(keys);
    return reply.end('refunded');
  });
  const { url } = outside;
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${ISSUER}', audience: '${AUDIENCE}', jwks: '${url}/jwks' } }
apis:
  orders:
    routes: ['GET /refunds', 'GET /orders', 'GET /bound']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /refunds: { assurance: { acr: [gold, platinum], amr: [pwd, otp], maxAge: 10m } }
      GET /bound: { assurance: { proof: dpop } }
`,
    { command: COMMAND },
  );
  tokenOf = (claims) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('ada')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
});

after(async () => {
  await gateway?.stop();
  outside?.stop();
});

const ago = (seconds: number): number => Math.floor(Date.now() / 1_000) - seconds;
const SURE = { acr: 'gold', amr: ['pwd', 'otp'] };
const CHALLENGE =
  /^Bearer realm="orders", error="insufficient_user_authentication", acr_values="gold platinum", max_age="600", resource_metadata="https:[^"]+"$/;

for (const version of VERSIONS) {
  const outcome = async (path: string, claims: Readonly<Record<string, unknown>>) => {
    const headers = { host: `localhost:${gateway.https}`, authorization: `Bearer ${await tokenOf(claims)}` };
    const reply = await askOver({ version, port: gateway.https, ca: gateway.ca, path, headers });
    const code = reply.status === 200 ? reply.body : (JSON.parse(reply.body) as { code: string }).code;
    return { told: `${reply.status} ${code}`, challenge: String(reply.headers['www-authenticate'] ?? '') };
  };

  test(`${version}: whoever signed in as is asked passes, and all others are told what to sign in with`, async () => {
    assert.equal((await outcome('/refunds', { ...SURE, auth_time: ago(60) })).told, '200 refunded');
    assert.equal((await outcome('/orders', {})).told, '200 refunded');
    for (const claims of [
      {},
      { ...SURE },
      { ...SURE, auth_time: ago(3_600) },
      { ...SURE, auth_time: ago(-3_600) },
      { ...SURE, acr: 'silver', auth_time: ago(60) },
      { ...SURE, amr: ['pwd', 'pwd'], auth_time: ago(60) },
    ]) {
      const { told, challenge } = await outcome('/refunds', claims);
      assert.equal(told, '401 insufficient-authentication', JSON.stringify(claims));
      assert.match(challenge, CHALLENGE);
    }
  });

  test(`${version}: claims that are not of their type refuse the token, and give nothing by being odd`, async () => {
    for (const odd of [
      { acr: ['gold'] },
      { acr: { gold: true } },
      { amr: 'pwd otp' },
      { amr: { 0: 'pwd', 1: 'otp', length: 2 } },
      { auth_time: String(ago(60)) },
      { auth_time: [ago(60)] },
      { auth_time: 1e300 },
    ])
      assert.equal(
        (await outcome('/refunds', { ...SURE, auth_time: ago(60), ...odd })).told,
        '401 invalid-token',
        JSON.stringify(odd),
      );
  });

  test(`${version}: a bearer token is not enough where a bound one is asked for`, async () => {
    const { told, challenge } = await outcome('/bound', { ...SURE, auth_time: ago(1) });
    assert.equal(told, '401 credential-unbound');
    assert.match(challenge, /^DPoP realm="orders", error="invalid_token", resource_metadata="https:[^"]+"$/);
    // A token that only says that it is bound is held against its proof first.
    const cnf = { jkt: 'A'.repeat(43) };
    assert.equal((await outcome('/bound', { cnf })).told, '401 invalid-token');
  });
}
