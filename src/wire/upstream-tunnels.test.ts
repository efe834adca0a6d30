import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeSocket } from './fake-socket.test.ts';
import { until } from './peers.test.ts';
import { acceptOf, type UpgradeOffer } from './upgrade.ts';
import { Caller, type Heard, rig } from './upstream-peer.test.ts';
import { UpstreamTunnelCall } from './upstream-tunnel.ts';

const NONE = { kind: 'none' } as const;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const upgrade: UpgradeOffer = { protocol: 'websocket', key: KEY, subprotocols: [] };
const SWITCH = `HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${acceptOf(KEY)}\r\n\r\n`;

const agree = ({ text, socket }: Heard): void => {
  if (text.endsWith('\r\n\r\n')) socket.write(SWITCH);
};

test('upgrades have a bound of their own, and leave the calls theirs', async (t) => {
  const { pool, call, heard, close } = await rig({
    answer: (one) => {
      if (one.text.includes('upgrade: websocket')) agree(one);
      else if (one.text.endsWith('\r\n\r\n')) one.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    },
    room: { connections: 1, waiting: 0 },
  });
  t.after(close);
  const first = call({ upgrade });
  await first.has('switched');
  assert.equal(pool.isGone, false);
  const second = call({ upgrade });
  assert.deepEqual(second.log, []);
  const { failure } = await second.over();
  assert.deepEqual([failure?.code, failure?.unprocessed], ['upstream-overloaded', true]);
  assert.equal((await call().over()).failure, null);
  first.side?.reset();
  await until(() => heard[0]?.closed === true);
  const third = call({ upgrade });
  await until(() => third.log.length > 0);
  assert.deepEqual(third.log, ['switched']);
});

test('nothing of a tunnel is told before it is resumed, and all of it then', async (t) => {
  const { call, heard, close } = await rig({ answer: agree });
  t.after(close);
  const caller = call({ upgrade });
  await caller.has('switched');
  heard[0]?.socket.end('all that it has to say');
  await until(() => heard[0]?.socket.writableFinished === true);
  assert.deepEqual(caller.log, ['switched']);
  caller.side?.resume();
  await caller.has('ended');
  assert.equal(caller.body, 'all that it has to say');
});

test('what is written goes out before the end', async (t) => {
  const { call, heard, close } = await rig({ answer: agree });
  t.after(close);
  const caller = call({ upgrade });
  await caller.has('switched');
  caller.side?.resume();
  caller.side?.write(Buffer.from('goodbye'));
  caller.side?.end();
  await until(() => heard[0]?.text.endsWith('goodbye') === true && heard[0].closed);
  assert.deepEqual(caller.log, ['switched']);
});

test('an upstream that goes is told of behind what it said', async (t) => {
  const { call, heard, close } = await rig({ answer: agree });
  t.after(close);
  const caller = call({ upgrade });
  await caller.has('switched');
  caller.takes = false;
  caller.side?.resume();
  heard[0]?.socket.write('first');
  await caller.has('bytes');
  heard[0]?.socket.write('second');
  await until(() => heard[0]?.socket.writableLength === 0);
  heard[0]?.socket.end();
  await until(() => heard[0]?.socket.writableFinished === true);
  assert.equal(caller.log.includes('gone') || caller.log.includes('ended'), false);
  caller.takes = true;
  caller.side?.resume();
  await caller.has('ended');
  assert.equal(caller.body, 'firstsecond');
});

test('a call that is given up closes its connection, whatever it became', async (t) => {
  const { call, heard, close } = await rig({ answer: agree });
  t.after(close);
  const tunnel = call({ upgrade });
  await tunnel.has('switched');
  tunnel.call?.abort();
  await until(() => heard[0]?.closed === true);
  assert.deepEqual(tunnel.log, ['switched']);
});

test('an interim reply gives the head behind it all of its time', async (t) => {
  const { call, heard, pass, close } = await rig({ bounds: { responseMs: 5_000 } });
  t.after(close);
  const caller = call({ upgrade });
  await until(() => heard[0]?.text.endsWith('\r\n\r\n') === true);
  for (let round = 1; round <= 3; round++) {
    pass(4_000);
    heard[0]?.socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
    await until(() => caller.log.length === round);
  }
  assert.deepEqual(caller.log, ['interim 103', 'interim 103', 'interim 103']);
  pass(5_500);
  assert.equal(caller.failure?.code, 'upstream-timeout');
});

test('more interim replies than may come are a flood', async (t) => {
  const { call, close } = await rig({
    answer: ({ socket }) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(11) + SWITCH),
  });
  t.after(close);
  const caller = await call({ upgrade }).over();
  assert.deepEqual(caller.log, [...Array.from({ length: 10 }, () => 'interim 103'), 'upstream-malformed-reply']);
});

test('a reply in the place of the switch has its chunks judged as any reply', async (t) => {
  const sizes = { ffffffffffffffff: true, '20000000000000': true, '1fffffffffffff': false };
  for (const [size, isRefused] of Object.entries(sizes)) {
    const { call, close } = await rig({
      answer: ({ socket }) => socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${size}\r\nxyz`),
    });
    t.after(close);
    const caller = call({ upgrade });
    await until(() => caller.body === 'xyz' || caller.failure !== null);
    assert.equal(caller.failure?.code, isRefused ? 'upstream-malformed-reply' : undefined, size);
    assert.equal(caller.body, isRefused ? '' : 'xyz');
  }
});

test('what an upstream says before the request has gone out is no reply to it', async () => {
  const socket = new FakeSocket();
  socket.takeTexts();
  const dialed: ((bytes: Buffer) => void)[] = [];
  const caller = new Caller();
  let ends = 0;
  const request = { method: 'GET', target: '/', authority: 'up.test', fields: null, added: [], framing: NONE, upgrade };
  const tunnel = new UpstreamTunnelCall(request, caller, {
    dialer: {
      readyEvent: 'connect',
      dial: (receive) => {
        dialed.push(receive);
        return socket.socket;
      },
    },
    bounds: { connectMs: 1_000, responseMs: 1_000, idleMs: 1_000 },
    monotonic: () => 0,
    over: () => ends++,
  });
  socket.emit('connect');
  dialed[0]?.(Buffer.from(SWITCH));
  assert.deepEqual([caller.log, caller.failure?.detail], [['upstream-malformed-reply'], 'bytes nobody asked for']);
  assert.ok(socket.destroyed);
  await setImmediate();
  assert.equal(socket.text, '', 'nothing is sent any more');
  tunnel.abort();
  assert.equal(ends, 1);
});

test('an upstream is waited for within the bounds of any call, or as long as the request says', async (t) => {
  const { call, heard, pass, close } = await rig({ bounds: { responseMs: 5_000 } });
  t.after(close);
  const caller = call({ upgrade });
  const hasty = call({ upgrade, responseMs: 2_000 });
  await until(() => heard.length === 2 && heard.every(({ text }) => text.endsWith('\r\n\r\n')));
  pass(4_000);
  assert.deepEqual([caller.log, hasty.failure?.code], [[], 'upstream-timeout']);
  pass(2_000);
  assert.equal(caller.failure?.code, 'upstream-timeout');
  await until(() => heard.every(({ closed }) => closed));
});
