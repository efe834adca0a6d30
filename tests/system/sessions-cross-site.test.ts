import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { text as textOf } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { BrowserClient } from './browser-client.ts';
import { ask } from './https-client.ts';
import { type SessionScene, startSessionScene } from './session-scene.ts';

// Items 50, 52, 65, 67, 68 and 69 of the list of what breaks others, tried with a session that holds: whatever page asks, and
// over either protocol, the API hears of nothing that its user did not do.

const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE'];
const ROUTES = ['GET', 'OPTIONS', ...UNSAFE].map((method) => `'${method} /orders'`).join(', ');
const NAME = '__Host-portcullis-session';

let scene: SessionScene;
let ada: BrowserClient;
let http2: ClientHttp2Session;
/** What came to the API: method, path and cookies. */
const arrived: string[] = [];

before(async () => {
  scene = await startSessionScene({
    answer: (request, response) => {
      arrived.push(`${request.method} ${request.url} ${request.headers.cookie ?? ''}`.trim());
      response.setHeader('set-cookie', [
        `${NAME}=; Path=/; Secure; Max-Age=0`,
        `__host-Portcullis-session=x; Path=/; Secure`,
        `=${NAME}=x; Path=/; Secure`,
        'a=1',
      ]);
      response.end(JSON.stringify(request.headers));
    },
    keys: 'sessions: { csrf: origin }\n',
    apis: (upstream) => `  shop:
    routes: [${ROUTES}, 'GET /chat', 'GET /talk']
    upstream: '${upstream}'
    auth: [session]
    cors: { origins: ['https://app.localhost'], credentials: true }
    operations: { 'GET /chat': { websocket: { origins: any } } }
`,
  });
  ada = scene.browser();
  await ada.signInAt('acme');
  http2 = connect(`https://127.0.0.1:${scene.gateway.https}`, { ca: scene.gateway.ca, servername: 'localhost' });
});

after(async () => {
  http2.destroy();
  await scene.stop();
});

type Headers = Readonly<Record<string, string | string[]>>;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

async function overHttp1(method: string, path: string, headers: Headers): Promise<Answer> {
  const { https: port, ca } = scene.gateway;
  const fields = { host: `localhost:${port}`, ...headers } as Readonly<Record<string, string>>;
  return (await ask({
    ...{ port, ca, method, path, headers: fields },
    ...(method === 'GET' ? {} : { body: 'x=1' }),
  })) as Answer;
}

async function overHttp2(method: string, path: string, headers: Headers): Promise<Answer> {
  const authority = `localhost:${scene.gateway.https}`;
  const fields = { ':method': method, ':path': path, ':authority': authority, ...headers };
  const stream = http2.request(fields, { endStream: method === 'GET' });
  if (method !== 'GET') stream.end('x=1');
  const [replied] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return { status: Number(replied[':status']), body: await textOf(stream), headers: replied };
}

