import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue } from '../base/index.ts';
import { deny, PASS, type Verdict } from '../policy/index.ts';
import { createGateway } from './gateway.ts';
import { kindTable } from './kind-table.ts';
import type { ServerExchange } from '../wire/index.ts';
import {
  apiText,
  codeOf,
  fakePorts,
  gatheredOf,
  kindOf,
  OK_REPLY,
  type RawClient,
  RawUpstream,
  replyText,
  snapshotOf,
  startBench,
  step,
  until,
} from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';

test('what matches nothing is refused, recorded and counted', async (t) => {
  const bench = await startBench(t, { api: "routes: ['GET /x']\n    host: x.example" });
  const codes: (readonly [string, string, number])[] = [
    ['GET /y HTTP/1.1\r\nhost: x.example\r\n\r\n', 'not-found', 404],
    ['GET /x HTTP/1.1\r\nhost: y.example\r\n\r\n', 'misdirected-request', 421],
    ['DELETE /x HTTP/1.1\r\nhost: x.example\r\n\r\n', 'method-not-allowed', 405],
    ['TRACE /x HTTP/1.1\r\nhost: x.example\r\n\r\n', 'method-not-allowed', 405],
    ['CONNECT x.example:443 HTTP/1.1\r\nhost: x.example\r\n\r\n', 'method-not-allowed', 405],
    ['OPTIONS * HTTP/1.1\r\nhost: x.example\r\n\r\n', 'not-found', 404],
    ['GET /.portcullis/id HTTP/1.1\r\nhost: x.example\r\n\r\n', 'not-found', 404],
    ['GET /%2e%2e HTTP/1.1\r\nhost: x.example\r\n\r\n', 'dot-segment', 400],
  ];
  for (const [request, code, status] of codes) {
    const reply = await bench.ask(request);
    assert.deepEqual([codeOf(reply), reply.status], [code, status], request);
    assert.equal(reply.headers['x-request-id'], bench.records.at(-1)?.id);
    assert.equal(reply.headers['date'], 'Thu, 01 Jan 2026 00:00:00 GMT');
    if (status === 405) assert.equal(reply.headers['allow'], request.startsWith('CONNECT') ? '' : 'GET, HEAD');
    const [intent, completion] = bench.records.splice(0);
    assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
    assert.deepEqual(
      [intent.verdict, intent.problem, intent.operation, completion.status, completion.responseBytes],
      [code === 'dot-segment' ? 'malformed' : 'deny', code, null, status, reply.body.length],
    );
  }
  assert.deepEqual(
    bench.metrics.refusals,
    codes.map(([, code]) => code),
  );
  assert.deepEqual(
    bench.metrics.statuses,
    codes.map(([, , status]) => status),
  );
  assert.equal(bench.upstream.connections, 0);
});

test('a refusal of HEAD has no body, and the connection goes on', async (t) => {
  const bench = await startBench(t, { api: "routes: ['GET /x']" });
  const client = bench.client().send(`HEAD /y HTTP/1.1\r\nhost: x.example\r\n\r\n${GET}`);
  assert.equal((await client.reply('HEAD')).status, 404);
  assert.equal((await client.reply()).status, 200);
});

test('refusals that can not be recorded say so', async (t) => {
  const bench = await startBench(t, { api: "routes: ['GET /x']" });
  bench.ledger.full = true;
  assert.equal(codeOf(await bench.ask('GET /y HTTP/1.1\r\nhost: x.example\r\n\r\n')), 'not-recorded');
  assert.equal(codeOf(await bench.ask('GET  /x HTTP/1.1\r\n\r\n')), 'not-recorded');
  assert.deepEqual(bench.metrics.refusals, ['not-recorded', 'not-recorded']);
});

test('before the first Snapshot nothing is answered but 503', () => {
  const { ports } = fakePorts();
  const gateway = createGateway(ports);
  assert.deepEqual([gateway.current, gateway.living, gateway.inFlight], [null, 0, 0]);
  const peer = { address: '127.0.0.1', port: 1, tls: null, via: [] };
  const sent: number[] = [];
  const request = { method: 'GET', host: 'x', port: null, path: '/', query: null, headers: null, peer };
  gateway.request({ request, send: (head: { status: number }) => sent.push(head.status) } as never);
  assert.deepEqual(sent, [503]);
  gateway.close();
});

