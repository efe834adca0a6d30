import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { OverlayDraft } from '../../src/control/client.ts';
import { adminClient, askAdmin } from './admin.ts';
import { ask, type Reply } from './https-client.ts';
import { until } from './odd/gateway.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

const THREADS = 2;
/** Streams are judged again after 30 seconds in any case: what ends one before has been heard of. */
const SOON_MS = 20_000;

let scene: TokenScene;
let sockets: WebSocketServer;

before(async () => {
  const upstream = createServer((asked, reply) => {
    if (asked.url === '/events') reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    else reply.end(String(asked.headers['x-portcullis-roles'] ?? 'no role'));
  });
  sockets = new WebSocketServer({ server: upstream });
  scene = await startTokenScene({
    threads: THREADS,
    upstream,
    rest: (url) => `roles:
  customer: { can: ['orders:read'] }
  support: { can: ['orders:refund'] }
  auditor: { includes: [customer], can: ['orders:audit'] }
apis:
  orders:
    routes: ['GET /orders', 'GET /refunds', 'GET /audits', 'GET /events', 'GET /chat']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /orders: { needs: 'orders:read' }
      GET /refunds: { needs: 'orders:refund' }
      GET /audits: { needs: 'orders:audit' }
      GET /events: { needs: 'orders:refund' }
      GET /chat: { needs: 'orders:refund', websocket: on }
    policies: { odd: {} }
  keys:
    routes: ['GET /stock']
    upstream: '${url}'
    auth: [api-key]
    operations: { GET /stock: { needs: 'orders:read' } }
`,
  });
});

after(async () => {
  sockets?.close();
  await scene?.stop();
});

const bearer = async (sub: string): Promise<Readonly<Record<string, string>>> => {
  return { authorization: `Bearer ${await scene.issuer.sign({ sub, roles: ['customer'], tid: 't1' })}` };
};

async function get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply> {
  const { https: port, ca } = scene.gateway;
  return await ask({ port, ca, path, headers: headers ?? (await bearer('ada')) });
}

function told({ status, body }: Reply): string {
  return `${status} ${status === 200 ? body : (JSON.parse(body) as { code: string }).code}`;
}

/** What becomes of a request in every thread: connections are given to any of them. */
async function everywhere(path: string, sub = 'ada'): Promise<readonly string[]> {
  const headers = await bearer(sub);
  const outcomes = new Set<string>();
  const threads = new Set<unknown>();
  await until('every thread was asked', async () => {
    const reply = await get(path, headers);
    outcomes.add(told(reply));
    threads.add(reply.headers['x-thread']);
    return threads.size === THREADS ? true : null;
  });
  return [...outcomes];
}

const DRAFT: OverlayDraft = {
  ...{ effect: 'add', kind: 'subject', issuer: 'acme', name: 'ada', reason: 'on call' },
  ...{ roles: ['support'], permissions: [], all: false, forMs: null },
};

/** Says it in the name of kim; the id, once every thread judges by it. */
async function say(draft: Partial<OverlayDraft>): Promise<string> {
  const made = await (await adminClient(scene.gateway)).addGrant({ ...DRAFT, ...draft }, 'kim');
  assert.ok(made.ok, made.ok ? '' : made.error);
  assert.equal(made.value.everywhere, true);
  return made.value.id;
}

async function takeBack(...ids: readonly string[]): Promise<void> {
  const client = await adminClient(scene.gateway);
  for (const id of ids) {
    const removed = await client.removeGrant(id, 'kim');
    assert.equal(removed.ok && removed.value?.everywhere, true);
  }
}

test('what is granted and denied by hand holds in every thread by the answer, for tokens that are remembered', async () => {
  assert.deepEqual(await everywhere('/orders'), ['200 customer']);
  assert.deepEqual(await everywhere('/refunds'), ['403 forbidden']);
  const grant = await say({});
  assert.deepEqual(await everywhere('/refunds'), ['200 customer,support']);
  const denial = await say({ effect: 'deny', roles: [], permissions: ['orders:refund'] });
  assert.deepEqual(await everywhere('/refunds'), ['403 forbidden']);
  assert.deepEqual(await everywhere('/orders'), ['200 customer,support']);
  const out = await say({ effect: 'deny', roles: [], all: true });
  assert.deepEqual(await everywhere('/orders'), ['403 access-denied']);
  await takeBack(out, denial, grant);
  assert.deepEqual(await everywhere('/orders'), ['200 customer']);
  assert.deepEqual(await everywhere('/refunds'), ['403 forbidden']);
});

