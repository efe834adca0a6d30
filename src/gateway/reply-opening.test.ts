import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createOutputEncodingKind, createUpstreamErrorsKind, PASS, type PolicyKind } from '../policy/index.ts';
import { type Bench, codeOf, kindOf, replyText, rest, startBench, step, until } from './fixture.test.ts';
import { START_WAIT_MS } from './reply-start.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
const PAGE = '<!doctype html><p>{"a":1}</p>';
const JSON_PAGE = ' \n{"a":"<b>"}';
const ENCODED = ' \n{"a":"\\u003cb\\u003e"}';
const HEAD = 'HTTP/1.1 200 X\r\ncontent-type: text/html\r\n';
const MIB = 1024 * 1024;

const encoding = createOutputEncodingKind() as unknown as PolicyKind<never>;

async function benchOf(t: Parameters<typeof startBench>[0], more: readonly PolicyKind<never>[] = []): Promise<Bench> {
  return startBench(t, { kinds: [...more, encoding] });
}

function answering(bench: Bench, ...pieces: readonly (string | Buffer)[]): void {
  bench.upstream.respond = ({ socket }) => pieces.forEach((piece) => socket.write(piece));
}

const chunk = (bytes: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${Buffer.byteLength(bytes).toString(16)}\r\n`),
    Buffer.from(bytes as string),
    Buffer.from('\r\n'),
  ]);

/** Answers in chunks of the test's own, each sent when it says so. */
async function dripping(bench: Bench, fields = '') {
  bench.upstream.respond = ({ socket }) => void socket.write(`${HEAD}${fields}transfer-encoding: chunked\r\n\r\n`);
  const asked = bench.upstream.requests.length;
  const client = bench.client().send(GET);
  await until(() => bench.upstream.requests.length > asked);
  const { socket } = bench.upstream.last;
  const say = async (bytes: string | Buffer): Promise<string> => {
    socket.write(chunk(bytes));
    await rest();
    return client.received.toString();
  };
  const end = async (): Promise<string> => {
    socket.write('0\r\n\r\n');
    return (await client.reply()).body.toString();
  };
  return { client, say, end };
}

test('a page of 20 MiB goes on from its first byte, and as long as it says', async (t) => {
  const bench = await benchOf(t);
  const length = 20 * MIB;
  answering(bench, `${HEAD}content-length: ${length}\r\n\r\n<`);
  const client = bench.client().send(GET);
  await until(() => client.received.toString().endsWith('\r\n\r\n<'));
  assert.match(client.received.toString(), /\r\ncontent-length: 20971520\r\n/);
  let bytes = client.received.length;
  const head = bytes - 1;
  client.socket.on('data', (piece: Buffer) => (bytes += piece.length));
  client.socket.removeAllListeners('data');
  client.socket.on('data', (piece: Buffer) => (bytes += piece.length));
  bench.upstream.last.socket.write(Buffer.alloc(length - 1, 0x61));
  await until(() => bytes === head + length);
});

test('a page that drips arrives as it comes, and nobody waits for its first byte', async (t) => {
  const bench = await benchOf(t);
  const { say, end } = await dripping(bench);
  await rest();
  bench.clock.pass(START_WAIT_MS);
  for (const blank of [' ', '\r', '\n', '\t']) assert.equal(await say(blank), '');
  let said = '';
  for (const letter of PAGE) {
    said = await say(letter);
    assert.ok(said.endsWith(`\r\n1\r\n${letter}\r\n`) || letter === '<', letter);
  }
  assert.equal(await end(), ` \r\n\t${PAGE}`);
});

test('JSON that is sent as a page is encoded, wherever it is cut', async (t) => {
  const bench = await benchOf(t);
  for (let at = 1; at < JSON_PAGE.length; at++) {
    const { say, end } = await dripping(bench);
    assert.equal(await say(JSON_PAGE.slice(0, at)), '');
    assert.equal(await say(JSON_PAGE.slice(at)), '');
    assert.equal(await end(), ENCODED);
  }
  const { say, end } = await dripping(bench);
  for (const letter of Buffer.from(`\ufeff${JSON_PAGE}`)) assert.equal(await say(Buffer.of(letter)), '');
  assert.equal(await end(), `\ufeff${ENCODED}`.replace('\ufeff', '\ufeff'));
  answering(bench, replyText(JSON_PAGE, 'content-type: text/html'));
  const { headers, body } = await bench.ask(GET);
  assert.deepEqual([headers['content-length'], body.toString()], [String(ENCODED.length), ENCODED]);
});

test('a coded page stays coded, and only its start is looked into', async (t) => {
  const bench = await benchOf(t);
  const page = `${' '.repeat(500)}${PAGE}${'x'.repeat(11 * MIB)}`;
  for (const [coding, bytes] of [
    ['gzip', gzipSync(page)],
    ['br', brotliCompressSync(page)],
    ['zstd', zstdCompressSync(page)],
  ] as const) {
    answering(bench, replyText(bytes, `content-type: text/html\r\ncontent-encoding: ${coding}`));
    const { status, headers, body } = await bench.ask(GET);
    assert.deepEqual([status, headers['content-encoding'], body.equals(bytes)], [200, coding, true], coding);
    const { client, say, end } = await dripping(bench, `content-encoding: ${coding}\r\n`);
    assert.equal(await say(bytes.subarray(0, 5)), '', coding);
    const said = say(bytes.subarray(5, -1));
    await until(() => client.received.length > 0);
    await said;
    await say(bytes.subarray(-1));
    await end();
  }
  answering(bench, replyText(gzipSync(JSON_PAGE), 'content-type: text/html\r\ncontent-encoding: gzip'));
  const encoded = await bench.ask(GET);
  assert.deepEqual([encoded.headers['content-encoding'], encoded.body.toString()], [undefined, ENCODED]);
  // What can't be decoded begins like nothing, whatever its octets are.
  for (const broken of ['[?', '<p>']) {
    answering(bench, replyText(broken, 'content-type: text/html\r\ncontent-encoding: gzip'));
    assert.equal((await bench.ask(GET)).status, 502, broken);
  }
});

test('what begins like JSON is read whole: text where it is too long, and no more than may be read', async (t) => {
  const bench = await benchOf(t);
  answering(bench, replyText(`["${'<'.repeat(MIB)}"]`, 'content-type: text/html'));
  const long = await bench.ask(GET);
  assert.deepEqual(
    [long.headers['content-type'], long.headers['x-content-type-options']],
    ['text/plain; charset=utf-8', 'nosniff'],
  );
  assert.equal(long.body.length, MIB + 4);
  answering(bench, `${HEAD}content-length: ${11 * MIB}\r\n\r\n[`);
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-refused-body');
  const { say, end } = await dripping(bench);
  assert.equal(await say(' '.repeat(5_000)), '');
  assert.equal(await say(PAGE), '');
  assert.equal(await end(), `${' '.repeat(5_000)}${PAGE}`);
});

test('nothing of it is asked where there is no body, or where it breaks off before it tells', async (t) => {
  const bench = await benchOf(t);
  answering(bench, `${HEAD}content-length: 900\r\n\r\n`);
  const head = await bench.ask(GET.replace('GET', 'HEAD'));
  assert.deepEqual([head.status, head.headers['content-length']], [200, '900']);
  answering(bench, replyText('', 'content-type: text/html'));
  assert.deepEqual([(await bench.ask(GET)).status, bench.gateway.inFlight], [200, 0]);
  bench.upstream.respond = ({ socket }) => void socket.end(`${HEAD}content-length: 900\r\n\r\n  `);
  assert.equal((await bench.ask(GET)).status, 502);
});

test('those that read the start, or all of it, see what they would without it', async (t) => {
  const seen: number[] = [];
  const reader = kindOf('p', {
    respond: step<'respond'>((_exchange, reply) => (seen.push(reply.body('raw').length), PASS), { response: 'raw' }),
  });
  const errors = createUpstreamErrorsKind({ originals: { keep: () => null } }) as unknown as PolicyKind<never>;
  const bench = await benchOf(t, [errors]);
  answering(
    bench,
    replyText(
      `${PAGE}Traceback (most recent call last):\n  File "a.py", line 3, in f\n`,
      'content-type: text/html',
      404,
    ),
  );
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-error');
  answering(bench, replyText(PAGE, 'content-type: text/html', 404));
  assert.equal((await bench.ask(GET)).body.toString(), PAGE);
  answering(bench, replyText(JSON_PAGE, 'content-type: text/html', 404));
  assert.equal((await bench.ask(GET)).body.toString(), ENCODED);
  const whole = await benchOf(t, [reader]);
  answering(whole, replyText(PAGE, 'content-type: text/html'));
  assert.equal((await whole.ask(GET)).body.toString(), PAGE);
  assert.deepEqual(seen, [PAGE.length]);
});
