import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearers, cachedApi, numbersFrom, request } from './cache-fixture.test.ts';
import { type GivenReply, startBench, until } from './fixture.test.ts';

const ROUNDS = 60;
const AT_ONCE = 25;

/** Something else each time, of which most is sound. */
const FIELDS: readonly string[] = [
  'cache-control: max-age=1',
  'cache-control: max-age=60, stale-while-revalidate=5, stale-if-error=30',
  'cache-control: no-cache',
  'cache-control: no-store',
  'cache-control: private, max-age=9',
  'cache-control: public, s-maxage=2',
  'cache-control: max-age="3", MAX-AGE=1, ,,',
  'cache-control: max-age=99999999999999999999',
  'expires: 0',
  'vary: accept-language',
  'vary: *',
  'vary: x-portcullis-subject, accept',
  'age: 1000000000000',
  'date: Thu, 01 Jan 1970 00:00:00 GMT',
  'set-cookie: a=b',
  'etag: W/"1"',
  'etag: "1"',
  'etag: broken',
  'last-modified: Thu, 01 Jan 2026 00:00:00 GMT',
  'connection: etag, vary',
  'content-encoding: gzip',
  'cache-status: other; hit',
];

const ASKED: readonly string[] = [
  'if-none-match: "1", W/"1"',
  'if-none-match: *',
  'if-modified-since: Thu, 01 Jan 2026 00:00:00 GMT',
  'if-match: "1"',
  'range: bytes=0-3',
  'cache-control: no-cache',
  'cache-control: no-store',
  'cache-control: only-if-cached',
  'cache-control: max-stale',
  'pragma: no-cache',
  'accept-language: de',
  'cookie: s=1',
];

test('whatever an upstream answers and clients ask, a body is whole and its own, or none', async (t) => {
  const seed = 1_234_567;
  const next = numbersFrom(seed);
  const few = (all: readonly string[], most: number): string =>
    Array.from({ length: next() % (most + 1) }, () => `${all[next() % all.length]}\r\n`).join('');
  const settings = '{ ttl: 1s, staleIfError: 5s, staleWhileRevalidate: 2s, clientControl: honour, maxEntry: 2KiB }';
  const bench = await startBench(t, { api: cachedApi(settings), kinds: [bearers()] });
  bench.upstream.respond = ({ head, socket }) => {
    const who = /x-portcullis-subject: (.*)\r/i.exec(head)?.[1] ?? 'nobody';
    const [method = '', path = ''] = head.split(' ');
    const isAsked = /^if-(?:none-match|modified-since)/im.test(head);
    const kind = next() % 12;
    const status = [200, 200, 200, 200, 404, 301, 500, 503, 204, 200, 200, 200][kind] as number;
    const body = `<${who} ${path} ${'.'.repeat(next() % 3_000)}>`;
    const fields = few(FIELDS, 4);
    if (isAsked && next() % 2 === 0) socket.write(`HTTP/1.1 304 X\r\n${fields}\r\n`);
    else if (status === 204) socket.write(`HTTP/1.1 204 X\r\n${fields}\r\n`);
    else if (method === 'HEAD') socket.write(`HTTP/1.1 ${status} X\r\n${fields}content-length: ${body.length}\r\n\r\n`);
    else if (kind === 9)
      socket.end(`HTTP/1.1 ${status} X\r\n${fields}content-length: ${body.length + 5}\r\n\r\n${body}`);
    else if (kind === 10) socket.destroy();
    else if (kind === 11) {
      const half = next() % body.length;
      const chunk = (text: string): string => (text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`);
      socket.write(`HTTP/1.1 ${status} X\r\n${fields}transfer-encoding: chunked\r\n\r\n${chunk(body.slice(0, half))}`);
      setImmediate(() => (half % 7 === 0 ? socket.destroy() : socket.write(`${chunk(body.slice(half))}0\r\n\r\n`)));
    } else socket.write(`HTTP/1.1 ${status} X\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`);
  };
  let whole = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const who = next() % 3 === 0 ? 'nobody' : `user${next() % 5}`;
        const path = `/p/${next() % 3}`;
        const method = next() % 60 === 0 ? 'DELETE' : next() % 6 === 0 ? 'HEAD' : 'GET';
        const token = who === 'nobody' ? '' : `authorization: Bearer ${who}\r\n`;
        const client = bench.client().send(request(path, `${few(ASKED, 2)}${token}`, method));
        await until(() => client.received.includes('\r\n\r\n') || client.socket.readyState === 'closed');
        const given: GivenReply | null = await client.reply(method).catch(() => null);
        client.socket.destroy();
        if (given === null || given.headers['content-type'] === 'application/problem+json') return;
        const body = given.body.toString();
        if (method === 'HEAD' || given.status === 304 || given.status === 204) return assert.equal(body, '');
        whole++;
        assert.ok(body.startsWith(`<${who} ${path} `) && body.endsWith('>'), `seed ${seed}: ${given.head}${body}`);
      }),
    );
    bench.clock.pass(next() % 900);
  }
  assert.ok(whole > (ROUNDS * AT_ONCE) / 3, `${whole}`);
  for (const result of ['hit', 'stale', 'revalidated', 'miss', 'bypass'])
    assert.ok(bench.metrics.cacheResults.includes(result), result);
  assert.deepEqual(bench.alerts, []);
});
