import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { PASS } from '../policy/index.ts';
import { cachedApi, replyOf, request } from './cache-fixture.test.ts';
import { apiText, type Bench, codeOf, type GivenReply, kindOf, rest, startBench, step, until } from './fixture.test.ts';

const FRESH = 'cache-control: max-age=10; etag: "v1"';
const storeOf = ({ headers }: GivenReply): string | undefined => headers['cache-status'];

/** Stores `/a` and lets it become stale by a second. */
async function staleBench(t: Parameters<typeof startBench>[0], cache: string, fields = FRESH): Promise<Bench> {
  const bench = await startBench(t, { api: cachedApi(cache) });
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('first', fields));
  await bench.ask(request('/a'));
  bench.clock.pass(11_000);
  return bench;
}

test('what is stale is validated, and good again where the upstream says so', async (t) => {
  const bench = await staleBench(t, 'on');
  bench.upstream.respond = ({ head, socket }) => {
    assert.match(head, /^if-none-match: "v1"\r$/im);
    socket.write('HTTP/1.1 304 X\r\netag: "v1"\r\ncache-control: max-age=20\r\nx-new: 1\r\n\r\n');
  };
  const given = await bench.ask(request('/a'));
  assert.deepEqual([given.status, given.body.toString(), given.headers['x-new']], [200, 'first', '1']);
  assert.equal(storeOf(given), 'portcullis; fwd=stale; fwd-status=304; ttl=20');
  assert.equal(storeOf(await bench.ask(request('/a'))), 'portcullis; hit; ttl=20');
  assert.deepEqual(bench.metrics.cacheResults, ['miss', 'revalidated', 'hit']);
  const end = bench.records.findLast((record) => record.kind === 'completion' && record.upstreamStatus === 304);
  assert.ok(end !== undefined, 'the record tells what the upstream said');
});

test('a 304 that says that the reply was chosen by the client’s address is for that client alone', async (t) => {
  const bench = await staleBench(t, 'on');
  bench.upstream.respond = ({ head, socket }) =>
    void socket.write(
      /if-none-match/i.test(head)
        ? 'HTTP/1.1 304 X\r\netag: "v1"\r\ncache-control: max-age=20\r\nvary: X-Forwarded-For\r\n\r\n'
        : replyOf('anew', `${FRESH}; vary: X-Forwarded-For`),
    );
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'anew');
});

test('what is stale is replaced where the upstream has another', async (t) => {
  const bench = await staleBench(t, 'on');
  bench.upstream.respond = ({ socket }) =>
    void socket.write(replyOf('second', 'cache-control: max-age=10; etag: "v2"'));
  const given = await bench.ask(request('/a', 'if-none-match: "v1"\r\n'));
  assert.deepEqual([given.status, given.body.toString()], [200, 'second']);
  assert.equal(storeOf(given), 'portcullis; fwd=stale; fwd-status=200; stored');
  assert.match(storeOf(await bench.ask(request('/a'))) ?? '', /hit/);
});

test('a 304 that speaks of something else is not believed: all of it is asked for', async (t) => {
  const bench = await staleBench(t, 'on');
  bench.upstream.respond = ({ head, socket }) =>
    socket.write(
      /if-none-match/i.test(head)
        ? 'HTTP/1.1 304 X\r\netag: "v9"\r\n\r\n'
        : replyOf('second', FRESH.replace('v1', 'v9')),
    );
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'second');
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'second');
  assert.equal(bench.upstream.requests.length, 3);
});

const FAILURES: readonly (readonly [what: string, fail: (socket: Socket) => void, status: number])[] = [
  ['answers 500', (socket) => void socket.write(replyOf('no', '', 500)), 500],
  ['answers 502', (socket) => void socket.write(replyOf('no', '', 502)), 502],
  ['answers 503', (socket) => void socket.write(replyOf('no', '', 503)), 503],
  ['answers 504', (socket) => void socket.write(replyOf('no', '', 504)), 504],
  ['begins a 503 that never ends', (socket) => void socket.write('HTTP/1.1 503 X\r\ncontent-length: 9\r\n\r\n'), 503],
  ['leaves', (socket) => void socket.destroy(), 502],
  ['answers what is no reply', (socket) => void socket.end('what?\r\n\r\n'), 502],
];

