import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Configuration } from 'oidc-provider';
import type { BrowserContext, Page } from 'playwright-core';
import type { GatewayProcess } from '../framing/gateway-process.ts';
import { eventually, until } from '../system/eventually.ts';
import { ask } from '../system/https-client.ts';
import type { OpenIdProvider } from '../system/openid-provider.ts';
import { startSessionScene } from '../system/session-scene.ts';
import { openBrowser } from './browser.ts';

const PAGE = '<!doctype html><title>page</title><form method="post" action="/orders"><button>send</button></form>';

/** A provider that nobody here wrote, an API with pages, and the gateway between them and a browser. */
interface Stage {
  readonly provider: OpenIdProvider;
  readonly gateway: GatewayProcess;
  readonly browser: BrowserContext;
  readonly origin: string;
  /** What came to the API’s server: method, path, caller and cookies. */
  readonly arrived: string[];
}

async function startStage(t: TestContext, configuration: Configuration = {}): Promise<Stage | null> {
  const arrived: string[] = [];
  const scene = await startSessionScene({
    answer: (request, reply) => {
      const { 'x-portcullis-subject': subject, cookie } = request.headers;
      arrived.push([request.method, request.url, subject, cookie].filter((part) => part !== undefined).join(' '));
      if (request.url === '/data') reply.setHeader('content-type', 'application/json').end(JSON.stringify({ subject }));
      else reply.setHeader('content-type', 'text/html').end(PAGE);
    },
    apis: (upstream) => `  shop:
    host: app.localhost
    routes: ['GET /{rest...}', 'POST /{rest...}']
    upstream: '${upstream}'
    auth: [session]
  evil:
    host: evil.localhost
    routes: ['GET /{rest...}']
    upstream: '${upstream}'
    auth: public
`,
    host: 'app.localhost',
    client: (origin) => ({
      backchannel_logout_uri: `${origin}/.portcullis/backchannel-logout/acme`,
      backchannel_logout_session_required: true,
    }),
    configuration,
  });
  t.after(() => scene.stop());
  const { provider, gateway, origin } = scene;
  const browser = await openBrowser(t, gateway.https);
  return browser === null ? null : { provider, gateway, browser, origin, arrived };
}

