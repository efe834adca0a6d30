import type { MethodDefinition } from '@grpc/grpc-js';
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

/** Messages of the interop cases of gRPC, as far as these cases use them. */
export interface Payload {
  readonly body: Uint8Array;
}
export interface EchoStatus {
  readonly code: number;
  readonly message: string;
}
export interface Flag {
  readonly value: boolean;
}
export interface SimpleRequest {
  readonly responseSize?: number;
  readonly payload?: Payload;
  readonly responseCompressed?: Flag;
  readonly responseStatus?: EchoStatus;
  readonly expectCompressed?: Flag;
}
export interface SimpleResponse {
  readonly payload?: Payload;
}
export interface InputRequest {
  readonly payload?: Payload;
  readonly expectCompressed?: Flag;
}
export interface InputResponse {
  readonly aggregatedPayloadSize: number;
}
export interface ResponseParameters {
  readonly size: number;
  readonly intervalUs?: number;
  readonly compressed?: Flag;
}
export interface OutputRequest {
  readonly responseParameters: readonly ResponseParameters[];
  readonly payload?: Payload;
  readonly responseStatus?: EchoStatus;
}
export interface OutputResponse {
  readonly payload?: Payload;
}

const PACKAGE = 'grpc.testing';

/** Fields by message: number, and a type or the message that it holds; `many`: any number of them. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, readonly [number, Type | string, 'many'?]>>>> = {
  Empty: {},
  BoolValue: { value: [1, Type.BOOL] },
  Payload: { type: [1, Type.INT32], body: [2, Type.BYTES] },
  EchoStatus: { code: [1, Type.INT32], message: [2, Type.STRING] },
  SimpleRequest: {
    response_type: [1, Type.INT32],
    response_size: [2, Type.INT32],
    payload: [3, 'Payload'],
    response_compressed: [6, 'BoolValue'],
    response_status: [7, 'EchoStatus'],
    expect_compressed: [8, 'BoolValue'],
    orca_per_query_report: [11, 'TestOrcaReport'],
  },
  TestOrcaReport: {
    cpu_utilization: [1, Type.DOUBLE],
    memory_utilization: [2, Type.DOUBLE],
    request_cost: [3, 'OrcaEntry', 'many'],
    utilization: [4, 'OrcaEntry', 'many'],
  },
  // As the entry of a map is written.
  OrcaEntry: { key: [1, Type.STRING], value: [2, Type.DOUBLE] },
  SimpleResponse: { payload: [1, 'Payload'] },
  StreamingInputCallRequest: { payload: [1, 'Payload'], expect_compressed: [2, 'BoolValue'] },
  StreamingInputCallResponse: { aggregated_payload_size: [1, Type.INT32] },
  ResponseParameters: { size: [1, Type.INT32], interval_us: [2, Type.INT32], compressed: [3, 'BoolValue'] },
  StreamingOutputCallRequest: {
    response_type: [1, Type.INT32],
    response_parameters: [2, 'ResponseParameters', 'many'],
    payload: [3, 'Payload'],
    response_status: [7, 'EchoStatus'],
    orca_oob_report: [8, 'TestOrcaReport'],
  },
  StreamingOutputCallResponse: { payload: [1, 'Payload'] },
};

/** Methods by service: what they take and give, and which side streams. */
const SERVICES = {
  TestService: {
    EmptyCall: ['Empty', 'Empty', ''],
    UnaryCall: ['SimpleRequest', 'SimpleResponse', ''],
    CacheableUnaryCall: ['SimpleRequest', 'SimpleResponse', ''],
    StreamingOutputCall: ['StreamingOutputCallRequest', 'StreamingOutputCallResponse', 'server'],
    StreamingInputCall: ['StreamingInputCallRequest', 'StreamingInputCallResponse', 'client'],
    FullDuplexCall: ['StreamingOutputCallRequest', 'StreamingOutputCallResponse', 'client server'],
    HalfDuplexCall: ['StreamingOutputCallRequest', 'StreamingOutputCallResponse', 'client server'],
    UnimplementedCall: ['Empty', 'Empty', ''],
  },
  UnimplementedService: { UnimplementedCall: ['Empty', 'Empty', ''] },
} as const satisfies Record<string, Record<string, readonly [string, string, string]>>;

