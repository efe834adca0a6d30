import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { DirectWriter } from './direct-writer.ts';
import { FakeSocket } from './fake-socket.test.ts';
import { SocketTunnel } from './socket-tunnel.ts';

/** A tunnel over a fake socket, and what its ends and its host were told. */
function bench() {
  const socket = new FakeSocket();
  const told: string[] = [];
  const state = { takes: true };
  const writer = new DirectWriter(socket.socket, () => tunnel.drained());
  const tunnel: SocketTunnel = new SocketTunnel(
    socket.socket,
    writer,
    { end: () => told.push('host end'), reset: () => told.push('host reset') },
    {
      bytes: (read) => {
        told.push(read.toString('latin1'));
        return state.takes;
      },
      ended: () => told.push('ended'),
      drained: () => told.push('drained'),
      gone: () => told.push('gone'),
    },
  );
  socket.on('drain', () => tunnel.drained());
  return { socket, writer, tunnel, told, state };
}

test('bytes are copied as they are written: they are lent', async () => {
  const { socket, writer, tunnel } = bench();
  const kept = socket.keepWrites();
  for (const length of [3, 8_192, 8_193, 20_000]) {
    const lent = Buffer.alloc(length, 'a');
    tunnel.write(lent);
    lent.fill('!');
    writer.flush();
    await setImmediate();
    assert.equal(String(kept.at(-1)), 'a'.repeat(length));
  }
});

test('octets of every value pass as they are, in whatever sizes they are written, in their order', async () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.constantFrom(8_191, 8_192, 8_193, 65_536)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(255), fc.boolean(), async (lengths, first, isDirect) => {
      const { socket, tunnel } = bench();
      if (isDirect) socket.takeTexts();
      const pieces = lengths.map((length, at) =>
        Buffer.from(Buffer.alloc(length).map((_, index) => first + at + index)),
      );
      for (const piece of pieces) tunnel.write(piece);
      await setImmediate();
      assert.ok(socket.text === Buffer.concat(pieces).toString('latin1'));
      assert.equal(tunnel.waiting, 0);
    }),
    { numRuns: 40 },
  );
});

test('what one turn writes goes out at its end, together', async () => {
  const { socket, tunnel } = bench();
  socket.takeTexts();
  assert.equal(tunnel.write(Buffer.from('one ')), true);
  tunnel.write(Buffer.from('two'));
  assert.deepEqual([socket.text, tunnel.waiting], ['', 7]);
  await setImmediate();
  assert.deepEqual([socket.text, tunnel.waiting], ['one two', 0]);
});

test('a peer that takes too little asks for a pause, and tells when it takes more', async () => {
  const { socket, tunnel, told } = bench();
  socket.stuck = true;
  let written = 0;
  while (tunnel.write(Buffer.alloc(4_000, 'x'))) {
    written++;
    await setImmediate();
    assert.ok(written < 100, 'there is a bound');
  }
  assert.ok(tunnel.waiting >= 65_536);
  assert.deepEqual(told, []);
  socket.unstick();
  assert.deepEqual(told, ['drained']);
  assert.equal(tunnel.write(Buffer.from('more')), true);
});

test('behind its end nothing is written, and nothing that comes is told', async () => {
  const { socket, writer, tunnel, told } = bench();
  tunnel.resume();
  await setImmediate();
  tunnel.write(Buffer.from('goodbye'));
  tunnel.end();
  assert.equal(tunnel.write(Buffer.from('late')), true);
  tunnel.receive(Buffer.from('late too'));
  tunnel.reset();
  writer.stream();
  assert.deepEqual([socket.text, told], ['goodbye', ['host end']]);
  assert.deepEqual([socket.paused, tunnel.receivedBytes], [false, 0]);
});

test('to a peer that has gone nothing is written', async () => {
  const { socket, tunnel, told } = bench();
  tunnel.closed();
  assert.equal(tunnel.write(Buffer.from('is anybody there?')), true);
  await setImmediate();
  assert.deepEqual([socket.text, told], ['', ['gone']]);
});

test('what comes in a pause is held up to a bound, and worked off in order', async () => {
  const { socket, tunnel, told, state } = bench();
  tunnel.receive(Buffer.from('one '));
  tunnel.receive(Buffer.from('two'));
  assert.equal(socket.paused, false);
  tunnel.receive(Buffer.alloc(65_536, 'x'));
  assert.equal(socket.paused, true);
  state.takes = false;
  tunnel.resume();
  await setImmediate();
  assert.deepEqual(told, [`one two${'x'.repeat(65_536)}`]);
  assert.equal(socket.paused, true);
  tunnel.resume();
  await setImmediate();
  assert.equal(socket.paused, false);
});