test('an operation that can not be built is refused with an alarm, others are served', async (t) => {
  const bench = await startBench(t);
  const kinds = kindTable([kindOf('p', (operation) => (operation.name.endsWith('/bad') ? assert.fail('boom') : {}))]);
  const text = apiText(bench.upstream.url, ['p'], "routes: ['GET /bad', 'GET /good']");
  assert.ok(bench.gateway.install(snapshotOf(gatheredOf(text, kinds), kinds)));
  const reply = await bench.ask('GET /bad HTTP/1.1\r\nhost: x.example\r\n\r\n');
  assert.deepEqual([reply.status, codeOf(reply)], [503, 'gateway-fault']);
  assert.ok(!reply.body.includes('boom'));
  assert.deepEqual(
    bench.alerts.map(({ kind, key }) => [kind, key]),
    [['gateway.fault', 'a/GET /bad']],
  );
  assert.equal((await bench.ask('GET /good HTTP/1.1\r\nhost: x.example\r\n\r\n')).status, 200);
});

test('a plan that turns to a failure later keeps denying', async (t) => {
  const bench = await startBench(t);
  const kinds = kindTable([]);
  const snapshot = snapshotOf(gatheredOf(apiText(bench.upstream.url, []), kinds), kinds);
  const [operation] = snapshot.operations;
  assert.ok(operation !== undefined);
  const broken = { ...operation, plan: () => err([errorIssue('', 'broken')]) };
  const router = { find: () => ({ kind: 'matched', target: broken, params: {} }) };
  bench.gateway.install({ ...snapshot, router: router as never });
  for (let turn = 0; turn < 3; turn++) assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
  assert.equal(bench.alerts.length, 3);
});

/** A bench whose requests wait until they are let go. */
async function startWaiting(t: Parameters<typeof startBench>[0]) {
  const waiting: PromiseWithResolvers<Verdict>[] = [];
  const wait = kindOf('p', {
    admit: step(({ request }) => {
      if (request.path !== '/wait') return PASS;
      const pending = Promise.withResolvers<Verdict>();
      waiting.push(pending);
      return pending.promise;
    }),
  });
  const bench = await startBench(t, { kinds: [wait] });
  const hold = async (): Promise<RawClient> => {
    const count = waiting.length;
    const client = bench.client().send('GET /wait HTTP/1.1\r\nhost: x.example\r\n\r\n');
    await until(() => waiting.length > count);
    return client;
  };
  return { bench, hold, waiting };
}

test('a request that has begun keeps the Snapshot it began with', async (t) => {
  const { bench, hold, waiting } = await startWaiting(t);
  const other = await RawUpstream.start(t);
  other.respond = ({ socket }) => void socket.write(replyText('other'));
  const early = await hold();
  assert.ok(bench.install(apiText(other.url, ['p']), { revision: 2 }));
  assert.equal(bench.gateway.current?.revision, 2);
  assert.equal(bench.gateway.living, 2);
  assert.equal((await bench.ask(GET)).body.toString(), 'other');
  waiting[0]?.resolve(PASS);
  assert.equal((await early.reply()).body.toString(), 'ok');
  assert.equal(bench.gateway.living, 1);
  const revisions = bench.records.flatMap((record) => (record.kind === 'intent' ? [record.revision] : []));
  assert.deepEqual(revisions, [2, 1]);
});

test('at most three Snapshots live, and an idle one makes room', async (t) => {
  const { bench, hold, waiting } = await startWaiting(t);
  const text = apiText(bench.upstream.url, ['p']);
  const clients = [await hold()];
  assert.ok(bench.install(text));
  clients.push(await hold());
  assert.ok(bench.install(text));
  assert.equal(bench.gateway.living, 3);
  // The one in force serves nobody, so it can be replaced; the others are needed.
  assert.ok(bench.install(text));
  assert.equal(bench.gateway.living, 3);
  clients.push(await hold());
  assert.equal(bench.install(text), false);
  assert.equal((await bench.ask(GET)).status, 200);
  waiting[0]?.resolve(PASS);
  await clients[0]?.reply();
  assert.equal(bench.gateway.living, 2);
  assert.ok(bench.install(text));
  for (const pending of waiting) pending.resolve(PASS);
  for (const client of clients.slice(1)) assert.equal((await client.reply()).status, 200);
  assert.equal(bench.gateway.living, 1);
});

