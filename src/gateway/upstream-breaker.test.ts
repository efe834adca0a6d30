import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { apiText, type Bench, codeOf, replyText, startBench, until } from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n';
const BREAKER = 'breaker: { failurePercent: 50, of: 4, in: 10s, unreachable: 3, open: 5s }';

/** A gateway with a breaker before one upstream. */
async function startBehind(t: TestContext, more = ''): Promise<Bench> {
  const bench = await startBench(t);
  assert.ok(bench.install(textOf(bench, more)));
  return bench;
}

const textOf = (bench: Bench, more = ''): string =>
  apiText(`{ targets: ['${bench.upstream.url}'], ${BREAKER}${more} }`, []);

/** Asks so often that the breaker opens. */
async function open(bench: Bench): Promise<void> {
  const { respond } = bench.upstream;
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('', '', 503));
  for (let asked = 0; asked < 4; asked++) assert.equal((await bench.ask(GET)).status, 503);
  bench.upstream.respond = respond;
}

test('an upstream that fails too often gets nothing for a while, and clients hear when to come again', async (t) => {
  const bench = await startBehind(t);
  await open(bench);
  bench.clock.pass(1_500);
  for (let asked = 0; asked < 20; asked++) {
    const reply = await bench.ask(GET);
    assert.deepEqual([reply.status, codeOf(reply), reply.headers['retry-after']], [503, 'upstream-circuit-open', '4']);
  }
  assert.equal(bench.upstream.requests.length, 4);
  bench.clock.pass(3_500);
  for (let asked = 0; asked < 10; asked++) assert.equal((await bench.ask(GET)).status, 200);
});

