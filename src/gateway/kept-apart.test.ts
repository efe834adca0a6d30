import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASS } from '../policy/index.ts';
import { kindOf, type RawClient, rest, startBench, step, until } from './fixture.test.ts';

const get = (path: string, ...fields: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'host: x.example', ...fields, '', ''].join('\r\n');

/** What a request's path says, so that whoever gets another's reply is found out. */
const replyTo = (head: string): string => {
  const path = /^\S+ (\S+)/.exec(head)?.[1] ?? '';
  return `HTTP/1.1 200 OK\r\nx-of: ${path}\r\ncontent-length: ${path.length}\r\n\r\n${path}`;
};

test('clients that drip, interleaved byte by byte over kept connections, each get what they asked for', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = ({ head, socket }) => void socket.write(replyTo(head));
  const clients = Array.from({ length: 6 }, () => bench.client());
  for (let round = 0; round < 3; round++) {
    const texts = clients.map((_, at) => get(`/of-${at}-${round}${'x'.repeat(at)}`, `cookie: who=${at}-${round}`));
    const longest = Math.max(...texts.map(({ length }) => length));
    for (let at = 0; at < longest; at++) {
      for (const [number, text] of texts.entries()) clients[number]?.send(text.slice(at, at + 1));
      if (at % 16 === 0) await rest();
    }
    for (const [at, client] of clients.entries()) {
      const reply = await client.reply();
      const path = `/of-${at}-${round}${'x'.repeat(at)}`;
      assert.deepEqual([reply.body.toString(), reply.headers['x-of']], [path, path]);
    }
  }
  for (const { head } of bench.upstream.requests) {
    const [, who] = /^GET \/of-([0-9]+-[0-9]+)/.exec(head) ?? [];
    assert.equal(/^cookie: who=(.*)\r$/m.exec(head)?.[1], who, head);
  }
  assert.equal(new Set(bench.upstream.requests.map(({ head }) => /^x-request-id: (.*)\r$/m.exec(head)?.[1])).size, 18);
});

/** Leaves in one phase of a request. */
const LEAVINGS: readonly (readonly [phase: string, leave: (client: RawClient) => Promise<void>])[] = [
  ['half a head', async (client) => void client.send('GET /gone HTTP/1.1\r\ncookie: secret')],
  [
    'half a body',
    async (client) => void client.send('POST /gone HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nsecr'),
  ],
  ['the upstream at it', async (client) => void client.send(get('/never', 'cookie: secret'))],
  ['half a reply', async (client) => void client.send(get('/half', 'cookie: secret'))],
];

for (const [phase, leave] of LEAVINGS) {
  test(`a client that leaves with ${phase} leaves nothing to those who come after it`, async (t) => {
    const bench = await startBench(t);
    bench.upstream.respond = ({ head, socket }) => {
      if (head.startsWith('GET /half')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsecr');
      else if (!head.startsWith('GET /never')) socket.write(replyTo(head));
    };
    const other = bench.client();
    for (let round = 0; round < 3; round++) {
      const client = bench.client();
      await leave(client);
      await rest();
      client.socket.resetAndDestroy();
      const reply = await other.send(get(`/other-${round}`)).reply();
      assert.equal(reply.body.toString(), `/other-${round}`);
      assert.doesNotMatch(bench.upstream.last.head, /secret|gone/);
    }
    await until(() => bench.gateway.inFlight === 0);
  });
}

test('a host named anew on the same connection is told anew', async (t) => {
  const bench = await startBench(t);
  const client = bench.client();
  for (const [host, forwarded] of [
    ['a.example', 'a.example'],
    ['b.example', 'b.example'],
    ['b.example:81', 'b.example:81'],
    ['b.example:82', 'b.example:82'],
    ['B.example.', 'b.example'],
    ['a.example', 'a.example'],
  ]) {
    await client.send(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`).reply();
    assert.match(bench.upstream.last.head, new RegExp(`\\r\\nx-forwarded-host: ${forwarded}\\r\\n`));
    assert.equal(bench.upstream.last.head.match(/x-forwarded-host/g)?.length, 1);
  }
});

test('what one connection has kept is not told for another', async (t) => {
  const bench = await startBench(t, { peers: true });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1']) {
    await bench.ask(get('/', `x-test-peer: ${address}`));
    assert.match(
      bench.upstream.last.head,
      new RegExp(`\\r\\nx-forwarded-for: ${address.replaceAll('.', '\\.')}\\r\\n`),
    );
  }
});

test('parameters that are asked for late are those of their own request', async (t) => {
  const seen = new Set<string | undefined>();
  const waiting: (() => void)[] = [];
  const decide = step<'decide'>(async (exchange) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    await promise;
    seen.add(exchange.params['id']);
    return PASS;
  });
  const bench = await startBench(t, {
    kinds: [kindOf('p', { decide })],
    api: "routes: ['GET /{id}', 'GET /a/{x}/{y}']",
  });
  const replies = ['/one', '/%74wo', '/three'].map((path) => bench.ask(get(path)));
  await until(() => waiting.length === 3);
  for (const go of waiting.splice(0)) go();
  await Promise.all(replies);
  assert.deepEqual(seen, new Set(['one', 'two', 'three']));
});

test('requests that end in any order are counted out one by one', async (t) => {
  const bench = await startBench(t);
  const held = new Map<string, () => void>();
  bench.upstream.respond = ({ head, socket }) =>
    void held.set(/^\S+ (\S+)/.exec(head)?.[1] ?? '', () => void socket.write(replyTo(head)));
  const replies = ['/a', '/b', '/c', '/d', '/e'].map((path) => bench.ask(get(path)));
  await until(() => held.size === 5);
  assert.ok(
    bench.install(`apis:\n  a:\n    routes: ['* /{rest...}']\n    upstream: ${bench.upstream.url}\n    auth: public\n`),
  );
  for (const [at, path] of ['/c', '/a', '/e', '/b', '/d'].entries()) {
    assert.deepEqual([bench.gateway.inFlight, bench.gateway.living], [5 - at, 2]);
    held.get(path)?.();
    await until(() => bench.gateway.inFlight === 4 - at);
  }
  assert.equal(bench.gateway.living, 1);
  assert.deepEqual(
    (await Promise.all(replies)).map(({ body }) => body.toString()),
    ['/a', '/b', '/c', '/d', '/e'],
  );
});
