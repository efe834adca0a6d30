import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import {
  apiText,
  type Bench,
  codeOf,
  gatheredOf,
  RawUpstream,
  type ReceivedRequest,
  replyText,
  snapshotOf,
  startBench,
  until,
} from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n';
const post = (body: string, method = 'POST'): string =>
  `${method} /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** A port of this machine that refuses connections. */
async function refusingPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A gateway that asks these in turn, and what else its upstream says. */
async function startOver(t: TestContext, urls: readonly string[], more: string): Promise<Bench> {
  const bench = await startBench(t);
  const targets = urls.map((url) => `'${url}'`).join(', ');
  assert.ok(
    bench.install(apiText(`{ targets: [${targets}], balance: round-robin, health: { eject: off }, ${more} }`, [])),
  );
  return bench;
}

/** The same with one target that misbehaves and one that answers. */
async function startPair(t: TestContext, more: string, misdeed: (request: ReceivedRequest) => void) {
  const [bad, good] = [await RawUpstream.start(t), await RawUpstream.start(t)];
  bad.respond = misdeed;
  return { bad, good, bench: await startOver(t, [bad.url, good.url], more) };
}

const MISDEEDS = {
  reset: ({ socket }: ReceivedRequest) => void socket.resetAndDestroy(),
  close: ({ socket }: ReceivedRequest) => void socket.destroy(),
  cutHead: ({ socket }: ReceivedRequest) => void socket.end('HTTP/1.1 200 OK\r\ncontent-le'),
  cutBody: ({ socket }: ReceivedRequest) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
  garbage: ({ socket }: ReceivedRequest) => void socket.end('what?\r\n\r\n'),
  unavailable: ({ socket }: ReceivedRequest) => void socket.write(replyText('busy', 'retry-after: 3', 503)),
  unavailableLong: ({ socket }: ReceivedRequest) => void socket.write(replyText('busy'.repeat(50_000), '', 503)),
} as const;

const EVERYTHING = 'retries: { attempts: 2, on: [connect, reset, timeout, 502, 503, 504] }';

test('without a word of it a request that nobody could be given goes to another target, whatever its method', async (t) => {
  const good = await RawUpstream.start(t);
  const bench = await startOver(t, [`http://127.0.0.1:${await refusingPort()}`, good.url], 'timeout: 5s');
  for (let asked = 0; asked < 4; asked++) {
    assert.equal((await bench.ask(GET)).status, 200);
    assert.equal((await bench.ask(post(`body ${asked}`))).status, 200);
  }
  assert.deepEqual(
    good.requests.filter(({ head }) => head.startsWith('POST')).map(({ body }) => body.toString()),
    Array.from({ length: 4 }, (_, asked) => `body ${asked}`),
  );
  assert.ok(bench.metrics.retries.length >= 4);
  assert.ok(bench.metrics.retries.every((each) => each === 'connect answered'));
  // What a target was called by stands in what it hears.
  for (const { head } of good.requests)
    assert.match(head, new RegExp(`\\r\\nhost: 127\\.0\\.0\\.1:${good.port}\\r\\n`));
});

test('without a word of it nothing is sent again that was sent', async (t) => {
  for (const misdeed of ['reset', 'close', 'cutHead', 'unavailable'] as const) {
    const { bad, good, bench } = await startPair(t, 'timeout: 5s', MISDEEDS[misdeed]);
    const replies = [await bench.ask(GET), await bench.ask(GET)];
    assert.ok(replies.some(({ status }) => status === (misdeed === 'unavailable' ? 503 : 502)));
    assert.deepEqual([bad.requests.length, good.requests.length, bench.metrics.retries], [1, 1, []]);
  }
});

for (const [name, expected] of [
  ['reset', 200],
  ['close', 200],
  ['cutHead', 200],
  ['unavailable', 200],
  ['unavailableLong', 200],
  ['garbage', 502],
] as const) {
  test(`where all is sent again that may be, a target's ${name} is ${expected} for GET, and POST goes out once`, async (t) => {
    const { bad, good, bench } = await startPair(t, EVERYTHING, MISDEEDS[name]);
    for (let asked = 0; asked < 4; asked++) {
      const reply = await bench.ask(GET);
      assert.ok(reply.status === 200 || reply.status === expected, reply.head);
      if (reply.status === 200) assert.equal(reply.body.toString(), 'ok');
    }
    const before = bad.requests.length + good.requests.length;
    for (let asked = 0; asked < 8; asked++) await bench.ask(post('{}'));
    assert.equal(bad.requests.length + good.requests.length - before, 8, 'each POST reached a target once');
    assert.ok(bad.requests.filter(({ head }) => head.startsWith('POST')).length > 0);
  });
}