test('the admin API refuses what is no grant, and what the configuration does not know', async () => {
  const post = (body: string, query = ''): Promise<Reply> => {
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    return askAdmin(scene.gateway, `/v1/grants${query}`, { method: 'POST', body, headers });
  };
  const statusOf = async (body: unknown, query = ''): Promise<number> =>
    (await post(JSON.stringify(body), query)).status;
  assert.equal(await statusOf({ ...DRAFT, roles: ['root'] }), 409);
  assert.equal(await statusOf({ ...DRAFT, more: true }), 400);
  assert.equal(await statusOf({ ...DRAFT, name: 'a\nb' }), 400);
  assert.equal(await statusOf({ ...DRAFT, forMs: -1 }), 400);
  assert.equal(await statusOf([]), 400);
  assert.equal((await post('{')).status, 400);
  assert.equal(await statusOf(DRAFT, `?author=${'x'.repeat(101)}`), 400);
  const missing = await askAdmin(scene.gateway, '/v1/grants/none/removal', { method: 'POST' });
  assert.equal(missing.status, 404);
  assert.deepEqual(JSON.parse((await askAdmin(scene.gateway, '/v1/grants')).body), []);
});

/** A stream that stands, and when it has ended. */
interface Stream {
  readonly ended: Promise<number>;
}

