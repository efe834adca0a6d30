import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Priority } from '../config/compiled.ts';
import { type BenchOptions, type Closing, codeOf, OK_REPLY, portsAt, until, startBench } from './fixture.test.ts';
import { UpstreamPools } from './upstream-pools.ts';

const ROUTES = `routes: ['GET /a', 'GET /low', 'GET /high', 'POST /a']
    priority: normal
    operations:
      GET /low: { priority: low }
      GET /high: { priority: high }`;
const ask = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: x.example\r\n${more}\r\n`;

/** A gateway that refuses these priorities, and says what it was asked. */
async function shedding(t: Closing, refused: readonly Priority[], options: BenchOptions = {}) {
  const asked: [Priority, number, number][] = [];
  const judge = {
    refused,
    level: 0.5,
    inFlightLimit: 8_192,
    sheds: (priority: Priority, inFlight: number, waitingShare: number): boolean => {
      asked.push([priority, inFlight, waitingShare]);
      return judge.refused.includes(priority);
    },
    hushMs: () => 250,
  };
  const bench = await startBench(t, { api: ROUTES, overload: judge, ...options });
  return { bench, judge, asked };
}

test('what is refused is told so by 503 with a time, is counted and recorded, and nothing of it goes upstream', async (t) => {
  const { bench } = await shedding(t, ['low', 'normal']);
  const reply = await bench.ask(ask('/a'));
  assert.deepEqual([reply.status, codeOf(reply), reply.headers['retry-after']], [503, 'gateway-overloaded', '1']);
  assert.ok(reply.headers['x-request-id'] !== undefined);
  assert.equal(codeOf(await bench.ask(ask('/low'))), 'gateway-overloaded');
  assert.deepEqual(bench.metrics.shedRequests, ['a normal', 'a low']);
  assert.deepEqual(bench.metrics.refusals, ['gateway-overloaded', 'gateway-overloaded']);
  assert.deepEqual(
    bench.records.map((record) => [record.kind, 'problem' in record ? record.problem : null]),
    Array.from({ length: 2 }, () => [
      ['intent', 'gateway-overloaded'],
      ['completion', 'gateway-overloaded'],
    ]).flat(),
  );
  assert.equal(bench.gateway.inFlight, 0);
});

test('priority is that of the operation, or of its API where it says none', async (t) => {
  const { bench, asked } = await shedding(t, ['low', 'normal', 'high']);
  for (const path of ['/a', '/low', '/high']) await bench.ask(ask(path));
  assert.deepEqual(
    asked.map(([priority]) => priority),
    ['normal', 'low', 'high'],
  );
});

test('what has no operation is not asked about: it costs no more than a refusal anyway', async (t) => {
  const { bench, asked } = await shedding(t, ['low', 'normal', 'high']);
  assert.deepEqual(
    [codeOf(await bench.ask(ask('/none'))), codeOf(await bench.ask('PUT /a HTTP/1.1\r\nhost: x.example\r\n\r\n'))],
    ['not-found', 'method-not-allowed'],
  );
  assert.deepEqual(asked, []);
});

test('a refused client is not heard for a while, on that connection alone', async (t) => {
  const { bench, judge } = await shedding(t, ['normal']);
  const client = bench.client();
  client.send(ask('/a') + ask('/a'));
  assert.equal((await client.reply()).status, 503);
  assert.equal((await bench.ask(ask('/a'))).status, 503);
  assert.equal(bench.metrics.shedRequests.length, 2);
  judge.refused = ['low'];
  client.send(ask('/low'));
  bench.clock.pass(249);
  assert.equal(client.received, '');
  bench.clock.pass(1);
  assert.equal((await client.reply()).status, 200);
  assert.equal((await client.reply()).status, 503);
});

test('a proxy that is believed is not made to wait for the client it speaks for', async (t) => {
  const { bench } = await shedding(t, ['normal']);
  const text = `trustedProxies: [127.0.0.1]\napis:\n  a: { routes: ['GET /a'], upstream: '${bench.upstream.url}', auth: public }\n`;
  assert.ok(bench.install(text));
  const client = bench.client();
  for (let turn = 0; turn < 3; turn++) {
    client.send(ask('/a', 'x-forwarded-for: 192.0.2.1\r\n'));
    assert.equal((await client.reply()).status, 503);
  }
});

test('a body that comes with a refused request is not read, and its connection ends', async (t) => {
  const { bench } = await shedding(t, ['normal']);
  const client = bench.client();
  client.send('POST /a HTTP/1.1\r\nhost: x.example\r\ncontent-length: 100000\r\n\r\n');
  const reply = await client.reply();
  assert.deepEqual([reply.status, reply.headers['connection']], [503, 'close']);
});

test('an operator hears of it once for each priority, and louder where it is not only low', async (t) => {
  const { bench } = await shedding(t, ['low', 'normal', 'high']);
  for (const path of ['/low', '/low', '/a', '/high', '/a']) await bench.ask(ask(path));
  const told = (): unknown => bench.alerts.map(({ kind, key, severity }) => [kind, key, severity]);
  bench.clock.pass(999);
  assert.deepEqual(told(), []);
  bench.clock.pass(1);
  assert.deepEqual(told(), [
    ['overload.shedding', 'low', 'medium'],
    ['overload.shedding', 'normal', 'high'],
    ['overload.shedding', 'high', 'high'],
  ]);
  await bench.ask(ask('/low'));
  bench.clock.pass(8_999);
  await bench.ask(ask('/low'));
  bench.clock.pass(1_000);
  assert.equal(bench.alerts.length, 3);
  await bench.ask(ask('/low'));
  bench.clock.pass(1_000);
  assert.equal(bench.alerts.length, 4);
});

test('where most that are refused come from one network it is named, and not where they come from many or are few', async (t) => {
  const { bench } = await shedding(t, ['low', 'normal', 'high']);
  const text = `trustedProxies: [127.0.0.1]\napis:\n  a:\n    ${ROUTES}\n    upstream: '${bench.upstream.url}'\n    auth: public\n`;
  assert.ok(bench.install(text));
  const from = async (path: string, networks: readonly string[]): Promise<unknown> => {
    const before = bench.alerts.length;
    for (const address of networks) await bench.ask(ask(path, `x-forwarded-for: ${address}\r\n`));
    bench.clock.pass(1_000);
    return bench.alerts.slice(before).map(({ message, fields }) => [message, fields?.['network']]);
  };
  const many = Array.from({ length: 30 }, (_, at) => `198.51.100.${at}`);
  const one = many.map((address, at) => (at % 5 === 0 ? address : '2001:db8::1'));
  const refused = "the gateway can't serve all: requests of";
  assert.deepEqual(await from('/low', one), [
    [
      `${refused} low priority are refused, most of them of 2001:db8::/64, which asks for more than its share`,
      '2001:db8::/64',
    ],
  ]);
  assert.deepEqual(await from('/a', many), [[`${refused} normal priority are refused`, undefined]]);
  assert.deepEqual(await from('/high', ['192.0.2.1']), [[`${refused} high priority are refused`, undefined]]);
});

test('the judge hears how many requests are under way and how full the queue of their upstream is', async (t) => {
  let nowMs = (): number => 0;
  const upstreams = new UpstreamPools(
    portsAt(() => nowMs()),
    { connections: 1, waiting: 18 },
  );
  const { bench, asked } = await shedding(t, [], { upstreams });
  nowMs = () => bench.clock.monotonic();
  const held: (() => void)[] = [];
  bench.upstream.respond = ({ socket }) => void held.push(() => socket.write(OK_REPLY));
  const replies = [];
  for (let count = 0; count < 4; count++) {
    const client = bench.client();
    const reply = client.send(ask('/a')).reply();
    replies.push(reply);
    await until(() => asked.length > count);
  }
  assert.deepEqual(asked, [
    ['normal', 0, 0],
    ['normal', 1, 0],
    // One of the 16 places that the only network may have then, and two of 15.
    ['normal', 2, 1 / 16],
    ['normal', 3, 2 / 15],
  ]);
  for (let count = 0; count < 4; count++) {
    await until(() => held.length > count);
    held[count]?.();
    assert.equal((await replies[count])?.status, 200);
  }
});
