// What RFC 9111 asks of the gateway round its cache: what only shows between a client and an upstream.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachedApi, replyOf, request } from './cache-fixture.test.ts';
import { type GivenReply, startBench } from './fixture.test.ts';

const FRESH = 'cache-control: max-age=60; etag: "v1"';
const storeOf = ({ headers }: GivenReply): string => headers['cache-status'] ?? '';
const textOf = ({ body }: GivenReply): string => body.toString();

/** The values of all lines of one field of a head. */
function linesOf(head: string, name: string): readonly string[] {
  return [...head.matchAll(new RegExp(`^${name}: (.*?)\\r?$`, 'gim'))].map(([, value]) => value as string);
}

test('RFC 9111 §3.1: trailer fields are not stored among the fields of the head', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const head = 'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\nx-sum: head\r\ntransfer-encoding: chunked\r\n';
  const trailers = 'x-sum: trailer\r\nx-late: 1\r\n';
  bench.upstream.respond = ({ socket }) =>
    void socket.write(`${head}trailer: x-sum, x-late\r\n\r\n4\r\nbody\r\n0\r\n${trailers}\r\n`);
  assert.equal(textOf(await bench.ask(request('/a'))), 'body');
  const again = await bench.ask(request('/a'));
  assert.match(storeOf(again), /hit/);
  assert.deepEqual([linesOf(again.head, 'x-sum'), linesOf(again.head, 'x-late')], [['head'], []]);
});

test('RFC 9111 §4: the Age that a stored reply came with is replaced by its age now', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('body', `${FRESH}; age: 5`));
  assert.deepEqual(linesOf((await bench.ask(request('/a'))).head, 'age'), ['5']);
  bench.clock.pass(7_000);
  assert.deepEqual(linesOf((await bench.ask(request('/a'))).head, 'age'), ['12']);
});

test('RFC 9111 §4: what may change something is written through: the upstream answers it, whatever is stored', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ ttl: 1h }') });
  bench.upstream.respond = ({ head, socket }) => {
    const method = head.split(' ', 1)[0] ?? '';
    socket.write(replyOf(`to ${method}`, FRESH, method === 'GET' ? 200 : 409));
  };
  await bench.ask(request('/a'));
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    for (let ask = 0; ask < 2; ask++) {
      const given = await bench.ask(request('/a', 'content-length: 0\r\n', method));
      assert.deepEqual([given.status, textOf(given)], [409, `to ${method}`]);
      assert.ok(bench.upstream.last.head.startsWith(`${method} /a `));
    }
  assert.equal(bench.upstream.requests.length, 9);
  assert.match(storeOf(await bench.ask(request('/a'))), /hit/);
});

test('RFC 9111 §4.3.2: where a 304 names a tag that the client does not have, it gets the stored reply whole', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  bench.upstream.respond = ({ head, socket }) => {
    const asked = linesOf(head, 'if-none-match');
    if (asked.length === 0) return void socket.write(replyOf('first', FRESH));
    assert.deepEqual(asked, ['"v1"']);
    return void socket.write('HTTP/1.1 304 X\r\netag: "v1"\r\ncache-control: max-age=60\r\nx-new: 1\r\n\r\n');
  };
  await bench.ask(request('/a'));
  bench.clock.pass(61_000);
  const other = await bench.ask(request('/a', 'if-none-match: "v0"\r\n'));
  assert.deepEqual([other.status, textOf(other), other.headers['x-new']], [200, 'first', '1']);
  bench.clock.pass(61_000);
  const same = await bench.ask(request('/a', 'if-none-match: "v0", "v1"\r\n'));
  assert.deepEqual([same.status, same.headers['etag']], [304, '"v1"']);
  assert.equal(bench.upstream.requests.length, 3);
});