test('a reply that has begun is never begun again', async (t) => {
  const { bad, good, bench } = await startPair(t, EVERYTHING, MISDEEDS.cutBody);
  const client = bench.client();
  const heard: string[] = [];
  for (let asked = 0; asked < 2; asked++) {
    const one = bench.client().send(GET);
    heard.push(await Promise.race([one.reply().then(({ body }) => body.toString()), one.end()]).catch(() => 'cut'));
  }
  client.socket.destroy();
  assert.deepEqual([bad.requests.length, good.requests.length, bench.metrics.retries], [1, 1, []]);
  assert.deepEqual(
    bench.metrics.refusals.filter((code) => code === 'upstream-incomplete-reply'),
    ['upstream-incomplete-reply'],
  );
});

test('the body of an idempotent request goes out again byte for byte', async (t) => {
  const { bad, good, bench } = await startPair(t, EVERYTHING, MISDEEDS.reset);
  const sent: string[] = [];
  for (let asked = 0; asked < 6; asked++) {
    const body = Array.from({ length: 5_000 }, (_, at) => String.fromCharCode(33 + ((at * 7 + asked) % 90))).join('');
    sent.push(body);
    assert.equal((await bench.ask(post(body, 'PUT'))).status, 200);
  }
  assert.deepEqual(
    good.requests.map(({ body }) => body.toString('latin1')),
    sent,
  );
  assert.ok(bad.requests.length >= 3);
  for (const { body } of bad.requests) assert.ok(sent.includes(body.toString('latin1')));
});

test('a body in chunks that was kept whole goes out again, and one too long to be kept does not', async (t) => {
  const { good, bench } = await startPair(t, EVERYTHING, MISDEEDS.reset);
  const chunk = 'a'.repeat(1_000);
  const text = `PUT /x HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n${chunk}\r\n0\r\n\r\n`;
  for (let asked = 0; asked < 4; asked++) assert.equal((await bench.ask(text)).status, 200);
  assert.ok(good.requests.every(({ body }) => body.toString() === chunk));
  const statuses = [];
  for (let asked = 0; asked < 4; asked++) statuses.push((await bench.ask(post('b'.repeat(300_000), 'PUT'))).status);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [200, 200, 502, 502],
  );
});

test('a target that hangs is left for another one when its time is over', async (t) => {
  const { bad, good, bench } = await startPair(t, `timeout: 1s, ${EVERYTHING}`, () => {});
  const clients = [bench.client().send(GET), bench.client().send(GET)];
  await until(() => bad.requests.length === 1 && clients.some(({ received }) => received.endsWith('ok')));
  bench.clock.pass(2_000);
  for (const client of clients) assert.equal((await client.reply()).status, 200);
  assert.deepEqual([bad.requests.length, good.requests.length], [1, 2]);
  assert.deepEqual(bench.metrics.retries, ['timeout answered']);
});

test('nothing is sent again beyond the deadline, and each target hears what is left', async (t) => {
  const { bad, good, bench } = await startPair(
    t,
    `timeout: 2s, deadline: 3s, deadlineHeader: x-left-ms, ${EVERYTHING}`,
    () => {},
  );
  good.respond = () => {};
  const client = bench.client().send(GET);
  await until(() => bad.requests.length + good.requests.length === 1);
  bench.clock.pass(2_500);
  await until(() => bad.requests.length + good.requests.length === 2);
  const left = [...bad.requests, ...good.requests].map(({ head }) => Number(/x-left-ms: (\d+)/.exec(head)?.[1]));
  assert.deepEqual(
    left.toSorted((a, b) => b - a),
    [3_000, 500],
  );
  bench.clock.pass(500);
  assert.equal(codeOf(await client.reply()), 'deadline-exceeded');
  assert.equal(bad.requests.length + good.requests.length, 2);
  await until(() => bad.sockets.size + good.sockets.size === 0);
  assert.equal(bench.clock.waiting, 0);
});