const PROTOCOLS = [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const;

function codeOf({ status, body }: Answer): string {
  return `${status} ${/"code":"([^"]*)"/.exec(body)?.[1] ?? ''}`.trim();
}

const cookie = (): string => `${NAME}=${ada.session}`;

const cross = (more: Headers = {}): Headers => ({
  origin: 'https://evil.example',
  'sec-fetch-site': 'cross-site',
  ...more,
});

/** Pages of others, as their browsers speak of them. */
const STRANGERS: readonly (readonly [what: string, headers: Headers])[] = [
  ['nothing that says which page it is', {}],
  ['another site', cross()],
  ['another site, in an older browser', { origin: 'https://evil.example' }],
  ['a page without an origin, of another site', cross({ origin: 'null' })],
  ['a page without an origin, in an older browser', { origin: 'null' }],
  ['another host of the site', { origin: 'https://sub.localhost', 'sec-fetch-site': 'same-site' }],
  ['another host of the site that hides its origin', { origin: 'null', 'sec-fetch-site': 'same-site' }],
  ['another host of the site that says no origin', { 'sec-fetch-site': 'same-site' }],
  ['the host over http', { origin: 'http://localhost', 'sec-fetch-site': 'cross-site' }],
  ['the host at another port', { origin: 'https://localhost:1', 'sec-fetch-site': 'same-site' }],
  ['a host that begins as ours does', { origin: 'https://localhost.evil.example' }],
  ['our origin in other letters', { origin: 'HTTPS://LOCALHOST' }],
  ['two origins', { origin: 'https://evil.example, https://localhost' }],
  ['the address bar', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
  ['a site that is none of those there are', { 'sec-fetch-site': 'same-origin, cross-site' }],
  ['another site that says where it is twice', cross({ referer: 'https://localhost/' })],
];

const TYPES = [
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json',
  '',
];

for (const [protocol, send] of PROTOCOLS) {
  test(`over ${protocol} no page of others changes anything, by whatever method and type of content`, async () => {
    const before = arrived.length;
    const sent = UNSAFE.flatMap((method) =>
      (method === 'POST' ? TYPES : ['text/plain']).map((type) => ({ method, type })),
    );
    for (const [what, headers] of STRANGERS) {
      const codes = sent.map(async ({ method, type }) => {
        const said = { ...headers, cookie: cookie(), ...(type === '' ? {} : { 'content-type': type }) };
        return codeOf(await send(method, '/orders', said));
      });
      assert.deepEqual(new Set(await Promise.all(codes)), new Set(['403 cross-site-request']), what);
    }
    assert.deepEqual(arrived.slice(before), []);
  });

  test(`over ${protocol} no page of others reads by fetch, by EventSource or in a frame, and a link leads here`, async () => {
    const at = { cookie: cookie() };
    const refused = '403 cross-site-request';
    const events = { accept: 'text/event-stream', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    assert.equal(codeOf(await send('GET', '/orders', { ...cross(events), ...at })), refused);
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    assert.equal(codeOf(await send('GET', '/orders', { ...image, ...at })), refused);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    assert.equal((await send('GET', '/orders', { ...link, ...at })).status, 200);
    const info = await send('GET', '/.portcullis/session', { ...cross(), ...at });
    assert.equal(codeOf(info), refused);
    assert.equal(info.headers['access-control-allow-origin'], undefined);
  });

  test(`over ${protocol} a method that is said in a field is refused`, async () => {
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      const reply = await send('GET', '/orders', { cookie: cookie(), [name]: 'DELETE' });
      assert.equal(reply.status, 400, name);
      assert.match(reply.body, /"method-override"/, name);
    }
  });

  test(`over ${protocol} a page that CORS lets in with credentials reads and writes, and nobody by its name`, async () => {
    const listed = { origin: 'https://app.localhost', 'sec-fetch-site': 'same-site', cookie: cookie() };
    const reply = await send('POST', '/orders', listed);
    assert.equal(reply.status, 200, reply.body);
    assert.equal(reply.headers['access-control-allow-origin'], 'https://app.localhost');
    assert.equal(reply.headers['access-control-allow-credentials'], 'true');
    const info = await send('GET', '/.portcullis/session', listed);
    assert.equal(info.headers['access-control-allow-origin'], 'https://app.localhost');
    for (const origin of [
      'https://app.localhost.evil.example',
      'https://xapp.localhost',
      'http://app.localhost',
      'null',
    ]) {
      const other = await send('POST', '/orders', { ...listed, origin });
      assert.equal(codeOf(other), '403 cross-site-request', origin);
      assert.equal(other.headers['access-control-allow-origin'], undefined, origin);
    }
  });

  test(`over ${protocol} two of the cookie are refused, whatever they hold, and none of any letter case goes upstream`, async () => {
    const other = `${NAME}=${'A'.repeat(43)}`;
    for (const two of [
      `${cookie()}; ${cookie()}`,
      `${cookie()};${other}`,
      `${other}; x=1; ${cookie()}`,
      `${NAME}; ${cookie()}`,
    ])
      assert.equal(codeOf(await send('GET', '/orders', { cookie: two })), '400 several-credentials', two);
    const fields = { cookie: [other, cookie()] };
    assert.equal(codeOf(await send('GET', '/orders', fields)), '400 several-credentials');
    const shouted = `b=2; ${cookie().replace('__Host-portcullis', '__HOST-PORTCULLIS')}; ${cookie()}; __Host-portcullis-login-x=y`;
    const reply = await send('GET', '/orders', { cookie: shouted });
    assert.equal(reply.status, 200, reply.body);
    assert.equal(arrived.at(-1), 'GET /orders b=2');
    assert.deepEqual(
      [reply.headers['set-cookie']].flat().map((line) => line?.split(';')[0]),
      ['a=1'],
    );
  });
}

const UPGRADE = {
  ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

test('no page of others opens a WebSocket with a session, though the operation takes those of any page', async () => {
  const before = arrived.length;
  for (const [what, headers] of STRANGERS)
    for (const path of ['/chat', '/talk']) {
      const reply = await overHttp1('GET', path, { ...headers, ...UPGRADE, cookie: cookie() });
      assert.match(codeOf(reply), /^403 (?:cross-site-request|origin-refused)$/, `${path} ${what}`);
    }
  assert.deepEqual(arrived.slice(before), []);
  const own = { origin: ada.origin, 'sec-fetch-site': 'same-origin' };
  await overHttp1('GET', '/chat', { ...own, ...UPGRADE, cookie: cookie() });
  assert.match(arrived.at(-1) ?? '', /^GET \/chat/, 'its own page is let through');
});

test('over HTTP/2 no page of others opens a WebSocket with a session', async () => {
  if (http2.remoteSettings.enableConnectProtocol !== true) await once(http2, 'remoteSettings');
  const before = arrived.length;
  for (const [what, headers] of STRANGERS) {
    const stream = http2.request(
      {
        ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/chat' },
        ...{ ':authority': `localhost:${scene.gateway.https}`, 'sec-websocket-version': '13', cookie: cookie() },
        ...headers,
      },
      { endStream: false },
    );
    const [replied] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const answer = { status: Number(replied[':status']), body: await textOf(stream), headers: replied };
    stream.destroy();
    assert.match(codeOf(answer), /^403 (?:cross-site-request|origin-refused)$/, what);
  }
  assert.deepEqual(arrived.slice(before), []);
});
