import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { AlertRecord } from '../../src/ports/index.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { makeAuthority } from '../mixed/authority.ts';
import { askAdmin } from './admin.ts';
import { run } from './command.ts';
import { eventually } from './eventually.ts';
import { ask } from './https-client.ts';
import { PROGRAM } from './plain-configuration.ts';
import { askPlainly, type PlainReply } from './inner-gateway.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { type Heard, startRawParty, startThirdParty, type ThirdParty } from './third-party.ts';

const ORDERS = 'orders-key-0123456789abcdef';
const BILLING = 'billing-key-0123456789abcdef';
const SECRET = 'sk_live_51Nx0ThisIsTheSecret';
const SLASHED = 'sk/with+signs==0123';

let pay: ThirdParty;
let files: ThirdParty;
let raw: ThirdParty;
let names: NameServer;
let gateway: GatewayProcess;

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'strict', version: '1' },
  paths: {
    '/charges': {
      post: {
        operationId: 'createCharge',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/New' } } },
        },
        responses: {
          '200': {
            description: 'made',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Charge' } } },
          },
        },
      },
    },
    '/refunds': { get: { operationId: 'refunds', responses: { '200': { description: 'all' } } } },
  },
  components: {
    schemas: {
      New: {
        type: 'object',
        properties: { amount: { type: 'integer' } },
        required: ['amount'],
        additionalProperties: false,
      },
      Charge: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'], additionalProperties: false },
    },
  },
};

function json(reply: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  reply.writeHead(200, { 'content-type': 'application/json', ...headers });
  reply.end(JSON.stringify(value));
}

type Answer = (reply: ServerResponse, heard: Heard) => void;

function leadTo(location: () => string, status = 302): Answer {
  return (reply) => void reply.writeHead(status, { location: location() }).end('moved');
}

const TEXT = { 'content-type': 'text/plain' };

/** What our callers must not take from a third party for a word of the gateway, or of their own host. */
const FORGED = {
  'x-portcullis-subject': 'root',
  'x-portcullis-key': ORDERS,
  'x-request-id': 'forged',
  via: '1.1 evil',
  server: 'evil/1.0',
  'x-powered-by': 'evil',
  connection: 'x-evil',
  'x-evil': '1',
  'proxy-authenticate': 'Basic realm=x',
  refresh: '0; url=http://127.0.0.1/',
  'alt-svc': 'h3=":443"',
  'access-control-allow-origin': '*',
  'access-control-allow-credentials': 'true',
  'x-accel-redirect': '/internal',
  'x-sendfile': '/etc/passwd',
};

