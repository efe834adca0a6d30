import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { until } from './eventually.ts';
import { type Asked, askOver, VERSIONS } from './possession-scene.ts';
import { ask, type Reply } from './https-client.ts';
import { PROGRAM } from './plain-configuration.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

const run = promisify(execFile);

type Version = Asked['version'];

interface Order {
  readonly id: string;
  readonly ownerId: string;
  readonly tenant: string;
  readonly note: string;
}

/** What nobody but its owner may see, wherever it stands. */
const SECRET = 'only-for-its-owner';
const order = (id: string, ownerId: string, tenant: string): Order => ({
  id,
  ownerId,
  tenant,
  note: `${SECRET} ${id}`,
});
const ORDERS = [order('a1', 'ada', 'north'), order('a2', 'ada', 'north'), order('b1', 'bob', 'south')];
const BOBS = JSON.stringify(order('b9', 'bob', 'south'));
const ADAS = JSON.stringify(order('a9', 'ada', 'north'));

interface Odd {
  readonly status?: number;
  readonly type?: string | null;
  readonly body: string | Buffer;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Replies from which it can't be seen whose the object is, by the last part of the path; all are ada's if of anybody. */
const ODD: Readonly<Record<string, Odd>> = {
  text: { type: 'text/plain', body: ADAS },
  ndjson: { type: 'application/x-ndjson', body: `${ADAS}\n${ADAS}\n` },
  untyped: { type: null, body: ADAS },
  twice: { body: `{"ownerId":"ada","ownerId":"bob","note":"${SECRET}"}` },
  deep: { body: `{"ownerId":"ada","x":${'['.repeat(70)}"${SECRET}"${']'.repeat(70)}}` },
  charset: { type: 'application/json; charset=iso-8859-1', body: Buffer.from(ADAS) },
  utf16: { type: 'application/json', body: Buffer.from(ADAS, 'utf16le') },
  cut: { body: ADAS.slice(0, -5) },
  empty: { body: '' },
  none: { status: 204, type: null, body: '' },
  part: { status: 206, body: ADAS, fields: { 'content-range': `bytes 0-9/${ADAS.length}` } },
  delta: { status: 226, body: ADAS, fields: { im: 'feed' } },
  range: { body: ADAS, fields: { 'content-range': `bytes 0-9/${ADAS.length}` } },
  moved: { status: 302, type: null, body: '', fields: { location: `https://files.example/${SECRET}` } },
  same: { status: 304, type: null, body: '' },
  unzipped: { body: ADAS, fields: { 'content-encoding': 'gzip' } },
  secretly: { body: ADAS, fields: { 'content-encoding': 'secret' } },
  events: { type: 'text/event-stream', body: `data: ${ADAS}\n\n` },
};

let asked: string[] = [];
let scene: TokenScene;

const upstream: RequestListener = (request, reply) => {
  const { pathname: path } = new URL(request.url ?? '/', 'http://a.example');
  const { headers, method } = request;
  const conditions = [
    'if-none-match',
    'if-modified-since',
    'if-match',
    'if-unmodified-since',
    'range',
    'a-im',
    'accept-encoding',
  ];
  asked.push([method, path, ...conditions.filter((name) => headers[name] !== undefined)].join(' '));
  const id = path.split('/').at(-1) ?? '';
  const telling = {
    etag: '"7"',
    'last-modified': 'Mon, 01 Jun 2026 10:00:00 GMT',
    // What sets a cookie is not stored.
    ...(path.startsWith('/kept') ? {} : { 'set-cookie': `seen=${SECRET}` }),
    'x-owner': SECRET,
    'cache-control': 'public, max-age=600, s-maxage=900',
    link: `</${SECRET}>; rel=preload`,
  };
  const send = (status: number, type: string | null, body: string | Buffer, fields: object = {}): void => {
    reply.writeHead(status, { ...telling, ...(type === null ? {} : { 'content-type': type }), ...fields });
    reply.end(method === 'HEAD' || status === 204 || status === 304 ? undefined : body);
  };
  if (path.includes('told')) reply.writeEarlyHints({ link: telling.link });
  request.resume().on('end', () => {
    if (method === 'POST') return send(201, null, '');
    if (headers['if-none-match'] === '"7"') return send(304, null, '');
    const odd = ODD[id];
    if (odd !== undefined)
      return send(odd.status ?? 200, odd.type === undefined ? 'application/json' : odd.type, odd.body, odd.fields);
    if (path.endsWith('/lists')) {
      const page = { total: ORDERS.length, items: ORDERS, page: { next: SECRET, size: 3 } };
      return send(200, 'application/json', JSON.stringify(page), { 'x-total': '3' });
    }
    if (path.endsWith('/bare')) return send(200, 'application/json', JSON.stringify(ORDERS));
    if (path.endsWith('/unlisted')) return send(200, 'application/json', JSON.stringify({ orders: ORDERS }));
    if (path.endsWith('/zipped'))
      return send(200, 'application/json', gzipSync(JSON.stringify({ items: ORDERS })), { 'content-encoding': 'gzip' });
    if (/^\d{3}$/.test(id)) return send(Number(id), 'application/json', BOBS, { 'retry-after': '7' });
    const found = ORDERS.find((each) => each.id === id);
    if (found === undefined) return send(404, 'application/json', BOBS);
    if (headers['accept-encoding'] === undefined && path.startsWith('/early'))
      reply.writeEarlyHints({ link: telling.link });
    send(200, 'application/json', JSON.stringify(found));
  });
};

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    upstream,
    rest: (url) => `cache: { memory: 8MiB }
apis:
  shop:
    routes:
      - 'GET /orders/{id}'
      - 'GET /told/{id}'
      - 'GET /known/{id}'
      - 'GET /tenants/{tenant}/{id}'
      - 'POST /orders'
      - 'GET /watched/{id}'
      - 'GET /admins/{id}'
    upstream: ${url}
    auth: [acme]
    operations:
      GET /orders/{id}: { object: 'response.ownerId == principal.subject || "admin" in principal.roles' }
      GET /told/{id}: { object: { allow: 'response.ownerId == principal.subject', else: 403, id: owners-only } }
      GET /known/{id}: { object: 'params.id in principal.claims.orders' }
      GET /tenants/{tenant}/{id}: { object: 'params.tenant == principal.claims.tenant && response.tenant == params.tenant' }
      POST /orders: { object: 'request.body.tenant == principal.claims.tenant || "admin" in principal.roles' }
      GET /watched/{id}: { object: 'response.ownerId == principal.subject', observe: [object] }
      GET /admins/{id}: { object: '"admin" in principal.roles && response.tenant == principal.claims.tenant' }
  pages:
    basePath: /pages
    routes: ['GET /lists', 'GET /bare', 'GET /unlisted', 'GET /zipped', 'GET /watched/lists']
    upstream: ${url}
    auth: [acme]
    operations:
      GET /lists: { object: { each: items, drop: [total, /page/next], allow: 'item.ownerId == principal.subject || "admin" in principal.roles' } }
      GET /bare: { object: { each: /, allow: 'item.ownerId == principal.subject' } }
      GET /unlisted: { object: { each: items, allow: 'item.ownerId == principal.subject' } }
      GET /zipped: { object: { each: /items, allow: 'item.ownerId == principal.subject' } }
      GET /watched/lists: { object: { each: items, allow: 'item.ownerId == principal.subject' }, observe: [object] }
  kept:
    routes: ['GET /kept/{id}', 'GET /kept/lists']
    upstream: ${url}
    auth: [acme]
    cache: { per: everybody }
    operations:
      GET /kept/{id}: { object: 'response.ownerId == principal.subject' }
      GET /kept/lists: { object: { each: items, allow: 'item.ownerId == principal.subject' } }
`,
  });
});

