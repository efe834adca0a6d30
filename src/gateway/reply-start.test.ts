import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { createUpstreamErrorsKind, type OriginalReply, PASS, type PolicyKind } from '../policy/index.ts';
import { NO_FIELDS } from '../wire/index.ts';
import { cachedApi, replyOf, request } from './cache-fixture.test.ts';
import { type Bench, codeOf, kindOf, replyText, rest, startBench, step, until } from './fixture.test.ts';
import { ReplyStart, START_LIMIT_BYTES, START_WAIT_MS } from './reply-start.ts';
import { NO_STEPS, type Opening } from './reply-steps.ts';
import type { Walk } from './walk.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
const TRACE = 'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in <module>\nKeyError: 1\n';
const HASH = 'ab'.repeat(32);

interface Kept {
  readonly originals: OriginalReply[];
  readonly kind: PolicyKind<never>;
}

function errorsKind(): Kept {
  const originals: OriginalReply[] = [];
  const keep = (original: OriginalReply): string => (originals.push(original), HASH);
  return { originals, kind: createUpstreamErrorsKind({ originals: { keep } }) as unknown as PolicyKind<never> };
}

async function benchOf(t: Parameters<typeof startBench>[0], kinds: readonly PolicyKind<never>[] = [], more = '') {
  const { originals, kind } = errorsKind();
  const bench = await startBench(t, { kinds: [...kinds, kind], api: `routes: ['* /{rest...}']${more}` });
  return Object.assign(bench, { originals });
}

function answering(bench: Bench, ...pieces: readonly (string | Buffer)[]): void {
  bench.upstream.respond = ({ socket }) => pieces.forEach((piece) => socket.write(piece));
}

/** The head of a reply in chunks. */
const headOf = (status: number, fields = 'content-type: text/html'): string =>
  `HTTP/1.1 ${status} X\r\n${fields}\r\ntransfer-encoding: chunked\r\n\r\n`;

const piece = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

test('a failure of the upstream becomes a problem with its status, and what leaks goes', async (t) => {
  const bench = await benchOf(t);
  const fields = [
    'content-type: text/html',
    'etag: "1"',
    'retry-after: 7',
    'x-error-detail: db7.internal',
    'x-debug-token: 1',
    'X_Debug_Info: db7.internal',
    'x.sql~query: select',
    'x-note: at System.Data.SqlClient.Open(Object a)',
    'kept: 1',
  ].join('\r\n');
  answering(bench, replyText('<h1>db7.internal is down</h1>', fields, 503));
  const reply = await bench.ask(GET);
  assert.equal(reply.status, 503);
  const problem = JSON.parse(reply.body.toString()) as Record<string, unknown>;
  assert.deepEqual([problem['code'], problem['status']], ['upstream-error', 503]);
  assert.equal(problem['instance'], `urn:uuid:${reply.headers['x-request-id']}`);
  const { headers } = reply;
  assert.deepEqual([headers['content-type'], headers['cache-control']], ['application/problem+json', 'no-store']);
  assert.deepEqual([headers['retry-after'], headers['kept']], ['7', '1']);
  for (const name of ['etag', 'x-error-detail', 'x-debug-token', 'x_debug_info', 'x.sql~query', 'x-note'])
    assert.equal(headers[name], undefined, name);
  const completion = bench.records.at(-1);
  assert.ok(completion?.kind === 'completion');
  assert.deepEqual([completion.status, completion.upstreamStatus, completion.originalHash], [503, 503, HASH]);
  assert.equal(Buffer.from(bench.originals[0]?.start ?? []).toString(), '<h1>db7.internal is down</h1>');
});

