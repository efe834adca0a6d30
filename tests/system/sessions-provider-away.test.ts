import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { BrowserClient, locationOf } from './browser-client.ts';
import { eventually, until } from './eventually.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { followSignIn } from './openid-provider.ts';
import { SECRET } from './relying-party.ts';
import { WrongProvider } from './wrong-provider.ts';

// A provider of which nothing is heard: it takes connections and says nothing but hanging up.
let provider: WrongProvider;
let server: LocalServer;
let upstream: LocalServer;
let gateway: GatewayProcess;
let isAway = false;

before(async () => {
  server = await startLocalServer((request, response) => {
    if (isAway) request.socket.destroy();
    else void provider.answer((request.url ?? '').replace(/\?.*/, ''), request, response);
  });
  provider = new WrongProvider(server.url, SECRET);
  provider.expiresIn = 1;
  upstream = await startLocalServer((_request, response) => void response.end('orders'));
  gateway = await startGateway(configuration(await freePort()), { environment: { CLIENT_SECRET: SECRET } });
});

function configuration(port: number): string {
  return `version: 1
server: { https: { port: ${port} }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  acme:
    issuer: '${provider.issuer}'
    audience: api
    login: { clientId: gateway, clientSecret: '\${env:CLIENT_SECRET}', scopes: [openid, offline_access] }
apis:
  shop: { routes: ['GET /orders'], upstream: '${upstream.url}', auth: [session] }
`;
}

after(async () => {
  server.stop();
  upstream.stop();
  await gateway.stop();
});

/** Pages for signing in answer five requests a second of one network, and two belong to each attempt. */
const PEOPLES_PAUSE_MS = 500;

async function come(browser: BrowserClient): Promise<URL> {
  const login = await browser.navigate('/.portcullis/login?return_to=%2Forders');
  assert.equal(login.status, 303, login.body);
  return await followSignIn(locationOf(login), `${browser.origin}/.portcullis/callback/acme`);
}

test('while a provider is away sessions go on, who signs in reads why they can not, and it all comes back by itself', async () => {
  const at = { port: gateway.https, ca: gateway.ca };
  const [ada, bob] = [new BrowserClient(at), new BrowserClient(at)];
  const back = await come(ada);
  assert.equal((await ada.navigate(`${back.pathname}${back.search}`)).status, 303);
  const waiting = await come(bob);
  isAway = true;
  // Their access token has ended, and can't be had anew: nobody is signed out for that.
  await until('its operator is told', async () => {
    assert.equal((await ada.call('/orders')).status, 200);
    return await failing();
  });
  const refused = await bob.navigate(`${waiting.pathname}${waiting.search}`);
  assert.equal(refused.status, 503);
  assert.match(refused.body, /can not be reached now\. Try again in a while/);
  assert.match(refused.body, /href="\/\.portcullis\/login/);
  assert.match(String(refused.headers['content-type']), /^text\/html/);
  assert.ok(!refused.body.includes('127.0.0.1'), 'nobody is told where it would be');
  assert.equal(bob.session, null);
  assert.equal((await ada.call('/orders')).status, 200);
  isAway = false;
  await eventually(async () => {
    await delay(PEOPLES_PAUSE_MS);
    const again = await come(bob);
    assert.equal((await bob.navigate(`${again.pathname}${again.search}`)).status, 303);
  });
  assert.equal((await bob.call('/orders')).status, 200);
  assert.equal((await ada.call('/orders')).status, 200);
});

test('a gateway that starts while its provider is away says so, and lets people in once that is back', async () => {
  isAway = true;
  const other = await startGateway(configuration(await freePort()), { environment: { CLIENT_SECRET: SECRET } });
  try {
    assert.match(other.said(), /the keys of the issuer acme can't be fetched/);
    const eve = new BrowserClient({ port: other.https, ca: other.ca });
    const refused = await eve.navigate('/.portcullis/login');
    assert.equal(refused.status, 503);
    assert.match(refused.body, /can not be reached now/);
    isAway = false;
    await eventually(async () => {
      await delay(PEOPLES_PAUSE_MS);
      const back = await come(eve);
      assert.equal((await eve.navigate(`${back.pathname}${back.search}`)).status, 303);
    });
    assert.equal((await eve.call('/orders')).status, 200);
  } finally {
    isAway = false;
    await other.stop();
  }
});

async function failing(): Promise<boolean> {
  const alerts = JSON.parse((await askAdmin(gateway, '/v1/alerts')).body) as { kind: string; key: string }[];
  return alerts.some(({ kind, key }) => kind === 'issuer.login-failing' && key === 'acme');
}
