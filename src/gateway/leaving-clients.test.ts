import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASS } from '../policy/index.ts';
import type { Upstream } from '../wire/index.ts';
import { type Bench, kindOf, OK_REPLY, portsAt, rest, startBench, step, until } from './fixture.test.ts';
import { UpstreamPools } from './upstream-pools.ts';

const GET = 'GET /slow HTTP/1.1\r\nhost: x.example\r\n\r\n';
const POST = 'POST /slow HTTP/1.1\r\nhost: x.example\r\n';
/** A client that has closed its side is known to have gone within this. */
const KNOWN_MS = 1_000;

/** How the last request ended, as the ledger tells it. */
function ending({ records }: Bench) {
  const last = records.at(-1);
  assert.ok(last?.kind === 'completion');
  return { status: last.status, complete: last.complete, problem: last.problem };
}

/** As of a client whose connection is lost. */
const LEFT = { status: 0, complete: false, problem: null };

const silent = (bench: Bench): void => void (bench.upstream.respond = () => {});

test('a client that closes its side before the reply begins is given up within a second, and the upstream let go', async (t) => {
  for (const request of [
    GET,
    `${POST}content-length: 3\r\n\r\nabc`,
    `${POST}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ]) {
    for (const offsetMs of [0, 130, 251, 499]) {
      const bench = await startBench(t);
      silent(bench);
      bench.clock.pass(offsetMs);
      const client = bench.client().send(request);
      await until(() => bench.upstream.requests.length === 1);
      client.socket.end();
      await rest();
      assert.equal(bench.gateway.inFlight, 1);
      bench.clock.pass(KNOWN_MS);
      await until(() => bench.upstream.sockets.size === 0 && bench.gateway.inFlight === 0);
      assert.deepEqual(ending(bench), LEFT);
      assert.deepEqual([bench.metrics.statuses, bench.metrics.refusals], [[0], []]);
      assert.equal(await client.end(), '');
    }
  }
});

test('a client that closes one side only gets a reply that comes within half a second, and no connection is lost for it', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = ({ socket }) => {
    bench.clock.pass(499);
    socket.write(OK_REPLY);
  };
  for (let count = 1; count <= 3; count++) {
    const client = bench.client();
    client.socket.end(GET);
    assert.equal((await client.reply()).body.toString(), 'ok');
    assert.equal(await client.end(), '');
    assert.deepEqual(ending(bench), { status: 200, complete: true, problem: null });
  }
  assert.equal(bench.upstream.connections, 1);
});

test('a client that leaves half a body behind is told so at once, and the upstream let go', async (t) => {
  const bench = await startBench(t);
  bench.upstream.onSocket = (socket) => void socket.resume();
  const client = bench.client().send(`${POST}content-length: 10\r\n\r\nhello`);
  await until(() => bench.upstream.sockets.size === 1);
  client.socket.end();
  assert.equal((await client.reply('POST')).status, 400);
  await until(() => bench.upstream.sockets.size === 0);
  assert.deepEqual(ending(bench), { status: 400, complete: true, problem: 'incomplete-request' });
});

test('a client that leaves while it waits for a connection of the upstream waits no longer', async (t) => {
  let now = (): number => 0;
  const pools = new UpstreamPools(
    portsAt(() => now()),
    { connections: 1, waiting: 64 },
  );
  const bench = await startBench(t, { upstreams: pools });
  now = () => bench.clock.monotonic();
  silent(bench);
  const first = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 1);
  const [pool] = pools.forApis(bench.gateway.current?.apis ?? []) as readonly Upstream[];
  const waiting = (): number | undefined => pool?.counts.waiting;
  const second = bench.client().send(GET);
  const third = bench.client().send(`${POST}content-length: 100000\r\n\r\n${'x'.repeat(1_000)}`);
  await until(() => waiting() === 2);
  second.socket.end();
  third.socket.end();
  await rest();
  bench.clock.pass(KNOWN_MS);
  await until(() => waiting() === 0 && bench.gateway.inFlight === 1);
  bench.upstream.requests[0]?.socket.write(OK_REPLY);
  assert.equal((await first.reply()).body.toString(), 'ok');
  await rest();
  assert.deepEqual([bench.upstream.requests.length, bench.upstream.connections], [1, 1]);
});

test('a client that leaves while its request is judged has gone, and nothing goes upstream for it', async (t) => {
  let judged: (() => void) | null = null;
  const kind = kindOf('p', {
    admit: step(() => {
      const { promise, resolve } = Promise.withResolvers<void>();
      judged = resolve;
      return promise.then(() => PASS);
    }),
  });
  const bench = await startBench(t, { kinds: [kind] });
  const client = bench.client().send(GET);
  await until(() => judged !== null);
  client.socket.end();
  await rest();
  bench.clock.pass(KNOWN_MS);
  await until(() => bench.gateway.inFlight === 0);
  assert.deepEqual(ending(bench), LEFT);
  (judged as (() => void) | null)?.();
  await rest();
  assert.equal(bench.upstream.connections, 0);
});
