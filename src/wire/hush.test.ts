import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { get, post } from './bad-heads.test.ts';
import { bench } from './fake-socket.test.ts';
import { listen } from './listener.ts';
import { echo, ManualClock, RawClient, Script, until } from './peers.test.ts';
import { SERVER_BOUNDS } from './server.ts';

/** A connection whose every `nth` request is answered with a hush of 250 ms. */
function hushing(isHushed: (count: number) => boolean) {
  const made = bench();
  made.script.onRequest = (seen) => {
    if (isHushed(made.script.seen.length)) seen.exchange.hush(250);
    seen.answer('');
  };
  return made;
}

test('behind a reply that hushes nothing is read until its time is over, and then all of it', () => {
  const { socket, script, pass } = hushing((count) => count === 1);
  socket.receive(get('/a'));
  assert.deepEqual([script.seen.length, socket.paused], [1, true]);
  assert.match(socket.text, /^HTTP\/1.1 200 /);
  pass(249);
  assert.equal(socket.paused, true);
  pass(1);
  assert.equal(socket.paused, false);
  socket.receive(get('/b'));
  assert.deepEqual([script.seen.length, socket.paused], [2, false]);
});

test('what was read already waits too, in whatever pieces it came', () => {
  for (const rest of [get('/b') + get('/c'), `${get('/b')}GET /c HTT`]) {
    const { socket, script, pass } = hushing((count) => count === 1);
    socket.receive(get('/a') + rest);
    assert.deepEqual([script.seen.length, socket.paused, socket.destroyed], [1, true, false]);
    pass(250);
    assert.equal(script.seen.length, rest.endsWith('HTT') ? 2 : 3);
    assert.deepEqual([socket.paused, script.refusals], [false, []]);
  }
});

test('each refusal hushes anew, and asking twice changes nothing', () => {
  const { socket, script, pass } = hushing(() => true);
  script.onRequest = (seen) => {
    seen.exchange.hush(250);
    seen.exchange.hush(1_000);
    seen.answer('');
  };
  socket.receive(get('/a') + get('/b') + get('/c'));
  assert.equal(script.seen.length, 1);
  pass(250);
  assert.equal(script.seen.length, 2);
  pass(249);
  assert.equal(script.seen.length, 2);
  pass(1);
  assert.equal(script.seen.length, 3);
});

test('a client that has closed its side meanwhile gets its replies, and a whole request is not called half', () => {
  const { socket, script, pass } = hushing((count) => count === 1);
  socket.receive(get('/a') + get('/b'));
  socket.hangUp();
  assert.deepEqual([script.seen.length, script.refusals], [1, []]);
  pass(250);
  assert.deepEqual([script.seen.length, script.refusals, socket.finished], [2, [], true]);
});

test('a connection that ends behind its reply ends all the same, and so does one that is gone or drained', async () => {
  const closing = hushing(() => true);
  closing.socket.receive(get('/a', 'Connection: close'));
  assert.deepEqual([closing.socket.finished, closing.socket.paused], [true, false]);
  const unread = hushing(() => true);
  unread.socket.receive(post('Content-Length: 5'));
  assert.deepEqual([unread.socket.finished, unread.socket.paused], [true, false]);
  const gone = hushing(() => true);
  gone.socket.receive(get('/a') + get('/b'));
  gone.socket.destroy();
  await setImmediate();
  gone.pass(1_000);
  assert.deepEqual([gone.script.seen.length, gone.closed()], [1, 1]);
  const drained = hushing(() => true);
  drained.socket.receive(get('/a'));
  drained.connection.drain();
  drained.pass(1_000);
  assert.equal(drained.socket.finished, true);
});

test('over a real socket a hushed client is held back, and goes on afterwards', async (t) => {
  const clock = new ManualClock();
  const script = new Script();
  script.onRequest = (seen) => {
    if (script.seen.length === 1) seen.exchange.hush(250);
    echo(seen);
  };
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 10,
    handler: script,
    bounds: SERVER_BOUNDS,
    clock,
    context: null,
    http2: null,
    turnedAway: () => {},
  });
  assert.ok(!('code' in listener));
  t.after(async () => {
    const drained = listener.drain(0);
    clock.advance(1);
    await drained;
  });
  const client = await RawClient.open(listener.port);
  client.send(get('/a'));
  await client.sees('GET /a []');
  client.send(get('/b'));
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  assert.equal(script.seen.length, 1);
  clock.advance(250);
  await client.sees('GET /b []');
  await until(() => script.seen.length === 2);
  client.socket.destroy();
});