test('nothing is sent again where its pause would end beyond the deadline: the failure is told at once', async (t) => {
  const bench = await startBench(t);
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], deadline: 1s, ${EVERYTHING} }`, [])));
  bench.upstream.respond = () => {};
  const client = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 1);
  bench.clock.pass(995);
  bench.upstream.last.socket.resetAndDestroy();
  assert.match(codeOf(await client.reply()) ?? '', /^upstream-/);
  assert.deepEqual([bench.upstream.requests.length, bench.metrics.retries], [1, []]);
});

test('nothing is sent again once the circuit breaker has opened', async (t) => {
  const upstreams = await Promise.all([1, 2, 3].map(() => RawUpstream.start(t)));
  for (const upstream of upstreams) upstream.respond = MISDEEDS.unavailable;
  const breaker = 'breaker: { failurePercent: 50, of: 2, in: 10s, unreachable: 3, open: 5s }';
  const urls = upstreams.map(({ url }) => url);
  const bench = await startOver(t, urls, `${breaker}, ${EVERYTHING}`);
  assert.equal((await bench.ask(GET)).status, 503);
  assert.equal(
    upstreams.reduce((sum, { requests }) => sum + requests.length, 0),
    2,
  );
});

test('nothing is sent again where the circuit breaker opens during the pause', async (t) => {
  const bench = await startBench(t);
  const breaker = 'breaker: { failurePercent: 50, of: 3, in: 10s, unreachable: 3, open: 5s }';
  const { url } = bench.upstream;
  assert.ok(bench.install(apiText(`{ targets: ['${url}'], health: { eject: off }, ${breaker}, ${EVERYTHING} }`, [])));
  bench.upstream.respond = MISDEEDS.unavailable;
  const clients = [bench.client().send(GET), bench.client().send(GET)];
  await until(() => bench.clock.waiting === 2);
  assert.equal((await bench.ask(GET)).status, 503);
  bench.clock.pass(250);
  for (const client of clients) assert.equal(codeOf(await client.reply()), 'upstream-unavailable');
  assert.equal(bench.upstream.requests.length, 3);
});

test('one target alone is asked again after a pause', async (t) => {
  const bench = await startBench(t);
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], ${EVERYTHING} }`, [])));
  let asked = 0;
  bench.upstream.respond = ({ socket }) =>
    void socket.write(++asked < 3 ? replyText('', '', 503) : replyText('at last', '', 200));
  const client = bench.client().send(GET);
  for (let tries = 1; tries < 3; tries++) {
    await until(() => asked === tries && bench.clock.waiting === 1);
    bench.clock.pass(250);
  }
  assert.equal((await client.reply()).body.toString(), 'at last');
  assert.deepEqual(bench.metrics.retries, ['503 failed', '503 answered']);
});

test('the last reply is passed on where all have failed', async (t) => {
  const bench = await startBench(t);
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], ${EVERYTHING} }`, [])));
  let asked = 0;
  bench.upstream.respond = ({ socket }) => void socket.write(replyText(`try ${++asked}`, 'x-own: 1', 503));
  const client = bench.client().send(GET);
  for (let tries = 1; tries < 3; tries++) {
    await until(() => asked === tries && bench.clock.waiting === 1);
    bench.clock.pass(250);
  }
  const reply = await client.reply();
  assert.deepEqual([reply.status, reply.headers['x-own'], reply.body.toString()], [503, '1', 'try 3']);
});

test('a client that leaves while a pause is made is asked for no more', async (t) => {
  const bench = await startBench(t);
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], ${EVERYTHING} }`, [])));
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('', '', 503));
  const client = bench.client().send(GET);
  await until(() => bench.clock.waiting === 1);
  client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  assert.equal(bench.clock.waiting, 0);
  assert.deepEqual([bench.upstream.requests.length, bench.metrics.retries], [1, ['503 left']]);
});

for (const percent of [20, 60])
  test(`while every target is down, requests are multiplied by no more than a budget of ${percent} %`, async (t) => {
    const [one, other] = [await RawUpstream.start(t), await RawUpstream.start(t)];
    one.respond = other.respond = MISDEEDS.unavailable;
    const settings = `retries: { attempts: 5, on: [503], budgetPercent: ${percent} }`;
    const bench = await startOver(t, [one.url, other.url], settings);
    const REQUESTS = 100;
    const client = bench.client();
    for (let asked = 0; asked < REQUESTS; asked++) {
      const reply = client.send(GET).reply();
      let over = false;
      void reply.then(() => (over = true));
      // Within the first retries there are pauses; a window of the budget never passes in them.
      await until(() => {
        if (!over && bench.clock.waiting > 0) bench.clock.pass(10);
        return over;
      });
      assert.equal((await reply).status, 503);
    }
    const tries = one.requests.length + other.requests.length;
    const most = REQUESTS * (1 + percent / 100);
    assert.ok(tries > most - 10 && tries <= most + 10, `${tries} tries`);
    assert.ok(bench.metrics.retries.includes('503 no-budget'));
  });

test('a request under way when its target is taken from the configuration is sent again within its own', async (t) => {
  const { bad, good, bench } = await startPair(t, EVERYTHING, () => {});
  const clients = [bench.client().send(GET), bench.client().send(GET)];
  await until(() => bad.requests.length === 1 && clients.some(({ received }) => received.endsWith('ok')));
  assert.ok(bench.install(apiText(`{ targets: ['${good.url}'], ${EVERYTHING} }`, [])));
  bad.requests[0]?.socket.resetAndDestroy();
  for (const client of clients) assert.equal((await client.reply()).status, 200);
  await until(() => bad.sockets.size === 0);
});

