import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnPage, PageRequest, PageVerdict } from '../policy/index.ts';
import {
  type Bench,
  type BenchOptions,
  type Closing,
  codeOf,
  gatheredOf,
  type GivenReply,
  rest,
  snapshotOf,
  startBench,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { PAGE_NETWORK_PACE } from './own-pages.ts';

type Says = (asked: PageRequest) => PageVerdict | Promise<PageVerdict>;

const page = (more: Partial<OwnPage>, answer: Says): OwnPage => ({
  ...{ name: 'test-page', host: null, path: '/.portcullis/test', methods: ['GET', 'POST'] },
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

test('one network asks no more often than its pace', async (t) => {
  const bench = await serving(t, [page({}, () => reply('x'))]);
  const client = bench.client();
  const again = async (): Promise<GivenReply> =>
    await client.send('GET /.portcullis/test HTTP/1.1\r\nhost: x.example\r\n\r\n').reply();
  for (let at = 0; at < PAGE_NETWORK_PACE.burst; at++) assert.equal((await again()).status, 200);
  assert.equal(codeOf(await again()), 'rate-limited');
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
