import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { test, type TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { freePort } from '../framing/free-port.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { openBrowser } from './browser.ts';
import { startLocalServer } from '../system/local-server.ts';

/** What came to the API's server, a line each. */
const arrived: string[] = [];

/** Serves the pages, and the API, which tells what it was asked with. */
async function startUpstream(t: TestContext): Promise<number> {
  const server = await startLocalServer((request, reply) => {
    if (request.headers.host?.startsWith('page') === true) {
      reply.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>');
      return;
    }
    arrived.push(wordsOf(request));
    reply.setHeader('access-control-allow-origin', 'https://nobody.example').setHeader('etag', '"7"');
    if (request.url === '/sign-in')
      reply.setHeader('set-cookie', 'session=ada; Secure; HttpOnly; SameSite=Strict; Path=/');
    reply.setHeader('content-type', 'application/json').end(JSON.stringify({ saw: wordsOf(request) }));
  });
  t.after(server.stop);
  return server.port;
}

function wordsOf({ method, url, headers }: IncomingMessage): string {
  return `${method} ${url}${headers.cookie === undefined ? '' : ` ${headers.cookie}`}`;
}

const CONFIG = (https: number, upstream: number): string => `version: 1
server: { https: { port: ${https} }, http: off }
admin: { port: 0 }
issuers: { acme: { issuer: https://id.example, audience: api, jwks: ./keys.json } }
apis:
  pages:
    host: app.acme.localhost
    routes: ['GET /']
    upstream: http://127.0.0.1:${upstream}
    auth: public
    rewrite: { host: page.example }
  others:
    host: other.localhost
    routes: ['GET /']
    upstream: http://127.0.0.1:${upstream}
    auth: public
    rewrite: { host: page.example }
  api:
    host: api.acme.localhost
    routes: ['GET /', 'GET /sign-in', 'GET /me', 'POST /form', 'PUT /thing', 'DELETE /thing', 'GET /secret', 'GET /few']
    upstream: http://127.0.0.1:${upstream}
    auth: public
    cors:
      origins: ['https://app.acme.localhost:${https}']
      methods: [GET, POST, PUT]
      headers: [X-Csrf]
      expose: [ETag]
      credentials: true
    operations:
      GET /secret: { auth: [acme] }
      GET /few: { limit: 1/h per address }
`;

/** What a page calls with. */
interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly credentials?: 'include';
}

/** What a page sees of a call. */
interface Seen {
  readonly status: number;
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A call of a page; `hidden` where the browser shows it nothing. */
function call(page: Page, url: string, init: Call = {}): Promise<Seen | 'hidden'> {
  return page.evaluate(
    async (asked): Promise<Seen | 'hidden'> => {
      try {
        const reply = await fetch(asked.url, asked.init);
        return { status: reply.status, text: await reply.text(), fields: Object.fromEntries(reply.headers) };
      } catch {
        return 'hidden';
      }
    },
    { url, init },
  );
}

async function open(browser: BrowserContext, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

/** The two pages, and the address of the API. */
interface Scene {
  readonly api: string;
  readonly app: Page;
  readonly other: Page;
}

const PUT: Call = {
  method: 'PUT',
  headers: { 'x-csrf': '1', 'content-type': 'application/json' },
  body: '{}',
};

async function plainCalls({ api, app, other }: Scene): Promise<void> {
  const seen = await call(app, `${api}/`);
  assert.ok(seen !== 'hidden');
  assert.deepEqual([seen.status, seen.fields['etag']], [200, '"7"']);
  assert.match(seen.fields['x-request-id'] ?? '', /./);
  assert.equal(seen.fields['x-content-type-options'], undefined, 'what is not exposed is hidden');
  assert.equal(await call(other, `${api}/`), 'hidden');
}

async function preflightedCalls({ api, app, other }: Scene): Promise<void> {
  arrived.length = 0;
  const seen = await call(app, `${api}/thing`, PUT);
  assert.ok(seen !== 'hidden');
  assert.deepEqual([seen.status, arrived], [200, ['PUT /thing']]);
  for (const [page, init] of [
    [other, PUT],
    [app, { ...PUT, headers: { 'x-other': '1' } }],
    [app, { method: 'DELETE' }],
    [app, { method: 'PATCH' }],
  ] as const)
    assert.equal(await call(page, `${api}/thing`, init), 'hidden');
  assert.deepEqual(arrived, ['PUT /thing']);
}

async function callsWithCookies({ api, app, other }: Scene): Promise<void> {
  const include: Call = { credentials: 'include' };
  assert.ok((await call(app, `${api}/sign-in`, include)) !== 'hidden');
  const seen = await call(app, `${api}/me`, include);
  assert.ok(seen !== 'hidden');
  assert.deepEqual(JSON.parse(seen.text), { saw: 'GET /me session=ada' });
  assert.equal(await call(other, `${api}/me`, include), 'hidden');
}

async function refusedCalls({ api, app, other }: Scene): Promise<void> {
  const seen = await call(app, `${api}/secret`);
  assert.ok(seen !== 'hidden');
  assert.equal(seen.status, 401);
  const { code, instance } = JSON.parse(seen.text) as Record<string, string>;
  assert.deepEqual([code, instance], ['unauthenticated', `urn:uuid:${seen.fields['x-request-id']}`]);
  assert.match(seen.fields['www-authenticate'] ?? '', /^Bearer/);
  assert.equal(await call(other, `${api}/secret`), 'hidden');
  await call(app, `${api}/few`);
  const over = await call(app, `${api}/few`);
  assert.ok(over !== 'hidden');
  assert.equal(over.status, 429);
  assert.match(over.fields['retry-after'] ?? '', /^[0-9]+$/);
  const method = await call(app, `${api}/secret`, { method: 'POST' });
  assert.ok(method !== 'hidden');
  assert.equal(method.status, 405);
}

async function framesWithoutOrigin({ api, app }: Scene): Promise<void> {
  const asked = `fetch(${JSON.stringify(`${api}/`)}).then(() => 'read', () => 'hidden')`;
  const frame = `<script>${asked}.then((said) => parent.postMessage(said, '*'))</script>`;
  const seen: unknown = await app.evaluate(`new Promise((resolve) => {
    addEventListener('message', ({ data }) => resolve(data));
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.srcdoc = ${JSON.stringify(frame)};
    document.body.append(frame);
  })`);
  assert.equal(seen, 'hidden');
}

test('a browser shows a listed page what it may read, refusals too, and another page nothing', async (t) => {
  const port = await freePort();
  const upstream = await startUpstream(t);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' };
  const keys = { 'keys.json': JSON.stringify({ keys: [key] }) };
  const gateway = await startGateway(CONFIG(port, upstream), { beside: keys });
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, gateway.https);
  if (browser === null) return;
  const api = `https://api.acme.localhost:${port}`;
  const app = await open(browser, `https://app.acme.localhost:${port}/`);
  const other = await open(browser, `https://other.localhost:${port}/`);
  const scene: Scene = { api, app, other };
  await t.test('a plain call', () => plainCalls(scene));
  await t.test('one that needs a preflight, which the upstream does not hear', () => preflightedCalls(scene));
  await t.test('cookies go along where that is said, and only a listed page reads the reply', () =>
    callsWithCookies(scene),
  );
  await t.test('refusals, with the id of the request', () => refusedCalls(scene));
  await t.test('a frame without an origin reads nothing', () => framesWithoutOrigin(scene));
});