after(() => scene?.stop());

interface Caller {
  readonly sub: string;
  readonly tenant?: string;
  readonly orders?: readonly string[];
  readonly roles?: readonly string[];
}

const ADA: Caller = { sub: 'ada', tenant: 'north', orders: ['a1'] };
const BOB: Caller = { sub: 'bob', tenant: 'south', orders: ['b1'] };
const ADMIN: Caller = { sub: 'eve', tenant: 'north', roles: ['admin'] };

interface Sent {
  readonly version: Version;
  readonly as: Caller;
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

async function get(path: string, { version, as, method = 'GET', fields = {} }: Sent): Promise<Reply> {
  const { gateway, issuer } = scene;
  const headers = {
    host: `localhost:${gateway.https}`,
    authorization: `Bearer ${await issuer.sign({ ...as })}`,
    ...fields,
  };
  asked = [];
  return askOver({ version, port: gateway.https, ca: gateway.ca, path, method, headers });
}

/** Status and code, or status alone where the reply is the upstream's. */
function told({ status, headers, body }: Reply): string {
  if (headers['content-type'] !== 'application/problem+json') return String(status);
  return `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

/** All of a refusal but what differs between any two replies. */
function shape({ status, headers, body }: Reply): unknown {
  const { instance: _, ...problem } = JSON.parse(body) as Record<string, unknown>;
  const { date: _date, 'x-request-id': _id, ...fields } = headers;
  return { status, problem, fields: { ...fields } };
}

const isTelling = (reply: Reply): boolean =>
  /only-for-its-owner|etag|last-modified|x-owner|set-cookie/.test(JSON.stringify([reply.headers, reply.body]));

for (const version of VERSIONS) {
  test(`${version}: the owner gets an object as it is, and for anybody else it is as if there were none`, async () => {
    const own = await get('/orders/a1', { version, as: ADA });
    assert.deepEqual(JSON.parse(own.body), ORDERS[0]);
    assert.equal(own.headers['etag'], '"7"');
    assert.equal(own.headers['cache-control'], 'private, max-age=600');
    const foreign = await get('/orders/b1', { version, as: ADA });
    const absent = await get('/orders/nothing', { version, as: ADA });
    assert.equal(told(foreign), '404 not-found');
    assert.deepEqual(shape(foreign), shape(absent));
    assert.ok(!isTelling(foreign) && !isTelling(absent));
    assert.equal(told(await get('/orders/b1', { version, as: BOB })), '200');
    assert.equal(told(await get('/told/b1', { version, as: ADA })), '403 forbidden');
    assert.equal(told(await get('/told/nothing', { version, as: ADA })), '404 not-found');
  });

  test(`${version}: what is decided before the upstream hears of it neither waits for the reply nor looks at it`, async () => {
    const all = await get('/orders/b1', { version, as: ADMIN, fields: { 'if-none-match': '"6"', range: 'bytes=0-1' } });
    assert.equal(told(all), '200');
    assert.equal(all.headers['cache-control'], 'public, max-age=600, s-maxage=900');
    assert.deepEqual(asked, ['GET /orders/b1 if-none-match']);
    assert.equal(told(await get('/orders/text', { version, as: ADMIN })), '200');
    assert.equal(told(await get('/orders/b1', { version, as: ADMIN, method: 'HEAD' })), '200');
    assert.equal(told(await get('/admins/a1', { version, as: ADA })), '404 not-found');
    assert.deepEqual(asked, []);
    assert.equal(told(await get('/known/a1', { version, as: ADA })), '200');
    for (const as of [BOB, { sub: 'ada' }, { sub: 'ada', orders: 'a1' as unknown as string[] }]) {
      assert.equal(told(await get('/known/a1', { version, as })), '404 not-found');
      assert.deepEqual(asked, []);
    }
  });

  test(`${version}: a tenant reaches its own, by the path and by the reply`, async () => {
    assert.equal(told(await get('/tenants/north/a1', { version, as: ADA })), '200');
    assert.equal(told(await get('/tenants/south/b1', { version, as: ADA })), '404 not-found');
    assert.deepEqual(asked, []);
    assert.equal(told(await get('/tenants/north/b1', { version, as: ADA })), '404 not-found');
    assert.equal(asked.length, 1);
    assert.equal(told(await get('/tenants/north/a1', { version, as: { sub: 'ada' } })), '404 not-found');
  });

  test(`${version}: a reply that does not show whose the object is goes to nobody`, async () => {
    for (const id of Object.keys(ODD)) {
      const reply = await get(`/orders/${id}`, { version, as: ADA });
      assert.equal(told(reply), '502 upstream-refused-body', id);
      assert.ok(!isTelling(reply), id);
    }
  });

  test(`${version}: an error keeps its status, and loses all else that may hold an object`, async () => {
    for (const status of [400, 401, 403, 409, 429, 500, 503]) {
      const reply = await get(`/orders/${status}`, { version, as: ADA });
      assert.equal(told(reply), `${status} upstream-error`);
      assert.equal(reply.headers['retry-after'], '7');
      assert.ok(!isTelling(reply), String(status));
    }
    for (const status of [404, 410]) {
      const reply = await get(`/orders/${status}`, { version, as: ADA });
      assert.equal(told(reply), '404 not-found');
      assert.equal(reply.headers['retry-after'], undefined);
      assert.ok(!isTelling(reply), String(status));
    }
  });

  test(`${version}: no condition, part or HEAD gets around the rule`, async () => {
    for (const fields of [
      { 'if-none-match': '"7"' },
      { 'if-none-match': '*' },
      { 'if-modified-since': 'Mon, 01 Jun 2026 10:00:00 GMT' },
      { 'if-match': '"8"' },
      { 'if-unmodified-since': 'Mon, 01 Jun 2020 10:00:00 GMT' },
      { range: 'bytes=0-1' },
      { 'if-none-match': '"6"', 'a-im': 'feed' },
      { 'accept-encoding': 'gzip, br' },
    ]) {
      const foreign = await get('/orders/b1', { version, as: ADA, fields });
      assert.equal(told(foreign), '404 not-found', JSON.stringify(fields));
      assert.deepEqual(asked, ['GET /orders/b1'], JSON.stringify(fields));
      assert.equal(told(await get('/orders/a1', { version, as: ADA, fields })), '200', JSON.stringify(fields));
    }
    for (const id of ['a1', 'b1']) {
      const reply = await get(`/orders/${id}`, { version, as: ADA, method: 'HEAD' });
      assert.equal(reply.status, 404);
      assert.deepEqual(asked, []);
      assert.ok(!isTelling(reply));
    }
  });

  test(`${version}: a list holds what is the caller's, and nothing tells of the rest`, async () => {
    const ids = async (path: string, as: Caller): Promise<unknown> => {
      const reply = await get(path, { version, as });
      assert.equal(reply.status, 200);
      for (const name of ['etag', 'last-modified', 'accept-ranges', 'content-encoding'])
        assert.equal(reply.headers[name], undefined, name);
      const length = reply.headers['content-length'];
      if (length !== undefined) assert.equal(Number(length), Buffer.byteLength(reply.body));
      return JSON.parse(reply.body) as unknown;
    };
    const [a1, a2, b1] = ORDERS;
    assert.deepEqual(await ids('/pages/lists', ADA), { items: [a1, a2], page: { size: 3 } });
    assert.deepEqual(await ids('/pages/lists', BOB), { items: [b1], page: { size: 3 } });
    assert.deepEqual(await ids('/pages/lists', { sub: 'nobody' }), { items: [], page: { size: 3 } });
    assert.deepEqual(await ids('/pages/bare', BOB), [b1]);
    assert.deepEqual(await ids('/pages/zipped', BOB), { items: [b1] });
    const whole = await get('/pages/lists', { version, as: ADMIN });
    assert.equal((JSON.parse(whole.body) as { total: number }).total, 3);
    assert.equal(whole.headers['etag'], '"7"');
    assert.equal(told(await get('/pages/unlisted', { version, as: ADA })), '502 upstream-refused-body');
    assert.equal((await get('/pages/lists', { version, as: ADA, method: 'HEAD' })).status, 404);
  });

  test(`${version}: a reply that was stored for one caller is judged for each`, async () => {
    const first = await get('/kept/b1', { version, as: BOB });
    assert.equal(told(first), '200');
    const again = await get('/kept/b1', { version, as: BOB });
    assert.equal(told(again), '200');
    assert.deepEqual(asked, []);
    const foreign = await get('/kept/b1', { version, as: ADA });
    assert.deepEqual(asked, []);
    assert.equal(told(foreign), '404 not-found');
    assert.ok(!isTelling(foreign));
    assert.equal(foreign.headers['cache-status'], undefined);
    assert.equal(foreign.headers['age'], undefined);
    const conditional = await get('/kept/b1', { version, as: ADA, fields: { 'if-none-match': '"7"' } });
    assert.equal(told(conditional), '404 not-found');
    for (const as of [ADA, BOB, ADA]) {
      const { items } = JSON.parse((await get('/kept/lists', { version, as })).body) as { items: Order[] };
      assert.deepEqual(new Set(items.map(({ ownerId }) => ownerId)), new Set([as.sub]));
    }
  });

  test(`${version}: a rule that only observes changes nothing`, async () => {
    const foreign = await get('/watched/b1', { version, as: ADA });
    assert.deepEqual(JSON.parse(foreign.body), ORDERS[2]);
    assert.equal(foreign.headers['etag'], '"7"');
    assert.equal(foreign.headers['cache-control'], 'public, max-age=600, s-maxage=900');
    assert.equal((await get('/watched/b1', { version, as: ADA, fields: { 'if-none-match': '"7"' } })).status, 304);
    assert.equal((await get('/watched/text', { version, as: ADA })).body, ADAS);
    assert.equal((await get('/watched/503', { version, as: ADA })).status, 503);
    const list = await get('/pages/watched/lists', { version, as: ADA });
    assert.equal((JSON.parse(list.body) as { items: Order[] }).items.length, 3);
    assert.equal(list.headers['etag'], '"7"');
  });
}

