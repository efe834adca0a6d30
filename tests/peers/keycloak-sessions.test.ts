import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { eventually, until } from '../system/eventually.ts';
import { ask } from '../system/https-client.ts';
import { startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { openBrowser } from './browser.ts';
import { findKeycloak, type Keycloak, startKeycloak } from './keycloak.ts';

// People sign in at Keycloak by its own pages, in a browser, and nobody here wrote either of them.

const CLIENT_SECRET = 'keycloak-is-told-this-secret-of-the-gateway';

/** A browser before the gateway, and Keycloak beside it. */
interface Stage {
  readonly keycloak: Keycloak;
  readonly gateway: GatewayProcess;
  readonly browser: BrowserContext;
  readonly origin: string;
}

async function startStage(t: TestContext): Promise<Stage | null> {
  const found = await findKeycloak();
  if ('missing' in found) {
    skipOrFail(t, found.missing);
    return null;
  }
  const upstream = await startLocalServer((request, reply) => {
    const { 'x-portcullis-subject': subject, 'x-portcullis-roles': roles, cookie = '' } = request.headers;
    reply
      .setHeader('content-type', 'text/html')
      .end(`<!doctype html><title>shop</title>${JSON.stringify({ subject, roles, cookie })}`);
  });
  t.after(upstream.stop);
  const [port, provider] = [await freePort(), await freePort()];
  const origin = `https://localhost:${port}`;
  // The gateway is there first: nobody can sign in before there is a provider, and nothing else is amiss.
  const gateway = await startGateway(configuration(port, provider, upstream.url), {
    environment: { CLIENT_SECRET },
  });
  t.after(() => gateway.stop());
  const keycloak = await startKeycloak(found.home, {
    ...{ audience: 'https://api.acme.example', port: provider, trusted: gateway.ca, secret: CLIENT_SECRET },
    redirectUri: `${origin}/.portcullis/callback/acme`,
    logoutUri: `${origin}/.portcullis/backchannel-logout/acme`,
    afterLogoutUri: `${origin}/.portcullis/logout`,
  });
  t.after(() => keycloak.stop());
  const browser = await openBrowser(t, port);
  return browser === null ? null : { keycloak, gateway, browser, origin };
}

function configuration(port: number, provider: number, upstream: string): string {
  return `version: 1
server: { https: { port: ${port} }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
issuers:
  acme:
    issuer: 'http://127.0.0.1:${provider}/realms/acme'
    audience: 'https://api.acme.example'
    login: { clientId: shop, clientSecret: '\${env:CLIENT_SECRET}', label: Acme, par: required }
roles: { customer: { can: ['orders:read'] } }
apis:
  shop:
    routes: ['GET /orders', 'GET /strong']
    upstream: '${upstream}'
    auth: [session]
    operations:
      GET /orders: { needs: orders:read }
      GET /strong: { assurance: { maxAge: 10s } }
`;
}

/** Fills in the form that Keycloak shows, which leads on to `path`. */
async function fillIn(page: Page, { keycloak, origin }: Stage, path: string): Promise<void> {
  const name = page.locator('#username');
  if (await name.isVisible()) await name.fill(keycloak.user.name);
  await page.locator('#password').fill(keycloak.user.password);
  await Promise.all([page.waitForURL(`${origin}${path}`), page.locator('#kc-login').click()]);
}

async function signIn(stage: Stage): Promise<Page> {
  const page = await stage.browser.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${stage.origin}/orders?page=2`);
  assert.ok(page.url().startsWith(stage.keycloak.issuer), page.url());
  const pushed = asked.filter((url) => /\/auth\?.*request_uri=urn/.test(url));
  assert.equal(pushed.length, 1, `what is asked was pushed (RFC 9126): ${asked.join('\n')}`);
  await fillIn(page, stage, '/orders?page=2');
  return page;
}

async function cookieOf({ browser }: Stage): Promise<string | null> {
  const all = await browser.cookies();
  return all.find(({ name }) => name === '__Host-portcullis-session')?.value ?? null;
}

/** What all threads say of this session: each connection is a new one, and goes to any of them. */
async function statusesOf({ gateway: { https: port, ca } }: Stage, session: string | null): Promise<readonly number[]> {
  const headers = { host: `localhost:${port}`, cookie: `__Host-portcullis-session=${session}` };
  const asked = Array.from({ length: 16 }, () => ask({ port, ca, path: '/orders', headers }));
  return [...new Set((await Promise.all(asked)).map(({ status }) => status))];
}

test('in Chromium people sign in at Keycloak, more surely where that is asked, sign out, and are signed out from there', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  const { browser, origin, keycloak } = stage;

  const page = await signIn(stage);
  const signedInMs = Date.now();
  const told = (await page.textContent('body')) ?? '';
  assert.match(told, /"roles":"[^"]*customer/);
  assert.match(told, /"subject":"[0-9a-f-]{36}"/);
  assert.match(told, /"cookie":""/, 'no cookie of the gateway goes upstream');
  const first = await cookieOf(stage);
  assert.deepEqual(await statusesOf(stage, first), [200]);

  await until('the sign-in is too long ago', () => Date.now() - signedInMs > 11_000);
  await page.goto(`${origin}/strong`);
  assert.ok(page.url().startsWith(keycloak.issuer), 'asked again, though still signed in there');
  await fillIn(page, stage, '/strong');
  assert.match((await page.textContent('body')) ?? '', /"subject"/);
  const second = await cookieOf(stage);
  assert.notEqual(second, first);
  assert.deepEqual([await statusesOf(stage, first), await statusesOf(stage, second)], [[401], [200]]);

  await page.goto(`${origin}/.portcullis/logout`);
  await Promise.all([page.waitForURL(`${origin}/.portcullis/logout`), page.getByRole('button').click()]);
  await eventually(async () => assert.match((await page.textContent('body')) ?? '', /You are not signed in here/));
  assert.equal(await cookieOf(stage), null);
  assert.deepEqual(await statusesOf(stage, second), [401]);
  await page.goto(`${origin}/orders?page=2`);
  assert.ok(page.url().startsWith(keycloak.issuer), 'signed out there too: the password is asked for again');

  await fillIn(page, stage, '/orders?page=2');
  const third = await cookieOf(stage);
  assert.deepEqual(await statusesOf(stage, third), [200]);
  await keycloak.endSessions();
  await eventually(async () => assert.deepEqual(await statusesOf(stage, third), [401]));
  assert.equal(await page.evaluate(async () => (await fetch('/orders')).status), 401);
  await browser.close();
});