test('how many must fail, within what time, and for how long it opens is as it is said', async (t) => {
  const bench = await startBench(t);
  const settings = 'breaker: { failurePercent: 75, of: 4, in: 2s, open: 1m }';
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], ${settings} }`, [])));
  const ask = async (...statuses: readonly number[]): Promise<readonly number[]> => {
    for (const status of statuses) {
      bench.upstream.respond = ({ socket }) => void socket.write(replyText('', '', status));
      await bench.ask(GET);
    }
    return [bench.upstream.requests.length, bench.metrics.openBreakers.length];
  };
  assert.deepEqual(await ask(200, 503, 200, 503), [4, 0]);
  bench.clock.pass(3_000);
  assert.deepEqual(await ask(200, 503, 503), [7, 0]);
  assert.deepEqual(await ask(503), [8, 1]);
  assert.equal((await bench.ask(GET)).headers['retry-after'], '60');
});

test('of what it does somebody hears once: an alert, a line each, and a gauge', async (t) => {
  const bench = await startBehind(t);
  await open(bench);
  for (let asked = 0; asked < 20; asked++) await bench.ask(GET);
  assert.deepEqual(
    bench.alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [['upstream.circuit-open', 'a', 'high']],
  );
  assert.match(String(bench.alerts[0]?.fields?.['detail']), /status 503/);
  assert.deepEqual(bench.metrics.openBreakers, ['a']);
  bench.clock.pass(5_000);
  for (let asked = 0; asked < 3; asked++) await bench.ask(GET);
  const events = bench.lines.filter(({ event }) => event.startsWith('upstream.circuit')).map(({ event }) => event);
  assert.deepEqual([events, bench.metrics.openBreakers], [['upstream.circuit-opened', 'upstream.circuit-closed'], []]);
  assert.ok(bench.lines.every(({ event, level }) => event !== 'upstream.failed' || level === 'debug'));
});

test('half open, it lets three through and makes the others wait for another time', async (t) => {
  const bench = await startBehind(t);
  await open(bench);
  bench.clock.pass(5_000);
  bench.upstream.respond = () => {};
  const before = bench.upstream.requests.length;
  const probes = [bench.client().send(GET), bench.client().send(GET), bench.client().send(GET)];
  await until(() => bench.upstream.requests.length === before + 3);
  const refused = await bench.ask(GET);
  assert.deepEqual([codeOf(refused), refused.headers['retry-after']], ['upstream-circuit-open', '1']);
  // One fails: it opens again for the whole time, and the others are waited for all the same.
  bench.upstream.requests[before]?.socket.resetAndDestroy();
  await until(() => probes.some(({ received }) => received.includes('502')));
  const again = await bench.ask(GET);
  assert.deepEqual([codeOf(again), again.headers['retry-after']], ['upstream-circuit-open', '5']);
  for (const { socket } of bench.upstream.requests.slice(before + 1)) socket.write(replyText('late'));
  await until(() => probes.filter(({ received }) => received.includes('late')).length === 2);
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-circuit-open');
});

test('a client that leaves a probe makes place for another', async (t) => {
  const bench = await startBehind(t);
  await open(bench);
  bench.clock.pass(5_000);
  const { respond } = bench.upstream;
  bench.upstream.respond = () => {};
  const before = bench.upstream.requests.length;
  const probes = [bench.client().send(GET), bench.client().send(GET), bench.client().send(GET)];
  await until(() => bench.upstream.requests.length === before + 3);
  for (const { socket } of probes) socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  bench.upstream.respond = respond;
  for (let asked = 0; asked < 4; asked++) assert.equal((await bench.ask(GET)).status, 200);
});

test('what is the client’s own doing opens nothing: it leaves, or is answered 500 or 404', async (t) => {
  const bench = await startBehind(t);
  for (const status of [500, 404, 429, 500, 500, 500]) {
    bench.upstream.respond = ({ socket }) => void socket.write(replyText('', '', status));
    assert.equal((await bench.ask(GET)).status, status);
  }
  bench.upstream.respond = () => {};
  for (let asked = 0; asked < 10; asked++) {
    const client = bench.client().send(GET);
    const before = bench.upstream.requests.length;
    await until(() => bench.upstream.requests.length > before || bench.gateway.inFlight === 1);
    client.socket.resetAndDestroy();
    await until(() => bench.gateway.inFlight === 0);
  }
  assert.deepEqual(bench.metrics.openBreakers, []);
});

test('a reply that is late by the deadline counts as a failure, unless the request itself had not come', async (t) => {
  const bench = await startBehind(t, ', deadline: 1s');
  bench.upstream.respond = () => {};
  bench.upstream.onSocket = (socket) => void socket.resume();
  for (let asked = 0; asked < 6; asked++) {
    const slow = bench.client().send('POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\nab');
    const before = bench.upstream.connections;
    await until(() => bench.upstream.connections > before || bench.upstream.sockets.size > 0);
    bench.clock.pass(1_000);
    assert.equal(codeOf(await slow.reply('POST')), 'deadline-exceeded');
    await until(() => bench.upstream.sockets.size === 0);
  }
  assert.deepEqual(bench.metrics.openBreakers, []);
  bench.upstream.onSocket = null;
  for (let asked = 0; asked < 4; asked++) {
    const client = bench.client().send(GET);
    await until(() => bench.upstream.requests.length === asked + 1);
    bench.clock.pass(1_000);
    assert.equal(codeOf(await client.reply()), 'deadline-exceeded');
  }
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-circuit-open');
});

test('calls of gRPC that end at once as UNAVAILABLE open it, and those that end in another way do not', async (t) => {
  const bench = await startBehind(t);
  const ended = (status: number) => replyText('', `content-type: application/grpc\r\ngrpc-status: ${status}`, 200);
  for (const [status, isOpen] of [
    [7, false],
    [4, false],
    [14, true],
  ] as const) {
    bench.upstream.respond = ({ socket }) => void socket.write(ended(status));
    for (let asked = 0; asked < 12; asked++) await bench.ask(GET);
    assert.equal(bench.metrics.openBreakers.length === 1, isOpen, String(status));
    bench.clock.pass(11_000);
  }
});

test('connections in a row that can not be made open it, however few requests there were', async (t) => {
  const bench = await startBehind(t);
  bench.upstream.close();
  const codes = [];
  for (let asked = 0; asked < 5; asked++) codes.push(codeOf(await bench.ask(GET)));
  assert.deepEqual(codes, [
    ...Array.from({ length: 3 }, () => 'upstream-unreachable'),
    'upstream-circuit-open',
    'upstream-circuit-open',
  ]);
});

test('a reload that says the same of it leaves it open, and one that takes it away lets all through', async (t) => {
  const bench = await startBehind(t);
  await open(bench);
  assert.ok(bench.install(textOf(bench, ', timeout: 7s')));
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-circuit-open');
  assert.ok(bench.install(apiText(bench.upstream.url, [])));
  assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(bench.metrics.openBreakers, []);
});

test('an open breaker sends nothing again', async (t) => {
  const bench = await startBehind(t, ', retries: { attempts: 5, on: [503] }');
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('', '', 503));
  const clients = [bench.client().send(GET), bench.client().send(GET), bench.client().send(GET)];
  await until(() => {
    bench.clock.pass(50);
    return clients.every(({ received }) => received !== '');
  });
  // The fourth failure opens it, and two more were on their way then at most.
  const { length } = bench.upstream.requests;
  assert.ok(length >= 4 && length <= 6, String(length));
  assert.deepEqual(bench.metrics.openBreakers, ['a']);
});
