import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBench } from './fixture.test.ts';

const API = "routes: ['* /{rest...}']\n    cache: on";
const GET = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: x.example\r\n${more}\r\n`;
const reply = (body: string, fields: string): string =>
  `HTTP/1.1 200 OK\r\n${fields}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test('a fresh reply is given again without asking the upstream, with its age and where it came from', async (t) => {
  const bench = await startBench(t, { api: API });
  let calls = 0;
  bench.upstream.respond = ({ socket }) =>
    void socket.write(reply(`body ${++calls}`, 'cache-control: max-age=60\r\ncontent-type: text/plain'));
  const first = await bench.ask(GET('/a'));
  assert.equal(first.body.toString(), 'body 1');
  assert.equal(first.headers['cache-status'], 'portcullis; fwd=uri-miss; stored');
  bench.clock.pass(7_000);
  const second = await bench.ask(GET('/a'));
  assert.equal(second.body.toString(), 'body 1');
  assert.equal(second.headers['cache-status'], 'portcullis; hit; ttl=53');
  assert.equal(second.headers['age'], '7');
  assert.equal(second.headers['x-content-type-options'], 'nosniff');
  assert.equal(bench.upstream.requests.length, 1);
  assert.deepEqual(bench.metrics.cacheResults, ['miss', 'hit']);
  bench.clock.pass(60_000);
  assert.equal((await bench.ask(GET('/a'))).body.toString(), 'body 2');
});

test('an API that says nothing of a cache stores nothing, and says nothing of one', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = ({ socket }) => void socket.write(reply('x', 'cache-control: max-age=60'));
  for (let ask = 0; ask < 3; ask++) assert.equal((await bench.ask(GET('/a'))).headers['cache-status'], undefined);
  assert.equal(bench.upstream.requests.length, 3);
});
