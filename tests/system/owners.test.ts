import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { askAdmin } from './admin.ts';
import { eventually } from './eventually.ts';
import type { Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { askOver, VERSIONS } from './possession-scene.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

const KEY = 'key-of-the-gateway';
const ADAS = JSON.stringify({ ownerId: 'ada', tenant: 'north' });

interface Odd {
  readonly status?: number;
  readonly type?: string | null;
  readonly body?: string | Buffer;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Answers that say nothing of an object, by its id; who is fooled by one takes it for ada's. */
const ODD: Readonly<Record<string, Odd>> = {
  text: { type: 'text/plain', body: ADAS },
  untyped: { type: null, body: ADAS },
  ndjson: { type: 'application/x-ndjson', body: `${ADAS}\n` },
  twice: { body: '{"ownerId":"bob","ownerId":"ada"}' },
  deep: { body: `{"ownerId":"ada","x":${'['.repeat(70)}${']'.repeat(70)}}` },
  utf16: { body: Buffer.from(ADAS, 'utf16le') },
  cut: { body: ADAS.slice(0, -3) },
  empty: { body: '' },
  huge: { body: JSON.stringify({ ownerId: 'ada', x: 'x'.repeat(70_000) }) },
  zipped: { body: gzipSync(ADAS), fields: { 'content-encoding': 'gzip' } },
  moved: { status: 302, body: '', fields: { location: '/orders/a1' } },
  forever: { status: 301, body: ADAS, fields: { location: 'http://169.254.169.254/latest' } },
  none: { status: 204, type: null, body: '' },
  part: { status: 206, body: ADAS, fields: { 'content-range': `bytes 0-9/${ADAS.length}` } },
  created: { status: 201, body: ADAS },
  broken: { status: 500, body: ADAS },
  strange: { status: 401, body: ADAS },
  mine: { status: 403, body: ADAS },
  gone: { status: 410, body: ADAS },
};

let calls: IncomingMessage[] = [];
let passed: IncomingMessage[] = [];
let owners: LocalServer;
let deadUrl: string;
let scene: TokenScene;
/** What of the service is held until somebody lets it go. */
const held: ServerResponse[] = [];
const moved = new Map<string, string>();

const service: RequestListener = (request, reply) => {
  calls.push(request);
  const id = decodeURIComponent(
    /^\/(?:orders|held|none-kept|posted|watched)\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? '',
  );
  const send = ({ status = 200, type = 'application/json', body = '', fields = {} }: Odd): void =>
    void reply.writeHead(status, { ...(type === null ? {} : { 'content-type': type }), ...fields }).end(body);
  const odd = ODD[id];
  if (odd !== undefined) return send(odd);
  if (id.startsWith('held')) return void held.push(reply);
  if (id === 'silent') return;
  if (id === 'cutoff') return void request.socket.destroy();
  const owner = moved.get(id) ?? ({ a: 'ada', b: 'bob' } as Readonly<Record<string, string>>)[id.slice(0, 1)];
  return send(owner === undefined ? { status: 404, body: ADAS } : { body: JSON.stringify({ ownerId: owner }) });
};

before(async () => {
  owners = await startLocalServer(service);
  const dead = await startLocalServer(() => {});
  deadUrl = dead.url;
  dead.stop();
  const at = (path: string, more = ''): string => `lookup: { url: '${owners.url}${path}'${more} }`;
  const allow = `allow: 'owner.ownerId == principal.subject || "admin" in principal.roles'`;
  scene = await startTokenScene({
    threads: 2,
    beside: { 'owner.key': `${KEY}\n` },
    upstream: (request, reply) => {
      passed.push(request);
      request.resume().on('end', () => {
        reply.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=600' });
        reply.end('{"secret":true}');
      });
    },
    rest: (url) => `trustedProxies: { addresses: [127.0.0.0/8], field: x-forwarded-for }
cache: { memory: 8MiB }
apis:
  shop:
    routes: ['GET /orders/{id}', 'DELETE /orders/{id}', 'GET /told/{id}', 'GET /held/{id}', 'GET /fresh/{id}', 'POST /orders', 'GET /dead/{id}', 'GET /watched/{id}']
    upstream: ${url}
    auth: [acme]
    operations:
      GET /orders/{id}: { object: { ${allow}, ${at('/orders/{params.id}', `, cache: 5m, timeout: 1s, secret: { header: x-key, value: 'Key \${file:./owner.key}' }`)} } }
      DELETE /orders/{id}: { object: { ${allow}, ${at('/orders/{params.id}')} } }
      GET /told/{id}: { object: { allow: '!has(owner.ownerId) || owner.ownerId == principal.subject', else: 403, ${at('/orders/{params.id}', ', cache: 1s')} } }
      GET /held/{id}: { object: { ${allow}, ${at('/held/{params.id}', ', timeout: 4s')} } }
      GET /fresh/{id}: { object: { ${allow}, ${at('/none-kept/{params.id}', ', cache: 0s')} } }
      POST /orders: { object: { ${allow}, ${at('/posted/{request.body.order.id}')} } }
      GET /dead/{id}: { object: { ${allow}, lookup: { url: '${deadUrl}/{params.id}' } } }
      GET /watched/{id}: { object: { ${allow}, ${at('/watched/{params.id}')} }, observe: [object] }
  kept:
    routes: ['GET /kept/{id}']
    upstream: ${url}
    auth: [acme]
    cache: { per: everybody }
    operations:
      GET /kept/{id}: { object: { ${allow}, ${at('/orders/{params.id}', ', cache: 2s')} } }
`,
  });
});

after(async () => {
  await scene?.stop();
  owners?.stop();
});

interface Sent {
  readonly version?: (typeof VERSIONS)[number];
  readonly as?: string;
  readonly roles?: readonly string[];
  readonly method?: string;
  readonly from?: string;
  readonly body?: string;
}

async function ask(path: string, sent: Sent = {}): Promise<Reply> {
  const { version = 'http/1.1', as = 'ada', roles = [], method = 'GET', from = '192.0.2.1', body } = sent;
  const { gateway, issuer } = scene;
  const headers = {
    host: `localhost:${gateway.https}`,
    authorization: `Bearer ${await issuer.sign({ sub: as, roles: [...roles] })}`,
    'x-forwarded-for': from,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  };
  const given = body === undefined ? {} : { body };
  return await askOver({ version, port: gateway.https, ca: gateway.ca, path, method, headers, ...given });
}

/** Status and code, or status alone where it is the upstream's. */
function told({ status, body }: Reply): string {
  const code = body === '' ? undefined : (JSON.parse(body) as { code?: string }).code;
  return code === undefined ? String(status) : `${status} ${code}`;
}

function reset(): void {
  calls = [];
  passed = [];
}

test('callers reach what the service says is theirs, and the upstream hears of nothing else', async () => {
  for (const version of VERSIONS) {
    reset();
    assert.equal(told(await ask('/orders/a1', { version })), '200');
    assert.equal(passed.length, 1);
    const foreign = await ask('/orders/b1', { version });
    const absent = await ask('/orders/zzz', { version });
    assert.deepEqual([told(foreign), told(absent)], ['404 not-found', '404 not-found']);
    const plain = ({ body }: Reply): string => body.replace(/urn:uuid:[0-9a-f-]+/, '');
    assert.equal(plain(foreign), plain(absent), 'what is foreign and what is not there look the same');
    assert.equal(told(await ask('/orders/b1', { version, as: 'bob' })), '200');
    assert.equal(told(await ask('/orders/b1', { version, method: 'HEAD' })), '404');
    assert.equal(told(await ask('/orders/b1', { version, method: 'DELETE' })), '404 not-found');
    assert.equal(told(await ask('/orders/a1', { version, method: 'DELETE' })), '200');
    assert.deepEqual(
      passed.map(({ method, url }) => `${method} ${url}`),
      ['GET /orders/a1', 'GET /orders/b1', 'DELETE /orders/a1'],
    );
  }
});

test('an object that there is none of is refused, whatever the rule would make of an empty answer', async () => {
  reset();
  assert.deepEqual([told(await ask('/told/zzz')), told(await ask('/told/b1'))], ['403 forbidden', '403 forbidden']);
  assert.equal(passed.length, 0);
  assert.equal(told(await ask('/told/a1')), '200');
});

test('what says nothing of an object lets nobody reach it', async () => {
  let turn = 0;
  for (const id of [...Object.keys(ODD), 'silent', 'cutoff']) {
    reset();
    const reply = await ask(`/orders/${id}`);
    assert.equal(told(reply), '503 owner-unavailable', id);
    assert.equal(reply.headers['retry-after'], '5');
    assert.equal(passed.length, 0, id);
    // A connection that was kept and is cut is tried once more, anew.
    assert.ok(calls.length === 1 || (id === 'cutoff' && calls.length === 2), id);
    // It answers for others all the while, so that it is not left alone.
    assert.equal(told(await ask(`/orders/a${turn++}x`)), '200');
  }
});

test('the service sees the secret of the gateway and nothing of the caller, and the upstream sees no secret', async () => {
  reset();
  await ask('/orders/a77');
  const [call] = calls;
  assert.equal(call?.headers['x-key'], `Key ${KEY}`);
  for (const name of ['authorization', 'x-forwarded-for', 'cookie']) assert.equal(call?.headers[name], undefined);
  assert.ok(!JSON.stringify(passed[0]?.headers).includes(KEY));
});

test('no parameter leads elsewhere', async () => {
  const climbs = [
    '..',
    '%2e%2e',
    '..%2f..%2fa1',
    'b1%2f..%2fa1',
    '%252e%252e',
    'b1%5c..%5ca1',
    'b1%00',
    'b1%3fx=a1',
    'b1%23',
    'b1;x=a1',
    '.',
    'x'.repeat(300),
  ];
  for (const version of VERSIONS) {
    for (const climb of climbs) {
      reset();
      const reply = await ask(`/orders/${climb}`, { version });
      assert.ok([400, 404, 414].includes(reply.status), `${climb} ${told(reply)}`);
      assert.equal(passed.length, 0, climb);
      for (const { url = '' } of calls) assert.match(url, /^\/orders\/b1%(?:3Fx%3Da1|23|3Bx%3Da1)$/);
    }
  }
});

test('an answer is asked for once for all threads, as long as it counts', async () => {
  reset();
  const replies = await Promise.all(Array.from({ length: 30 }, () => ask('/orders/a500')));
  assert.ok(replies.every(({ status }) => status === 200));
  for (let turn = 0; turn < 10; turn++) assert.equal((await ask('/orders/a500', { as: 'bob' })).status, 404);
  assert.equal(calls.length, 1);
  reset();
  assert.equal(told(await ask('/fresh/a1')), '200');
  moved.set('a1', 'bob');
  assert.equal(told(await ask('/fresh/a1')), '404 not-found', 'who keeps no answer sees at once whose it is now');
  assert.equal(calls.length, 2);
  moved.clear();
});

test('many ids are many questions, and each gets its own answer', async () => {
  const ids = Array.from({ length: 120 }, (_, at) => `${at % 2 === 0 ? 'a' : 'b'}${at}-many`);
  const replies = await Promise.all(ids.map((id, at) => ask(`/orders/${id}`, { from: `198.51.${at}.1` })));
  assert.deepEqual(
    replies.map(told),
    ids.map((id) => (id.startsWith('a') ? '200' : '404 not-found')),
  );
});

test('a body that names an object is read, validated and bounded before anybody is asked', async () => {
  const post = (body: string): Promise<Reply> => ask('/orders', { method: 'POST', body });
  reset();
  assert.equal(told(await post('{"order":{"id":"a1"}}')), '200');
  assert.equal(told(await post('{"order":{"id":"b1"}}')), '404 not-found');
  reset();
  for (const body of [
    '{"order":{"id":"a1","id":"b1"}}',
    '{"order":{"id":["a1"]}}',
    '{"order":{}}',
    '{"order":',
    '[]',
    '{"order":{"id":"../a1"}}',
    '{"__proto__":{"order":{"id":"a1"}}}',
  ])
    assert.ok([400, 404, 422].includes((await post(body)).status), body);
  assert.deepEqual([calls.length, passed.length], [0, 0]);
});

test('who is allowed in any case is not looked up, and neither is who may not come in at all', async () => {
  reset();
  assert.equal(told(await ask('/dead/b1', { roles: ['admin'] })), '200');
  const { gateway } = scene;
  const headers = { host: `localhost:${gateway.https}` };
  const stranger = { version: 'http/1.1' as const, port: gateway.https, ca: gateway.ca, path: '/orders/a900', headers };
  assert.equal((await askOver(stranger)).status, 401);
  assert.equal(calls.length, 0);
});

test('a rule that only observes lets pass whatever the service says', async () => {
  for (const id of ['b1', 'zzz', 'broken']) assert.equal(told(await ask(`/watched/${id}`)), '200', id);
});

test('what is stored for everybody is given to nobody else', async () => {
  reset();
  assert.equal(told(await ask('/kept/a1')), '200');
  assert.equal(told(await ask('/kept/a1')), '200');
  assert.equal(told(await ask('/kept/a1', { as: 'bob' })), '404 not-found');
});

test('one network that has many slow questions holds up no other', async () => {
  const flood = Array.from({ length: 80 }, (_, at) => ask(`/held/held${at}`, { from: '192.0.2.99' }));
  await eventually(() => assert.ok(held.length >= 12));
  assert.ok(held.length <= 12, `${held.length} are asked at a time`);
  assert.equal(told(await ask('/held/a1', { from: '198.51.100.7' })), '200');
  const release = setInterval(() => {
    for (const reply of held.splice(0)) reply.writeHead(404).end();
  }, 20);
  const replies = await Promise.all(flood);
  clearInterval(release);
  for (const reply of replies) assert.match(told(reply), /^(?:404 not-found|503 owner-unavailable)$/);
});

test('a service that is gone is told of, left alone, and lets nobody in', async () => {
  reset();
  for (let turn = 0; turn < 12; turn++) assert.equal(told(await ask(`/dead/a${turn}`)), '503 owner-unavailable');
  assert.equal(passed.length, 0);
  await eventually(async () => assert.match((await askAdmin(scene.gateway, '/v1/alerts')).body, /owners\.unavailable/));
  const { body } = await askAdmin(scene.gateway, '/metrics');
  const host = new URL(deadUrl).host;
  assert.match(
    body,
    new RegExp(
      `portcullis_owner_lookups_total\\{[^}]*service="${host}"[^}]*outcome="failed"|outcome="failed"[^}]*service="${host}"`,
    ),
  );
  assert.ok(!body.includes(KEY));
  assert.equal(told(await ask('/orders/a1')), '200', 'another service is not meant');
});