/** What the third party does, by the last part of the path. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  large(reply) {
    reply.writeHead(200, TEXT);
    for (let at = 0; at < 64; at++) reply.write('x'.repeat(1_024));
    reply.end();
  },
  long: (reply) => void reply.writeHead(200, { ...TEXT, 'content-length': '100000' }).end('y'.repeat(100_000)),
  page: (reply) => void reply.writeHead(200, { 'content-type': 'text/html' }).end('<script>alert(1)</script>'),
  bomb(reply) {
    reply.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    reply.end(gzipSync(Buffer.alloc(1_000_000)));
  },
  drip(reply) {
    reply.writeHead(200, TEXT);
    const timer = setInterval(() => reply.write('.'), 20);
    reply.on('close', () => clearInterval(timer));
  },
  silent() {},
  echo: (reply, { headers, url }) =>
    json(reply, { said: headers.authorization, url }, { 'x-said': String(headers.authorization) }),
  spread(reply) {
    reply.writeHead(200, TEXT);
    reply.write(`a ${SECRET.slice(0, 9)}`);
    setTimeout(() => reply.end(`${SECRET.slice(9)} z`), 50);
  },
  events(reply) {
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    let count = 0;
    const timer = setInterval(() => reply.write(`data: ${count++}\n\n`), 50);
    reply.on('close', () => clearInterval(timer));
  },
  encoded(reply, { url }) {
    reply.writeHead(200, { 'content-type': 'application/json' });
    const lower = url.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
    reply.end(`{"url":"${url}","lower":"${lower}","body":"${SLASHED.replaceAll('/', '\\/')}"}`);
  },
  'echo-in-field': (reply, { headers }) => json(reply, {}, { 'x-said': String(headers.authorization) }),
  accepted: (reply) => void reply.writeHead(202).end(),
  untyped(reply) {
    reply.writeHead(200);
    reply.write('{');
    setTimeout(() => reply.end('}'), 20);
  },
  huge(reply) {
    reply.writeHead(200, { 'content-type': 'application/json', 'content-length': '6000000' });
    reply.write('{');
    setTimeout(() => reply.destroy(), 500);
  },
  'coded-redirect': (reply) =>
    void reply.writeHead(302, { location: '/v1/do/echo', 'content-encoding': 'gzip' }).end(gzipSync('moved')),
  cookies: (reply) =>
    json(reply, {}, { 'set-cookie': 'a=b', 'strict-transport-security': 'max-age=1', 'clear-site-data': '"*"' }),
  forged(reply) {
    reply.writeEarlyHints({ link: '<https://evil.example/x.js>; rel=preload' });
    json(reply, {}, FORGED);
  },
  loopback: leadTo(() => 'http://127.0.0.1:22/'),
  metadata: leadTo(() => 'https://169.254.169.254/latest/meta-data/'),
  mapped: leadTo(() => 'https://[::ffff:127.0.0.1]/'),
  decimal: leadTo(() => 'https://2130706433/'),
  'scheme-relative': leadTo(() => '//127.0.0.1/'),
  backslash: leadTo(() => '/\\127.0.0.1/'),
  userinfo: leadTo(() => `https://localhost:${pay.port}@169.254.169.254/`),
  downgrade: leadTo(() => `http://localhost:${pay.port}/v1/do/echo`),
  within: leadTo(() => '/v1/do/echo'),
  forbidden: leadTo(() => '/v1/admin'),
  outside: leadTo(() => '/v2/do/echo'),
  'encoded-slash': leadTo(() => '/v1/do/x%2f..%2f..%2fadmin'),
  'encoded-null': leadTo(() => '/v1/do/x%00'),
  parameters: leadTo(() => '/v1/do/x;a=b'),
  dots: leadTo(() => '/v1/do/%2e%2e/admin'),
  round: leadTo(() => '/v1/do/round'),
  'to-files': leadTo(() => `https://localhost:${files.port}/store/7?sig=1`),
  'to-address': leadTo(() => `https://127.0.0.1:${files.port}/store/7`),
  'smuggle-secret': leadTo(() => `https://localhost:${files.port}/?k=${SECRET}`),
  'see-other': leadTo(() => '/v1/do/echo', 303),
  'keep-method': leadTo(() => '/v1/do/echo', 307),
  broken: (reply) =>
    void reply.writeHead(500, { 'content-type': 'text/html' }).end('Traceback (most recent call last)'),
  close: (reply) => json(reply, {}, { connection: 'close' }),
  charges: (reply, { headers }) => json(reply, headers['x-odd'] === undefined ? { id: 'ch_1' } : { id: 7 }),
};

function answer(heard: Heard, reply: ServerResponse): void {
  const [path = ''] = heard.url.split('?', 1);
  const known = ANSWERS[path.replace(/^\/v1\/(?:do\/)?/, '')];
  if (known === undefined) json(reply, { path: heard.url });
  else known(reply, heard);
}

const RAW: Readonly<Record<string, string>> = {
  '/second':
    'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil',
  '/both': 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  '/early': 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 50\r\n\r\nhalf',
  '/split': 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\nx-evil: 1\r\ncontent-length: 0\r\n\r\n',
};

const UNTYPED = {
  '/empty': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  '/nothing': 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n',
};

const configuration = (): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:9', auth: public }
egress:
  port: 0
  callers:
    orders: { key: '\${env:ORDERS_KEY}' }
    billing: { key: '\${env:BILLING_KEY}' }
  parties:
    pay:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /do/{what}', 'POST /do/{what}']
      secret: { header: authorization, value: 'Bearer \${env:PAY_KEY}' }
      size: 4KiB
      total: 700ms
      limit: 1000/min per app
    led:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /do/{what}', 'POST /do/{what}']
      secret: [{ header: authorization, value: 'Bearer \${env:PAY_KEY}' }, { query: api_key, value: '\${env:PAY_KEY}' }]
      redirects: 2
      hosts: ['https://localhost:${files.port}']
    proven:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      cert: ./ours.pem
      key: '\${env:OUR_KEY}'
      serverName: localhost
      private: [127.0.0.0/8, '::1']
      allow: ['GET /do/{what}']
      redirects: 1
      hosts: ['https://127.0.0.1:${files.port}']
    strict:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      openapi: ./strict.json
      allow: ['POST /charges']
      from: [billing]
    feed:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /do/events', 'POST /do/{what}']
      secret: { header: authorization, value: 'Bearer \${env:PAY_KEY}' }
      types: [text/event-stream, application/json]
      total: 1h
${awkwardParties()}`;

/** Those that are not as they should be: broken, not trusted, turned round, down. */
const awkwardParties = (): string => `    signed:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /do/{what}']
      upstreamErrors: pass
      secret: { query: key, value: '\${env:SLASHED_KEY}' }
    raw:
      url: https://localhost:${raw.port}
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /{what}']
    untrusted:
      url: https://localhost:${pay.port}
      private: [127.0.0.0/8, '::1']
      allow: ['GET /{what}']
    inner:
      url: https://localhost.test:${pay.port}
      ca: ./ca.pem
      serverName: localhost
      resolver: '127.0.0.1:${names.port}'
      allow: ['GET /{what}']
    turned:
      url: https://localhost.test:${pay.port}/v1
      ca: ./ca.pem
      serverName: localhost
      resolver: '127.0.0.1:${names.port}'
      private: [127.0.0.1]
      allow: ['GET /do/{what}']
    down:
      url: https://127.0.0.1:9
      private: [127.0.0.1]
      allow: ['GET /{what}']
      breaker: { unreachable: 2, open: 10m }
`;