const post = async (body: string, as: Caller): Promise<string> => {
  const { gateway, issuer } = scene;
  const authorization = `Bearer ${await issuer.sign({ ...as })}`;
  const fields = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    authorization,
  };
  asked = [];
  const { https: port, ca } = gateway;
  const reply = await ask({ port, ca, path: '/orders', method: 'POST', body, headers: fields });
  assert.equal(asked.length, reply.status < 300 ? 1 : 0);
  return told(reply);
};

test('a body binds what is made to the tenant of its caller, before the upstream hears of it', async () => {
  assert.equal(await post('{"tenant":"north"}', ADA), '201');
  assert.equal(await post('{"tenant":"south"}', ADA), '404 not-found');
  assert.equal(await post('{"tenant":"south"}', ADMIN), '201');
  assert.equal(await post('{"tenant":"south","tenant":"north"}', ADA), '400 malformed-body');
  assert.equal(await post('{"tenant":"north","tenant":"south"}', ADA), '400 malformed-body');
  for (const body of ['', '{}', '[]', '{"tenant":["north"]}', '{"Tenant":"north"}', '"north"', 'null'])
    assert.equal(await post(body, ADA), '404 not-found', body);
  assert.equal(await post('{"tenant":null}', { sub: 'ada' }), '404 not-found');
});

