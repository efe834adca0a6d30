import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { openSession } from '../http2/node-session.ts';
import { type InteropSubject, startInterop } from './subject.ts';
import {
  codecOf,
  type InputRequest,
  type InputResponse,
  type OutputRequest,
  type OutputResponse,
  type SimpleRequest,
  type SimpleResponse,
  TEST_SERVICE,
} from './test-service.ts';

const GZIP = 2;
const REQUEST_BYTES = 271_828;
const RESPONSE_BYTES = 314_159;

/** A message as it is framed: what was in it, and whether it came compressed. */
interface Framed {
  readonly bytes: Buffer;
  readonly compressed: boolean;
}

function frameOf({ bytes, compressed }: Framed): Buffer {
  const payload = compressed ? gzipSync(bytes) : bytes;
  const prefix = Buffer.alloc(5, compressed ? 1 : 0);
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

/** Reads whole messages; throws where octets are left. */
function framesIn(octets: Buffer): readonly Framed[] {
  const frames: Framed[] = [];
  for (let at = 0; at < octets.length; ) {
    const compressed = octets.readUInt8(at) === 1;
    const end = at + 5 + octets.readUInt32BE(at + 1);
    const payload = octets.subarray(at + 5, end);
    frames.push({ bytes: compressed ? gunzipSync(payload) : payload, compressed });
    at = end;
  }
  return frames;
}

const [simpleRequest, simpleResponse] = [
  codecOf<SimpleRequest>('SimpleRequest'),
  codecOf<SimpleResponse>('SimpleResponse'),
];
const [inputRequest, inputResponse] = [
  codecOf<InputRequest>('StreamingInputCallRequest'),
  codecOf<InputResponse>('StreamingInputCallResponse'),
];
const [outputRequest, outputResponse] = [
  codecOf<OutputRequest>('StreamingOutputCallRequest'),
  codecOf<OutputResponse>('StreamingOutputCallResponse'),
];

/** What each method answers; null where a message was compressed, or not, against what it says itself. */
const ANSWERS: Readonly<Record<string, (asked: readonly Framed[]) => readonly Framed[] | null>> = {
  [TEST_SERVICE.UnaryCall.path](asked) {
    const answers = asked.map(({ bytes, compressed }) => {
      const { expectCompressed, responseCompressed, responseSize = 0 } = simpleRequest.read(bytes);
      if ((expectCompressed?.value ?? compressed) !== compressed) return null;
      const reply = simpleResponse.write({ payload: { body: new Uint8Array(responseSize) } });
      return { bytes: reply, compressed: responseCompressed?.value === true };
    });
    return answers.includes(null) ? null : (answers as readonly Framed[]);
  },
  [TEST_SERVICE.StreamingInputCall.path](asked) {
    let aggregatedPayloadSize = 0;
    for (const { bytes, compressed } of asked) {
      const { expectCompressed, payload } = inputRequest.read(bytes);
      if ((expectCompressed?.value ?? false) !== compressed) return null;
      aggregatedPayloadSize += payload?.body.length ?? 0;
    }
    return [{ bytes: inputResponse.write({ aggregatedPayloadSize }), compressed: false }];
  },
  [TEST_SERVICE.StreamingOutputCall.path]: (asked) =>
    asked.flatMap(({ bytes }) =>
      outputRequest.read(bytes).responseParameters.map(({ size, compressed }) => ({
        bytes: outputResponse.write({ payload: { body: new Uint8Array(size) } }),
        compressed: compressed?.value === true,
      })),
    ),
};

function serve(stream: ServerHttp2Stream, path: string): void {
  const pieces: Buffer[] = [];
  stream.on('error', () => {});
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => {
    const answers = ANSWERS[path]?.(framesIn(Buffer.concat(pieces))) ?? null;
    const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' };
    const status = answers === null ? grpc.status.INVALID_ARGUMENT : grpc.status.OK;
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
    stream.end(Buffer.concat((answers ?? []).map(frameOf)));
  });
}

// grpc-js as a server compresses nothing, and tells its methods nothing of what came compressed.
const server = createServer();
let subject: InteropSubject;

before(async () => {
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
    serve(stream, String(headers[':path'])),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  subject = await startInterop((server.address() as AddressInfo).port);
});

after(async () => {
  await subject?.stop();
  server.close();
});

