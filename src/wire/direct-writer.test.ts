import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { DirectWriter } from './direct-writer.ts';
import { FakeSocket } from './fake-socket.test.ts';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Two ends of one connection over the loopback. */
async function pair(t: TestContext): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const far = connect(address.port, '127.0.0.1').pause();
  const [near] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const piece of socket.setEncoding('latin1')) text += piece;
  return text;
}

/** More than any system keeps for a peer that does not read. */
const FLOOD = 'x'.repeat(1_000_000);
const FLOODS = 64;

test('a text goes out at the end of the turn, and nothing waits behind it', async (t) => {
  const { near, far } = await pair(t);
  const writer = new DirectWriter(near, () => assert.fail('nothing had to wait'));
  writer.write('caf\u00e9');
  assert.deepEqual([writer.waiting, writer.needsDrain, writer.unsent, near.bytesWritten], [4, false, true, 0]);
  await setImmediate();
  assert.deepEqual([writer.waiting, writer.needsDrain, writer.unsent, near.bytesWritten], [0, false, false, 4]);
  writer.stream().end();
  assert.equal(await textOf(far), 'caf\u00e9');
});

test('what was put off goes out before anything that is done with the stream', async (t) => {
  const { near, far } = await pair(t);
  const writer = new DirectWriter(near, () => {});
  writer.write('the reply');
  writer.stream().end();
  assert.equal(writer.unsent, false);
  assert.equal(await textOf(far), 'the reply');
});

test('a second text of the same turn sends the first', async (t) => {
  const { near } = await pair(t);
  const writer = new DirectWriter(near, () => {});
  writer.write('one');
  writer.write('three');
  assert.deepEqual([near.bytesWritten, writer.waiting], [3, 5]);
});

test('what is appended goes out together with what waits, and a text that has grown long at once', async (t) => {
  const { near, far } = await pair(t);
  const writer = new DirectWriter(near, () => {});
  writer.append('one');
  writer.append('two');
  assert.deepEqual([near.bytesWritten, writer.waiting], [0, 6]);
  await setImmediate();
  assert.deepEqual([near.bytesWritten, writer.waiting], [6, 0]);
  writer.append('x');
  writer.append('y'.repeat(65_535));
  assert.deepEqual([near.bytesWritten, writer.waiting], [6, 65_536]);
  writer.append('z');
  assert.equal(near.bytesWritten + writer.waiting, 6 + 65_537);
  assert.equal(writer.unsent, false);
  writer.append('end');
  writer.stream().end();
  assert.equal(await textOf(far), `onetwox${'y'.repeat(65_535)}zend`);
});

test('what is appended behind what still waits for a slow peer keeps its order', () => {
  const fake = new FakeSocket();
  const writer = new DirectWriter(fake.socket, () => {});
  writer.append('one');
  fake.stuck = true;
  writer.stream();
  writer.append('two');
  writer.append('three');
  assert.equal(fake.text, 'onetwothree');
});

test('texts wait for the end of the turn in a number that is bounded', async (t) => {
  const pairs = await Promise.all(Array.from({ length: 40 }, () => pair(t)));
  const writers = pairs.map(({ near }) => new DirectWriter(near, () => {}));
  for (const writer of writers) writer.write('text');
  const sent = pairs.filter(({ near }) => near.bytesWritten === 4).length;
  assert.equal(sent, 32);
  await setImmediate();
  assert.ok(pairs.every(({ near }) => near.bytesWritten === 4));
});

test('a socket that is gone at the end of the turn keeps no other from its text', async (t) => {
  const [gone, here] = await Promise.all([pair(t), pair(t)]);
  const lost = new DirectWriter(gone.near, () => {});
  const writer = new DirectWriter(here.near, () => {});
  lost.write('nobody reads this');
  writer.write('text');
  gone.near.destroy();
  await setImmediate();
  assert.deepEqual([lost.unsent, writer.unsent, here.near.bytesWritten], [false, false, 4]);
});