/** A bench whose replies begin and do not end, nor move: each request passes once, and would be refused by a later Snapshot. */
async function startEndless(t: Parameters<typeof startBench>[0]) {
  const seen = new Set<string>();
  const once = step<'authorize'>(({ id }) => (seen.has(id) ? deny({ code: 'forbidden' }) : (seen.add(id), PASS)));
  const bench = await startBench(t, { kinds: [kindOf('p', { authorize: once })] });
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nnever');
  const begin = async (): Promise<RawClient> => {
    const client = bench.client().send(GET);
    await until(() => client.received.endsWith('never'));
    return client;
  };
  const reload = async (revision: number): Promise<boolean> => {
    await bench.gateway.makeRoom();
    return bench.install(apiText(bench.upstream.url, ['p']), { revision });
  };
  /** Lets the reply of the request with this number end. */
  const end = (at: number): void => void bench.upstream.requests[at]?.socket.write('!');
  return { bench, begin, reload, end };
}

test('replies that never end keep no configuration out, and only the oldest are cut', async (t) => {
  const { bench, begin, reload, end } = await startEndless(t);
  const clients = [await begin(), await begin()];
  for (const revision of [2, 3, 4, 5]) {
    const installed = reload(revision);
    if (revision > 3) bench.clock.pass(5_000);
    assert.ok(await installed);
    assert.equal(bench.gateway.current?.revision, revision);
    clients.push(await begin());
  }
  assert.equal(bench.gateway.living, 3);
  // The two of the first Snapshot at once, then the one of the second.
  assert.deepEqual(bench.metrics.cutPassages, [2, 1]);
  assert.equal(bench.lines.filter(({ event }) => event === 'snapshot.cut').length, 2);
  for (const client of clients.slice(0, 3)) assert.match(await client.end(), /never$/);
  const cut = bench.records.flatMap((record) => (record.kind === 'completion' ? [record] : []));
  assert.deepEqual(
    cut.map(({ status, complete, problem }) => [status, complete, problem]),
    Array.from({ length: 3 }, () => [200, false, 'gateway-overloaded']),
  );
  for (const [at, client] of clients.entries()) {
    if (at < 3) continue;
    end(at);
    assert.equal((await client.reply()).body.toString(), 'never!');
  }
});

test('within the grace nothing is cut where an older Snapshot ends by itself', async (t) => {
  const { bench, begin, reload, end } = await startEndless(t);
  const clients = [await begin()];
  for (const revision of [2, 3]) {
    assert.ok(await reload(revision));
    clients.push(await begin());
  }
  const both = [reload(4), bench.gateway.makeRoom()];
  bench.clock.pass(4_999);
  assert.deepEqual([bench.gateway.current?.revision, bench.gateway.living], [3, 3]);
  // The second-oldest makes room as well as the oldest would.
  end(1);
  assert.equal((await clients[1]?.reply())?.body.toString(), 'never!');
  assert.deepEqual(await Promise.all(both), [true, undefined]);
  bench.clock.pass(10_000);
  assert.deepEqual([bench.gateway.current?.revision, bench.metrics.cutPassages], [4, []]);
  end(0);
  assert.equal((await clients[0]?.reply())?.body.toString(), 'never!');
});

test('when the grace is over and the Snapshot in force has become idle, it is the one to go', async (t) => {
  const { bench, begin, reload, end } = await startEndless(t);
  const clients = [await begin()];
  for (const revision of [2, 3]) {
    await reload(revision);
    clients.push(await begin());
  }
  const installed = reload(4);
  end(2);
  await clients[2]?.reply();
  bench.clock.pass(5_000);
  assert.ok(await installed);
  assert.deepEqual([bench.gateway.living, bench.metrics.cutPassages], [3, []]);
});

test('a gateway that is closed lets nobody wait and installs nothing', async (t) => {
  const { bench, begin, reload } = await startEndless(t);
  await begin();
  for (const revision of [2, 3]) {
    await reload(revision);
    await begin();
  }
  const waiting = reload(4);
  bench.gateway.close();
  assert.equal(await waiting, false);
  assert.equal(await reload(5), false);
  assert.equal(bench.clock.waiting, 0);
});