for (const [what, fail, status] of FAILURES)
  test(`where the upstream ${what}, what is stale stands in for its time, and then no more`, async (t) => {
    const bench = await staleBench(t, '{ staleIfError: 1m }');
    let left = false;
    bench.upstream.respond = ({ socket }) => {
      socket.on('close', () => (left = true));
      fail(socket);
    };
    const given = await bench.ask(request('/a'));
    if (what.includes('never ends')) await until(() => left);
    assert.deepEqual([given.status, given.body.toString()], [200, 'first']);
    assert.match(storeOf(given) ?? '', /^portcullis; fwd=stale; /);
    const asked = bench.upstream.requests.length;
    const soon = await bench.ask(request('/a'));
    assert.equal(soon.body.toString(), 'first');
    assert.equal(storeOf(soon), 'portcullis; hit; ttl=-1; detail=upstream-failed');
    assert.equal(bench.upstream.requests.length, asked, 'it is left alone for a second');
    bench.clock.pass(1_001);
    assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
    assert.ok(bench.upstream.requests.length > asked);
    bench.clock.pass(60_000);
    // The head of a failure is passed on as it comes.
    const client = bench.client().send(request('/a'));
    await until(() => /^HTTP\/1.1 \d+/.test(client.received));
    assert.equal(client.received.slice(9, 12), String(status));
  });

test('without a word of the upstream or the configuration nothing stale stands in', async (t) => {
  const bench = await staleBench(t, 'on');
  bench.upstream.close();
  const given = await bench.ask(request('/a'));
  assert.equal(given.status, 502);
  assert.match(codeOf(given), /^upstream-/);
});

test('what must be validated never stands in', async (t) => {
  const bench = await staleBench(
    t,
    '{ staleIfError: 1h, staleWhileRevalidate: 1h }',
    FRESH.replace('max-age=10', 'max-age=10, must-revalidate'),
  );
  bench.upstream.close();
  assert.equal((await bench.ask(request('/a'))).status, 502);
});

test('an upstream that can not be reached at all is stood in for', async (t) => {
  const bench = await staleBench(t, 'on', 'cache-control: max-age=10, stale-if-error=60');
  bench.upstream.close();
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  bench.clock.pass(60_000);
  assert.equal((await bench.ask(request('/a'))).status, 502);
});

test('an upstream that says nothing for too long is stood in for, by its own bound and by that of the request', async (t) => {
  for (const upstream of ['{ targets: [URL], timeout: 2s }', '{ targets: [URL], deadline: 2s }']) {
    const bench = await staleBench(t, '{ staleIfError: 1h }');
    const text = `routes: ['* /{rest...}']\n    cache: { staleIfError: 1h }`;
    const install = (): void =>
      void bench.install(
        `apis:\n  a:\n    ${text}\n    upstream: ${upstream.replace('URL', bench.upstream.url)}\n    auth: public\n`,
      );
    install();
    bench.upstream.respond = ({ socket }) => void socket.write(replyOf('first', FRESH));
    await bench.ask(request('/a'));
    bench.clock.pass(11_000);
    const before = bench.upstream.requests.length;
    let left = false;
    bench.upstream.respond = ({ socket }) => void socket.on('close', () => (left = true));
    const client = bench.client().send(request('/a'));
    await until(() => bench.upstream.requests.length > before);
    bench.clock.pass(3_000);
    assert.equal((await client.reply()).body.toString(), 'first', upstream);
    await until(() => left);
  }
});

test('what is stale is given at once while it is fetched anew, once for all who ask', async (t) => {
  const bench = await staleBench(t, '{ staleWhileRevalidate: 1m }');
  const held: Socket[] = [];
  bench.upstream.respond = ({ head, socket }) => {
    assert.match(head, /^if-none-match: "v1"\r$/im);
    held.push(socket);
  };
  for (let ask = 0; ask < 5; ask++) {
    const given = await bench.ask(request('/a'));
    assert.equal(given.body.toString(), 'first');
    assert.equal(storeOf(given), 'portcullis; hit; ttl=-1');
  }
  await until(() => held.length === 1);
  held[0]?.write(replyOf('second', FRESH));
  await until(() => bench.upstream.requests.length === 2);
  for (let given = 'first'; given !== 'second'; await rest()) given = (await bench.ask(request('/a'))).body.toString();
  assert.equal(held.length, 1);
  assert.match(storeOf(await bench.ask(request('/a'))) ?? '', /hit; ttl=10/);
});

