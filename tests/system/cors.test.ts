import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { countingKinds } from './counting-kinds.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainReply, startInner } from './inner-gateway.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const APP = 'https://app.example';

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'orders', version: '1' },
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        operationId: 'getOrder',
        parameters: [{ name: 'X-Trace-Me', in: 'header', schema: { type: 'string' } }],
        responses: { 200: { description: 'ok' } },
      },
      put: { operationId: 'putOrder', responses: { 200: { description: 'ok' } } },
      options: { operationId: 'describeOrder', responses: { 200: { description: 'ok' } } },
    },
    '/patch': {
      patch: { operationId: 'patch', security: [{ key: [] }], responses: { 200: { description: 'ok' } } },
    },
  },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
};

const CONFIG = (url: string): string => `version: 1
deny: { addresses: [192.0.2.0/24] }
trustedProxies: { addresses: [127.0.0.1], field: x-forwarded-for }
issuers:
  acme: { issuer: https://id.example, audience: https://api.example, algorithms: [ES256], jwks: https://id.example/jwks }
apis:
  orders:
    host: orders.example
    openapi: ./orders.json
    upstream: ${url}
    auth: [acme]
    cors: { origins: ['${APP}', 'https://*.apps.example'], credentials: true, headers: [X-Csrf], expose: [ETag] }
  things:
    host: things.example
    routes: ['GET /a', 'POST /a', 'GET /none', 'DELETE /closed', 'GET /late', 'GET /stored', '* /any/{rest...}']
    upstream: ${url}
    auth: public
    cors: { origins: ['${APP}', 'null'], methods: [GET, DELETE], maxAge: 90s, privateNetwork: true }
    operations:
      DELETE /closed: { maintenance: on }
      GET /stored: { cache: { ttl: 1h, per: everybody } }
  strict:
    host: strict.example
    openapi: ./orders.json
    upstream: ${url}
    auth: public
    validate: strict
    cors: { origins: ['${APP}'] }
  limited:
    host: limited.example
    routes: ['GET /a']
    upstream: ${url}
    auth: public
    cors: { origins: ['${APP}'] }
    limit: 2/h per address
  listed:
    host: listed.example
    routes: ['GET /a']
    upstream: ${url}
    auth: public
    allow: { origins: ['${APP}'] }
    cors: { origins: ['${APP}', 'https://other.example'] }
  open:
    host: open.example
    routes: ['GET /a']
    upstream: ${url}
    auth: public
    cors: { origins: '*' }
  silent:
    host: silent.example
    routes: ['GET /a', 'OPTIONS /a', 'GET /b']
    upstream: ${url}
    auth: public
  shut:
    host: shut.example
    routes: ['GET /a', 'OPTIONS /a']
    upstream: ${url}
    auth: public
    cors: off
`;

let upstream: LocalServer;
let gateway: InnerGateway;
const arrivals: { readonly method: string; readonly headers: IncomingHttpHeaders }[] = [];
/** What the upstream says next besides. */
let says: OutgoingHttpHeaders = {};
let status = 200;