async function openEvents(sub: string): Promise<Stream> {
  const { https: port, ca } = scene.gateway;
  const options = { host: 'localhost', port, ca, path: '/events', headers: await bearer(sub), agent: false };
  const [reply] = (await once(request(options).end(), 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 200);
  reply.on('error', () => {}).resume();
  return { ended: endOf(reply) };
}

async function openSocket(sub: string): Promise<Stream> {
  const { https: port, ca } = scene.gateway;
  const client = new WebSocket(`wss://localhost:${port}/chat`, { ca, headers: await bearer(sub) });
  await once(client, 'open');
  return { ended: endOf(client) };
}

async function endOf(stream: IncomingMessage | WebSocket): Promise<number> {
  await new Promise<void>((resolve) => {
    stream.on('close', () => resolve());
  });
  return Date.now();
}

/** Whether one of them has ended by now. */
async function anyEnded(streams: readonly Stream[]): Promise<boolean> {
  return await Promise.race([...streams.map(({ ended }) => ended.then(() => true)), delay(0).then(() => false)]);
}

for (const [what, change] of [
  ['a denial', () => say({ effect: 'deny', name: 'eve', roles: [], all: true })],
  ['the denial of a permission', () => say({ effect: 'deny', name: 'eve', roles: [], permissions: ['orders:refund'] })],
] as const) {
  test(`${what} ends the streams of its caller at once, and those of nobody else`, async () => {
    const grants = [await say({ name: 'eve' }), await say({ name: 'bob' })];
    const mine = await Promise.all([openEvents('eve'), openSocket('eve')]);
    const theirs = await Promise.all([openEvents('bob'), openSocket('bob')]);
    const atMs = Date.now();
    const denial = await change();
    for (const { ended } of mine) assert.ok((await ended) - atMs < SOON_MS);
    assert.equal(await anyEnded(theirs), false);
    await takeBack(...grants);
    for (const { ended } of theirs) assert.ok((await ended) - atMs < 2 * SOON_MS, 'what was granted is taken back');
    await takeBack(denial);
  });
}

test('a grant ends at its moment, in every thread and for streams that stand', async () => {
  const lastsMs = 4_000;
  const saidAtMs = Date.now();
  await say({ name: 'zoe', forMs: lastsMs });
  const endsAtMs = Date.now() + lastsMs;
  const streams = await Promise.all([openEvents('zoe'), openSocket('zoe')]);
  assert.deepEqual(await everywhere('/refunds', 'zoe'), ['200 customer,support']);
  await delay(endsAtMs - Date.now());
  assert.deepEqual(await everywhere('/refunds', 'zoe'), ['403 forbidden']);
  for (const { ended } of streams) {
    const at = await ended;
    assert.ok(at >= saidAtMs + lastsMs && at - endsAtMs < SOON_MS, String(at - endsAtMs));
  }
  const { body } = await askAdmin(scene.gateway, '/v1/grants');
  assert.ok(!body.includes('zoe'), 'it is gone for good');
});

test('callers by a key are denied and granted like all others, by what the key is called', async () => {
  const text = JSON.stringify({ name: 'nightly', roles: ['customer'], subject: 'reporting' });
  const headers = { 'content-type': 'application/json', 'content-length': String(text.length) };
  const made = await askAdmin(scene.gateway, '/v1/keys', { method: 'POST', body: text, headers });
  const { key } = JSON.parse(made.body) as { readonly key: string };
  const shown = { 'x-api-key': key };
  assert.equal(told(await get('/stock', shown)), '200 customer');
  const grant = await say({ issuer: 'api-key', name: 'reporting' });
  assert.equal(told(await get('/stock', shown)), '200 customer,support');
  const denial = await say({ issuer: 'api-key', name: 'reporting', effect: 'deny', roles: ['customer'] });
  assert.equal(told(await get('/stock', shown)), '403 forbidden');
  const out = await say({ issuer: 'api-key', kind: 'client', name: 'reporting', effect: 'deny', roles: [], all: true });
  assert.equal(told(await get('/stock', shown)), '403 access-denied');
  // Who is called so by an issuer is somebody else.
  assert.equal(told(await get('/orders', await bearer('reporting'))), '200 customer');
  await takeBack(out, denial, grant);
  assert.equal(told(await get('/stock', shown)), '200 customer');
});

/** What is said of somebody, and what is left of their rights in the end. */
const HISTORIES: readonly (readonly [said: readonly Partial<OverlayDraft>[], outcomes: readonly string[]])[] = [
  [[{ roles: ['auditor'] }], ['200 customer,auditor', '403 forbidden', '200 customer,auditor']],
  [
    [{ roles: ['auditor'] }, { effect: 'deny', roles: ['customer'] }],
    ['403 forbidden', '403 forbidden', '200 auditor'],
  ],
  [
    [{ effect: 'deny', roles: ['support'] }, { roles: ['support', 'auditor'] }],
    ['200 customer,auditor', '403 forbidden', '200 customer,auditor'],
  ],
  [
    [{ roles: ['support'] }, { effect: 'deny', roles: ['customer'] }, { roles: ['customer'] }],
    ['403 forbidden', '200 support', '403 forbidden'],
  ],
  [
    [{ effect: 'deny', roles: [], permissions: ['orders:read'] }, { roles: ['auditor'] }],
    ['403 forbidden', '403 forbidden', '200 customer,auditor'],
  ],
  [
    [{ effect: 'deny', roles: [], all: true }, { roles: ['support', 'auditor'] }],
    ['403 access-denied', '403 access-denied', '403 access-denied'],
  ],
];

test('denials win over grants, and grants over tokens, in any order, over a restart and the end of the process', async () => {
  const people = HISTORIES.flatMap(([said, outcomes], index) =>
    [said, said.toReversed()].map((order, turn) => ({ sub: `p${index}-${turn}`, order, outcomes })),
  );
  for (const { sub, order } of people) for (const draft of order) await say({ ...draft, name: sub });
  const holds = async (): Promise<void> => {
    for (const { sub, outcomes } of people)
      for (const [index, path] of ['/orders', '/refunds', '/audits'].entries())
        assert.deepEqual(await everywhere(path, sub), [outcomes[index]], `${sub} ${path}`);
  };
  await holds();
  const before = await askAdmin(scene.gateway, '/v1/grants');
  for (const how of ['stopped', 'killed'] as const) {
    await scene.restart(how);
    await holds();
  }
  assert.deepEqual(JSON.parse((await askAdmin(scene.gateway, '/v1/grants')).body), JSON.parse(before.body));
});