test('an error of the client passes as it came, unless it shows a stack trace', async (t) => {
  const bench = await benchOf(t);
  answering(bench, headOf(404), piece('no such '), piece('order'), '0\r\n\r\n');
  const plain = await bench.ask(GET);
  assert.deepEqual([plain.status, plain.body.toString()], [404, 'no such order']);
  answering(bench, replyText(TRACE, 'content-type: text/plain', 404));
  const traced = await bench.ask(GET);
  assert.deepEqual([traced.status, codeOf(traced)], [404, 'upstream-error']);
  answering(bench, replyText(TRACE, 'content-type: text/plain', 200));
  assert.equal((await bench.ask(GET)).body.toString(), TRACE);
  assert.deepEqual(
    bench.originals.map(({ status, trace }) => `${status} ${trace}`),
    ['404 python'],
  );
});

test('a trace in any coding, and behind much else, is found; a coding that can not be undone passes nobody', async (t) => {
  const bench = await benchOf(t);
  const long = `${'x '.repeat(20_000)}${TRACE}`;
  for (const [coding, bytes] of [
    ['gzip', gzipSync(long)],
    ['br', brotliCompressSync(long)],
    ['identity', Buffer.from(long)],
  ] as const) {
    answering(bench, replyText(bytes, `content-type: text/plain\r\ncontent-encoding: ${coding}`, 400));
    const reply = await bench.ask(GET);
    assert.deepEqual([reply.status, codeOf(reply)], [400, 'upstream-error'], coding);
    assert.equal(reply.headers['content-encoding'], undefined);
  }
  answering(bench, replyText('?', 'content-type: text/plain\r\ncontent-encoding: snake', 400));
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-error');
  const fine = gzipSync('fine');
  answering(bench, replyText(fine, 'content-type: text/plain\r\ncontent-encoding: gzip', 400));
  const passed = await bench.ask(GET);
  assert.deepEqual([passed.status, passed.headers['content-encoding']], [400, 'gzip']);
});

test('many coded errors at once are read one behind the other, and none is taken for one that can not be', async (t) => {
  const bench = await benchOf(t);
  const sockets: Parameters<Bench['upstream']['respond']>[0]['socket'][] = [];
  bench.upstream.respond = ({ socket }) => void sockets.push(socket);
  const clients = Array.from({ length: 60 }, () => bench.client().send(GET));
  await until(() => sockets.length === clients.length);
  const fine = gzipSync('x '.repeat(50_000));
  for (const socket of sockets) {
    socket.write(replyText(fine, 'content-type: text/plain\r\ncontent-encoding: gzip', 404));
  }
  const replies = await Promise.all(clients.map((client) => client.reply()));
  assert.deepEqual(
    replies.map(({ status, body }) => [status, body.length]),
    replies.map(() => [404, fine.length]),
  );
  assert.equal(bench.originals.length, 0);
  // Those that have left meanwhile take no turn from the others.
  for (const client of clients) client.send(GET);
  await until(() => sockets.length === 2 * clients.length);
  for (const socket of sockets.slice(clients.length)) {
    socket.write(replyText(fine, 'content-type: text/plain\r\ncontent-encoding: gzip', 404));
  }
  for (const client of clients) client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  answering(bench, replyText(fine, 'content-type: text/plain\r\ncontent-encoding: gzip', 404));
  assert.equal((await bench.ask(GET)).body.length, fine.length);
});

test('what leaks in a field that nobody can take out takes all of the reply with it', async (t) => {
  const bench = await benchOf(t);
  for (const name of [`x-debug_${'a-'.repeat(200)}`, `x-debug-${'a-'.repeat(200)}`]) {
    answering(bench, replyText('boom', `${name}: db7.internal\r\nkept: 1`, 503));
    const reply = await bench.ask(GET);
    assert.deepEqual([codeOf(reply), reply.headers['kept']], ['upstream-error', undefined]);
    assert.doesNotMatch(reply.head, /db7\.internal/);
  }
});

