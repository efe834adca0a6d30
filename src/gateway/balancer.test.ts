import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { apiText, type Bench, codeOf, RawUpstream, startBench, until } from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n';

/** Upstreams that answer 200, and a gateway that balances over them. */
async function startMany(
  t: TestContext,
  count: number,
  more = '',
): Promise<{ readonly bench: Bench; readonly targets: readonly RawUpstream[] }> {
  const targets = await Promise.all(Array.from({ length: count }, () => RawUpstream.start(t)));
  const bench = await startBench(t);
  assert.ok(bench.install(textOf(targets, more)));
  return { bench, targets };
}

function textOf(targets: readonly RawUpstream[], more = ''): string {
  return apiText(`{ targets: [${targets.map(({ url }) => `'${url}'`).join(', ')}]${more} }`, []);
}

test('requests go to all targets, and each hears its own name', async (t) => {
  const { bench, targets } = await startMany(t, 3);
  for (let asked = 0; asked < 60; asked++) assert.equal((await bench.ask(GET)).status, 200);
  assert.equal(
    targets.reduce((sum, { requests }) => sum + requests.length, 0),
    60,
  );
  for (const target of targets) {
    assert.ok(target.requests.length > 0);
    for (const { head } of target.requests)
      assert.match(head, new RegExp(`\\r\\nhost: 127\\.0\\.0\\.1:${target.port}\\r\\n`));
  }
});

test('a reload that takes a target away sends it nothing more, and opens no new connection to those that stay', async (t) => {
  const { bench, targets } = await startMany(t, 4, ', balance: round-robin');
  for (let asked = 0; asked < 8; asked++) await bench.ask(GET);
  assert.deepEqual(
    targets.map(({ requests }) => requests.length),
    [2, 2, 2, 2],
  );
  assert.ok(bench.install(textOf(targets.slice(0, 3), ', balance: round-robin')));
  for (let asked = 0; asked < 9; asked++) await bench.ask(GET);
  assert.deepEqual(
    targets.map(({ requests }) => requests.length),
    [5, 5, 5, 2],
  );
  assert.deepEqual(
    targets.slice(0, 3).map(({ connections }) => connections),
    [1, 1, 1],
  );
  await until(() => targets[3]?.sockets.size === 0);
});

test('a body that streams goes to one target, whole', async (t) => {
  const { bench, targets } = await startMany(t, 3);
  const body = 'x'.repeat(200_000);
  const reply = await bench.ask(`POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  assert.equal(reply.status, 200);
  assert.equal(targets.filter(({ requests }) => requests.length > 0).length, 1);
});

test('what a target breaks is told as for a single one, and the next request is served', async (t) => {
  const { bench, targets } = await startMany(t, 2, ', balance: round-robin');
  (targets[0] as RawUpstream).respond = ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n');
  const replies = [await bench.ask(GET), await bench.ask(GET)];
  assert.deepEqual(
    replies.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 502],
  );
  assert.equal(codeOf(replies.find(({ status }) => status === 502) as (typeof replies)[0]), 'upstream-malformed-reply');
});

test('a target that does not answer in time is asked less than one that does', async (t) => {
  const { bench, targets } = await startMany(t, 2, ', timeout: 500ms');
  const hanging = targets[0] as RawUpstream;
  hanging.respond = () => {};
  const askOnce = async (): Promise<number> => {
    const reply = bench.ask(GET);
    const isThere = (): boolean => bench.metrics.statuses.length > 0;
    bench.metrics.statuses.length = 0;
    const before = hanging.requests.length;
    await until(() => isThere() || hanging.requests.length > before);
    if (hanging.requests.length > before) bench.clock.pass(1_500);
    return (await reply).status;
  };
  while (hanging.requests.length === 0) await askOnce();
  const statuses: number[] = [];
  for (let asked = 0; asked < 30; asked++) statuses.push(await askOnce());
  assert.ok(statuses.filter((status) => status === 504).length <= 1, statuses.join());
});