test('a fetch behind that fails changes nothing, and is not tried again at once', async (t) => {
  const bench = await staleBench(t, '{ staleWhileRevalidate: 1m }');
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('no', '', 503));
  for (let ask = 0; ask < 4; ask++) {
    assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
    await until(() => bench.upstream.requests.length === 2);
    await rest();
  }
  assert.equal(bench.upstream.requests.length, 2);
  bench.clock.pass(1_001);
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  await until(() => bench.upstream.requests.length === 3);
  bench.clock.pass(60_000);
  assert.equal((await bench.ask(request('/a'))).status, 503);
});

for (const [what, fields, status] of [
  ['is private now', 'cache-control: private', 200],
  ['is not to be stored any more', 'cache-control: no-store', 200],
  ['is forbidden now', '', 403],
  ['is gone', '', 404],
] as const)
  test(`what ${what} is not given from the store, as soon as the upstream has said so`, async (t) => {
    const bench = await staleBench(t, '{ staleWhileRevalidate: 1d, staleIfError: 1d }');
    bench.upstream.respond = ({ socket }) => void socket.write(replyOf('now', fields, status));
    for (let given = 'first'; given !== 'now'; await rest()) given = (await bench.ask(request('/a'))).body.toString();
    bench.upstream.close();
    assert.equal((await bench.ask(request('/a'))).status, 502);
  });

test('a fetch behind whose reply is a refusal of that request alone leaves what there is until its time is over', async (t) => {
  const bench = await staleBench(t, '{ staleWhileRevalidate: 1m }');
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('too many', '', 429));
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  await until(() => bench.upstream.requests.length === 2);
  await rest();
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  bench.clock.pass(60_000);
  assert.equal((await bench.ask(request('/a'))).status, 429);
});

for (const more of ['cache-control: no-store\r\n', 'range: bytes=0-1\r\n'])
  test(`a request whose own reply is never stored keeps nobody from what is fetched behind: ${more.trim()}`, async (t) => {
    const bench = await staleBench(t, '{ staleWhileRevalidate: 1m }');
    bench.upstream.respond = ({ socket }) => void socket.write(replyOf('second', FRESH));
    assert.equal((await bench.ask(request('/a', more))).body.toString(), 'first');
    await rest();
    assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
    await until(() => bench.upstream.requests.length === 2);
    for (let given = 'first'; given !== 'second'; await rest())
      given = (await bench.ask(request('/a'))).body.toString();
  });

test('what was declared no good while the upstream was asked does not stand in for it', async (t) => {
  const bench = await staleBench(t, '{ staleIfError: 1h }');
  const held: Socket[] = [];
  bench.upstream.respond = ({ head, socket }) =>
    head.startsWith('POST') ? void socket.write(replyOf('done', '')) : void held.push(socket);
  const client = bench.client().send(request('/a'));
  await until(() => held.length === 1);
  assert.equal((await bench.ask(request('/a', 'content-length: 0\r\n', 'POST'))).status, 200);
  held[0]?.write(replyOf('no', '', 503));
  assert.equal((await client.reply()).status, 503);
});

test('what the upstream has withdrawn meanwhile does not stand in for it', async (t) => {
  const bench = await staleBench(t, '{ staleIfError: 1h }');
  const held: Socket[] = [];
  bench.upstream.respond = ({ socket }) => void held.push(socket);
  const first = bench.client().send(request('/a'));
  await until(() => held.length === 1);
  const second = bench.client().send(request('/a'));
  await until(() => bench.gateway.inFlight === 2);
  held[0]?.write(replyOf('gone', '', 410));
  assert.equal((await first.reply()).status, 410);
  await until(() => held.length === 2);
  held[1]?.write(replyOf('no', '', 503));
  assert.equal((await second.reply()).status, 503);
});

for (const [what, upstream, fail, status] of [
  ['breaks off', (url) => url, (socket) => void socket.destroy(), 502],
  ['is too slow', (url) => `{ targets: ['${url}'], deadline: 2s }`, () => {}, 504],
] satisfies readonly [string, (url: string) => string, (socket: Socket) => void, number][])
  test(`a change makes what is stored no good where its upstream ${what}, for it may have been done`, async (t) => {
    const bench = await startBench(t);
    assert.ok(bench.install(apiText(upstream(bench.upstream.url), [], cachedApi('on'))));
    let body = 'first';
    bench.upstream.respond = ({ head, socket }) =>
      head.startsWith('POST') ? fail(socket) : void socket.write(replyOf(body, FRESH));
    await bench.ask(request('/a'));
    const client = bench.client().send(request('/a', 'content-length: 0\r\n', 'POST'));
    await until(() => bench.upstream.last.head.startsWith('POST'));
    bench.clock.pass(2_000);
    assert.equal((await client.reply('POST')).status, status);
    body = 'second';
    assert.equal((await bench.ask(request('/a'))).body.toString(), 'second');
  });

