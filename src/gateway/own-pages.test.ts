import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { OwnPage, PageRequest, PageVerdict } from '../policy/index.ts';
import {
  apiText,
  type Bench,
  type BenchOptions,
  type Closing,
  codeOf,
  gatheredOf,
  type GivenReply,
  rest,
  snapshotOf,
  startBench,
  until,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { PAGE_NETWORK_PACE, PAGE_RESERVE_PACE, PAGE_SERVER_PACE, PAGE_THREAD_PACE } from './own-pages.ts';

type Says = (asked: PageRequest) => PageVerdict | Promise<PageVerdict>;

const page = (more: Partial<OwnPage>, answer: Says): OwnPage => ({
  ...{ name: 'test-page', host: null, path: '/.portcullis/test', methods: ['GET', 'POST'], calledBy: 'browsers' },
  ...{ body: { types: ['application/json'], limitBytes: 64 }, answer, ...more },
});

const reply = (body: string, headers: readonly (readonly [string, string])[] = []): PageVerdict => ({
  ...{ kind: 'reply', response: { status: 200, headers: [['content-type', 'text/plain'], ...headers], body } },
});

function kindWith(pages: readonly OwnPage[]) {
  const kind = {
    ...{ kind: 'credentials', summary: '', schema: null, sources: () => [], pages: () => pages },
    compile: (_config: unknown, { operations }: { operations: readonly { id: string }[] }) => ({
      ok: true,
      value: new Map(operations.map(({ id }) => [id, {}])),
    }),
  };
  return kindTable([
    kind as never,
    { ...kind, kind: 'jwt', pages: () => [] } as never,
    { ...kind, kind: 'permission', pages: () => [] } as never,
  ]);
}

async function serving(t: Closing, pages: readonly OwnPage[], options: BenchOptions = {}): Promise<Bench> {
  const bench = await startBench(t, options);
  const kinds = kindWith(pages);
  const text = `issuers: { acme: { issuer: 'https://id.example', audience: x, jwks: 'https://id.example/jwks' } }
apis:
  a: { host: x.example, routes: ['GET /page', 'GET /{rest...}'], upstream: '${bench.upstream.url}', auth: [acme] }
  b: { host: y.example, routes: ['GET /page'], upstream: '${bench.upstream.url}', auth: public }
`;
  assert.ok(bench.gateway.install(snapshotOf(gatheredOf(text, kinds), kinds)));
  return bench;
}

async function ask(bench: Bench, line: string, { host = 'x.example', more = '', body = '' } = {}): Promise<GivenReply> {
  const client = bench.client();
  const length = body === '' ? '' : `content-length: ${body.length}\r\n`;
  client.send(`${line} HTTP/1.1\r\nhost: ${host}\r\n${more}${length}\r\n${body}`);
  return await client.reply(line.split(' ', 1)[0]);
}

const JSON_TYPE = 'content-type: application/json\r\n';

test('a page answers on its path, is recorded under its name, and is not stored', async (t) => {
  const bench = await serving(t, [
    page({}, ({ request }) => reply(`you asked ${request.path}`, [['set-cookie', 'a=1']])),
  ]);
  const got = await ask(bench, 'GET /.portcullis/test');
  assert.equal(got.status, 200);
  assert.equal(got.body.toString(), 'you asked /.portcullis/test');
  assert.equal(got.headers['cache-control'], 'no-store');
  assert.ok(got.headers['x-request-id']);
  assert.equal(got.headers['x-content-type-options'], 'nosniff');
  await rest();
  const own = bench.records.filter((record) => 'rule' in record && record.rule === 'test-page');
  assert.equal(own.length, 1);
});

test('what is no page, has another host, or a path beside it, is not found', async (t) => {
  const bench = await serving(t, [page({ host: 'y.example' }, () => reply('here'))]);
  assert.equal((await ask(bench, 'GET /.portcullis/test')).status, 404);
  assert.equal((await ask(bench, 'GET /.portcullis/test', { host: 'y.example' })).status, 200);
  for (const path of ['/.portcullis/test/', '/.portcullis/tes', '/.portcullis/TEST', '/.portcullis'])
    assert.equal((await ask(bench, `GET ${path}`, { host: 'y.example' })).status, 404, path);
  assert.equal((await ask(bench, 'GET /.portcullis/test', { host: 'z.example' })).status, 421);
});

test('a body comes whole, of its types, within its bound', async (t) => {
  const bench = await serving(t, [page({}, ({ body }) => reply(Buffer.from(body).toString()))]);
  const post = 'POST /.portcullis/test';
  assert.equal((await ask(bench, post, { more: JSON_TYPE, body: '{"a":1}' })).body.toString(), '{"a":1}');
  const codes = [
    [await ask(bench, post, { more: 'content-type: text/plain\r\n', body: '{}' }), 'unsupported-media-type'],
    [await ask(bench, post, { body: '{}' }), 'unsupported-media-type'],
    [await ask(bench, post, { more: `${JSON_TYPE}content-encoding: gzip\r\n`, body: '{}' }), 'unsupported-media-type'],
    [await ask(bench, post, { more: JSON_TYPE, body: 'x'.repeat(65) }), 'body-too-large'],
    [await ask(bench, 'GET /.portcullis/test', { more: JSON_TYPE, body: '{}' }), 'unexpected-body'],
    [await ask(bench, 'DELETE /.portcullis/test'), 'method-not-allowed'],
  ] as const;
  for (const [got, code] of codes) assert.equal(codeOf(got), code);
});

test('a page may answer later, and a refusal is a refusal', async (t) => {
  const pages = [
    page({}, async () => await Promise.resolve(reply('later'))),
    page({ path: '/.portcullis/no' }, () => ({ kind: 'deny', problem: { code: 'forbidden' } })),
  ];
  const bench = await serving(t, pages);
  assert.equal((await ask(bench, 'GET /.portcullis/test')).body.toString(), 'later');
  assert.equal(codeOf(await ask(bench, 'GET /.portcullis/no')), 'forbidden');
  assert.equal((await ask(bench, 'HEAD /.portcullis/test')).body.length, 0);
});

test('a page that throws, rejects, or says nothing, is a refusal and an alert', async (t) => {
  const pages = [
    page({ path: '/.portcullis/1' }, () => {
      throw new Error('broken');
    }),
    page({ path: '/.portcullis/2' }, async () => await Promise.reject(new Error('broken'))),
    page({ path: '/.portcullis/3' }, () => undefined as never),
    page({ path: '/.portcullis/4' }, () => reply('x', [['content-length', '7']])),
  ];
  const bench = await serving(t, pages);
  for (const at of [1, 2, 3, 4]) assert.equal(codeOf(await ask(bench, `GET /.portcullis/${at}`)), 'gateway-fault');
});

test('a page that says nothing for long is a refusal, and what it says then is not told', async (t) => {
  const { promise, resolve } = Promise.withResolvers<PageVerdict>();
  const asked = Promise.withResolvers<void>();
  const bench = await serving(t, [
    page({}, async () => {
      asked.resolve();
      return await promise;
    }),
  ]);
  const got = ask(bench, 'GET /.portcullis/test');
  await asked.promise;
  await rest();
  bench.clock.pass(10_000);
  assert.equal(codeOf(await got), 'gateway-fault');
  const before = bench.records.length;
  resolve(reply('late'));
  await rest();
  assert.equal(bench.records.length, before);
});

test('a client that leaves while it waits for a page is told nothing, and nothing is recorded of an answer', async (t) => {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const asked = Promise.withResolvers<void>();
    const { promise, resolve } = Promise.withResolvers<PageVerdict>();
    const bench = await serving(t, [
      page({}, async () => {
        asked.resolve();
        return await promise;
      }),
    ]);
    const client = bench.client();
    client.socket.on('error', () => undefined);
    client.send('GET /.portcullis/test HTTP/1.1\r\nhost: x.example\r\n\r\n');
    await asked.promise;
    client.socket[leave]();
    await rest();
    // Who has closed one side only may wait for an answer still, but not for long.
    bench.clock.pass(1_000);
    await until(() => bench.listener.connections === 0);
    resolve(reply('late'));
    await rest();
    bench.clock.pass(10_000);
    await rest();
    assert.deepEqual(bench.records, [], leave);
    assert.deepEqual(bench.metrics.refusals, [], leave);
  }
});

