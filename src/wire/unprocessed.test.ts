import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ErrorCode } from './http2/protocol.ts';
import { data, goaway, reply, rst, UpstreamBench } from './http2/upstream-fixture.test.ts';
import { freePort, until } from './peers.test.ts';
import { answers, type Heard, lengthOf, type Rig, rig, type RigOptions, sized } from './upstream-peer.test.ts';

const POST = { method: 'POST', framing: lengthOf(2) } as const;

async function open(t: TestContext, options: RigOptions): Promise<Rig> {
  const built = await rig(options);
  t.after(() => built.close());
  return built;
}

test('a request of which nothing was sent is told as such: no connection, none in time, no place in the queue', async (t) => {
  const { call: refused } = await open(t, { target: { port: await freePort() } });
  assert.equal((await refused(POST).over()).failure?.unprocessed, true);
  // Nobody answers the handshake of TLS.
  const { call: slow, pass, heard } = await open(t, { target: { scheme: 'https' } });
  const waiting = slow(POST);
  await until(() => heard.length === 1);
  pass(3_500);
  assert.deepEqual([waiting.failure?.code, waiting.failure?.unprocessed], ['upstream-timeout', true]);
  const { call: crowded, pass: wait } = await open(t, { room: { connections: 1, waiting: 1 } });
  crowded();
  const [queued, turnedAway] = [crowded(), crowded()];
  assert.equal((await turnedAway.over()).failure?.unprocessed, true);
  wait(3_500);
  assert.deepEqual([queued.failure?.code, queued.failure?.unprocessed], ['upstream-overloaded', true]);
});

test('a request that has gone out is never told as unprocessed, whatever became of it', async (t) => {
  const endings: readonly ((heard: Heard) => void)[] = [
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
    ({ socket }) => socket.end(),
    ({ socket }) => socket.end('HTTP/1.1 2'),
    ({ socket }) => socket.write('no reply at all\r\n\r\n'),
  ];
  for (const answer of endings) {
    const { call } = await open(t, { answer });
    const { failure } = await call({ method: 'POST' }).over();
    assert.ok(failure !== null && failure.unprocessed === undefined, failure?.detail ?? 'no failure');
  }
  const { call, pass, heard } = await open(t, {});
  const silent = call({ method: 'POST' });
  await until(() => heard[0] !== undefined && heard[0].text !== '');
  pass(31_000);
  assert.deepEqual([silent.failure?.code, silent.failure?.unprocessed], ['upstream-timeout', undefined]);
});

test('on a kept connection that is cut a request that went out is not told as unprocessed either', async (t) => {
  const { call } = await open(t, {
    answer: (one) => {
      if (one.text.includes('POST')) one.socket.destroy();
      else answers(sized('a'))(one);
    },
  });
  await call().over();
  const { failure } = await call({ method: 'POST' }).over();
  assert.ok(failure !== null && failure.unprocessed === undefined);
});

test('over HTTP/2 a stream that the upstream says it did nothing with is told as such, with a body too', () => {
  for (const said of [rst(1, ErrorCode.refusedStream), goaway(0)]) {
    const { caller, peer } = new UpstreamBench().opened(POST);
    caller.call?.write([Buffer.from('a')]);
    peer.says(said);
    assert.equal(caller.failure?.unprocessed, true);
  }
  const done: readonly (readonly string[])[] = [
    [rst(1, ErrorCode.cancel)],
    [rst(1, ErrorCode.internalError)],
    [reply(1, { status: '103' }), rst(1, ErrorCode.refusedStream)],
    [reply(1), data(1, 'half'), goaway(0)],
    [goaway(1), rst(1, ErrorCode.cancel)],
    ['garbage that is no frame at all'],
  ];
  for (const frames of done) {
    const { caller, peer } = new UpstreamBench().opened(POST);
    caller.call?.write([Buffer.from('a')]);
    peer.says(...frames);
    assert.ok(
      caller.failure !== null && caller.failure.unprocessed === undefined,
      caller.failure?.detail ?? 'no failure',
    );
  }
});

test('over HTTP/2 a connection that is cut with a request on it leaves that in doubt, and those that wait for one not', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened(POST);
  peer.hangUp();
  assert.ok(caller.failure !== null && caller.failure.unprocessed === undefined);
  const waiting = bench.call(POST);
  bench.peer(1).emit('error', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
  assert.equal(waiting.failure?.unprocessed, true);
});

test('the head of a reply has its own time where the request names one, over both protocols', async (t) => {
  const { call, pass, heard } = await open(t, {});
  const [hasty, patient] = [call({ responseMs: 2_000 }), call({ responseMs: 60_000 })];
  await until(() => heard.length === 2 && heard.every(({ text }) => text !== ''));
  pass(2_500);
  assert.deepEqual([hasty.failure?.code, patient.log], ['upstream-timeout', []]);
  pass(50_000);
  assert.deepEqual(patient.log, []);
  pass(8_000);
  assert.equal(patient.failure?.code, 'upstream-timeout');
  const bench = new UpstreamBench({ responseMs: 5_000 });
  const { caller: first } = bench.opened({ responseMs: 2_000 });
  const second = bench.call({ responseMs: 9_000 });
  bench.pass(2_500);
  assert.deepEqual([first.failure?.code, second.log], ['upstream-timeout', []]);
  bench.pass(6_000);
  assert.deepEqual(second.log, []);
  bench.pass(1_000);
  assert.equal(second.failure?.code, 'upstream-timeout');
});