test('an upgrade is asked for again only where nobody heard of it', async (t) => {
  const { bad, good, bench } = await startPair(t, EVERYTHING, MISDEEDS.reset);
  const targets = `['${bad.url}', '${good.url}']`;
  const text = apiText(`{ targets: ${targets}, balance: round-robin, ${EVERYTHING} }`, [], "routes: ['GET /ws']");
  assert.ok(bench.install(`${text}    operations: { 'GET /ws': { websocket: { origins: any } } }\n`));
  const ask =
    'GET /ws HTTP/1.1\r\nhost: a.example\r\nupgrade: websocket\r\nconnection: upgrade\r\norigin: https://a.example\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  for (let asked = 0; asked < 4; asked++) await bench.ask(ask);
  assert.deepEqual([bad.requests.length, good.requests.length, bench.metrics.retries], [2, 2, []]);
});

test('a target that is not what it should be is told of, though its requests go to another', async (t) => {
  const plain = await RawUpstream.start(t);
  plain.onSocket = (socket) => void socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const bench = await startOver(
    t,
    [plain.url, `http://127.0.0.1:${await refusingPort()}`].map((url) => url.replace('http:', 'https:')),
    'timeout: 5s',
  );
  for (let asked = 0; asked < 2; asked++) assert.equal((await bench.ask(GET)).status, 502);
  assert.ok(bench.alerts.some(({ kind }) => kind === 'upstream.untrusted'));
  const retried = bench.lines.filter(({ event }) => event === 'upstream.retried');
  assert.deepEqual([retried.length, bench.metrics.retries], [2, ['connect failed', 'connect failed']]);
});

test('a name that leads where no upstream may be is told of, and its requests go to another where there is one', async (t) => {
  const good = await RawUpstream.start(t);
  const bench = await startBench(t);
  const installed = (urls: readonly string[], more = ''): boolean => {
    const gathered = gatheredOf(apiText(`{ targets: ['${urls.join("', '")}']${more} }`, []), bench.kinds);
    const apis = gathered.config.apis.map((api) => {
      const [first, ...others] = api.upstream.targets;
      assert.ok(first !== undefined);
      // No address to `net.connect`, which looks it up; the system reads it as 127.0.0.1.
      return { ...api, upstream: { ...api.upstream, targets: [{ ...first, host: '2130706433' }, ...others] } };
    });
    return bench.gateway.install(snapshotOf({ ...gathered, config: { ...gathered.config, apis } }, bench.kinds));
  };
  const kinds = (): readonly string[] => bench.alerts.splice(0).map(({ kind }) => kind);
  assert.ok(installed([bench.upstream.url]));
  assert.equal((await bench.ask(GET)).status, 502);
  assert.deepEqual(kinds(), ['upstream.address-refused']);
  assert.ok(installed([bench.upstream.url, good.url], ', balance: round-robin, health: { eject: off }'));
  for (let asked = 0; asked < 2; asked++) assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(new Set(kinds()), new Set(['upstream.address-refused']));
  assert.equal(bench.upstream.connections, 0);
});

test('a long body whose first target refuses goes to the next one whole, though it streams', async (t) => {
  const good = await RawUpstream.start(t);
  const bench = await startOver(t, [`http://127.0.0.1:${await refusingPort()}`, good.url], 'timeout: 5s');
  const body = Array.from({ length: 60_000 }, (_, at) => String(at % 10)).join('abcde');
  for (let asked = 0; asked < 3; asked++) {
    assert.equal((await bench.ask(post(body))).status, 200);
    assert.ok(good.last.body.toString() === body, 'byte for byte');
  }
  assert.ok(bench.metrics.retries.length > 0);
});

test('a body of which half has come is begun again, and goes on where it was', async (t) => {
  const [bad, good] = [await RawUpstream.start(t), await RawUpstream.start(t)];
  const bench = await startOver(t, [bad.url, good.url], EVERYTHING);
  bad.onSocket = (socket) => void socket.on('data', () => socket.resetAndDestroy());
  for (let asked = 0; asked < 4; asked++) {
    const client = bench.client().send('PUT /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 20\r\n\r\n0123456789');
    const before = good.connections;
    await until(() => bench.metrics.retries.length > 0 || bad.connections > asked || good.connections > before);
    client.send('abcdefghij');
    assert.equal((await client.reply('PUT')).status, 200);
    assert.equal(good.last.body.toString(), '0123456789abcdefghij');
  }
  assert.ok(bad.connections > 0);
});
