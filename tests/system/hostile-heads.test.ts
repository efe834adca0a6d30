import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Outcome, type RecordedGateway, startRecorded, valuesOf } from './sent-bodies.ts';

const DESCRIPTION = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'users', version: '1' },
  paths: {
    '/judged/users': {
      post: {
        parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
        requestBody: {
          content: { 'application/json': { schema: { type: 'object', properties: { name: { maxLength: 3 } } } } },
        },
        responses: { 200: { description: 'made' } },
      },
    },
  },
});

let scene: RecordedGateway;

before(async () => {
  scene = await startRecorded(
    `apis:
  plain: { routes: ['* /plain/{rest...}'], host: localhost, upstream: 'UPSTREAM', auth: public }
  cached: { routes: ['GET /cached/{rest...}'], host: localhost, upstream: 'UPSTREAM', auth: public, cache: { ttl: 1h } }
  down: { routes: ['GET /down'], host: localhost, upstream: 'http://127.0.0.1:9', auth: public }
  judged: { openapi: ./users.json, host: localhost, upstream: 'UPSTREAM', auth: public, errors: helpful }
  moved:
    routes: ['GET /here/{id}', 'GET /tree/{rest...}', 'GET /away/{rest...}']
    host: localhost
    upstream: 'UPSTREAM'
    auth: public
    operations:
      GET /here/{id}: { redirect: '/{id}' }
      GET /tree/{rest...}: { redirect: '/{rest...}' }
      GET /away/{rest...}: { redirect: 'https://new.example/{rest...}' }
`,
    { 'users.json': DESCRIPTION },
  );
});

after(() => scene?.stop());

/** Lets the upstream answer so from now on, until the function it gives is called. */
function answering(head: readonly string[], body: string): () => void {
  const reply = `${['HTTP/1.1 200 OK', ...head, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`;
  scene.origin.script = { when: 'whole', run: async ({ socket }) => void socket.write(reply, 'latin1') };
  return () => {
    scene.origin.script = null;
  };
}

const get = (path: string, fields: readonly (readonly [string, string])[] = []): Promise<Outcome> =>
  scene.send({ method: 'GET', path, fields });

/** The names of range fields that the upstream saw. */
function rangesSeen({ seen }: Outcome): readonly string[] {
  return seen.flatMap(({ message }) => message.fields.map(([name]) => name)).filter((name) => name.includes('range'));
}

test('67: a thousand ranges reach no upstream, overlapping or not; a handful does', async () => {
  const ranges = {
    overlapping: Array.from({ length: 1_000 }, () => '0-').join(),
    growing: Array.from({ length: 1_000 }, (_, at) => `0-${at}`).join(),
    single: Array.from({ length: 1_000 }, (_, at) => `${at}-${at}`).join(),
    suffixes: Array.from({ length: 1_000 }, () => '-1').join(', '),
    empty: ','.repeat(1_000),
  };
  for (const [what, list] of Object.entries(ranges)) {
    for (const name of ['Range', 'range', 'Request-Range']) {
      const outcome = await get('/plain/big', [
        [name, `bytes=${list}`],
        ['If-Range', '"x"'],
      ]);
      assert.equal(outcome.status, 200, what);
      assert.deepEqual(rangesSeen(outcome), [], what);
    }
  }
  const split = Array.from({ length: 40 }, (_, at) => ['Range', `bytes=${at}-${at}`] as const);
  const over = await get('/plain/big', split);
  assert.deepEqual(rangesSeen(over), [], 'in lines of their own');
  const few = await get('/plain/big', [['Range', 'bytes=0-9,20-29,-5']]);
  assert.deepEqual(rangesSeen(few), ['range']);
});

const DECEPTIONS: readonly string[] = [
  '/cached/account/x.css',
  '/cached/account/x.CSS',
  '/cached/account/.css',
  '/cached/account/%0a.css',
  '/cached/account%0a.css',
  '/cached/account/;.css',
  '/cached/account;.css',
  '/cached/account;x.css',
  '/cached/account%3b.css',
  '/cached/account%3f.css',
  '/cached/account%23.css',
  '/cached/account%2fx.css',
  '/cached/account%00.css',
  '/cached/account%5cx.css',
  '/cached/static/..%2faccount.css',
  '/cached/static/%2e%2e/account.css',
  '/cached/account/x.js',
  '/cached/account/x.png',
  '/cached/account/x.woff2',
];

