import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { createOfflineKinds } from '../../src/main/kinds.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainReply, startInner } from './inner-gateway.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const CARD = '4111111111111111';
const MASKED = '************1111';
const KEY = ['ghp_', 'aB3dE6gH9jaB3dE6gH9jaB3dE6gH9jaB3dE6'].join('');
const BODY = `{"items":[{"card":"${CARD}","id":1}],"at":1732360000000}`;
const CLEAN = BODY.replace(CARD, MASKED);
const JSON_TYPE = { 'content-type': 'application/json' };

/** What the upstream says at each path. */
const ROUTES: Readonly<Record<string, RequestListener>> = {
  '/card': (_request, reply) => reply.writeHead(200, { ...JSON_TYPE, etag: '"one"' }).end(BODY),
  '/gzip': (_request, reply) => reply.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(gzipSync(BODY)),
  '/brotli': (_request, reply) =>
    reply.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'br' }).end(brotliCompressSync(BODY)),
  '/unknown': (_request, reply) => reply.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'x-own' }).end(BODY),
  '/key': (_request, reply) => reply.writeHead(200, JSON_TYPE).end(JSON.stringify({ error: `no ${KEY}` })),
  '/chunks': (_request, reply) => {
    reply.writeHead(200, JSON_TYPE);
    const pieces = BODY.split('');
    const next = (): void => {
      const piece = pieces.shift();
      if (piece === undefined) reply.end();
      else reply.write(piece, next);
    };
    next();
  },
  '/location': (_request, reply) => reply.writeHead(200, { ...JSON_TYPE, 'x-debug': `key=${KEY}` }).end('{}'),
  '/field': (_request, reply) => reply.writeHead(200, { ...JSON_TYPE, 'x-card': `card ${CARD}`, 'x-a': 'b' }).end('{}'),
  '/stored': (_request, reply) =>
    reply.writeHead(200, { ...JSON_TYPE, 'cache-control': 'max-age=600', 'x-number': String(++stored) }).end(BODY),
  '/large': (_request, reply) => {
    reply.writeHead(200, { 'content-type': 'text/plain' });
    for (let at = 0; at < 11; at++) reply.write(Buffer.alloc(1024 * 1024, 'x'));
    reply.end(CARD);
  },
  '/events': (_request, reply) =>
    void reply.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${CARD}\n\n`),
  '/events-at-once': (_request, reply) =>
    reply.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${CARD}\n\n`),
  '/picture': (_request, reply) => reply.writeHead(200, { 'content-type': 'image/png' }).end(CARD),
  '/error': (_request, reply) => reply.writeHead(404, JSON_TYPE).end(BODY),
  '/failed': (_request, reply) => reply.writeHead(500, JSON_TYPE).end(BODY),
  '/page': (_request, reply) => reply.writeHead(200, { 'content-type': 'text/html' }).end(`{"a":"<b>${CARD}"}`),
  '/part': (request, reply) => {
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (request.headers.range === undefined) reply.writeHead(200, JSON_TYPE).end(BODY);
    else
      reply
        .writeHead(206, { ...JSON_TYPE, 'content-range': `bytes ${from}-${to}/${BODY.length}` })
        .end(BODY.slice(+from, +to + 1));
  },
};

let stored = 0;
let upstream: LocalServer;
let gateway: InnerGateway;