test('a failure that is huge, endless, cut or broken is a problem all the same', async (t) => {
  const bench = await benchOf(t);
  const huge = 'HTTP/1.1 500 X\r\ncontent-length: 900000000\r\n\r\n';
  answering(bench, huge, Buffer.alloc(START_LIMIT_BYTES + 1_000, 0x61));
  const reply = await bench.ask(GET);
  assert.deepEqual([reply.status, codeOf(reply)], [500, 'upstream-error']);
  assert.equal(bench.originals.at(-1)?.start.byteLength, START_LIMIT_BYTES);
  // The rest of it is not waited for.
  await until(() => bench.upstream.last.socket.closed);
  bench.upstream.respond = ({ socket }) => void socket.end(`${headOf(502)}${piece('half')}`);
  assert.deepEqual([(await bench.ask(GET)).status, bench.originals.at(-1)?.whole], [502, false]);
  const coded = gzipSync('a'.repeat(5_000)).subarray(0, 20);
  answering(bench, replyText(coded, 'content-encoding: gzip', 500));
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-error');
  assert.equal(bench.gateway.inFlight, 0);
});

test('of a coded failure only what was decoded is said to be all of it', async (t) => {
  const bench = await benchOf(t);
  for (const [length, isAll] of [
    [START_LIMIT_BYTES - 100, true],
    [START_LIMIT_BYTES + 100, false],
  ] as const) {
    // Not made any shorter, so that what is decoded of the longer one ends before the limit.
    const coded = gzipSync(Buffer.alloc(length, 'x'), { level: 0 });
    answering(bench, replyText(coded, 'content-encoding: gzip', 502));
    assert.equal((await bench.ask(GET)).status, 502);
    assert.equal(bench.originals.at(-1)?.whole, isAll, `${length}`);
  }
});

test('a reply that drips is judged by what has come when the wait is over', async (t) => {
  const bench = await benchOf(t);
  answering(bench, headOf(500, 'content-type: text/event-stream'), piece('data: 1\n\n'));
  const client = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 1);
  await rest();
  bench.clock.pass(START_WAIT_MS);
  assert.equal(codeOf(await client.reply()), 'upstream-error');
  answering(bench, headOf(404), piece('slow'));
  const slow = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 2);
  await rest();
  bench.clock.pass(START_WAIT_MS);
  await until(() => slow.received.includes('slow'));
});

test('HEAD has the same status and fields, and no body', async (t) => {
  const bench = await benchOf(t);
  answering(bench, 'HTTP/1.1 500 X\r\ncontent-type: text/html\r\nx-error: a\r\ncontent-length: 900\r\n\r\n');
  const reply = await bench.ask(GET.replace('GET', 'HEAD'));
  assert.deepEqual([reply.status, reply.body.length, reply.headers['x-error']], [500, 0, undefined]);
  assert.equal(reply.headers['content-type'], 'application/problem+json');
  assert.equal(reply.headers['content-length'], undefined, 'it was that of what was replaced');
});

test('those that read whole see the problem, also where the original was larger than they may read', async (t) => {
  const seen: string[] = [];
  const reader = kindOf('p', {
    respond: step<'respond'>((_exchange, reply) => (seen.push(Buffer.from(reply.body('raw')).toString()), PASS), {
      response: 'raw',
    }),
  });
  const { originals, kind } = errorsKind();
  const bench = await startBench(t, { kinds: [kind, reader] });
  answering(bench, 'HTTP/1.1 500 X\r\ncontent-length: 900000000\r\n\r\n', Buffer.alloc(START_LIMIT_BYTES, 0x61));
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-error');
  assert.match(seen[0] ?? '', /"code":"upstream-error"/);
  answering(bench, headOf(404), piece('a'.repeat(70_000)), piece('b'), '0\r\n\r\n');
  assert.equal((await bench.ask(GET)).body.length, 70_001);
  assert.equal(seen[1]?.length, 70_001);
  assert.equal(originals.length, 1);
});

test('an API, or an operation, may let errors pass', async (t) => {
  const bench = await benchOf(t, [], '\n    upstreamErrors: pass');
  answering(bench, replyText(TRACE, 'content-type: text/plain', 500));
  assert.equal((await bench.ask(GET)).body.toString(), TRACE);
  const apart = "\n    operations:\n      '* /{rest...}': { upstreamErrors: ";
  const one = await benchOf(t, [], `${apart}pass }`);
  answering(one, replyText(TRACE, 'content-type: text/plain', 500));
  assert.equal((await one.ask(GET)).body.toString(), TRACE);
  const other = await benchOf(t, [], `\n    upstreamErrors: pass${apart}replace }`);
  answering(other, replyText(TRACE, 'content-type: text/plain', 500));
  assert.equal(codeOf(await other.ask(GET)), 'upstream-error');
  assert.deepEqual([bench.originals.length, one.originals.length, other.originals.length], [0, 0, 1]);
});

