import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Secret } from '../../src/base/index.ts';
import type { SessionView } from '../../src/session/contract.ts';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient } from './admin.ts';
import { BrowserClient, locationOf } from './browser-client.ts';
import { eventually } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { followSignIn } from './openid-provider.ts';
import { SECRET } from './relying-party.ts';
import { find, openSessionControl, signIn } from './session-control.ts';
import { startTenantProvider, type TenantProvider } from './tenant-provider.ts';
import { type Claims, type ProviderKey, signedWith, type Wrong } from './wrong-provider.ts';

const [RED, BLUE, OTHER] = ['11111111-2222-3333-4444-555555555555', '22222222-2222-3333-4444-555555555555', 'other'];
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

let entra: TenantProvider;
let upstream: LocalServer;
let gateway: GatewayProcess;
let people = 0;

before(async () => {
  entra = await startTenantProvider(SECRET, BLUE);
  upstream = await startLocalServer((request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(request.headers));
  });
  gateway = await startGateway(
    `version: 1
server: { https: { port: ${await freePort()} }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.1]
issuers:
  entra:
    issuer: '${entra.provider.issuer}'
    tenants: [${RED}, ${BLUE}]
    audience: 'api://orders'
    claims: { tenant: tid }
    login: { clientId: gateway, clientSecret: '\${env:CLIENT_SECRET}' }
apis:
  shop: { routes: ['GET /orders'], upstream: '${upstream.url}', auth: [session] }
`,
    { environment: { CLIENT_SECRET: SECRET } },
  );
});

after(async () => {
  entra.server.stop();
  upstream.stop();
  await gateway.stop();
});

beforeEach(() => {
  entra.wrong = {};
});

async function wholeWay(): Promise<{ readonly browser: BrowserClient; readonly reply: Reply }> {
  people++;
  const browser = new BrowserClient({ port: gateway.https, ca: gateway.ca }, { 'x-forwarded-for': `10.3.${people}.1` });
  const login = await browser.navigate('/.portcullis/login?return_to=%2Forders');
  assert.equal(login.status, 303, `${login.body} ${gateway.said()}`);
  const at = new URL(locationOf(login));
  assert.equal(at.pathname, '/organizations/v2.0/authorize', 'people are not asked for accounts of their own');
  const came = await followSignIn(at.href, `${browser.origin}/.portcullis/callback/entra`);
  return { browser, reply: await browser.navigate(`${came.pathname}${came.search}`) };
}

async function signedIn(): Promise<{ readonly browser: BrowserClient; readonly told: Claims }> {
  const { browser, reply } = await wholeWay();
  assert.equal(reply.status, 303, `${reply.body} ${gateway.said()}`);
  const opened = await browser.navigate('/orders');
  assert.equal(opened.status, 200, opened.body);
  return { browser, told: JSON.parse(opened.body) as Claims };
}

const codes = (): number => entra.provider.calls.filter(({ what }) => what === 'POST /token').length;

test('people of each tenant that is listed sign in with one issuer, and a code is asked about once', async () => {
  for (const tenant of [RED, BLUE]) {
    entra.wrong = { idToken: entra.idToken(tenant) };
    const before = codes();
    const { told } = await signedIn();
    assert.deepEqual([told['x-portcullis-subject'], told['x-portcullis-tenant']], ['ada', tenant]);
    assert.equal(codes(), before + 1);
  }
  const listed = await (await adminClient(gateway)).sessions({ issuer: 'entra', subject: 'ada' });
  assert.ok(listed.ok && listed.value.length === 2, 'an operator finds them in each tenant');
});

test('a provider that says with the code whose answer it is is held to it', async () => {
  const metadata = { authorization_response_iss_parameter_supported: true };
  const says = (issuer: string) => ({ metadata, answered: (answer: URLSearchParams) => answer.set('iss', issuer) });
  entra.wrong = { ...says(entra.issuerOf(BLUE)), idToken: entra.idToken(BLUE) };
  assert.equal((await signedIn()).told['x-portcullis-tenant'], BLUE);
  for (const one of [says(entra.issuerOf(RED)), says(entra.issuerOf(OTHER)), says(entra.provider.issuer)]) {
    entra.wrong = { ...one, idToken: entra.idToken(BLUE) };
    assert.equal((await wholeWay()).reply.status, 403);
  }
});