before(async () => {
  upstream = await startLocalServer((request, reply) => {
    const route = ROUTES[(request.url ?? '').replace(/^\/(?:open|told)/, '')];
    if (route === undefined) reply.writeHead(500).end();
    else route(request, reply);
  });
  const routes = ['GET /{path}', 'HEAD /{path}', 'GET /open/{path}', 'GET /told/{path}'];
  const gathered = await gatherText(
    `version: 1
apis:
  orders:
    routes: [${routes.map((route) => `'${route}'`).join(', ')}]
    upstream: '${upstream.url}'
    auth: public
    leaks: default
    cache: on
    operations:
      GET /open/{path}: { leaks: off }
      GET /told/{path}: { leaks: { cards: report, secrets: report } }
`,
    {},
  );
  gateway = await startInner(gathered, createOfflineKinds());
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<PlainReply> =>
  askPlainly(gateway.port, { method, path, headers });

const codeOf = ({ status, body }: PlainReply): string => `${status} ${(JSON.parse(body) as { code: string }).code}`;

test('a card is masked, and the reply says nothing that was true of it unmasked', async () => {
  const reply = await ask('/card');
  assert.equal(reply.body, CLEAN);
  assert.equal(reply.headers['content-length'], String(CLEAN.length));
  assert.equal(reply.headers['etag'], undefined);
});

test('what was coded is decoded, masked, and goes out decoded', async () => {
  for (const path of ['/gzip', '/brotli']) {
    const reply = await ask(path, { 'accept-encoding': 'gzip, br' });
    assert.deepEqual([reply.body, reply.headers['content-encoding']], [CLEAN, undefined], path);
  }
  assert.equal(codeOf(await ask('/unknown')), '502 upstream-refused-body');
});

test('a card that comes in as many pieces as it has digits is masked', async () => {
  assert.equal((await ask('/chunks')).body, CLEAN);
});

test('a key refuses the whole reply, of an error too', async () => {
  const reply = await ask('/key');
  assert.equal(codeOf(reply), '502 reply-leaks');
  assert.ok(!reply.body.includes('ghp_'));
  assert.deepEqual([(await ask('/error')).status, (await ask('/error')).body], [404, CLEAN]);
});

test('what other policies put in the place of a reply is looked into as well', async () => {
  const failed = await ask('/failed');
  assert.deepEqual([codeOf(failed), failed.body.includes(CARD)], ['500 upstream-error', false]);
  const page = await ask('/page');
  assert.deepEqual(JSON.parse(page.body), { a: `<b>${MASKED}` });
  assert.ok(!page.body.includes('<b>'), 'it is encoded behind');
});

test('a field of the head goes where it holds a card, and a key in one refuses the reply', async () => {
  const reply = await ask('/field');
  assert.deepEqual([reply.status, reply.headers['x-card'], reply.headers['x-a']], [200, undefined, 'b']);
  assert.equal(codeOf(await ask('/location')), '502 reply-leaks');
});

test('a stored reply is looked into each time it is given', async () => {
  const first = await ask('/stored');
  const again = await ask('/stored');
  assert.deepEqual([first.body, again.body], [CLEAN, CLEAN]);
  assert.deepEqual([first.headers['x-number'], again.headers['x-number']], ['1', '1']);
  assert.match(String(again.headers['cache-status']), /hit/);
  const part = await ask('/stored', { range: 'bytes=0-30' });
  assert.ok(!part.body.includes('41111'), part.body);
});

test('a part of a reply can not be asked for, in which half of a card would be no card', async () => {
  const at = BODY.indexOf(CARD);
  const reply = await ask('/part', { range: `bytes=0-${at + 12}` });
  assert.deepEqual([reply.status, reply.body], [200, CLEAN]);
});

test('what can not be looked into whole is refused', async () => {
  assert.equal(codeOf(await ask('/large')), '502 upstream-refused-body');
  assert.equal(codeOf(await ask('/events')), '502 upstream-refused-body');
});

test('a stream of events that comes whole with its head is looked into', async () => {
  assert.equal((await ask('/events-at-once')).body, `data: ${MASKED}\n\n`);
});

test('a reply to HEAD does not say how long the unmasked one is', async () => {
  const reply = await ask('/card', {}, 'HEAD');
  assert.deepEqual([reply.status, reply.headers['content-length']], [200, undefined]);
});

test('pictures pass as they are, and so does an operation that is left out', async () => {
  assert.equal((await ask('/picture')).body, CARD);
  assert.equal((await ask('/open/card')).body, BODY);
});

test('what is only told of passes, and so does what can not be looked into', async () => {
  for (const path of ['/told/card', '/told/gzip']) assert.equal((await ask(path)).body, BODY);
  assert.equal((await ask('/told/large')).body.length, 11 * 1024 * 1024 + CARD.length);
});

test('the record has class and place, and nothing of the value', async () => {
  await ask('/card');
  await ask('/key');
  await ask('/told/card');
  const records = gateway.ledger.newest(1_000);
  const text = JSON.stringify(records, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  for (const rule of ['cards.mask#/*/*/*', 'secrets.refuse#/*', 'cards.report#/*/*/*'])
    assert.ok(text.includes(rule), rule);
  for (const value of [CARD, KEY, MASKED]) assert.ok(!text.includes(value), value);
});

test('places are told in names of the description, and in no others', async () => {
  const described = {
    type: 'object',
    properties: { items: { type: 'array', items: { type: 'object', properties: { card: {} } } } },
  };
  const answer = {
    description: 'x',
    content: { 'application/json': { schema: { ...described, additionalProperties: true } } },
  };
  const document = {
    openapi: '3.1.0',
    info: { title: 'a', version: '1' },
    paths: { '/card': { get: { responses: { 200: answer } } } },
  };
  const gathered = await gatherText(
    `version: 1\napis:\n  a: { openapi: ./a.json, upstream: '${upstream.url}', auth: public, validate: strict, leaks: default }\n`,
    { 'a.json': JSON.stringify(document) },
  );
  const other = await startInner(gathered, createOfflineKinds());
  try {
    const reply = await askPlainly(other.port, { method: 'GET', path: '/card', headers: {} });
    assert.equal(reply.status, 200, reply.body);
    assert.ok(!reply.body.includes(CARD));
    const text = JSON.stringify(other.ledger.newest(10), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    assert.ok(text.includes('cards.mask#/items/*/card'), text);
  } finally {
    await other.stop();
  }
});