/** How a unary call ended: its status, and how large the reply's payload was. */
function unary(client: grpc.Client, asked: SimpleRequest): Promise<readonly [grpc.status, number]> {
  const { path, requestSerialize, responseDeserialize } = TEST_SERVICE.UnaryCall;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, asked, (fault, reply) =>
      resolve([fault?.code ?? grpc.status.OK, reply?.payload?.body.length ?? 0]),
    );
  });
}

/** What comes of these messages where they are sent as they stand: status, messages and the coding that is named. */
async function raw(path: string, sent: readonly Framed[]) {
  const { https: port, ca } = subject.gateway;
  const session = await openSession({ port, ca });
  const head = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...head, 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'gzip' });
  const pieces: Buffer[] = [];
  let [status, coding] = ['none', 'none'];
  stream.on('response', (fields) => {
    coding = String(fields['grpc-encoding']);
    status = String(fields['grpc-status'] ?? status);
  });
  stream.on('trailers', (fields) => (status = String(fields['grpc-status'])));
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.end(Buffer.concat(sent.map(frameOf)));
  await new Promise((resolve) => {
    stream.on('close', resolve);
  });
  session.close();
  return { status, coding, frames: framesIn(Buffer.concat(pieces)) };
}

const zeros = (length: number) => ({ payload: { body: new Uint8Array(length) } });
const yes = { value: true };
const no = { value: false };

test('client_compressed_unary: a compressed message comes compressed, a plain one plain', async () => {
  const gzip = subject.channel({ 'grpc.default_compression_algorithm': GZIP });
  const plain = subject.client;
  const asked = { responseSize: RESPONSE_BYTES, ...zeros(REQUEST_BYTES) };
  assert.deepEqual(await unary(plain, { ...asked, expectCompressed: yes }), [grpc.status.INVALID_ARGUMENT, 0]);
  assert.deepEqual(await unary(gzip, { ...asked, expectCompressed: yes }), [grpc.status.OK, RESPONSE_BYTES]);
  assert.deepEqual(await unary(plain, { ...asked, expectCompressed: no }), [grpc.status.OK, RESPONSE_BYTES]);
});

test('server_compressed_unary: a library reads both, and what is compressed goes out so', async () => {
  for (const responseCompressed of [yes, no]) {
    const asked = { responseSize: RESPONSE_BYTES, responseCompressed, ...zeros(REQUEST_BYTES) };
    assert.deepEqual(await unary(subject.client, asked), [grpc.status.OK, RESPONSE_BYTES]);
    const bytes = simpleRequest.write(asked);
    const { status, coding, frames } = await raw(TEST_SERVICE.UnaryCall.path, [{ bytes, compressed: true }]);
    assert.deepEqual([status, coding, frames.length], ['0', 'gzip', 1]);
    assert.equal(frames[0]?.compressed, responseCompressed.value);
  }
});

test('client_compressed_streaming: messages of one stream may be compressed or not', async () => {
  const message = (size: number, compressed: boolean): Framed => ({
    bytes: inputRequest.write({ expectCompressed: { value: compressed }, ...zeros(size) }),
    compressed,
  });
  const { path } = TEST_SERVICE.StreamingInputCall;
  const { status, frames } = await raw(path, [message(27_182, true), message(45_904, false)]);
  assert.equal(status, '0');
  assert.equal(inputResponse.read(frames[0]?.bytes ?? Buffer.alloc(0)).aggregatedPayloadSize, 73_086);
  const lying = await raw(path, [{ ...message(27_182, true), compressed: false }]);
  assert.deepEqual([lying.status, lying.frames], ['3', []]);
});

test('server_compressed_streaming: so may those of the reply, and a library reads them', async () => {
  const responseParameters = [
    { size: 31_415, compressed: yes },
    { size: 92_653, compressed: no },
  ];
  const { path, requestSerialize, responseDeserialize } = TEST_SERVICE.StreamingOutputCall;
  const made = subject.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
    responseParameters,
  });
  const sizes: number[] = [];
  for await (const reply of made) sizes.push((reply as OutputResponse).payload?.body.length ?? 0);
  assert.deepEqual(sizes, [31_415, 92_653]);
  const bytes = outputRequest.write({ responseParameters });
  const { status, frames } = await raw(path, [{ bytes, compressed: false }]);
  assert.deepEqual([status, frames.map(({ compressed }) => compressed)], ['0', [true, false]]);
});
