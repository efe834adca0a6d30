import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DirectWriter } from './direct-writer.ts';
import { FakeSocket } from './fake-socket.test.ts';
import { Lingering } from './lingering.ts';

function linger(text: string, stuck = false) {
  const socket = new FakeSocket();
  const writer = new DirectWriter(socket.socket, () => {});
  socket.stuck = stuck;
  writer.append(text);
  return { socket, lingering: new Lingering(socket.socket, writer, 30_000, 0) };
}

test('what was written goes out, then FIN, and the socket is read for three seconds more', () => {
  const { socket, lingering } = linger('last words');
  assert.equal(socket.text, 'last words');
  assert.equal(socket.finished, true);
  lingering.sweep(3_000);
  assert.equal(socket.destroyed, false);
  lingering.sweep(3_001);
  assert.equal(socket.destroyed, true);
});

test('no more than 16 MiB are thrown away', () => {
  const { socket, lingering } = linger('');
  lingering.read(16 * 1024 * 1024);
  assert.equal(socket.destroyed, false);
  lingering.read(1);
  assert.equal(socket.destroyed, true);
});

test('three seconds begin when all has gone out, which may take half a minute', () => {
  const slow = linger('last words', true);
  for (let now = 500; now <= 20_000; now += 500) slow.lingering.sweep(now);
  slow.socket.unstick();
  slow.lingering.sweep(22_500);
  assert.equal(slow.socket.destroyed, false);
  slow.lingering.sweep(23_500);
  assert.equal(slow.socket.destroyed, true);
  const never = linger('last words', true);
  for (let now = 500; now <= 33_000; now += 500) never.lingering.sweep(now);
  assert.equal(never.socket.destroyed, false);
  never.lingering.sweep(33_500);
  assert.equal(never.socket.destroyed, true);
});

test('whoever bounds the writing itself may let it take as long as that', () => {
  const socket = new FakeSocket();
  const writer = new DirectWriter(socket.socket, () => {});
  socket.stuck = true;
  writer.append('last words');
  const lingering = new Lingering(socket.socket, writer, Infinity, 0);
  for (let now = 500; now <= 3_600_000; now += 500) lingering.sweep(now);
  assert.equal(socket.destroyed, false);
  socket.unstick();
  lingering.sweep(3_603_000);
  assert.equal(socket.destroyed, false);
  lingering.sweep(3_603_500);
  assert.equal(socket.destroyed, true);
});