before(async () => {
  upstream = await startLocalServer(({ method = '', headers }, response) => {
    arrivals.push({ method, headers });
    response.writeHead(status, says).end('{}');
  });
  const gathered = await gatherText(CONFIG(upstream.url), { 'orders.json': JSON.stringify(DOCUMENT) });
  gateway = await startInner(gathered, countingKinds());
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

type Fields = Readonly<Record<string, string>>;

/** Asks, and says how many requests came to the upstream with that. */
async function ask(
  line: string,
  headers: Fields = {},
  body?: string,
): Promise<{ readonly reply: PlainReply; readonly arrived: number }> {
  const [method = '', host = '', path = ''] = line.split(' ');
  const arrived = arrivals.length;
  const reply = await askPlainly(gateway.port, {
    method,
    path,
    headers: { host: `${host}.example`, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { reply, arrived: arrivals.length - arrived };
}

/** The fields of CORS that a reply has. */
function corsOf({ headers }: PlainReply): Readonly<Record<string, unknown>> {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith('access-control-'));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice('access-control-'.length), value]));
}

const preflight = (line: string, method: string, more: Fields = {}) =>
  ask(`OPTIONS ${line}`, { origin: APP, 'access-control-request-method': method, ...more });

test('a preflight is answered before sign-in, and the upstream hears nothing of it', async () => {
  const { reply, arrived } = await preflight('orders /orders/7', 'GET', {
    'access-control-request-headers': 'authorization,x-csrf, X-Trace-Me ,,content-type',
  });
  assert.deepEqual([reply.status, reply.body, arrived], [204, '', 0]);
  assert.deepEqual(corsOf(reply), {
    'allow-origin': APP,
    'allow-credentials': 'true',
    'allow-methods': 'GET, HEAD, OPTIONS, PUT',
    'allow-headers':
      'authorization, content-type, accept, accept-language, content-language, x-trace-me, x-csrf, x-portcullis-csrf',
    'max-age': '600',
  });
  assert.match(String(reply.headers['vary']), /^Origin, access-control-request-method/);
  assert.equal(reply.headers['content-length'], undefined);
  assert.match(String(reply.headers['x-request-id']), /./);
});

test('pages may send the API key that an operation describes, to that operation', async () => {
  const key = { 'access-control-request-headers': 'x-api-key' };
  assert.equal((await preflight('orders /patch', 'PATCH', key)).reply.status, 204);
  assert.equal((await preflight('orders /orders/7', 'GET', key)).reply.status, 403);
});

test('what a preflight asks for is recorded as that of its operation, by the policy and the rule', async () => {
  const before = gateway.ledger.newest(10_000).length;
  await preflight('orders /orders/7', 'PUT');
  await preflight('orders /orders/7', 'PUT', { origin: 'https://evil.example' });
  const records = gateway.ledger.newest(10_000).slice(before);
  const told = records.flatMap((record) =>
    record.kind === 'intent' ? [[record.operation, record.method, record.verdict, record.policy, record.rule]] : [],
  );
  assert.deepEqual(told, [
    ['orders/putOrder', 'OPTIONS', 'reply', 'orders/cors', 'preflight'],
    ['orders/putOrder', 'OPTIONS', 'deny', 'orders/cors', 'origins'],
  ]);
  const ended = records.flatMap((record) => (record.kind === 'completion' ? [record.status] : []));
  assert.deepEqual(ended, [204, 403]);
});

/** No origin of theirs is ever told that it may. */
const STRANGERS = [
  'null',
  'https://evil.example',
  'https://app.example.evil.com',
  'https://evilapp.example',
  'https://app.exampleevil.com',
  'http://app.example',
  'https://app.example:8443',
  'https://app.example:443',
  'https://app.example.',
  'https://app.example/',
  'https://APP.example',
  'HTTPS://app.example',
  'https://user@app.example',
  'https://app.example@evil.example',
  'https://app.example, https://evil.example',
  'https://app.example https://evil.example',
  'https://evil.example https://app.example',
  '*',
  'https://*.apps.example',
  'https://apps.example',
  'https://.apps.example',
  'https://a.b.apps.example',
  'https://evil-apps.example',
  'https://evil.exampleXapps.example',
  'https://evil.com/.apps.example',
  'https://evil.com#.apps.example',
  'https://evil.com?x=.apps.example',
  'https://evil.com%2f.apps.example',
  'https://evil.com\\.apps.example',
  'https://a@b.apps.example',
  'https://a:1.apps.example',
  'https://a.apps.example:8443',
  'https://-.apps.example',
  'https://A.apps.example',
  'http://a.apps.example',
  'https://a.apps.example.evil.com',
  `https://${'a'.repeat(64)}.apps.example`,
  `https://${'a'.repeat(4_000)}.apps.example`,
  'app.example',
  '//app.example',
  '',
] as const;

for (const origin of STRANGERS)
  test(`the origin ${JSON.stringify(origin.slice(0, 50))} may not read, nor is a word of it said again`, async () => {
    const asked = await preflight('orders /orders/7', 'GET', { origin });
    assert.deepEqual([asked.reply.status, asked.arrived, corsOf(asked.reply)], [403, 0, {}]);
    assert.match(asked.reply.body, /"preflight-refused"/);
    const { reply } = await ask('GET orders /orders/7', { origin });
    assert.deepEqual([reply.status, corsOf(reply), reply.headers['vary']], [401, {}, 'Origin']);
  });

test('an origin below a pattern may read: one label of it, and no more', async () => {
  for (const origin of ['https://a.apps.example', 'https://pr-7_x.apps.example', 'https://xn--bcher-kva.apps.example'])
    assert.equal(corsOf((await preflight('orders /orders/7', 'GET', { origin })).reply)['allow-origin'], origin);
});

test('several origins in one request are refused before anything is judged', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  const origin = `Origin: ${APP}\r\n`;
  socket.end(`GET /orders/7 HTTP/1.1\r\nHost: orders.example\r\n${origin}${origin}\r\n`);
  const reply = await text(socket);
  assert.match(reply, /^HTTP\/1.1 400 /);
  assert.doesNotMatch(reply, /access-control/i);
});