const REFUSED: readonly [what: string, idToken: () => NonNullable<Wrong['idToken']>][] = [
  ['of a tenant that is not listed', () => entra.idToken(OTHER)],
  ['of another tenant than its issuer', () => entra.idToken(RED, { tid: BLUE })],
  [
    'of an issuer that is not listed, under the name of one that is',
    () => entra.idToken(RED, { iss: entra.issuerOf(OTHER) }),
  ],
  ['without a tenant', () => entra.idToken(RED, { tid: undefined })],
  ['of several tenants', () => entra.idToken(RED, { tid: [RED] })],
  ['of the place that stands for a tenant', () => entra.idToken(RED, { iss: entra.provider.issuer })],
  ['of all tenants', () => entra.idToken('organizations')],
  ['without an issuer', () => entra.idToken(RED, { iss: undefined })],
  ['that begins and ends as an issuer does', () => entra.idToken(RED, { iss: entra.issuerOf(`${RED}/${BLUE}`) })],
  ['for another client', () => entra.idToken(RED, { aud: 'other' })],
  ['with the nonce of another', () => entra.idToken(BLUE, { nonce: 'x' })],
  [
    'by the key of another tenant',
    () => (claims) =>
      signedWith(entra.provider.keys[1] as ProviderKey, { ...claims, iss: entra.issuerOf(RED), tid: RED }),
  ],
];

for (const [what, idToken] of REFUSED) {
  test(`nobody signs in by an ID token ${what}`, async () => {
    entra.wrong = { idToken: idToken() };
    const { browser, reply } = await wholeWay();
    assert.equal(reply.status, 403, reply.body);
    assert.equal(browser.session, null);
  });
}

test('a key of one tenant signs for that tenant', async () => {
  const key = entra.provider.keys[1] as ProviderKey;
  entra.wrong = { idToken: (claims) => signedWith(key, { ...claims, iss: entra.issuerOf(BLUE), tid: BLUE }) };
  assert.equal((await signedIn()).told['x-portcullis-tenant'], BLUE);
});

test('who signs out in one tenant stays signed in in another, also where they are called the same', async () => {
  entra.wrong = { idToken: entra.idToken(RED) };
  const red = await signedIn();
  entra.wrong = { idToken: entra.idToken(BLUE) };
  const blue = await signedIn();
  const now = Math.floor(Date.now() / 1_000);
  const claims = { aud: 'gateway', iat: now, exp: now + 60, sub: 'ada', events: EVENTS };
  const tell = (tenant: string) => {
    const token = entra.provider.signed({ ...claims, iss: entra.issuerOf(tenant), jti: `${tenant}${Math.random()}` });
    return ask({
      ...{ port: gateway.https, ca: gateway.ca, method: 'POST', path: '/.portcullis/backchannel-logout/entra' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    });
  };
  assert.equal((await tell(OTHER)).status, 400);
  assert.ok((await tell(BLUE)).status < 300);
  await eventually(async () => assert.equal((await blue.browser.call('/orders')).status, 401));
  assert.equal((await red.browser.call('/orders')).status, 200);
});

test('a session is refreshed for its own tenant alone, and ends once that is not listed any more', async (t) => {
  const control = await openSessionControl(t, entra.provider.issuer);
  const clientSecret = new Secret(Buffer.from(SECRET));
  const settings = { tenants: [RED, BLUE], proof: { kind: 'secret', value: clientSecret } } as const;
  control.follow(settings);
  entra.wrong = { idToken: entra.idToken(BLUE), renewed: entra.idToken(BLUE, { roles: ['changed'] }) };
  const { hash, view } = await signIn(control);
  const refresh = async ({ refreshAtMs, version }: SessionView): Promise<SessionView> => {
    control.time.aheadMs = (refreshAtMs ?? 0) - Date.now() + 1_000;
    const said = await control.sessions.answer({ ask: 'refresh', session: hash, version });
    assert.ok('view' in said && said.view !== null, JSON.stringify(control.events));
    return said.view;
  };
  const renewed = await refresh(view);
  assert.deepEqual(renewed.claims['roles'], ['changed']);
  for (const other of [entra.idToken(RED, { roles: ['stolen'] }), entra.idToken(OTHER, { roles: ['stolen'] })]) {
    entra.wrong = { renewed: other };
    assert.deepEqual((await refresh(renewed)).claims['roles'], ['changed']);
    assert.match(JSON.stringify(control.events.at(-1)), /untrusted/);
  }
  control.follow({ ...settings, tenants: [BLUE] });
  assert.ok((await find(control, hash)) !== null);
  control.follow({ ...settings, tenants: [RED] });
  assert.equal(await find(control, hash), null);
});
