import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Field,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';

export const SERVICE = 'port.test.v1.Echo';
const METHODS = [
  ['Unary', false, false],
  ['Gather', true, false],
  ['Spread', false, true],
  ['Talk', true, true],
  ['Secret', false, false],
] as const;

/** Each message has octets in its one field. */
function definitionOf([name, requestStream, responseStream]: (typeof METHODS)[number]): grpc.MethodDefinition<
  Buffer,
  Buffer
> {
  return {
    path: `/${SERVICE}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: written,
    requestDeserialize: read,
    responseSerialize: written,
    responseDeserialize: read,
  };
}

const TAG = 0x0a;

function written(data: Buffer): Buffer {
  if (data.length === 0) return data;
  const head = [TAG];
  let left = data.length;
  for (; left >= 0x80; left >>>= 7) head.push((left & 0x7f) | 0x80);
  return Buffer.concat([Buffer.of(...head, left), data]);
}

function read(message: Buffer): Buffer {
  if (message.length === 0) return message;
  let at = 1;
  while ((message[at++] as number) >= 0x80);
  return message.subarray(at);
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
  const field = [{ name: 'data', number: 1, type: Field.BYTES, label: Label.OPTIONAL }];
  const messageType = [{ name: 'Bytes', field }];
  const service = [{ name: 'Echo', method }];
  const file = [{ name: 'echo.proto', package: 'port.test.v1', syntax: 'proto3', messageType, service }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

/** What each method of the upstream does. */
export type Handlers = Partial<Record<Method, grpc.UntypedHandleCall>>;

/** What an API and its upstream have of their own; `methods`: how the upstream reads and writes. */
export interface Settings {
  readonly api?: string;
  readonly upstream?: string;
  readonly methods?: typeof ECHO;
}

/** The same methods, whose messages are octets. */
export const OCTETS = Object.fromEntries(
  Object.entries(ECHO).map(([name, method]) => {
    const same = (bytes: Buffer): Buffer => bytes;
    const codecs = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    return [name, { ...method, ...codecs }];
  }),
) as typeof ECHO;

/** An upstream by grpc-js over h2c, and a gateway before it. */
export async function startGrpc(
  t: TestContext,
  handlers: Handlers,
  { api = '', upstream = '', methods = ECHO }: Settings = {},
): Promise<{ gateway: GatewayProcess; client: grpc.Client; server: grpc.Server }> {
  const server = new grpc.Server();
  const missing: grpc.UntypedHandleCall = () => {
    throw new Error('this method is not part of the test');
  };
  const all = Object.fromEntries(METHODS.map(([name]) => [name, handlers[name] ?? missing]));
  server.addService(methods, all);
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
