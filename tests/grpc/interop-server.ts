import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import {
  type InputRequest,
  type InputResponse,
  type OutputRequest,
  type OutputResponse,
  type SimpleRequest,
  type SimpleResponse,
  TEST_SERVICE,
} from './test-service.ts';

const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

/** The server of the interop cases by grpc-js, over h2c. */
export async function startInteropServer(): Promise<{ readonly port: number; readonly stop: () => void }> {
  const server = new grpc.Server();
  server.addService(TEST_SERVICE, {
    EmptyCall: (_call: unknown, callback: grpc.sendUnaryData<object>) => callback(null, {}),
    UnaryCall: unary,
    CacheableUnaryCall: unary,
    StreamingInputCall: gather,
    StreamingOutputCall: (call: grpc.ServerWritableStream<OutputRequest, OutputResponse>) => {
      answerAll(call.request, call);
      call.end();
    },
    FullDuplexCall: talk,
  });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  return { port, stop: () => server.forceShutdown() };
}

type Unary = grpc.ServerUnaryCall<SimpleRequest, SimpleResponse>;
type Gather = grpc.ServerReadableStream<InputRequest, InputResponse>;
type Talk = grpc.ServerDuplexStream<OutputRequest, OutputResponse>;

function unary(call: Unary, callback: grpc.sendUnaryData<SimpleResponse>): void {
  sendInitial(call);
  const { responseSize = 0, responseStatus } = call.request;
  const metadata = trailing(call.metadata);
  if (responseStatus !== undefined && responseStatus.code !== 0)
    callback({ code: responseStatus.code, details: responseStatus.message, metadata });
  else callback(null, { payload: { body: new Uint8Array(responseSize) } }, metadata);
}

function gather(call: Gather, callback: grpc.sendUnaryData<InputResponse>): void {
  let size = 0;
  call.on('data', ({ payload }: InputRequest) => (size += payload?.body.length ?? 0));
  call.on('end', () => callback(null, { aggregatedPayloadSize: size }));
}

function talk(call: Talk): void {
  sendInitial(call);
  call.on('data', (asked: OutputRequest) => {
    const { responseStatus } = asked;
    if (responseStatus === undefined || responseStatus.code === 0) answerAll(asked, call);
    else call.emit('error', { code: responseStatus.code, details: responseStatus.message });
  });
  call.on('end', () => call.end(trailing(call.metadata)));
}

function answerAll(
  { responseParameters }: OutputRequest,
  to: Pick<grpc.ServerWritableStream<OutputRequest, OutputResponse>, 'write'>,
): void {
  for (const { size } of responseParameters) to.write({ payload: { body: new Uint8Array(size) } });
}

function sendInitial(call: Pick<Unary, 'metadata' | 'sendMetadata'>): void {
  const [value] = call.metadata.get(INITIAL);
  if (value === undefined) return;
  const metadata = new grpc.Metadata();
  metadata.set(INITIAL, value);
  call.sendMetadata(metadata);
}

function trailing(asked: grpc.Metadata): grpc.Metadata {
  const metadata = new grpc.Metadata();
  const [value] = asked.get(TRAILING);
  if (value !== undefined) metadata.set(TRAILING, value);
  return metadata;
}
