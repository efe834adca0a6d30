import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { counted } from './admin.ts';
import { until } from './eventually.ts';
import { descriptorSet, ECHO, SERVICE, startGrpc } from './grpc-fixture.ts';

type Duplex = grpc.ServerDuplexStream<Buffer, Buffer>;

function unaryStatus(client: grpc.Client): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = ECHO.Unary;
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.alloc(0), () => {});
    call.on('status', ({ code }: grpc.StatusObject) => resolve(code));
  });
}

/** A stream of both sides, and what comes of it. */
function talk(client: grpc.Client) {
  const { path, requestSerialize, responseDeserialize } = ECHO.Talk;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const seen = { replies: 0, status: null as number | null };
  stream.on('data', () => seen.replies++);
  stream.on('error', () => {});
  stream.on('status', ({ code }: grpc.StatusObject) => (seen.status = code));
  return { stream, seen };
}

test('a stream goes on over reloads, and ends with a status when its method is gone', async (t) => {
  const { client, gateway } = await startGrpc(t, {
    Unary: (_call: unknown, callback: grpc.sendUnaryData<Buffer>) => callback(null, Buffer.alloc(1)),
    Talk: (given: Duplex) => given.on('data', (piece: Buffer) => given.write(piece)),
  });
  const { stream, seen } = talk(client);
  stream.write(Buffer.from('one'));
  await until('an echo', () => seen.replies === 1);
  assert.equal(await counted(gateway, 'portcullis_streams{kind="grpc"}'), 1);
  const file = join(gateway.folder, 'portcullis.yaml');
  const text = await readFile(file, 'utf8');
  // A limit that is spent at once shows that each of them is in force; more of them than Snapshots may live.
  for (let round = 1; round <= 4; round++) {
    const limited = `auth: public, operations: { ${SERVICE}/Unary: { limit: 1/h per address } }`;
    await writeFile(file, round % 2 === 1 ? text.replace('auth: public', limited) : text);
    const wanted: number = round % 2 === 1 ? grpc.status.RESOURCE_EXHAUSTED : grpc.status.OK;
    await until(`reload ${round}`, async () => (await unaryStatus(client)) === wanted);
    stream.write(Buffer.from('more'));
    await until('another echo', () => seen.replies === 1 + round);
  }
  assert.equal(seen.status, null);
  await writeFile(join(gateway.folder, 'echo.binpb'), descriptorSet('Talk'));
  await until('the end of the stream', () => seen.status !== null);
  assert.equal(seen.status, grpc.status.UNAVAILABLE);
  assert.equal(await counted(gateway, 'portcullis_streams{kind="grpc"}'), 0);
  assert.equal(await counted(gateway, 'portcullis_streams_closed_total{kind="grpc",reason="reload"}'), 1);
  assert.equal(await counted(gateway, 'portcullis_grpc_statuses_total{api="echo",code="UNAVAILABLE"}'), 1);
  assert.ok((await counted(gateway, 'portcullis_grpc_statuses_total{api="echo",code="OK"}')) > 0);
});

test('a client that leaves is counted as one that cancelled', async (t) => {
  const { client, gateway } = await startGrpc(t, {
    Talk: (given: Duplex) => given.on('data', (piece: Buffer) => given.write(piece)),
  });
  const { stream, seen } = talk(client);
  stream.write(Buffer.from('one'));
  await until('an echo', () => seen.replies === 1);
  stream.cancel();
  const series = 'portcullis_grpc_statuses_total{api="echo",code="CANCELLED"}';
  await until('its count', async () => (await counted(gateway, series)) === 1);
  assert.equal(await counted(gateway, 'portcullis_streams_closed_total{kind="grpc",reason="client"}'), 1);
});