test('a stream of events that succeeds goes on as it comes, whatever it tells', async (t) => {
  const bench = await benchOf(t);
  answering(bench, headOf(200, 'content-type: text/event-stream'), piece(`data: ${TRACE}\n`));
  const client = bench.client().send(GET);
  await until(() => client.received.includes('Traceback'));
  assert.equal(bench.clock.waiting, 0);
  client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  assert.equal(bench.originals.length, 0);
});

test('what is stored stands in for an error, and nothing of that is kept', async (t) => {
  const { originals, kind } = errorsKind();
  const bench = await startBench(t, { kinds: [kind], api: cachedApi('on') });
  const fields = 'cache-control: max-age=10, stale-if-error=600; content-type: text/plain';
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('stored', fields, 200));
  assert.equal((await bench.ask(request('/a'))).status, 200);
  bench.clock.pass(20_000);
  answering(bench, replyText(TRACE, 'content-type: text/plain', 503));
  const stale = await bench.ask(request('/a'));
  assert.deepEqual([stale.status, stale.body.toString(), originals.length], [200, 'stored', 0]);
  assert.equal(codeOf(await bench.ask(request('/b'))), 'upstream-error');
});

test('an error that is stored is replaced each time it is given', async (t) => {
  const { originals, kind } = errorsKind();
  const bench = await startBench(t, { kinds: [kind], api: cachedApi('on') });
  const fields = 'cache-control: max-age=60; content-type: text/plain';
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf(TRACE, fields, 404));
  for (let asked = 0; asked < 2; asked++) {
    const reply = await bench.ask(request('/a'));
    assert.deepEqual([codeOf(reply), reply.headers['cache-control']], ['upstream-error', 'no-store']);
  }
  assert.deepEqual([bench.upstream.requests.length, originals.length], [1, 2]);
});

test('what is held of errors is counted: without room they are judged by what has come, and it is given back', async (t) => {
  const { kind } = errorsKind();
  const bench = await startBench(t, { kinds: [kind], collectedBytes: 2_000 });
  const drip = (bytes: number): ReturnType<Bench['client']> => {
    answering(bench, headOf(404), piece('x'.repeat(bytes)));
    return bench.client().send(GET);
  };
  for (let round = 0; round < 3; round++) {
    const first = drip(900);
    await until(() => bench.clock.waiting === 1);
    await rest();
    assert.equal(first.received, '');
    const second = drip(400);
    await until(() => second.received.includes('xxx'));
    first.socket.resetAndDestroy();
    second.socket.resetAndDestroy();
    await until(() => bench.gateway.inFlight === 0);
    assert.equal(bench.clock.waiting, 0);
  }
});

test('who goes on with the body asks for a pause as if nobody had looked at its start', () => {
  const bodies = { take: () => true, giveBack: () => {} };
  const walk = { context: { bodies }, request: { peer: '192.0.2.1' }, drained: () => {} } as unknown as Walk;
  const opening: Opening = { concerns: ({ length }) => (length < 2 ? null : false), others: NO_STEPS };
  for (const more of [false, true]) {
    const passed: Buffer[] = [];
    const pieces = (given: readonly Buffer[]): boolean => (passed.push(...given), more);
    const taker = { headers: NO_FIELDS, pieces, end: () => {}, failed: () => {} };
    const start = new ReplyStart(walk, taker, opening, () => {});
    assert.equal(start.pieces([Buffer.from('<')]), true, 'it takes more until it knows');
    assert.equal(start.pieces([Buffer.from('p>')]), more);
    assert.equal(Buffer.concat(passed).toString(), '<p>');
  }
});