before(async () => {
  const authority = await makeAuthority();
  pay = await startThirdParty(authority, answer);
  files = await startThirdParty(authority, ({ url }, reply) => json(reply, { file: url }));
  raw = await startRawParty(authority, (path) => ({ ...RAW, ...UNTYPED })[path] ?? 'HTTP/1.1 204 No Content\r\n\r\n');
  names = await startNameServer();
  const ours = await authority.issue();
  gateway = await startGateway(configuration(), {
    beside: { 'ca.pem': authority.ca, 'ours.pem': ours.certificate, 'strict.json': JSON.stringify(DOCUMENT) },
    environment: {
      ORDERS_KEY: ORDERS,
      BILLING_KEY: BILLING,
      PAY_KEY: SECRET,
      SLASHED_KEY: SLASHED,
      OUR_KEY: String(ours.key),
    },
  });
});

after(async () => {
  await gateway?.stop();
  await Promise.all([pay?.stop(), files?.stop(), raw?.stop(), names?.stop()]);
});

interface Call {
  readonly method?: string;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function call(path: string, { method = 'GET', key = ORDERS, headers = {}, body }: Call = {}): Promise<PlainReply> {
  const shown = key === null ? {} : { 'x-portcullis-key': key };
  const sized = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return askPlainly(gateway.egress, {
    method,
    path,
    headers: { ...shown, ...sized, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

/** A status and what it is for. */
async function outcome(path: string, given: Call = {}): Promise<string> {
  try {
    const { status, body } = await call(path, given);
    const code = /"code":"([a-z-]+)"/.exec(body)?.[1];
    return `${status}${code === undefined ? '' : ` ${code}`}`;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code ?? 'fault';
  }
}

async function alertsOf(kind: string): Promise<readonly AlertRecord[]> {
  const { body } = await askAdmin(gateway, '/v1/alerts');
  const alerts = (JSON.parse(body) as { alerts?: AlertRecord[] }).alerts ?? (JSON.parse(body) as AlertRecord[]);
  return alerts.filter((alert) => alert.kind === kind);
}

test('a call goes to the third party with our secret, and with nothing that is not its business', async () => {
  const reply = await call('/pay/do/this?a=1', {
    headers: {
      authorization: 'Bearer of the caller',
      cookie: 'session=1',
      referer: 'http://orders.internal/',
      traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
      'x-b3-traceid': '1111111111111111',
      'x-amzn-trace-id': 'Root=1-11111111-111111111111111111111111',
      via: '1.1 orders.internal',
      'x-forwarded-for': '10.0.0.1',
      accept: 'application/json',
    },
  });
  assert.equal(reply.status, 200);
  assert.deepEqual(JSON.parse(reply.body), { path: '/v1/do/this?a=1' });
  const { headers } = pay.heard.at(-1) as Heard;
  assert.deepEqual(
    { ...headers, connection: undefined },
    {
      host: `localhost:${pay.port}`,
      authorization: `Bearer ${SECRET}`,
      accept: 'application/json',
      'accept-encoding': 'identity',
      connection: undefined,
    },
  );
});

test('only named callers get through, only to named parties and operations, and not from the public side', async () => {
  assert.equal(await outcome('/pay/do/this', { key: null }), '401 unauthenticated');
  assert.equal(await outcome('/pay/do/this', { key: 'another-key-0123456789abcdef' }), '401 unauthenticated');
  assert.equal(await outcome('/strict/charges', { method: 'POST', body: '{}' }), '403 access-denied');
  assert.equal(await outcome('/pay/admin'), '404 not-found');
  assert.equal(await outcome('/pay/do/this', { method: 'DELETE' }), '405 method-not-allowed');
  assert.equal(await outcome('/evil.example/x'), '404 not-found');
  assert.equal(await outcome('/pay/do/..%2fadmin'), '400 encoded-separator');
  assert.equal(
    await outcome('http://169.254.169.254/latest', { headers: { host: '169.254.169.254' } }),
    '404 not-found',
  );
  const { status } = await ask({
    port: gateway.https,
    ca: gateway.ca,
    path: '/pay/do/this',
    headers: { 'x-portcullis-key': ORDERS },
  });
  assert.equal(status, 404);
});

test('CONNECT is refused: what goes through a tunnel could not be judged', async () => {
  const socket = connect(gateway.egress, '127.0.0.1');
  socket.write(
    `CONNECT localhost:${pay.port} HTTP/1.1\r\nhost: localhost:${pay.port}\r\nx-portcullis-key: ${ORDERS}\r\n\r\n`,
  );
  let text = '';
  for await (const piece of socket) {
    text += String(piece);
    if (text.includes('\r\n\r\n')) break;
  }
  assert.match(text, /^HTTP\/1\.1 4\d\d /);
});

test('a reply that is too large is refused before it begins where it says so, and cut where it does not', async () => {
  assert.equal(await outcome('/pay/do/long'), '502 upstream-reply-too-large');
  assert.equal(await outcome('/pay/do/large'), 'ECONNRESET');
  assert.equal(await outcome('/feed/do/huge', { method: 'POST' }), '502 upstream-reply-too-large');
});

test('a reply of another type, or in a coding that nobody asked for, is refused', async () => {
  assert.equal(await outcome('/pay/do/page'), '502 upstream-reply-type');
  assert.equal(await outcome('/pay/do/bomb'), '502 upstream-reply-type');
  assert.equal(await outcome('/pay/do/broken'), '500 upstream-error');
  assert.equal(await outcome('/signed/do/broken'), '502 upstream-reply-type');
  assert.equal(await outcome('/pay/do/untyped'), '502 upstream-reply-type');
  assert.equal(await outcome('/pay/do/coded-redirect'), '502 upstream-reply-type');
});

test('a reply that has no body needs no type, however its end is told', async () => {
  assert.equal(await outcome('/pay/do/accepted', { method: 'POST', body: '{}' }), '202');
  assert.equal(await outcome('/raw/empty'), '200');
  assert.equal(await outcome('/raw/nothing'), '202');
});

test('a third party that drips, or says nothing, is given up', async () => {
  assert.equal(await outcome('/pay/do/drip'), 'ECONNRESET');
  assert.equal(await outcome('/pay/do/silent'), '504 upstream-timeout');
});

test('a secret that comes back in a field alone is told of', async () => {
  assert.equal((await call('/feed/do/echo-in-field', { method: 'POST' })).headers['x-said'], undefined);
  await eventually(async () => {
    const told = await alertsOf('party.secret-echoed');
    assert.deepEqual(
      told.map(({ key }) => key),
      ['feed'],
    );
  });
});

test('a secret that comes back is masked, wherever it stands', async () => {
  const { body, headers } = await call('/pay/do/echo');
  assert.equal((JSON.parse(body) as { said: string }).said, `Bearer ${'*'.repeat(SECRET.length)}`);
  assert.equal(headers['x-said'], undefined);
  assert.equal((await call('/pay/do/spread')).body, `a ${'*'.repeat(SECRET.length)} z`);
  await eventually(async () => {
    const told = await alertsOf('party.secret-echoed');
    assert.ok(told.some(({ key }) => key === 'pay'));
  });
});

test('a secret in the query takes the place of what a caller says there, and is masked as URLs have it too', async () => {
  const { body } = await call('/signed/do/encoded?key=mine&k%65y=mine&a=1');
  assert.equal((pay.heard.at(-1) as Heard).url, `/v1/do/encoded?a=1&key=${encodeURIComponent(SLASHED)}`);
  assert.ok(!body.includes('with'), body);
});

test('cookies and what holds for a host stay behind', async () => {
  const { headers } = await call('/pay/do/cookies');
  for (const name of ['set-cookie', 'strict-transport-security', 'clear-site-data'])
    assert.equal(headers[name], undefined, name);
});

test('a third party says nothing in the name of the gateway, and nothing of our callers’ own host', async () => {
  const { status, headers } = await call('/pay/do/forged');
  assert.equal(status, 200);
  const own = ['x-request-id', 'connection'];
  for (const [name, said] of Object.entries(FORGED)) {
    if (own.includes(name)) assert.notEqual(headers[name], said, name);
    else assert.equal(headers[name], undefined, name);
  }
});

const LED_ASTRAY = [
  'loopback',
  'metadata',
  'mapped',
  'decimal',
  'scheme-relative',
  'backslash',
  'userinfo',
  'downgrade',
];

for (const what of LED_ASTRAY)
  test(`a redirect is not followed and not passed on: ${what}`, async () => {
    assert.equal(await outcome(`/pay/do/${what}`), '502 upstream-refused-location');
    assert.equal(await outcome(`/led/do/${what}`), '502 upstream-refused-location');
  });

test('a redirect within the third party is the reply, as a path here, where none is followed', async () => {
  const { status, headers } = await call('/pay/do/within');
  assert.deepEqual([status, headers['location']], [302, '/pay/do/echo']);
});

test('redirects are followed to what may be called, with the secrets', async () => {
  const reply = await call('/led/do/within');
  assert.equal(reply.status, 200);
  const last = pay.heard.at(-1) as Heard;
  assert.deepEqual([last.url, last.headers.authorization], [`/v1/do/echo?api_key=${SECRET}`, `Bearer ${SECRET}`]);
  assert.ok(!reply.body.includes(SECRET));
  for (const what of ['forbidden', 'outside', 'dots', 'round', 'encoded-slash', 'encoded-null', 'parameters'])
    assert.equal(await outcome(`/led/do/${what}`), '502 upstream-refused-location', what);
});

test('redirects are followed to a named host, without the secrets', async () => {
  const reply = await call('/led/do/to-files', { headers: { authorization: 'Bearer of the caller' } });
  assert.deepEqual([reply.status, JSON.parse(reply.body)], [200, { file: '/store/7?sig=1' }]);
  const { headers } = files.heard.at(-1) as Heard;
  assert.deepEqual([headers.authorization, headers.host], [undefined, `localhost:${files.port}`]);
  assert.equal(await outcome('/led/do/smuggle-secret'), '502 upstream-refused-location');
});

test('a certificate is shown to the third party alone, and another host proves its own name', async () => {
  assert.equal(await outcome('/proven/do/to-address'), '200');
  const [first, second] = [pay.heard.at(-1) as Heard, files.heard.at(-1) as Heard];
  assert.deepEqual([first.url, first.asked, first.proven], ['/v1/do/to-address', 'localhost', true]);
  assert.deepEqual([second.url, second.asked, second.proven], ['/store/7', null, false]);
});

test('a POST becomes a GET behind 303, and is not sent a second time behind 307', async () => {
  const posted = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };
  assert.equal(await outcome('/led/do/see-other', posted), '200');
  const last = pay.heard.at(-1) as Heard;
  assert.deepEqual([last.method, last.body, last.headers['content-type']], ['GET', '', undefined]);
  assert.equal(await outcome('/led/do/keep-method', posted), '502 upstream-refused-location');
});

test('requests and replies are held against the document of the third party', async () => {
  const billing = { key: BILLING, method: 'POST', headers: { 'content-type': 'application/json' } };
  assert.equal(await outcome('/strict/charges', { ...billing, body: '{"amount":1}' }), '200');
  assert.equal(await outcome('/strict/charges', { ...billing, body: '{"amount":"1"}' }), '400 invalid-body');
  const odd = { ...billing, headers: { ...billing.headers, 'x-odd': '1' }, body: '{"amount":1}' };
  assert.equal(await outcome('/strict/charges', odd), '502 upstream-reply-invalid');
  assert.equal(await outcome('/strict/refunds', { key: BILLING }), '404 not-found');
});

test('what a third party says besides its reply is nobody’s reply', async () => {
  assert.equal(await outcome('/raw/both'), '502 upstream-malformed-reply');
  assert.equal(await outcome('/raw/split'), '502 upstream-malformed-reply');
  assert.equal(await outcome('/raw/early'), 'ECONNRESET');
  for (let at = 0; at < 3; at++) assert.equal((await call('/raw/second')).body, 'ok');
});

test('a stream of events comes as it is said, and goes on over a reload', async () => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const seen: string[] = [];
  let ended = false;
  const sent = request(
    { host: '127.0.0.1', port: gateway.egress, path: '/feed/do/events', headers: { 'x-portcullis-key': ORDERS } },
    (reply) => {
      reply.setEncoding('utf8');
      reply.on('data', (text: string) => seen.push(text));
      reply.on('close', () => (ended = true));
      reply.once('data', () => resolve());
    },
  );
  sent.on('error', reject);
  sent.end();
  await promise;
  const file = join(gateway.folder, 'portcullis.yaml');
  await writeFile(file, `${await readFile(file, 'utf8')}# another revision\n`);
  const { status, body } = await askAdmin(gateway, '/v1/reload', { method: 'POST' });
  assert.equal(status, 200, body);
  const before = seen.length;
  await pause(2_000);
  assert.ok(!ended && seen.length > before, `${seen.length} after ${before}`);
  sent.destroy();
});

test('a new port needs a restart, and a third party that is taken out is gone at once', async () => {
  const file = join(gateway.folder, 'portcullis.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('egress:\n  port: 0', 'egress:\n  port: 1'));
  const refused = await askAdmin(gateway, '/v1/reload', { method: 'POST' });
  assert.match(refused.body, /egress/);
  assert.notEqual(refused.status, 200);
  await writeFile(file, text.replace(/ {4}feed:\n(?: {6}.*\n)+/, ''));
  assert.equal((await askAdmin(gateway, '/v1/reload', { method: 'POST' })).status, 200);
  assert.equal(await outcome('/feed/do/events'), '404 not-found');
  assert.equal(await outcome('/pay/do/this'), '200');
});

test('a large body streams out, and what is larger than allowed does not', async () => {
  const body = 'x'.repeat(900_000);
  assert.equal(await outcome('/pay/do/this', { method: 'POST', body }), '200');
  assert.equal((pay.heard.at(-1) as Heard).body.length, body.length);
  assert.equal(await outcome('/pay/do/this', { method: 'POST', body: body + body }), '413 body-too-large');
});

/** All that a client of the listener gets for these bytes. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(gateway.egress, '127.0.0.1');
  socket.end(bytes);
  let text = '';
  for await (const piece of socket) text += String(piece);
  return text;
}

interface AuditRow {
  readonly api: string | null;
  readonly verdict: string;
  readonly problem: string | null;
  readonly direction?: string;
  readonly subject: string | null;
  readonly completion: { readonly status: number; readonly problem: string | null; readonly complete: boolean } | null;
}

/** The newest rows of the ledger, as they were written, and each in words. */
async function auditRows(last: number): Promise<readonly string[]> {
  const file = join(gateway.folder, 'portcullis.yaml');
  const shown = ['audit', 'show', '--json', '--last', String(last), '--config', file];
  const ran = await run(process.execPath, [PROGRAM, ...shown]);
  return (JSON.parse(ran.stdout) as { readonly rows: readonly AuditRow[] }).rows.map((row) => {
    const { api, verdict, problem, direction = 'inbound', subject, completion } = row;
    const end = completion === null ? 'no end' : `${completion.status} ${completion.complete ? 'whole' : 'cut'}`;
    const who = subject === null ? 'somebody' : 'a caller';
    return `${direction} ${who} to ${api ?? 'none'}: ${verdict} ${problem ?? completion?.problem ?? ''} ${end}`;
  });
}

const IN_LEDGER: readonly (readonly [path: string, given: Call, row: string])[] = [
  ['/pay/do/this', {}, 'a caller to pay: pass  200 whole'],
  ['/pay/do/page', {}, 'a caller to pay: pass upstream-reply-type 502 whole'],
  ['/pay/do/large', {}, 'a caller to pay: pass upstream-reply-too-large 200 cut'],
  ['/pay/do/silent', {}, 'a caller to pay: pass upstream-timeout 504 whole'],
  ['/pay/do/loopback', {}, 'a caller to pay: pass upstream-refused-location 502 whole'],
  ['/led/do/to-files', {}, 'a caller to led: pass  200 whole'],
  ['/untrusted/x', {}, 'a caller to untrusted: pass upstream-tls 502 whole'],
  ['/strict/charges', { method: 'POST', body: '{}' }, 'a caller to strict: deny access-denied 403 whole'],
  ['/pay/do/this', { key: null }, 'somebody to pay: deny unauthenticated 401 whole'],
  ['/pay/do/this', { method: 'DELETE' }, 'somebody to none: deny method-not-allowed 405 whole'],
  ['/nobody/x', {}, 'somebody to none: deny not-found 404 whole'],
];

test('every call is in the ledger, however it ended, also one that could not be read', async () => {
  for (const [path, given] of IN_LEDGER) await outcome(path, given);
  const twice = 'GET /pay/do/this HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n';
  assert.match(await sendRaw(twice), /^HTTP\/1\.1 400 /);
  const rows = [...IN_LEDGER.map(([, , row]) => row), 'somebody to none: malformed invalid-host 400 whole'];
  await eventually(async () =>
    assert.deepEqual(
      await auditRows(rows.length),
      rows.map((row) => `outbound ${row}`),
    ),
  );
});

test('records say that a call went out, and who made it', async () => {
  await call('/pay/do/this');
  await call('/nobody/this');
  const ran = await run(process.execPath, [
    PROGRAM,
    'audit',
    'show',
    '--json',
    '--config',
    join(gateway.folder, 'portcullis.yaml'),
  ]);
  assert.match(ran.stdout, /"operation":\s*"pay\/GET \/do\/\{what\}"[^{}]*"direction":\s*"outbound"/);
  assert.match(ran.stdout, /"problem":\s*"not-found"[^{}]*"direction":\s*"outbound"/);
});

test('without a CA that vouches for it nothing is said, and there is an alert', async () => {
  assert.equal(await outcome('/untrusted/x'), '502 upstream-tls');
  await eventually(async () => assert.equal((await alertsOf('upstream.untrusted')).length, 1));
});

const TURNED = {
  loopback: ['127.0.0.1'],
  private: ['10.0.0.7'],
  metadata: ['169.254.169.254'],
  'public and loopback': ['203.0.114.7', '127.0.0.1'],
} as const;

for (const [what, addresses] of Object.entries(TURNED))
  test(`a name that stands for ${what} is not gone to`, async () => {
    const before = pay.connections();
    names.say('A', 'localhost.test', { ttl: 0, data: addresses });
    assert.equal(await outcome('/inner/x'), '502 upstream-unreachable');
    assert.equal(pay.connections(), before);
    await eventually(async () => assert.equal((await alertsOf('upstream.address-refused')).length, 1));
  });

test('a name is judged again for each connection, and the connection goes to the address that was judged', async () => {
  names.say('A', 'localhost.test', { ttl: 0, data: ['127.0.0.1'] });
  assert.equal(await outcome('/turned/do/close'), '200');
  assert.equal(await outcome('/turned/do/close'), '200');
  names.say('A', 'localhost.test', { ttl: 0, data: ['127.0.0.1', '127.0.0.2'] });
  assert.equal(await outcome('/turned/do/close'), '502 upstream-unreachable');
  names.fail('SERVFAIL');
  assert.equal(await outcome('/turned/do/close'), '502 upstream-unreachable');
  names.fail(null);
  names.forget('A', 'localhost.test');
});

test('a name that stands for an IPv4 address in IPv6 is not gone to either', async () => {
  for (const address of ['::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '::1', 'fd00::1']) {
    names.forget('A', 'localhost.test');
    names.say('AAAA', 'localhost.test', { ttl: 0, data: [address] });
    assert.equal(await outcome('/inner/x'), '502 upstream-unreachable', address);
  }
});

test('a third party that is down is 502, then 503 from its breaker, while others are served', async () => {
  assert.equal(await outcome('/down/x'), '502 upstream-unreachable');
  assert.equal(await outcome('/down/x'), '502 upstream-unreachable');
  assert.equal(await outcome('/down/x'), '503 upstream-circuit-open');
  assert.equal(await outcome('/pay/do/this'), '200');
});

test('no secret stands in the log, in records, in what the admin port says or in any file that is kept', async () => {
  const texts = [gateway.said()];
  for (const path of ['/v1/status', '/v1/alerts', '/v1/coverage', '/v1/revisions', '/v1/upstream-errors', '/metrics'])
    texts.push((await askAdmin(gateway, path)).body);
  const shown = await run(process.execPath, [
    ...[PROGRAM, 'audit', 'show', '--json', '--config', join(gateway.folder, 'portcullis.yaml')],
  ]);
  assert.match(shown.stdout, /"direction":\s*"outbound"/);
  texts.push(shown.stdout);
  const kept = await readdir(join(gateway.folder, 'data'), { recursive: true, withFileTypes: true });
  const files = kept.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  assert.ok(files.length > 3, files.join());
  for (const file of files) texts.push(await readFile(file, 'latin1'));
  for (const text of texts) for (const secret of [SECRET, SLASHED, ORDERS, BILLING]) assert.ok(!text.includes(secret));
});