for (const [what, reply] of [
  ['is not to be stored', 'cache-control: no-store\r\ncontent-length: 10\r\n\r\n'],
  ['is too large', `cache-control: max-age=60\r\ntransfer-encoding: chunked\r\n\r\n800\r\n${'x'.repeat(2_048)}\r\n`],
] as const)
  test(`a fetch behind whose reply ${what} is given up before its end`, async (t) => {
    const bench = await staleBench(t, '{ staleWhileRevalidate: 1m, maxEntry: 1KiB }');
    let left = false;
    bench.upstream.respond = ({ socket }) => {
      socket.on('close', () => (left = true));
      socket.write(`HTTP/1.1 200 OK\r\n${reply}`);
    };
    assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
    await until(() => left);
  });

test('a change whose time was over before it was sent leaves what is stored as it is', async (t) => {
  const judged = Promise.withResolvers<void>();
  const slow = step<'decide'>(async ({ request: { method } }) => {
    if (method === 'POST') await judged.promise;
    return PASS;
  });
  const bench = await startBench(t, { kinds: [kindOf('slow', { decide: slow })] });
  const upstream = `{ targets: ['${bench.upstream.url}'], deadline: 2s }`;
  assert.ok(bench.install(apiText(upstream, ['slow'], cachedApi('on'))));
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('first', FRESH));
  await bench.ask(request('/a'));
  const client = bench.client().send(request('/a', 'content-length: 0\r\n', 'POST'));
  await until(() => bench.gateway.inFlight === 1);
  bench.clock.pass(3_000);
  judged.resolve();
  assert.equal((await client.reply('POST')).status, 504);
  assert.match(storeOf(await bench.ask(request('/a'))) ?? '', /hit/);
  assert.equal(bench.upstream.requests.length, 1);
});

test('a change whose client leaves before it hears how it ended makes what is stored no good', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('first', FRESH));
  await bench.ask(request('/a'));
  bench.upstream.respond = () => {};
  const client = bench.client().send(request('/a', 'content-length: 0\r\n', 'POST'));
  await until(() => bench.upstream.requests.length === 2);
  client.socket.resetAndDestroy();
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('second', FRESH));
  for (let given = 'first'; given !== 'second'; await rest()) given = (await bench.ask(request('/a'))).body.toString();
});

test('a 304 with more new fields than one head may hold is not taken over: all of it is asked for', async (t) => {
  const many = (name: string): string => Array.from({ length: 60 }, (_, at) => `x-${name}-${at}: 1`).join('; ');
  const bench = await staleBench(t, 'on', `${FRESH}; ${many('old')}`);
  bench.upstream.respond = ({ head, socket }) =>
    socket.write(
      /if-none-match/i.test(head)
        ? `HTTP/1.1 304 X\r\netag: "v1"\r\n${many('new').replaceAll('; ', '\r\n')}\r\n\r\n`
        : replyOf('second', FRESH),
    );
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'second');
  assert.match(storeOf(await bench.ask(request('/a'))) ?? '', /hit/);
});

test('a tag that no field of a request may hold is not asked by', async (t) => {
  const bench = await staleBench(t, 'on', `cache-control: max-age=10; etag: "${'v'.repeat(9_000)}"`);
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  assert.doesNotMatch(bench.upstream.last.head, /if-none-match/i);
});

test('what is fetched behind has the time that its request has, and is given up then', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  bench.install(
    `apis:\n  a:\n    ${cachedApi('{ staleWhileRevalidate: 1m }')}\n    upstream: { targets: ['${bench.upstream.url}'], deadline: 2s }\n    auth: public\n`,
  );
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('first', FRESH));
  await bench.ask(request('/a'));
  bench.clock.pass(11_000);
  bench.upstream.respond = () => {};
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  await until(() => bench.upstream.requests.length === 2);
  bench.clock.pass(3_500);
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('second', FRESH));
  // The one that was given up stands in nobody's way.
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'first');
  for (let given = 'first'; given !== 'second'; await rest()) {
    bench.clock.pass(200);
    given = (await bench.ask(request('/a'))).body.toString();
  }
});