test('68: what only looks like a file of style is stored for nobody', async () => {
  const head = ['Content-Type: text/html', 'Cache-Control: public, max-age=600'];
  const restore = answering(head, 'the account of the victim');
  let passed = 0;
  try {
    for (const path of DECEPTIONS) {
      const asked = [await get(path, [['Cookie', 'session=victim']]), await get(path), await get(path)];
      const wanted = asked[0]?.status === 200 ? [1, 1, 1] : [0, 0, 0];
      const seen = asked.map((outcome) => outcome.seen.length);
      assert.deepEqual(seen, wanted, `${path}: ${asked.map(({ reply }) => valuesOf(reply, 'cache-status')).join()}`);
      assert.ok(
        asked.every(({ status }) => status === 200 || status === 400),
        path,
      );
      passed += wanted[0] ?? 0;
    }
  } finally {
    restore();
  }
  assert.ok(passed >= 6, `${passed} of them reached the upstream`);
});

test('68: a real file of style is stored, so that the test before says something', async () => {
  const restore = answering(['Content-Type: text/css', 'Cache-Control: public, max-age=600'], 'b{}');
  try {
    const [first, second] = [await get('/cached/app.css'), await get('/cached/app.css')];
    assert.deepEqual([first.seen.length, second.seen.length], [1, 0]);
  } finally {
    restore();
  }
});

test('69: no client chooses the host of a redirect to https', async () => {
  const { https } = scene.gateway;
  const names = [
    'X-Forwarded-Host',
    'X-Host',
    'X-Forwarded-Server',
    'Forwarded',
    'X-Original-Host',
    'X-Forwarded-Port',
  ];
  for (const name of names) {
    const value = name === 'Forwarded' ? 'host=evil.example;proto=https' : 'evil.example';
    const { status, reply } = await scene.send({
      method: 'GET',
      path: '/plain/a?b=c',
      plain: true,
      fields: [
        [name, value],
        ['X-Forwarded-Proto', 'https'],
      ],
    });
    assert.equal(status, 308, name);
    assert.deepEqual(valuesOf(reply, 'location'), [`https://localhost:${https}/plain/a?b=c`], name);
  }
  for (const host of ['evil.example', 'localhost.evil.example', 'localhost:1@evil.example', 'evil.example:80', '']) {
    const { status, reply } = await scene.send({ method: 'GET', path: '/plain/a', plain: true, host });
    assert.ok(status === 400 || status === 421, `${host} ${status}`);
    assert.deepEqual(valuesOf(reply, 'location'), [], host);
  }
});

const LEADING_AWAY: readonly string[] = [
  '//evil.example',
  '/\\evil.example',
  '/%5cevil.example',
  '/%2fevil.example',
  '/%2f%2fevil.example',
  '/%09/evil.example',
  '/%0d%0aLocation:%20https://evil.example',
  '/%0a/evil.example',
  '/.evil.example',
  '/@evil.example',
  '/https://evil.example',
  '/..//evil.example',
  '/;/evil.example',
  '/%00/evil.example',
  'http://evil.example/',
  'https://evil.example/',
  'evil.example',
];

/** Where a browser would go that follows it from here. */
function hostOf(location: string): string {
  return new URL(location, 'https://localhost/').hostname;
}

test('69: a path leads nobody to another host, whatever it holds', async () => {
  let redirected = 0;
  for (const trick of LEADING_AWAY) {
    const tree = trick.startsWith('/') ? `/tree${trick}` : trick;
    for (const message of [
      { path: trick, plain: true },
      { path: tree, plain: true },
      { path: tree },
      { path: trick.startsWith('/') ? `/here${trick}` : trick },
      { path: trick.startsWith('/') ? `/away${trick}` : trick },
    ]) {
      const { status, reply } = await scene.send({ method: 'GET', ...message });
      const [location, ...more] = valuesOf(reply, 'location');
      assert.deepEqual(more, []);
      if (location === undefined) {
        assert.ok(status >= 400, `${message.path} ${status}`);
        continue;
      }
      redirected++;
      const wanted = message.path.startsWith('/away') && message.plain !== true ? 'new.example' : 'localhost';
      assert.equal(hostOf(location), wanted, `${message.path} leads to ${location}`);
    }
  }
  assert.ok(redirected >= 10, `${redirected} were redirected`);
});

