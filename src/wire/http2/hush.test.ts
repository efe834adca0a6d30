import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FIELDS } from '../header-fields.ts';
import { ManualClock } from '../peers.test.ts';
import { NO_LINES } from '../server.ts';
import {
  data,
  get,
  greeted,
  type Http2Bench,
  ids,
  ping,
  post,
  reset,
  SETTINGS_ACK,
} from './connection-fixture.test.ts';
import { Hush } from './hush.ts';

function hushing() {
  const clock = new ManualClock();
  const told: string[] = [];
  const hush = new Hush({
    bounds: { streams: 100, hushedStreams: 20 },
    monotonic: () => clock.monotonic(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    tell: (streams) => told.push(`tell ${streams}`),
    limit: (streams) => told.push(`limit ${streams}`),
    over: () => told.push(`over at ${clock.monotonic()}`),
  });
  const pass = (ms: number): void => {
    clock.advance(ms);
    hush.sweep(clock.monotonic());
  };
  return { hush, told, pass };
}

test('one refusal makes the next request wait as long as was asked', () => {
  const { hush, told, pass } = hushing();
  assert.equal(hush.isOn, false);
  hush.ask(250);
  pass(249);
  assert.equal(hush.isOn, true);
  pass(1);
  assert.equal(hush.isOn, false);
  assert.deepEqual(told, ['tell 20', 'over at 250']);
});

test('refusals that come together add up to a second, and a longer wait that one asks for is kept', () => {
  const { hush, told, pass } = hushing();
  for (let count = 0; count < 3; count++) hush.ask(250);
  pass(740);
  assert.equal(hush.isOn, true);
  pass(10);
  assert.equal(hush.isOn, false);
  for (let count = 0; count < 100; count++) hush.ask(250);
  pass(999);
  assert.equal(hush.isOn, true);
  pass(1);
  assert.equal(hush.isOn, false);
  hush.ask(1_250);
  hush.ask(10);
  pass(1_249);
  assert.equal(hush.isOn, true);
  pass(1);
  assert.equal(hush.isOn, false);
  assert.deepEqual(told, ['tell 20', 'over at 750', 'over at 1750', 'over at 3000']);
});

test('the client is held to fewer streams once it knows, and has all again when it has been calm for ten seconds', () => {
  const { hush, told, pass } = hushing();
  hush.acknowledged();
  assert.deepEqual(told, [], 'the greeting was acknowledged, nothing else');
  hush.ask(100);
  pass(20_000);
  assert.deepEqual(told.splice(0), ['tell 20', 'over at 100'], 'a client that may not know yet is not told anew');
  hush.acknowledged();
  hush.ask(100);
  pass(9_999);
  assert.deepEqual(told.splice(0), ['limit 20', 'over at 20100'], 'told once');
  pass(1);
  assert.deepEqual(told.splice(0), ['limit 100', 'tell 100']);
  hush.acknowledged();
  hush.ask(100);
  assert.deepEqual(told.splice(0), ['tell 20']);
});

const REFUSAL = {
  ...NO_LINES,
  status: 503,
  fields: NO_FIELDS,
  framing: { kind: 'none' },
  announcedLength: null,
  added: [],
} as const;

/** A connection whose requests are refused, each with a wait of so long; `/b` is answered. */
function refusing(ms = 250): Http2Bench {
  const bench = greeted();
  bench.script.onRequest = ({ exchange }) => {
    if (exchange.request.path === '/b') return;
    exchange.hush(ms);
    exchange.send(REFUSAL, '');
  };
  return bench;
}

const FEWER_STREAMS = 'SETTINGS 000300000014';

test('behind a refusal no request is begun for a while; then those that wait are, all together', async () => {
  const bench = refusing();
  bench.send(get(1));
  await bench.turn();
  bench.send(...ids(9, 3).map((id) => get(id)));
  await bench.turn();
  bench.pass(249);
  await bench.turn();
  assert.deepEqual(bench.told(), [FEWER_STREAMS, 'HEADERS 1 503 end']);
  bench.pass(1);
  await bench.turn();
  assert.deepEqual(
    bench.told(),
    ids(9, 3).map((id) => `HEADERS ${id} 503 end`),
  );
  assert.equal(bench.script.seen.length, 10);
});

test('what has begun goes on meanwhile: bodies come, and pings are answered', async () => {
  const bench = refusing();
  bench.send(post(1, { ':path': '/b' }));
  await bench.turn();
  const upload = await bench.script.last(1);
  upload.exchange.receive();
  bench.send(get(3));
  await bench.turn();
  bench.send(data(1, 'more', true), ping());
  await bench.turn();
  assert.equal(upload.body, 'more');
  assert.deepEqual(bench.told(), [FEWER_STREAMS, 'HEADERS 3 503 end', 'PING ack 12345678']);
});

test('a request that is reset while it waits is never begun', async () => {
  const bench = refusing();
  bench.send(get(1));
  await bench.turn();
  bench.send(get(3), reset(3));
  bench.pass(250);
  await bench.turn();
  assert.equal(bench.script.seen.length, 1);
});

test('once it knows, a refused client may have twenty streams, and ten seconds later a hundred', async () => {
  const bench = refusing();
  bench.send(get(1));
  await bench.turn();
  bench.send(SETTINGS_ACK, ...ids(21, 3).map((id) => get(id, { ':path': '/b' })));
  await bench.turn();
  assert.deepEqual(bench.told(), [FEWER_STREAMS, 'HEADERS 1 503 end', 'RST 43 refusedStream']);
  bench.pass(10_500);
  await bench.turn();
  bench.send(SETTINGS_ACK, ...ids(80, 45).map((id) => get(id, { ':path': '/b' })));
  await bench.turn();
  assert.deepEqual(bench.told(), ['SETTINGS 000300000064'], 'none of them is refused');
  assert.equal(bench.script.seen.length, 101);
});

test('a client that does not acknowledge that it may have fewer streams loses its connection', async () => {
  const bench = refusing();
  bench.pass(9_000);
  bench.send(get(1));
  await bench.turn();
  bench.pass(9_500);
  assert.deepEqual(bench.faults, []);
  bench.pass(1_500);
  assert.deepEqual(bench.faults, ['settings-timeout']);
});

test('a connection that goes while it is hushed is over, and what waited is never begun', async () => {
  const bench = refusing();
  bench.send(get(1));
  await bench.turn();
  bench.send(get(3));
  bench.socket.destroy();
  await bench.turn();
  bench.pass(1_000);
  await bench.turn();
  assert.deepEqual([bench.closed, bench.script.seen.length], [1, 1]);
});