test('a page reads refusals too: of sign-in, of the method, of the upstream’s own', async () => {
  const allowed = { 'allow-origin': APP, 'allow-credentials': 'true' };
  const refused = await ask('GET orders /orders/7', { origin: APP });
  const { 'expose-headers': exposed, ...told } = corsOf(refused.reply);
  assert.deepEqual([refused.reply.status, told], [401, allowed]);
  assert.equal(exposed, 'x-request-id, ratelimit, ratelimit-policy, retry-after, www-authenticate, dpop-nonce, etag');
  const method = await ask('DELETE orders /orders/7', { origin: APP });
  assert.deepEqual([method.reply.status, corsOf(method.reply)['allow-origin']], [405, APP]);
  assert.equal(method.reply.headers['vary'], 'Origin');
  const nowhere = await ask('GET orders /nowhere', { origin: APP });
  assert.deepEqual([nowhere.reply.status, corsOf(nowhere.reply)['allow-origin']], [404, APP]);
  const ofNobody = await ask('GET orders /.portcullis/x', { origin: APP });
  assert.deepEqual([ofNobody.reply.status, corsOf(ofNobody.reply)], [404, {}]);
  const body = await ask('GET things /a', { origin: APP, 'content-length': '1' }, 'x');
  assert.deepEqual([body.reply.status, corsOf(body.reply)['allow-origin']], [400, APP]);
  const closed = await ask('DELETE things /closed', { origin: APP });
  assert.deepEqual([closed.reply.status, corsOf(closed.reply)['allow-origin']], [503, APP]);
});

test('a page is let through to hear that an API is closed for maintenance', async () => {
  assert.equal((await preflight('things /closed', 'DELETE')).reply.status, 204);
});

test('what the upstream says of CORS is taken away, and Vary is said with its own, also where no origin is sent', async () => {
  says = {
    'Access-Control-Allow-Origin': 'https://evil.example',
    'access-control-allow-credentials': 'true',
    'Access-Control-Allow-Anything-New': 'yes',
    'Access-Control-Max-Age': '1',
    vary: 'Accept-Encoding',
  };
  const theirs = await ask('GET things /a', { origin: 'https://evil.example' });
  assert.deepEqual([theirs.reply.status, corsOf(theirs.reply)], [200, {}]);
  assert.equal(theirs.reply.headers['vary'], 'Accept-Encoding, Origin');
  const ours = await ask('GET things /a', { origin: APP });
  assert.deepEqual(corsOf(ours.reply)['allow-origin'], APP);
  assert.equal(corsOf(ours.reply)['allow-credentials'], undefined);
  const nobody = await ask('GET things /a');
  assert.deepEqual([corsOf(nobody.reply), nobody.reply.headers['vary']], [{}, 'Accept-Encoding, Origin']);
  const closed = await ask('GET shut /a', { origin: APP });
  assert.deepEqual(corsOf(closed.reply), {});
  assert.equal(closed.reply.headers['vary'], 'Accept-Encoding');
  says = {};
});

test('where an API says nothing the upstream’s word passes, but for credentials to whoever asks', async () => {
  const said = async (origin: string, credentials = 'true'): Promise<unknown> => {
    says = { 'access-control-allow-origin': origin, 'access-control-allow-credentials': credentials };
    return corsOf((await ask('GET silent /a', { origin: APP })).reply);
  };
  assert.deepEqual(await said(APP), { 'allow-origin': APP, 'allow-credentials': 'true' });
  assert.deepEqual(await said('*'), { 'allow-origin': '*' });
  assert.deepEqual(await said('null'), { 'allow-origin': 'null' });
  assert.deepEqual(await said('NULL', 'True'), { 'allow-origin': 'NULL' });
  assert.deepEqual(await said(`${APP}, *`), { 'allow-origin': `${APP}, *` });
  says = {};
});