function describe(): FileDescriptorSet {
  const messageType = Object.entries(FIELDS).map(([name, fields]) => ({
    name,
    field: Object.entries(fields).map(([field, [number, type, many]]) => ({
      ...{ name: field, number, label: many === undefined ? Label.OPTIONAL : Label.REPEATED },
      ...(typeof type === 'string' ? { type: Type.MESSAGE, typeName: `.${PACKAGE}.${type}` } : { type }),
    })),
  }));
  const service = Object.entries(SERVICES).map(([name, methods]) => ({
    name,
    method: Object.entries(methods).map(([method, [input, output, streams]]) => ({
      name: method,
      inputType: `.${PACKAGE}.${input}`,
      outputType: `.${PACKAGE}.${output}`,
      clientStreaming: streams.includes('client'),
      serverStreaming: streams.includes('server'),
    })),
  }));
  const file = [{ name: 'interop.proto', package: PACKAGE, syntax: 'proto3', messageType, service }];
  return create(FileDescriptorSetSchema, { file });
}

const DESCRIBED = describe();
const REGISTRY = createFileRegistry(DESCRIBED);

/** The descriptor set, for the gateway's configuration. */
export function interopDescriptors(): Uint8Array {
  return toBinary(FileDescriptorSetSchema, DESCRIBED);
}

/** Reads and writes messages of this name. */
export function codecOf<T extends object>(
  name: string,
): {
  readonly write: (value: T) => Buffer;
  readonly read: (bytes: Buffer) => T;
} {
  const type = REGISTRY.getMessage(`${PACKAGE}.${name}`);
  if (type === undefined) throw new Error(`no message ${name}`);
  return {
    write: (value) => Buffer.from(toBinary(type, create(type, value as Record<string, unknown>))),
    read: (bytes) => fromBinary(type, bytes) as unknown as T,
  };
}

function methodOf<I extends object, O extends object>(
  service: string,
  name: string,
  [input, output, streams]: readonly [string, string, string],
): MethodDefinition<I, O> {
  const [asked, answered] = [codecOf<I>(input), codecOf<O>(output)];
  return {
    path: `/${PACKAGE}.${service}/${name}`,
    requestStream: streams.includes('client'),
    responseStream: streams.includes('server'),
    requestSerialize: asked.write,
    requestDeserialize: asked.read,
    responseSerialize: answered.write,
    responseDeserialize: answered.read,
  };
}

const { TestService, UnimplementedService } = SERVICES;
type None = Readonly<Record<string, never>>;

/** The methods of `grpc.testing.TestService` that these cases call. */
export const TEST_SERVICE = {
  EmptyCall: methodOf<None, None>('TestService', 'EmptyCall', TestService.EmptyCall),
  UnaryCall: methodOf<SimpleRequest, SimpleResponse>('TestService', 'UnaryCall', TestService.UnaryCall),
  CacheableUnaryCall: methodOf<SimpleRequest, SimpleResponse>(
    'TestService',
    'CacheableUnaryCall',
    TestService.CacheableUnaryCall,
  ),
  StreamingOutputCall: methodOf<OutputRequest, OutputResponse>(
    'TestService',
    'StreamingOutputCall',
    TestService.StreamingOutputCall,
  ),
  StreamingInputCall: methodOf<InputRequest, InputResponse>(
    'TestService',
    'StreamingInputCall',
    TestService.StreamingInputCall,
  ),
  FullDuplexCall: methodOf<OutputRequest, OutputResponse>('TestService', 'FullDuplexCall', TestService.FullDuplexCall),
};

/** What no server of these tests implements: of a service that it has, and of one that it has not. */
export const UNIMPLEMENTED = {
  method: methodOf<None, None>('TestService', 'UnimplementedCall', TestService.UnimplementedCall),
  service: methodOf<None, None>('UnimplementedService', 'UnimplementedCall', UnimplementedService.UnimplementedCall),
};