test('what an upstream says ahead of a reply or behind it is not passed on past a rule', async () => {
  const { gateway, issuer } = scene;
  const interims = async (path: string, as: Caller): Promise<number> => {
    let count = 0;
    const headers = { host: 'localhost', authorization: `Bearer ${await issuer.sign({ ...as })}` };
    const sent = request({
      host: '127.0.0.1',
      servername: 'localhost',
      port: gateway.https,
      ca: gateway.ca,
      path,
      headers,
    });
    sent.on('information', () => count++).end();
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    await once(reply.resume(), 'end');
    assert.deepEqual(reply.trailers, {});
    return count;
  };
  assert.equal(await interims('/told/b1', ADA), 0);
  assert.equal(await interims('/told/b1', BOB), 0);
  // The gateway would have passed them on.
  assert.equal(await interims('/watched/told', ADA), 1);
});

interface Row {
  readonly kind: string;
  readonly operation: string | null;
  readonly rule: string | null;
  readonly completion: {
    readonly status: number;
    readonly problem: string | null;
    readonly rule: string | null;
  } | null;
}

test('records name the rule, of what is refused before and after, and of what is only observed', async () => {
  const [version] = VERSIONS;
  await get('/known/b1', { version, as: ADA });
  await get('/told/b1', { version, as: ADA });
  await get('/watched/b1', { version, as: ADA });
  await get('/pages/watched/lists', { version, as: ADA });
  const words = [PROGRAM, 'audit', 'show', '--json', '--last', '20', '--data', join(scene.gateway.folder, 'data')];
  let rows: readonly Row[] = [];
  await until('the four requests stand in the ledger', async () => {
    const { stdout } = await run(process.execPath, words);
    rows = (JSON.parse(stdout) as { readonly rows: readonly Row[] }).rows
      .filter(({ kind }) => kind === 'request')
      .slice(-4);
    return rows.at(-1)?.operation === 'pages/GET /watched/lists' && rows.every(({ completion }) => completion !== null);
  });
  assert.deepEqual(
    rows.map(({ rule, completion }) => [rule ?? completion?.rule, completion?.status, completion?.problem]),
    [
      ['shop.GET /known/{id}.object', 404, 'not-found'],
      ['owners-only', 403, 'forbidden'],
      ['shop.GET /watched/{id}.object', 200, 'not-found'],
      ['pages.GET /watched/lists.object', 200, 'not-found'],
    ],
  );
});
