import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { RawData, WebSocket } from 'ws';
import { closeCode, startSubject } from './subject.ts';

/** Lengths at which a frame changes its form, and some between. */
const LENGTHS = [0, 1, 2, 7, 124, 125, 126, 127, 128, 1_000, 4_095, 4_096, 16_383, 16_384, 65_535, 65_536];
const MESSAGES = 10_000;
const UNANSWERED = 200;

/** The payload of a message: of no length in particular, and like no other. */
function payloadOf(number: number): Buffer {
  const length = number % 10 === 0 ? (LENGTHS[(number / 10) % LENGTHS.length] as number) : number % 300;
  const seed = createHash('sha256').update(String(number)).digest('hex');
  return Buffer.alloc(length, seed);
}

/** Sends so many messages and hears them all again, each as it was, in their order. */
async function echo(client: WebSocket, messages: number): Promise<void> {
  let sent = 0;
  let heard = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const more = (): void => {
    for (; sent < messages && sent - heard < UNANSWERED; sent++)
      client.send(payloadOf(sent), { binary: sent % 2 === 0, fin: true });
  };
  client.on('message', (data: RawData, isBinary: boolean) => {
    if (!(data as Buffer).equals(payloadOf(heard)) || isBinary !== (heard % 2 === 0))
      reject(new Error(`message ${heard} is not what it was`));
    heard++;
    if (heard === messages) resolve();
    else more();
  });
  client.once('close', (code) => reject(new Error(`closed with ${code} behind ${heard} messages`)));
  more();
  await promise;
}

test('ten thousand messages of all sizes come back as they were', async (t) => {
  const { open } = await startSubject(t);
  const client = await open();
  assert.equal(client.extensions, '');
  await echo(client, MESSAGES);
  client.close(4000, 'done');
  assert.equal(await closeCode(client), 4000);
});

test('a message in ten thousand fragments comes back as one', async (t) => {
  const { open } = await startSubject(t);
  const client = await open();
  for (let number = 0; number < 10_000; number++) client.send(Buffer.alloc(100, number), { fin: number === 9_999 });
  const data = await new Promise<Buffer>((resolve) => {
    client.once('message', (whole: RawData) => resolve(whole as Buffer));
  });
  assert.equal(data.length, 1_000_000);
  assert.ok(data.subarray(999_900).equals(Buffer.alloc(100, 9_999)));
});

test('a message without an end is ended for its size, and nobody else is', async (t) => {
  const { open } = await startSubject(t, '{ rate: 1000000/s, message: 1MiB }');
  const [client, other] = [await open(), await open()];
  const closed = closeCode(client);
  for (let number = 0; number < 2_000; number++) client.send(Buffer.alloc(1_000), { fin: false });
  assert.equal(await closed, 1009);
  await echo(other, 100);
});

test('a reply that is no switch reaches the client as it is', async (t) => {
  const { open } = await startSubject(t);
  await assert.rejects(open('/plain'), /Unexpected server response: (?:400|426)/);
});

test('who goes without a goodbye is told of to the other', async (t) => {
  const { open, upstream } = await startSubject(t);
  const heard = new Promise<number>((resolve) => {
    upstream.once('connection', (socket) => socket.once('close', resolve));
  });
  const client = await open();
  client.terminate();
  assert.equal(await heard, 1001);
  const second = await open();
  const closed = closeCode(second);
  for (const socket of upstream.clients) socket.terminate();
  assert.equal(await closed, 1014);
});

test('a gateway that ends asks its clients to come again', async (t) => {
  const { open, gateway } = await startSubject(t);
  const client = await open();
  const closed = closeCode(client);
  process.kill(gateway.pid, 'SIGTERM');
  assert.equal(await closed, 1012);
});
