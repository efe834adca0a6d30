import { create, toBinary } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** The call of the gRPC row. */
export const UNARY_PATH = '/bench.Echo/Unary';

/** A message of 100 bytes behind its prefix: not compressed, and its length (gRPC over HTTP/2, Length-Prefixed-Message). */
export const UNARY_MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), bytesField(98)]);

/** One field of type bytes, number 1, as protocol buffers write it: 2 bytes of head and so many of content. */
function bytesField(length: number): Buffer {
  return Buffer.concat([Buffer.from([0x0a, length]), Buffer.alloc(length, 'x')]);
}

/** The descriptor set of the service that is called, as `protoc` would write it. */
export function unaryDescriptors(): Uint8Array {
  const method = [{ name: 'Unary', inputType: '.bench.Bytes', outputType: '.bench.Bytes' }];
  const field = [
    { name: 'data', number: 1, type: FieldDescriptorProto_Type.BYTES, label: FieldDescriptorProto_Label.OPTIONAL },
  ];
  const messageType = [{ name: 'Bytes', field }];
  const syntax = 'proto3';
  const file = [{ name: 'bench.proto', package: 'bench', syntax, messageType, service: [{ name: 'Echo', method }] }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}