test('what is written directly and through the socket, in whatever turn, comes in that order', async (t) => {
  const part = fc.record({ text: fc.string({ unit: 'binary-ascii', maxLength: 40 }), direct: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 30 }), fc.boolean(), async (parts, corked) => {
      const { near, far } = await pair(t);
      const writer = new DirectWriter(near, () => {});
      if (corked) near.cork();
      for (const { text, direct } of parts) {
        if (direct) writer.write(text);
        else writer.stream().write(text, 'latin1');
      }
      if (corked) near.uncork();
      writer.stream().end();
      assert.equal(await textOf(far), parts.map(({ text }) => text).join(''));
    }),
    { numRuns: 30 },
  );
});

test('a peer that does not read makes the writer wait, and tells when it has read', async (t) => {
  const { near, far } = await pair(t);
  let drained = 0;
  const writer = new DirectWriter(near, () => drained++);
  let written = 0;
  for (; written < FLOODS && !writer.needsDrain; written++) writer.write(FLOOD);
  assert.ok(writer.needsDrain, 'no system keeps all of this');
  assert.ok(writer.waiting > 0);
  writer.write('behind it');
  assert.equal(drained, 0);
  writer.stream().end();
  const text = await textOf(far);
  assert.equal(text.length, written * FLOOD.length + 'behind it'.length);
  assert.ok(text.endsWith('xbehind it'));
  assert.deepEqual([drained, writer.waiting, writer.needsDrain], [1, 0, false]);
});

test('the peer’s going is an error of the socket, with the code that its own write would give', async (t) => {
  const { near, far } = await pair(t);
  const writer = new DirectWriter(near, () => {});
  near.pause();
  far.resetAndDestroy();
  const lost = Promise.withResolvers<void>();
  near.on('close', () => lost.resolve());
  const codes: unknown[] = [];
  near.on('error', (fault: NodeJS.ErrnoException) => codes.push(fault.code));
  while (!near.destroyed) {
    writer.write('is anybody there?');
    await setImmediate();
  }
  await lost.promise;
  assert.equal(codes.length, 1);
  assert.match(String(codes[0]), /^(EPIPE|ECONNRESET)$/);
  writer.write('nobody');
  assert.equal(codes.length, 1);
});

test('a write that waits when the socket is destroyed tells nobody', async (t) => {
  const { near } = await pair(t);
  const writer = new DirectWriter(near, () => assert.fail('it never went out'));
  for (let written = 0; written < FLOODS && !writer.needsDrain; written++) writer.write(FLOOD);
  near.destroy();
  await once(near, 'close');
});

test('a handle that is not what it was is left alone', () => {
  const fake = new FakeSocket();
  const writer = new DirectWriter(fake.socket, () => {});
  writer.write('one');
  fake.stuck = true;
  writer.write('two');
  assert.equal(writer.waiting, 3);
  assert.equal(fake.text, 'onetwo');
});

/** A thread that answers its first client and then fails in the same turn. */
const FAILING = `
const { parentPort, workerData } = require('node:worker_threads');
void import(workerData.writer).then(async ({ DirectWriter }) => {
  const { sendPutOff } = await import(workerData.turn);
  process.on('exit', sendPutOff);
  const server = require('node:net').createServer((socket) => {
    new DirectWriter(socket, () => {}).write('the reply');
    throw new Error('a bug');
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
});
`;

test('a thread that ends in the middle of a turn sends what the turn has put off', async () => {
  const workerData = { writer: import.meta.resolve('./direct-writer.ts'), turn: import.meta.resolve('./turn-end.ts') };
  const worker = new Worker(FAILING, { eval: true, workerData });
  const fault = once(worker, 'error');
  const [port] = (await once(worker, 'message')) as [number];
  const client = connect(port, '127.0.0.1');
  assert.equal(await textOf(client), 'the reply');
  assert.match(String((await fault)[0]), /a bug/);
});