test('a preflight goes its usual way where an API says nothing, or off', async () => {
  says = { 'access-control-allow-origin': APP };
  const described = await preflight('silent /a', 'GET');
  assert.deepEqual(
    [described.reply.status, described.arrived, corsOf(described.reply)],
    [200, 1, { 'allow-origin': APP }],
  );
  assert.equal((await preflight('silent /a', 'DELETE')).arrived, 1);
  assert.deepEqual((await preflight('silent /b', 'GET')).reply.status, 405);
  const off = await preflight('shut /a', 'GET');
  assert.deepEqual([off.reply.status, off.arrived, corsOf(off.reply)], [200, 1, {}]);
  says = {};
});

test('OPTIONS that is described and no preflight goes its usual way', async () => {
  assert.equal((await ask('OPTIONS orders /orders/7', { origin: APP })).reply.status, 401);
  const method = { 'access-control-request-method': 'GET' };
  assert.equal((await ask('OPTIONS orders /orders/7', method)).reply.status, 401);
  const star = await ask('OPTIONS things /any/x', { origin: APP });
  assert.deepEqual([star.reply.status, star.arrived, corsOf(star.reply)['allow-origin']], [200, 1, APP]);
  assert.equal((await preflight('things /any/x', 'DELETE')).arrived, 0);
  assert.equal((await preflight('orders /orders/7', 'OPTIONS')).reply.status, 204);
});

test('a method that the path has not, or that pages may not use, is refused', async () => {
  for (const method of ['DELETE', 'put', 'PuT', 'TRACE', 'CONNECT', 'GET, PUT', '*']) {
    const { reply, arrived } = await preflight('orders /orders/7', method);
    assert.deepEqual([reply.status, arrived, corsOf(reply)], [405, 0, {}], method);
    assert.equal(reply.headers['allow'], 'GET, HEAD, OPTIONS, PUT');
  }
  assert.equal((await preflight('orders /patch', 'patch')).reply.status, 405);
  assert.equal((await preflight('orders /patch', 'PATCH')).reply.status, 204);
  const { reply } = await preflight('things /a', 'POST');
  assert.deepEqual([reply.status, corsOf(reply)], [403, {}]);
  assert.equal(corsOf((await preflight('things /a', 'GET')).reply)['allow-methods'], 'GET');
});

test('header fields that nobody names are refused, however many they are and however they are written', async () => {
  const status = async (names: string): Promise<number> =>
    (await preflight('orders /orders/7', 'GET', { 'access-control-request-headers': names })).reply.status;
  const many = Array.from({ length: 1_000 }, (_, at) => `x-${at}`).join(',');
  const same = (count: number): string => Array.from({ length: count }, () => 'x-csrf').join(',');
  for (const names of ['x-other', 'x-csrf,x-other', '*', 'x csrf', 'x-csrf;a', 'x-csrf\tx', many, same(101)])
    assert.equal(await status(names), 403, names.slice(0, 40));
  for (const names of ['', ' ', ',', 'X-CSRF', 'x-csrf , x-csrf', same(100)])
    assert.equal(await status(names), 204, names);
  const { reply } = await preflight('things /a', 'GET', { 'access-control-request-headers': 'x-csrf' });
  assert.deepEqual([reply.status, corsOf(reply)], [403, {}]);
  assert.doesNotMatch(reply.body, /csrf|example/, 'nothing of the configuration or the request is told');
});

test('a private network is opened only where that is said', async () => {
  const asked = { 'access-control-request-private-network': 'true' };
  assert.equal((await preflight('orders /orders/7', 'GET', asked)).reply.status, 403);
  const { reply } = await preflight('things /a', 'GET', asked);
  assert.deepEqual([reply.status, corsOf(reply)['allow-private-network']], [204, 'true']);
  assert.equal(corsOf((await preflight('things /a', 'GET')).reply)['allow-private-network'], undefined);
});

test('a preflight has no body, and no place where no API is', async () => {
  const asked = { origin: APP, 'access-control-request-method': 'GET' };
  const whole = await ask('OPTIONS orders /orders/7', { ...asked, 'content-length': '1' }, 'x');
  assert.deepEqual([whole.reply.status, whole.arrived, corsOf(whole.reply)], [400, 0, {}]);
  const chunked = await ask('OPTIONS orders /orders/7', { ...asked, 'transfer-encoding': 'chunked' }, 'x');
  assert.deepEqual([chunked.reply.status, chunked.arrived], [400, 0]);
  for (const [line, status] of [
    ['orders /nowhere', 404],
    ['nobody /orders/7', 421],
    ['orders /.portcullis/x', 404],
    ['things /.well-known/acme-challenge/x', 404],
    ['orders *', 404],
  ] as const) {
    const { reply } = await preflight(line, 'GET', { origin: 'https://other.example' });
    assert.deepEqual([reply.status, corsOf(reply)], [status, {}], line);
  }
});

