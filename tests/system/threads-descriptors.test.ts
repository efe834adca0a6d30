import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { OddGateway, until } from './odd/gateway.ts';

/** Few enough that clients use them up, and enough to start with two threads. */
const DESCRIPTORS = 150;

test('a gateway whose descriptors are used up serves whom it accepted, tells the operator, and recovers', async (t) => {
  const gateway = await OddGateway.start(2, ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh']);
  t.after(() => gateway.stop());
  const accepted = gateway.get({ 'x-hold': 'yes' });
  await until('it is under way', () => Promise.resolve(gateway.held[0] ?? null));
  const crowd: Socket[] = [];
  t.after(() => crowd.forEach((socket) => socket.destroy()));
  for (let count = 0; count < DESCRIPTORS; count++) {
    const socket = connect(gateway.process.https, '127.0.0.1');
    socket.on('error', () => {});
    crowd.push(socket);
    await once(socket, 'connect');
  }
  const told = await until('the operator is told', async () => {
    const found = (await gateway.alerts()).find(({ kind }) => kind === 'connections.exhausted');
    return found ?? null;
  });
  assert.equal(told.severity, 'high');
  gateway.held[0]?.end('answered late');
  assert.equal((await accepted)?.body, 'answered late');
  for (const socket of crowd.splice(0)) socket.destroy();
  await until('it takes clients again', async () => ((await gateway.get())?.status === 200 ? true : null));
  await gateway.everyThreadAnswers();
  assert.ok((await gateway.whole()).threads.every(({ epoch }) => epoch === 1));
  await gateway.recordedEachOnce();
});