test('a body that comes slowly keeps no Snapshot that is in force no more', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bench = await serving(t, [page({}, ({ body }) => reply(Buffer.from(body).toString()))]);
  const client = bench.client();
  client.send(`POST /.portcullis/test HTTP/1.1\r\nhost: x.example\r\n${JSON_TYPE}content-length: 2\r\n\r\n{`);
  await rest();
  const old = new WeakRef(bench.gateway.current as object);
  bench.install(apiText(bench.upstream.url, []));
  await rest();
  collect();
  assert.equal(old.deref(), undefined);
  client.send('}');
  assert.equal((await client.reply('POST')).body.toString(), '{}');
});

test('a page that takes no body has none sent to it', async (t) => {
  const bench = await serving(t, [page({ body: null }, () => reply('x'))]);
  const got = await ask(bench, 'POST /.portcullis/test', { more: JSON_TYPE, body: '{}' });
  assert.equal(codeOf(got), 'unexpected-body');
});

test('ways round the place of a page lead to no page, and to no upstream either', async (t) => {
  let asked = 0;
  const bench = await serving(t, [page({}, () => (asked++, reply('here')))]);
  const ways = [
    '/.portcullis/x/../test',
    '/.portcullis//test',
    '//.portcullis/test',
    '/./.portcullis/test',
    '/page/../.portcullis/test',
    '/page/..%2f.portcullis/test',
    '/.portcullis%2ftest',
    '/.portcullis\\test',
    '/.portcullis/test;x',
    '/.portcullis;x/test',
    '/.portcullis/test%00',
    '/.portcullis/test%20',
    '/.portcullis/%252e/test',
    '/.Portcullis/test',
    '/.PORTCULLIS/TEST',
  ];
  for (const way of ways) {
    const got = await ask(bench, `GET ${way}`);
    // A catch-all of an API may have what is not ours; what may be read as ours is refused.
    if (got.status !== 400) assert.ok([401, 404].includes(got.status), `${way}: ${got.status}`);
  }
  assert.equal(asked, 0);
  for (const method of ['get', 'Get', 'OPTIONS', 'PUT', 'PROPFIND'])
    assert.ok([400, 405, 501].includes((await ask(bench, `${method} /.portcullis/test`)).status), method);
  assert.equal(asked, 0);
  // The dot of a path may be encoded; it is the same path.
  assert.equal((await ask(bench, 'GET /%2eportcullis/test')).status, 200);
});

