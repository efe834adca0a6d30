import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { ECHO } from '../system/grpc-fixture.ts';

/** A gRPC upstream without TLS: each message comes back, of unary calls and of those that stream both ways. */
export async function startGrpcOrigin(): Promise<{ readonly port: number; stop(): void }> {
  const server = new grpc.Server();
  const unary: grpc.handleUnaryCall<Buffer, Buffer> = (call, reply) => reply(null, call.request);
  const talk: grpc.handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
    call.on('error', () => {});
  };
  server.addService({ Unary: ECHO.Unary, Talk: ECHO.Talk }, { Unary: unary, Talk: talk });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  return { port, stop: () => server.forceShutdown() };
}