test('69: a Location with a line break of the upstream reaches no client', async () => {
  for (const line of [
    'Location: /x\rSet-Cookie: a=b',
    'Location: /x\nSet-Cookie: a=b',
    'Location: /x\0y',
    'Location: /x\r\n Set-Cookie: a=b',
    'Location : /x',
    'Location: /x\x7f',
  ]) {
    const restore = answering([line], 'x');
    try {
      const { status, code, reply } = await get('/plain/moved');
      assert.equal(status, 502, `${JSON.stringify(line)} ${code}`);
      assert.deepEqual([valuesOf(reply, 'location'), valuesOf(reply, 'set-cookie')], [[], []]);
    } finally {
      restore();
    }
  }
});

const SECRET = 'c2VjcmV0LW9mLXRoZS1jbGllbnQ';
const BEARING: readonly (readonly [string, string])[] = [
  ['Authorization', `Bearer ${SECRET}`],
  ['Cookie', `session=${SECRET}`],
  ['X-Api-Key', SECRET],
  ['Proxy-Authorization', `Basic ${SECRET}`],
];

test('70: no page of an error, and no line of the log, holds what the client is known by', async () => {
  const json = ['Content-Type', 'application/json'] as const;
  const body = Buffer.from(JSON.stringify({ name: SECRET }));
  const outcomes = [
    await get('/down', BEARING),
    await get('/nowhere', BEARING),
    await get(`/nowhere/${SECRET}?token=${SECRET}`, BEARING),
    await scene.send({ method: 'DELETE', path: '/judged/users', fields: BEARING }),
    await scene.send({ path: '/judged/users', fields: [...BEARING, json], body }),
    await scene.send({ path: `/judged/users?page=${SECRET}`, fields: [...BEARING, json], body: Buffer.from('{}') }),
    await scene.send({ path: `/judged/users?${SECRET}=1`, fields: [...BEARING, json], body: Buffer.from('{}') }),
    await scene.send({ path: '/judged/users', fields: [...BEARING, json], body: Buffer.from(`{"${SECRET}":1}`) }),
    await scene.send({ path: '/judged/users', fields: [...BEARING, ['Content-Type', SECRET]], body }),
    await scene.send({ method: 'GET', path: `/plain/x?token=${SECRET}`, fields: BEARING, plain: true }),
    await scene.send({ method: 'GET', path: '/plain/x', host: `${SECRET}.example`, fields: BEARING }),
    await scene.send({ method: 'GET', path: '/plain/x', fields: [...BEARING, [`X-${SECRET}`, `a\x01${SECRET}`]] }),
  ];
  for (const { status, reply, seen } of outcomes) {
    assert.ok(status >= 400, `${status} ${reply.start}`);
    assert.equal(seen.length, 0);
    const whole = `${reply.start} ${reply.fields.flat().join(' ')} ${reply.body.toString()}`;
    assert.ok(!whole.includes(SECRET), whole);
  }
  assert.ok(!scene.gateway.said().includes(SECRET), scene.gateway.said());
});

test('71: a reply leaves without banners, soft cookies and the places of the inside', async () => {
  const inside = `http://127.0.0.1:${scene.origin.port}`;
  const restore = answering(
    [
      'Server: Apache/2.4.1 (Unix)',
      'X-Powered-By: PHP/5.3.3',
      'X-AspNet-Version: 4.0.30319',
      'Set-Cookie: session=1; Path=/',
      `Location: ${inside}/plain/next`,
      `Content-Location: ${inside}/plain/here`,
    ],
    'x',
  );
  try {
    const { status, reply } = await get('/plain/a');
    assert.equal(status, 200);
    for (const name of ['server', 'x-powered-by', 'x-aspnet-version'])
      assert.deepEqual(valuesOf(reply, name), [], name);
    const [cookie = '', ...more] = valuesOf(reply, 'set-cookie');
    assert.deepEqual(more, []);
    for (const wanted of [/;\s*Secure/i, /;\s*HttpOnly/i, /;\s*SameSite=/i]) assert.match(cookie, wanted);
    assert.ok(!reply.fields.flat().join(' ').includes(String(scene.origin.port)), JSON.stringify(reply.fields));
  } finally {
    restore();
  }
});
