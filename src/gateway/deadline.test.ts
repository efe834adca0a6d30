import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { PASS } from '../policy/index.ts';
import { apiText, type Bench, codeOf, kindOf, OK_REPLY, startBench, step, until } from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n';

/** A gateway before one upstream that has these settings besides its target, and that answers nothing. */
async function startSilent(t: TestContext, settings: string, operations = '{}'): Promise<Bench> {
  const bench = await startBench(t);
  bench.upstream.respond = () => {};
  const text = apiText(`{ targets: ['${bench.upstream.url}'], ${settings} }`, []);
  assert.ok(bench.install(`${text}    operations: ${operations}\n`));
  return bench;
}

const asked = (bench: Bench, count = 1): Promise<void> => until(() => bench.upstream.requests.length === count);

test('a request that has no reply by its deadline is 504, and its upstream hears no more of it', async (t) => {
  const bench = await startSilent(t, 'deadline: 2s');
  const client = bench.client().send(GET);
  await asked(bench);
  bench.clock.pass(1_999);
  assert.equal(client.received, '');
  bench.clock.pass(1);
  const reply = await client.reply();
  assert.deepEqual([reply.status, codeOf(reply)], [504, 'deadline-exceeded']);
  await until(() => bench.upstream.sockets.size === 0);
  assert.equal(bench.clock.waiting, 0);
});

test('a reply whose head has come in time may take as long as it likes', async (t) => {
  const bench = await startSilent(t, 'deadline: 2s');
  const client = bench.client().send(GET);
  await asked(bench);
  bench.upstream.last.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
  await until(() => client.received.endsWith('ab'));
  assert.equal(bench.clock.waiting, 0);
  bench.clock.pass(5_000);
  bench.upstream.last.socket.write('cd');
  assert.equal((await client.reply()).body.toString(), 'abcd');
});

test('a whole reply in time leaves no timer behind, and neither does a client that goes', async (t) => {
  const bench = await startSilent(t, 'deadline: 2s');
  const client = bench.client().send(GET);
  await asked(bench);
  bench.upstream.last.socket.write(OK_REPLY);
  assert.equal((await client.reply()).status, 200);
  assert.equal(bench.clock.waiting, 0);
  const gone = bench.client().send(GET);
  await asked(bench, 2);
  gone.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  assert.equal(bench.clock.waiting, 0);
});

test('the time runs from the head of the request, whatever its steps and its body take of it', async (t) => {
  let release: (() => void) | null = null;
  const slow = kindOf('slow', {
    admit: step(() => {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      return promise.then(() => PASS);
    }),
  });
  const bench = await startBench(t, { kinds: [slow] });
  bench.upstream.respond = () => {};
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], deadline: 2s }`, ['slow'])));
  const judged = async (ms: number) => {
    const client = bench.client().send(GET);
    await until(() => release !== null);
    bench.clock.pass(ms);
    (release as (() => void) | null)?.();
    release = null;
    return client;
  };
  const late = await (await judged(2_000)).reply();
  assert.deepEqual([late.status, codeOf(late), bench.upstream.requests.length], [504, 'deadline-exceeded', 0]);
  const client = await judged(1_500);
  await asked(bench);
  bench.clock.pass(500);
  assert.equal((await client.reply()).status, 504);
  // A body that drips takes of the time as well.
  bench.install(apiText(`{ targets: ['${bench.upstream.url}'], deadline: 2s }`, []));
  const slowly = bench.client().send('POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\nab');
  await until(() => bench.upstream.connections === 2);
  bench.clock.pass(2_000);
  assert.equal(codeOf(await slowly.reply('POST')), 'deadline-exceeded');
});

test('the upstream is told how many milliseconds are left, by the gateway alone', async (t) => {
  const bench = await startSilent(t, 'deadline: 2s, deadlineHeader: X-Left-Ms');
  bench.upstream.respond = ({ socket }) => void socket.write(OK_REPLY);
  await bench.ask('GET /x HTTP/1.1\r\nhost: a.example\r\nX-Left-Ms: 999999\r\nx-left-ms: 1\r\n\r\n');
  assert.deepEqual(bench.upstream.last.head.match(/x-left-ms: .*/gi), ['x-left-ms: 2000']);
});

test('an operation may have a deadline and a time of its own', async (t) => {
  const bench = await startSilent(
    t,
    'deadline: 9s, timeout: 8s, deadlineHeader: x-left-ms',
    "{ '* /{rest...}': { deadline: 1s } }",
  );
  const client = bench.client().send(GET);
  await asked(bench);
  assert.match(bench.upstream.last.head, /x-left-ms: 1000\r\n/);
  bench.clock.pass(1_000);
  assert.equal(codeOf(await client.reply()), 'deadline-exceeded');
  const text = apiText(`{ targets: ['${bench.upstream.url}'] }`, []);
  assert.ok(bench.install(`${text}    operations: { '* /{rest...}': { timeout: 1s } }\n`));
  const other = bench.client().send(GET);
  await asked(bench, 2);
  bench.clock.pass(2_000);
  assert.equal(codeOf(await other.reply()), 'upstream-timeout');
});

test('without a deadline nothing is timed and nothing told', async (t) => {
  const bench = await startSilent(t, 'timeout: 30s');
  const client = bench.client().send('GET /x HTTP/1.1\r\nhost: a.example\r\nx-left-ms: 7\r\n\r\n');
  await asked(bench);
  assert.equal(bench.clock.waiting, 0);
  assert.match(bench.upstream.last.head, /x-left-ms: 7\r\n/);
  bench.upstream.last.socket.write(OK_REPLY);
  await client.reply();
});