test('RFC 9111 §4.4: invalidation: Location and Content-Location make nothing of another origin no good', async (t) => {
  const bench = await startBench(t, { api: `${cachedApi('on')}\n    locations: pass` });
  const at = (host: string, method = 'GET'): string =>
    request('/a', method === 'GET' ? '' : 'content-length: 0\r\n', method).replace('host: x.example', `host: ${host}`);
  const others = ['other.example', 'x.example.other.example', 'x.example:81'];
  for (const other of others)
    for (const url of [`http://${other}/a`, `//${other}/a`]) {
      bench.upstream.respond = ({ head, socket }) =>
        void socket.write(
          head.startsWith('POST')
            ? replyOf('done', `location: ${url}; content-location: ${url}`, 201)
            : replyOf('body', FRESH),
        );
      for (const host of ['x.example', other]) await bench.ask(at(host));
      for (const host of ['x.example', other]) assert.match(storeOf(await bench.ask(at(host))), /hit/, host);
      assert.equal((await bench.ask(at('x.example', 'POST'))).headers['location'], url);
      assert.match(storeOf(await bench.ask(at(other))), /hit/, url);
      assert.match(storeOf(await bench.ask(at('x.example'))), /uri-miss; stored/);
    }
});

test('RFC 9111 §5.2: cache directives pass through in both directions, those that nobody knows too, with a cache and without', async (t) => {
  const said = 'max-age=60, stale-if-error=5, community="UCI, ETH", x-odd=1, no-transform, No-Cache="x-a"';
  const asked = 'No-Cache, max-stale=5, only-if-cached, min-fresh="3", community="UCI, ETH", x-odd';
  for (const cache of ['on', '{ clientControl: ignore, ttl: 1h }', null]) {
    const bench = await startBench(t, cache === null ? {} : { api: cachedApi(cache) });
    bench.upstream.respond = ({ socket }) =>
      void socket.write(replyOf('body', `cache-control: ${said}; cache-control: x-last; pragma: x-odd; etag: "v1"`));
    const fields = `cache-control: ${asked}\r\ncache-control: x-last=1\r\npragma: no-cache, x-odd\r\n`;
    const given = await bench.ask(request('/a', fields));
    const { head } = bench.upstream.last;
    assert.equal(linesOf(head, 'cache-control').join(', '), `${asked}, x-last=1`, String(cache));
    assert.deepEqual(linesOf(head, 'pragma'), ['no-cache, x-odd']);
    assert.equal(linesOf(given.head, 'cache-control').join(', '), `${said}, x-last`, String(cache));
    assert.deepEqual(linesOf(given.head, 'pragma'), ['x-odd']);
  }
});

test('RFC 9111 §5.2: cache directives stand in what is given from the store, and in what is validated, as they came', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const said = 'max-age=60, must-revalidate, community="UCI, ETH", x-odd';
  bench.upstream.respond = ({ head, socket }) =>
    void socket.write(
      /^if-none-match/im.test(head)
        ? `HTTP/1.1 304 X\r\ncache-control: ${said}, x-anew\r\n\r\n`
        : replyOf('body', `cache-control: ${said}; etag: "v1"`),
    );
  const directives = async (): Promise<readonly string[]> =>
    linesOf((await bench.ask(request('/a', 'cache-control: x-odd="a, b"\r\n'))).head, 'cache-control');
  for (let ask = 0; ask < 2; ask++) assert.deepEqual(await directives(), [said]);
  assert.equal(bench.upstream.requests.length, 1);
  bench.clock.pass(61_000);
  for (let ask = 0; ask < 2; ask++) assert.deepEqual(await directives(), [`${said}, x-anew`]);
  assert.equal(bench.upstream.requests.length, 2);
  assert.deepEqual(linesOf(bench.upstream.last.head, 'cache-control'), ['x-odd="a, b"']);
});

test('RFC 9111 §5.2.2.6: what says no-transform is given as it came, octet for octet and in its coding, from the store too', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const octets = Buffer.from(Array.from({ length: 700 }, (_, at) => at % 256));
  const fields = 'cache-control: max-age=60, no-transform\r\ncontent-encoding: gzip\r\ncontent-type: text/plain\r\n';
  bench.upstream.respond = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\n${fields}content-length: ${octets.length}\r\n\r\n`);
    socket.write(octets);
  };
  for (const from of [/stored/, /hit/]) {
    const given = await bench.ask(request('/a', 'accept-encoding: gzip\r\n'));
    assert.match(storeOf(given), from);
    assert.deepEqual(given.body, octets);
    assert.equal(given.headers['content-encoding'], 'gzip');
    assert.equal(given.headers['content-type'], 'text/plain');
  }
});