async function signedIn({ browser, origin }: Stage): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${origin}/start?x=1`);
  assert.equal(page.url(), `${origin}/start?x=1`, 'it comes back to where it was going');
  return page;
}

/** The status of what a script of this page asks for; `with` says whether it sends the session’s token. */
function statusOf(page: Page, path: string, method = 'GET', sends: 'token' | 'nothing' = 'nothing'): Promise<number> {
  return page.evaluate(
    async ([to, how, what]) => {
      const headers: Record<string, string> = {};
      if (what === 'token') {
        const said = (await (await fetch('/.portcullis/session')).json()) as { readonly csrf: string };
        headers['x-portcullis-csrf'] = said.csrf;
      }
      return (await fetch(to as string, { method: how as string, headers })).status;
    },
    [path, method, sends],
  );
}

async function sessionOf({ browser }: Stage): Promise<string | null> {
  const all = await browser.cookies();
  return all.find(({ name }) => name === '__Host-portcullis-session')?.value ?? null;
}

test('in Chromium somebody signs in, reads and writes by what a page must send, and signs out', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  const page = await signedIn(stage);
  const cookies = await stage.browser.cookies();
  const session = cookies.find(({ name }) => name === '__Host-portcullis-session');
  assert.ok(session?.httpOnly === true && session.secure && session.sameSite === 'Lax' && session.path === '/');
  assert.equal(cookies.filter(({ name }) => name.startsWith('__Host-portcullis-login-')).length, 0);
  assert.equal(await page.evaluate<string>('document.cookie'), '', 'no script reads it');
  assert.equal(await statusOf(page, '/data'), 200);
  assert.equal(await statusOf(page, '/orders', 'POST'), 403);
  assert.equal(await statusOf(page, '/orders', 'POST', 'token'), 200);
  assert.ok(stage.arrived.includes('POST /orders ada'), stage.arrived.join('\n'));
  assert.ok(!stage.arrived.some((line) => line.includes('portcullis-session')));

  await page.goto(`${stage.origin}/.portcullis/logout`);
  await Promise.all([page.waitForURL(/\/session\/end\?/), page.getByRole('button', { name: 'Sign out' }).click()]);
  assert.equal(await sessionOf(stage), null);
});

test('in Chromium two tabs sign in at once, and both come to where they were going', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  const [one, other] = await Promise.all([stage.browser.newPage(), stage.browser.newPage()]);
  await Promise.all([one.goto(`${stage.origin}/one`), other.goto(`${stage.origin}/other`)]);
  const shown = await Promise.all([one, other].map((page) => page.textContent('body')));
  assert.deepEqual([one.url(), other.url()], [`${stage.origin}/one`, `${stage.origin}/other`], shown.join('\n'));
  assert.equal(await statusOf(one, '/data'), 200);
  assert.equal(await statusOf(other, '/data'), 200);
});

test('in Chromium a page of another host can neither write nor read with somebody’s session', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  await signedIn(stage);
  const evil = await stage.browser.newPage();
  await evil.goto(stage.origin.replace('app.', 'evil.'));
  const before = stage.arrived.length;
  await evil.evaluate(`(() => {
    const form = document.forms[0];
    form.action = ${JSON.stringify(`${stage.origin}/orders`)};
    form.submit();
  })()`);
  await evil.waitForURL(`${stage.origin}/orders`);
  assert.match((await evil.textContent('body')) ?? '', /cross-site-request|unauthenticated/);
  await evil.goto(stage.origin.replace('app.', 'evil.'));
  const read = await evil.evaluate(
    (url) =>
      fetch(url, { credentials: 'include' }).then(
        (reply) => reply.text(),
        () => 'nothing',
      ),
    `${stage.origin}/.portcullis/session`,
  );
  assert.equal(read, 'nothing');
  assert.ok(!stage.arrived.slice(before).some((line) => line.startsWith('POST')), 'the API heard nothing of it');
});

test('in Chromium a session that somebody planted is another one after signing in', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  const planted = 'A'.repeat(42) + 'E';
  const cookie = { name: '__Host-portcullis-session', value: planted, url: stage.origin, secure: true };
  await stage.browser.addCookies([{ ...cookie, httpOnly: true, sameSite: 'Lax' }]);
  const page = await signedIn(stage);
  assert.equal(await statusOf(page, '/data'), 200);
  const session = await sessionOf(stage);
  assert.ok(session !== null && session !== planted);
});

test('in Chromium no link to where people sign in leads anywhere else', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  const page = await stage.browser.newPage();
  for (const target of ['//evil.example', '/\\evil.example', 'https:evil.example', '/%09/evil.example', '/a\r\nx: y']) {
    const reply = await page.goto(`${stage.origin}/.portcullis/login?return_to=${encodeURIComponent(target)}`);
    assert.equal(reply?.status(), 400, target);
    assert.equal(new URL(page.url()).origin, stage.origin, target);
  }
});

test('in Chromium twenty calls at once over a session that is due are one refresh, and all of them pass', async (t) => {
  const lives = { AccessToken: 6, IdToken: 600, Session: 3_600, Grant: 3_600, RefreshToken: 3_600, Interaction: 600 };
  const stage = await startStage(t, { ttl: lives });
  if (stage === null) return;
  const page = await signedIn(stage);
  const tokens = (): number => stage.provider.calls.filter((call) => call === 'POST /token').length;
  assert.equal(tokens(), 1);
  const signedInMs = Date.now();
  await until('the token is due', () => Date.now() - signedInMs > 5_500);
  const statuses = await page.evaluate(() =>
    Promise.all(Array.from({ length: 20 }, async () => (await fetch('/data')).status)),
  );
  assert.deepEqual(
    statuses,
    Array.from({ length: 20 }, () => 200),
  );
  assert.equal(tokens(), 2);
});

test('in Chromium a session is over as soon as its provider says so from behind', async (t) => {
  const stage = await startStage(t);
  if (stage === null) return;
  const page = await signedIn(stage);
  assert.equal(await statusOf(page, '/data'), 200);
  const nowS = Math.floor(Date.now() / 1_000);
  const token = stage.provider.signed(
    {
      ...{ iss: stage.provider.issuer, aud: 'gateway', sub: 'ada', iat: nowS, exp: nowS + 60, jti: 'once' },
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    },
    { typ: 'logout+jwt' },
  );
  const { https: port, ca } = stage.gateway;
  const told = await ask({
    ...{ port, ca, method: 'POST', path: '/.portcullis/backchannel-logout/acme', body: `logout_token=${token}` },
    headers: { host: `app.localhost:${port}`, 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(told.status, 200, told.body);
  await eventually(async () => assert.equal(await statusOf(page, '/data'), 401));
});