test('upstreams that did not change keep their connections', async (t) => {
  const bench = await startBench(t);
  await bench.ask(GET);
  bench.install(apiText(bench.upstream.url, [], "routes: ['GET /x']"));
  await bench.ask(GET);
  assert.equal(bench.upstream.connections, 1);
  // Other bounds make another pool: calls must not be judged by old ones.
  bench.install(apiText(`{ targets: ['${bench.upstream.url}'], timeout: 5s }`, []));
  await until(() => bench.upstream.sockets.size === 0);
  await bench.ask(GET);
  assert.equal(bench.upstream.connections, 2);
});

test('two APIs with one upstream share its connections', async (t) => {
  const bench = await startBench(t);
  const second = apiText(bench.upstream.url, [], "routes: ['GET /b']").replace('apis:\n  a:', '  b:');
  bench.install(apiText(bench.upstream.url, [], "routes: ['GET /a']") + second);
  await bench.ask('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
  await bench.ask('GET /b HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.equal(bench.upstream.connections, 1);
});

test('an upstream that was dropped is left when the last call to it is over', async (t) => {
  const { bench, hold, waiting } = await startWaiting(t);
  const other = await RawUpstream.start(t);
  bench.upstream.respond = () => {};
  const calling = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 1);
  const early = await hold();
  bench.install(apiText(other.url, ['p']));
  // Both belong to the Snapshot that was replaced: one is on its way, one has not gone there yet.
  bench.upstream.last.socket.write(OK_REPLY);
  assert.equal((await calling.reply()).status, 200);
  waiting[0]?.resolve(PASS);
  await until(() => bench.upstream.requests.length === 2);
  bench.clock.pass(29_000);
  assert.equal(bench.gateway.living, 2);
  bench.upstream.last.socket.write(OK_REPLY);
  assert.equal((await early.reply()).status, 200);
  assert.equal(bench.gateway.living, 1);
  await until(() => bench.upstream.sockets.size === 0);
  assert.equal(other.connections, 0);
});

test('calls to an upstream that was dropped are still bounded in time', async (t) => {
  const { bench, hold, waiting } = await startWaiting(t);
  const other = await RawUpstream.start(t);
  bench.upstream.respond = () => {};
  const early = await hold();
  bench.install(apiText(other.url, ['p']));
  bench.clock.pass(2_000);
  waiting[0]?.resolve(PASS);
  await until(() => bench.upstream.requests.length === 1);
  bench.clock.pass(31_000);
  assert.equal(codeOf(await early.reply()), 'upstream-timeout');
});

test('closing leaves all upstreams', async (t) => {
  const bench = await startBench(t);
  await bench.ask(GET);
  assert.equal(bench.upstream.sockets.size, 1);
  bench.gateway.close();
  await until(() => bench.upstream.sockets.size === 0);
});

test('the record of a HEAD that is refused while it is read counts no body', async (t) => {
  const bench = await startBench(t);
  for (const [method, counted] of [
    ['HEAD', false],
    ['GET', true],
  ] as const) {
    const reply = await bench.ask(`${method} /a%2f..%2fb%zz HTTP/1.1\r\nhost: x.example\r\n\r\n`);
    assert.equal(reply.status, 400);
    const completion = bench.records.at(-1);
    assert.ok(completion?.kind === 'completion');
    assert.equal(completion.responseBytes > 0, counted, method);
    assert.equal(completion.responseBytes, reply.body.length, method);
  }
});

test('where the rest of a request was malformed its record says so, and its upstream is given up', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = () => {};
  const begin = bench.gateway.request.bind(bench.gateway);
  const streams: ServerExchange[] = [];
  bench.gateway.request = (stream) => {
    begin(stream);
    streams.push(stream);
  };
  for (const code of ['content-length-mismatch', null] as const) {
    bench.upstream.requests.length = 0;
    bench.client().send(GET);
    await until(() => bench.upstream.requests.length > 0);
    const { socket } = bench.upstream.last;
    streams.at(-1)?.events.gone(code);
    const completion = bench.records.at(-1);
    assert.ok(completion?.kind === 'completion');
    assert.deepEqual([completion.problem, completion.complete], [code, false]);
    await until(() => socket.destroyed);
  }
  assert.deepEqual(bench.metrics.refusals, ['content-length-mismatch']);
});
