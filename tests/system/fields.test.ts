import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { askAdmin } from './admin.ts';
import type { Reply } from './https-client.ts';
import { askOver, codeOf, VERSIONS } from './possession-scene.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

const ORDER =
  '{ "id": 12345678901234567890, "status":"open", "customer":{"name":"Ada", "\\u0073sn":"078-05-1120"}, "items":[{"sku":"a","cost":1}] }';
const SHOWN = '{ "id": 12345678901234567890, "status":"open", "items":[{"sku":"a"}] }';
const FOR_SUPPORT = '{ "id": 12345678901234567890, "status":"open", "customer":{"name":"Ada"}, "items":[{"sku":"a"}] }';
const FOR_ADMINS =
  '{ "id": 12345678901234567890, "status":"open", "customer":{"name":"Ada"}, "items":[{"sku":"a","cost":1}] }';
const LISTS = `{ default: [id, status, items.sku], support: ['+customer.name'], orders-admin: ['*', -customer.ssn], root: ['*'] }`;

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Described', version: '1' },
  paths: {
    '/described': {
      get: {
        operationId: 'getDescribed',
        responses: {
          200: {
            description: 'an order',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  additionalProperties: false,
                  required: ['id', 'customer'],
                  properties: {
                    id: { type: 'integer' },
                    customer: { type: 'object', required: ['ssn'], properties: { ssn: { type: 'string' } } },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

let scene: TokenScene;
let asked = 0;
/** The conditions that came to the upstream last. */
let conditions: Readonly<Record<string, string>> = {};

interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  '/orders/7': {},
  '/observed': {},
  '/described': { body: '{"id":7,"customer":{"ssn":"078-05-1120"}}' },
  '/cached': { headers: { 'cache-control': 'public, max-age=600' } },
  '/orders/zipped': { body: gzipSync(ORDER), headers: { 'content-encoding': 'gzip' } },
  '/orders/lines': { type: 'application/x-ndjson', body: '{"id":1,"x":1}\n{"x":2,"id":2}\n' },
  '/orders/text': { type: 'text/plain', body: 'secret' },
  '/orders/twice': { body: '{"id":1,"id":{"ssn":"078-05-1120"}}' },
  '/orders/cut': { body: '{"id":1,"ssn":"078-05-1120' },
  '/orders/deep': { body: `{"x":${'['.repeat(100)}${']'.repeat(100)}}` },
  '/orders/wide': { type: 'application/json; charset=utf-16', body: ORDER },
  '/orders/part': { status: 206, headers: { 'content-range': 'bytes 0-9/100' } },
  '/orders/events': { type: 'text/event-stream', body: `data: ${ORDER}\n\n` },
  '/orders/gone': { status: 404, type: 'application/problem+json', body: '{"title":"Gone","status":404,"sql":"x"}' },
};

function answer(request: IncomingMessage, reply: ServerResponse): void {
  asked++;
  const { headers, method } = request;
  conditions = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (/^(if-|range|a-im)/.test(name) ? [[name, String(value)]] : [])),
  );
  if (method === 'PUT') {
    reply.statusCode = headers['if-match'] === '"v1"' ? 200 : 412;
    reply.end();
    return;
  }
  const path = String(request.url).replace(/\?.*/, '');
  if (path === '/orders/odd' || headers['if-none-match'] === '"v1"') {
    reply.writeHead(304, { etag: '"v1"' }).end();
    return;
  }
  const { status = 200, type = 'application/json', body = ORDER, headers: more = {} } = ANSWERS[path] ?? {};
  const digest = { 'repr-digest': 'sha-256=:x:', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' };
  reply.writeHead(status, { etag: '"v1"', 'content-type': type, ...digest, ...more });
  if (path === '/orders/7' && method !== 'HEAD') reply.write(body.slice(0, 20));
  reply.end(method === 'HEAD' ? undefined : path === '/orders/7' ? body.slice(20) : body);
}

before(async () => {
  scene = await startTokenScene({
    threads: 2,
    upstream: answer,
    beside: { 'described.json': JSON.stringify(DESCRIPTION) },
    rest: (url) => `roles: { support: {}, lead: { includes: [support] }, orders-admin: {}, root: {} }
cache: { memory: 8MiB }
apis:
  orders:
    routes: ['GET /orders/{id}', 'PUT /orders/{id}', 'GET /cached', 'GET /observed']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /orders/{id}: { fields: ${LISTS} }
      GET /cached: { fields: ${LISTS}, cache: { per: everybody } }
      GET /observed: { fields: ${LISTS}, observe: [fields] }
  described:
    openapi: ./described.json
    upstream: '${url}'
    auth: [acme]
    validate: strict
    operations:
      getDescribed: { fields: { default: [id] } }
`,
  });
});

after(() => scene?.stop());

for (const version of VERSIONS) {
  interface Question {
    readonly roles?: readonly string[];
    readonly method?: string;
    readonly subject?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }
  const get = async (path: string, { roles = [], method = 'GET', subject = 'ada', headers = {} }: Question = {}) => {
    const { gateway, issuer } = scene;
    const token = await issuer.tokenOf({ subject, roles });
    const fields = { host: `localhost:${gateway.https}`, authorization: `Bearer ${token}`, ...headers };
    return await askOver({ version, port: gateway.https, ca: gateway.ca, method, path, headers: fields });
  };
  const tagOf = ({ headers }: Reply): string => String(headers['etag']);

  test(`${version}: callers get what their roles may see, byte by byte`, async () => {
    assert.equal((await get('/orders/7')).body, SHOWN);
    assert.equal((await get('/orders/7', { roles: ['support'] })).body, FOR_SUPPORT);
    assert.equal((await get('/orders/7', { roles: ['lead', 'nobody'] })).body, FOR_SUPPORT);
    assert.equal((await get('/orders/7', { roles: ['orders-admin'] })).body, FOR_ADMINS);
    assert.equal((await get('/orders/7', { roles: ['root'] })).body, ORDER);
    assert.equal((await get('/orders/zipped', { headers: { 'accept-encoding': 'gzip' } })).body, SHOWN);
    assert.equal((await get('/orders/lines')).body, '{"id":1}\n{"id":2}\n');
    const gone = await get('/orders/gone');
    assert.deepEqual([gone.status, gone.body], [404, '{"title":"Gone","status":404}']);
  });

  test(`${version}: lengths are those of what is sent, and nothing tells of the whole`, async () => {
    const whole = await get('/orders/7');
    assert.equal(whole.headers['content-length'], String(SHOWN.length));
    assert.equal(whole.headers['cache-control'], 'private, no-store');
    for (const name of ['repr-digest', 'last-modified', 'content-encoding'])
      assert.equal(whole.headers[name], undefined, name);
    assert.notEqual(tagOf(whole), '"v1"');
    const head = await get('/orders/7', { method: 'HEAD' });
    assert.deepEqual([head.status, head.body, tagOf(head)], [200, '', tagOf(whole)]);
    assert.notEqual(head.headers['content-length'], String(ORDER.length));
  });

  test(`${version}: what can't be filtered is refused, unless the caller may see all`, async () => {
    for (const id of ['text', 'twice', 'cut', 'deep', 'wide', 'part', 'events']) {
      const { status, body } = await get(`/orders/${id}`, { roles: ['orders-admin'] });
      assert.equal(codeOf({ status, body, headers: {} }), '502 upstream-refused-body', id);
      assert.ok(!body.includes('078') && !body.includes('secret'), id);
    }
    assert.equal((await get('/orders/text', { roles: ['root'] })).body, 'secret');
  });

  test(`${version}: a tag is good for those who may see the same, in every thread`, async () => {
    const mine = tagOf(await get('/orders/7', { roles: ['support'] }));
    const unchanged = await get('/orders/7', { roles: ['support'], headers: { 'if-none-match': mine } });
    assert.deepEqual([unchanged.status, unchanged.body, tagOf(unchanged)], [304, '', mine]);
    assert.deepEqual(conditions, { 'if-none-match': '"v1"' });
    for (const question of [
      { headers: { 'if-none-match': mine } },
      { headers: { 'if-none-match': '"v1"' } },
      { headers: { 'if-none-match': '*' } },
      { headers: { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' } },
      { headers: { range: 'bytes=0-99', 'if-range': mine } },
      { roles: ['root'], headers: { 'if-none-match': mine } },
    ]) {
      const { status } = await get('/orders/7', question);
      assert.equal(status, 200, JSON.stringify(question));
      assert.deepEqual(conditions, {});
    }
    await get('/orders/7', { headers: { 'if-match': '"v1"', 'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' } });
    assert.deepEqual(conditions, { 'if-match': '"pf-"' });
    await get('/orders/7', { roles: ['support'], headers: { 'if-match': mine } });
    assert.deepEqual(conditions, { 'if-match': '"v1"' });
    const odd = await get('/orders/odd', { roles: ['root'] });
    assert.equal(codeOf(odd), '502 upstream-refused-body');
  });

  test(`${version}: whoever changes something brings back the tag that they were given`, async () => {
    const put = (tag: string) => get('/orders/7', { method: 'PUT', headers: { 'if-match': tag } });
    assert.equal((await put(tagOf(await get('/orders/7')))).status, 200);
    assert.equal((await put(tagOf(await get('/orders/7', { roles: ['root'] })))).status, 200);
    assert.equal((await put('"v0"')).status, 412);
    assert.equal((await put('"pf-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"')).status, 412);
  });

  test(`${version}: one stored reply is filtered for each who gets it`, async () => {
    const path = `/cached?${version}`;
    const bodies = async (roles: readonly string[]): Promise<ReadonlySet<string>> => {
      // As often as both threads are likely to be asked.
      const all = await Promise.all(Array.from({ length: 8 }, () => get(path, { roles })));
      assert.ok(all.every(({ headers }) => String(headers['cache-control']).startsWith('private')));
      return new Set(all.map(({ body }) => body));
    };
    const first = asked;
    assert.deepEqual(await bodies(['root']), new Set([ORDER]));
    assert.deepEqual(await bodies([]), new Set([SHOWN]));
    assert.deepEqual(await bodies(['support']), new Set([FOR_SUPPORT]));
    assert.deepEqual(await bodies(['root']), new Set([ORDER]));
    const tag = tagOf(await get(path, { roles: ['root'] }));
    const revived = await get(path, { headers: { 'if-none-match': tag } });
    assert.deepEqual([revived.status, revived.body], [200, SHOWN]);
    assert.ok(asked - first <= 16, `${asked - first}`);
  });

  test(`${version}: a required member that goes is not missing, and who observes changes nothing`, async () => {
    assert.equal((await get('/described')).body, '{"id":7}');
    const observed = await get('/observed');
    assert.deepEqual([observed.body, tagOf(observed)], [ORDER, '"v1"']);
  });
}

test('a role that is denied shows nothing, also where another one includes it', async () => {
  const { gateway, issuer } = scene;
  const ask = async () => {
    const headers = {
      host: `localhost:${gateway.https}`,
      authorization: `Bearer ${await issuer.tokenOf({ subject: 'eve', roles: ['lead'] })}`,
    };
    return (await askOver({ version: 'h2', port: gateway.https, ca: gateway.ca, path: '/orders/7', headers })).body;
  };
  assert.equal(await ask(), FOR_SUPPORT);
  const denial = { effect: 'deny', kind: 'subject', issuer: 'acme', name: 'eve', reason: 'on leave' };
  const body = JSON.stringify({ ...denial, roles: ['support'], permissions: [], all: false, forMs: null });
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  const made = await askAdmin(gateway, '/v1/grants', { method: 'POST', body, headers });
  assert.ok(made.status < 300, made.body);
  assert.equal(await ask(), SHOWN);
});