test('lists hold for preflights: those of the gateway by address, those of the API by origin', async () => {
  const denied = await preflight('orders /orders/7', 'GET', { 'x-forwarded-for': '192.0.2.7' });
  assert.deepEqual([denied.reply.status, corsOf(denied.reply)], [403, {}]);
  assert.match(denied.reply.body, /access-denied/);
  assert.equal((await preflight('listed /a', 'GET')).reply.status, 204);
  const other = await preflight('listed /a', 'GET', { origin: 'https://other.example' });
  assert.deepEqual([other.reply.status, corsOf(other.reply)], [403, {}]);
  assert.match(other.reply.body, /access-denied/);
});

test('preflights count against the limits of an address, and a page reads that it is over one', async () => {
  const from = { 'x-forwarded-for': '198.51.100.7' };
  const first = await preflight('limited /a', 'GET', from);
  assert.deepEqual(
    [first.reply.status, first.reply.headers['ratelimit-policy']],
    [204, '"2/h per address";q=2;w=3600'],
  );
  assert.equal((await ask('GET limited /a', { origin: APP, ...from })).reply.status, 200);
  const over = await ask('GET limited /a', { origin: APP, ...from });
  assert.deepEqual([over.reply.status, corsOf(over.reply)['allow-origin']], [429, APP]);
  assert.match(String(corsOf(over.reply)['expose-headers']), /ratelimit.*retry-after/);
  assert.deepEqual([(await preflight('limited /a', 'GET', from)).reply.status], [429]);
});

test('every page may read where all may, without credentials and whether it says its origin or not', async () => {
  for (const headers of [{}, { origin: 'null' }, { origin: 'https://evil.example' }]) {
    const { reply } = await ask('GET open /a', headers);
    assert.deepEqual([corsOf(reply)['allow-origin'], corsOf(reply)['allow-credentials']], ['*', undefined]);
    assert.equal(reply.headers['vary'], undefined);
  }
  assert.equal(corsOf((await preflight('open /a', 'GET', { origin: 'null' })).reply)['allow-origin'], '*');
});

test('an origin that can’t be told may read where that is said', async () => {
  assert.equal(corsOf((await ask('GET things /a', { origin: 'null' })).reply)['allow-origin'], 'null');
});

test('a page reads that a reply was refused, and one that was not keeps its Vary', async () => {
  const refused = await ask('PUT strict /patch', { origin: APP });
  assert.deepEqual([refused.reply.status, corsOf(refused.reply)['allow-origin']], [405, APP]);
  says = { vary: 'Accept', 'x-undescribed': '1', 'access-control-allow-origin': '*' };
  const passed = await ask('GET strict /orders/7', { origin: APP });
  assert.deepEqual([passed.reply.status, corsOf(passed.reply)['allow-origin']], [200, APP]);
  assert.equal(passed.reply.headers['vary'], 'Accept, Origin');
  status = 299;
  const undescribed = await ask('GET strict /orders/7', { origin: APP });
  assert.deepEqual([undescribed.reply.status, corsOf(undescribed.reply)['allow-origin']], [502, APP]);
  assert.equal(undescribed.reply.headers['vary'], 'Origin');
  status = 200;
  says = {};
});

test('a stored reply is given to each origin with what that may read', async () => {
  const first = await ask('GET things /stored', { origin: APP });
  assert.deepEqual([first.arrived, corsOf(first.reply)['allow-origin']], [1, APP]);
  for (const [origin, told] of [
    ['https://evil.example', undefined],
    ['null', 'null'],
    [APP, APP],
  ] as const) {
    const { reply, arrived } = await ask('GET things /stored', { origin });
    assert.deepEqual([arrived, corsOf(reply)['allow-origin'], reply.headers['vary']], [0, told, 'Origin'], origin);
  }
  const { reply } = await ask('GET things /stored');
  assert.deepEqual(corsOf(reply), {});
});
