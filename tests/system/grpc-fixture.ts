import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';

export const SERVICE = 'port.test.v1.Echo';
const METHODS = [
  ['Unary', false, false],
  ['Gather', true, false],
  ['Spread', false, true],
  ['Talk', true, true],
  ['Secret', false, false],
] as const;

/** Messages are octets: what is in them is nothing to the gateway. */
function definitionOf([name, requestStream, responseStream]: (typeof METHODS)[number]): grpc.MethodDefinition<
  Buffer,
  Buffer
> {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/${SERVICE}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

export type Method = (typeof METHODS)[number][0];
export const ECHO = Object.fromEntries(METHODS.map((method) => [method[0], definitionOf(method)])) as Record<
  Method,
  grpc.MethodDefinition<Buffer, Buffer>
>;

/** The descriptor set as the library makes it, without protoc; one method may be left out. */
export function descriptorSet(but: Method | null = null): Uint8Array {
  const method = METHODS.filter(([name]) => name !== but).map(([name, clientStreaming, serverStreaming]) => ({
    name,
    clientStreaming,
    serverStreaming,
    inputType: '.port.test.v1.Bytes',
    outputType: '.port.test.v1.Bytes',
  }));
  const file = [{ name: 'echo.proto', package: 'port.test.v1', service: [{ name: 'Echo', method }] }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

/** What each method of the upstream does. */
export type Handlers = Partial<Record<Method, grpc.UntypedHandleCall>>;

/** An upstream by grpc-js over h2c, and a gateway before it. */
export async function startGrpc(
  t: TestContext,
  handlers: Handlers,
  { api = '', upstream = '' }: { readonly api?: string; readonly upstream?: string } = {},
): Promise<{ gateway: GatewayProcess; client: grpc.Client; server: grpc.Server }> {
  const server = new grpc.Server();
  const missing: grpc.UntypedHandleCall = () => {
    throw new Error('this method is not part of the test');
  };
  const all = Object.fromEntries(METHODS.map(([name]) => [name, handlers[name] ?? missing]));
  server.addService(ECHO, all);
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  t.after(() => server.forceShutdown());
  const gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  echo: { descriptors: ./echo.binpb, upstream: { targets: ['http://127.0.0.1:${port}']${upstream} }, auth: public${api} }
`,
    { beside: { 'echo.binpb': descriptorSet() } },
  );
  t.after(() => gateway.stop());
  const client = new grpc.Client(`localhost:${gateway.https}`, grpc.credentials.createSsl(Buffer.from(gateway.ca)));
  t.after(() => client.close());
  return { gateway, client, server };
}