test('pages say nothing to scripts of other origins, and what is asked stands in no record', async (t) => {
  const bench = await serving(t, [page({}, ({ request }) => reply(String(request.query === null)))]);
  const more = 'origin: https://evil.example\r\naccess-control-request-method: GET\r\n';
  for (const method of ['GET', 'OPTIONS']) {
    const { headers } = await ask(bench, `${method} /.portcullis/test?code=secret-code&state=secret-state`, { more });
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('access-control-')),
      [],
    );
  }
  await rest();
  assert.ok(bench.records.length > 0);
  assert.ok(!/secret-(code|state)/.test(JSON.stringify(bench.records)));
});

test('one network asks no more often than its pace', async (t) => {
  const bench = await serving(t, [page({}, () => reply('x'))]);
  const client = bench.client();
  const again = async (): Promise<GivenReply> =>
    await client.send('GET /.portcullis/test HTTP/1.1\r\nhost: x.example\r\n\r\n').reply();
  for (let at = 0; at < PAGE_NETWORK_PACE.burst; at++) assert.equal((await again()).status, 200);
  assert.equal(codeOf(await again()), 'rate-limited');
});

test('a server that tells of many people at once is heard, and takes nothing from browsers of its network', async (t) => {
  const hook = page({ calledBy: 'servers', name: 'hook', path: '/.portcullis/hook' }, () => reply('x'));
  const bench = await serving(t, [page({}, () => reply('x')), hook]);
  const client = bench.client();
  const asked = async (path: string): Promise<GivenReply> =>
    await client.send(`GET ${path} HTTP/1.1\r\nhost: x.example\r\n\r\n`).reply();
  for (let at = 0; at < PAGE_SERVER_PACE.burst; at++) assert.equal((await asked('/.portcullis/hook')).status, 200);
  assert.equal(codeOf(await asked('/.portcullis/hook')), 'rate-limited');
  assert.equal((await asked('/.portcullis/test')).status, 200);
});

test('a page that many networks ask for leaves each other page its reserve', async (t) => {
  const pages = [page({}, () => reply('x')), page({ name: 'other', path: '/.portcullis/other' }, () => reply('y'))];
  const bench = await serving(t, pages, { peers: true });
  const client = bench.client();
  let network = 0;
  const passed = async (path: string, times: number): Promise<number> => {
    let count = 0;
    for (let at = 0; at < times; at++) {
      const peer = `10.${Math.floor(network / 256)}.${network++ % 256}.1`;
      client.send(`GET ${path} HTTP/1.1\r\nhost: x.example\r\nx-test-peer: ${peer}\r\n\r\n`);
      if ((await client.reply()).status === 200) count++;
    }
    return count;
  };
  const { burst } = PAGE_RESERVE_PACE;
  const most = PAGE_THREAD_PACE.burst + burst;
  assert.equal(await passed('/.portcullis/test', most + 10), most);
  assert.equal(await passed('/.portcullis/other', burst + 10), burst);
});

test('two pages in one place, and one on a path of the APIs, do not compile', () => {
  const install = (pages: readonly OwnPage[]): void => {
    const kinds = kindWith(pages);
    const text = `issuers: { acme: { issuer: 'https://id.example', audience: x, jwks: 'https://id.example/jwks' } }
apis: { a: { routes: ['GET /page'], upstream: 'http://127.0.0.1:1', auth: [acme] } }
`;
    snapshotOf(gatheredOf(text, kinds), kinds);
  };
  const one = page({}, () => reply('x'));
  install([one, one]);
  assert.throws(() => install([one, { ...one, name: 'other' }]));
  assert.throws(() => install([page({ path: '/page' }, () => reply('x'))]));
});
