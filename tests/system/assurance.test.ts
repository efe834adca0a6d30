import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askAdmin } from './admin.ts';
import { FILE_AUDIENCE } from './file-issuer.ts';
import { ask, type Reply } from './https-client.ts';
import { askOver, VERSIONS } from './possession-scene.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

let scene: TokenScene;
/** What the issuer that is asked answers. */
let introspected: object;

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    // It stands for an issuer that is asked about its tokens, too.
    upstream: (request, reply) => {
      if (request.url !== '/introspect') return reply.end('refunded');
      return reply.setHeader('content-type', 'application/json').end(JSON.stringify(introspected));
    },
    beside: { secret: 'the secret of the gateway' },
    issuers: (url) =>
      `, asked: { issuer: '${url}', audience: '${FILE_AUDIENCE}', introspection: { endpoint: '${url}/introspect', client: { id: gateway, secret: '\${file:secret}' }, for: all, cache: 0s, prefix: ask_ } }`,
    rest: (url) => `apis:
  others:
    routes: ['GET /asked', 'GET /keys']
    upstream: '${url}'
    auth: [asked, api-key]
    assurance: { acr: gold, maxAge: 10m }
  orders:
    routes: ['GET /refunds', 'GET /orders', 'GET /bound']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /refunds: { assurance: { acr: [gold, platinum], amr: [pwd, otp], maxAge: 10m } }
      GET /bound: { assurance: { proof: dpop } }
`,
  });
});

after(() => scene?.stop());

const ago = (seconds: number): number => Math.floor(Date.now() / 1_000) - seconds;
const SURE = { acr: 'gold', amr: ['pwd', 'otp'] };
const CHALLENGE =
  /^Bearer realm="orders", error="insufficient_user_authentication", acr_values="gold platinum", max_age="600", resource_metadata="https:[^"]+"$/;

for (const version of VERSIONS) {
  const outcome = async (path: string, claims: Readonly<Record<string, unknown>>) => {
    const { gateway, issuer } = scene;
    const headers = { host: `localhost:${gateway.https}`, authorization: `Bearer ${await issuer.sign(claims)}` };
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

const get = (path: string, headers: Readonly<Record<string, string>>): Promise<Reply> => {
  const { https: port, ca } = scene.gateway;
  return ask({ port, ca, path, headers });
};
const codeOf = ({ status, body }: Reply): string =>
  status === 200 ? '200' : `${status} ${(JSON.parse(body) as { code: string }).code}`;

test('what an issuer answers about a token counts like what tokens say themselves', async () => {
  const { url } = scene.upstream;
  const answered = async (claims: object): Promise<string> => {
    const now = ago(0);
    const whole = {
      active: true,
      iss: url,
      aud: FILE_AUDIENCE,
      sub: 'ada',
      token_type: 'Bearer',
      iat: now,
      exp: now + 60,
    };
    introspected = { ...whole, ...claims };
    return codeOf(await get('/asked', { authorization: `Bearer ask_${Math.random()}` }));
  };
  assert.equal(await answered({ acr: 'gold', auth_time: ago(60) }), '200');
  assert.equal(await answered({ acr: 'gold' }), '401 insufficient-authentication');
  assert.equal(await answered({ acr: 'gold', auth_time: ago(601) }), '401 insufficient-authentication');
  assert.equal(await answered({ acr: 'gold', auth_time: ago(-90) }), '401 insufficient-authentication');
  assert.equal(await answered({ acr: 'tin', auth_time: ago(60) }), '401 insufficient-authentication');
  assert.equal(await answered({ acr: ['gold'], auth_time: ago(60) }), '401 invalid-token');
});

test('a key has no sign-in, whatever its roles', async () => {
  const text = JSON.stringify({ name: 'nightly' });
  const headers = { 'content-type': 'application/json', 'content-length': String(text.length) };
  const made = await askAdmin(scene.gateway, '/v1/keys', { method: 'POST', body: text, headers });
  const { key } = JSON.parse(made.body) as { readonly key: string };
  const refused = await get('/keys', { 'x-api-key': key });
  assert.equal(codeOf(refused), '401 insufficient-authentication');
  assert.match(String(refused.headers['www-authenticate']), /acr_values="gold", max_age="600"/);
});
