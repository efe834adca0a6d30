import { create, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

const MANY = 1_000;
const FIELDS = 10;

/** A descriptor set with 1,000 messages of ten fields. */
export function largeDescriptors(): Uint8Array {
  const messageType = Array.from({ length: MANY }, (_, at) => ({
    name: `Message${at}`,
    field: Array.from({ length: FIELDS }, (__, field) => ({
      ...{ name: `field${field}`, number: field + 1, label: Label.OPTIONAL },
      ...(field === 0 ? { type: Type.MESSAGE, typeName: `.bench.Message${(at + 1) % MANY}` } : { type: Type.STRING }),
    })),
  }));
  const method = [{ name: 'Place', inputType: '.bench.Message0', outputType: '.bench.Message1' }];
  const service = [{ name: 'Orders', method }];
  const file = [{ name: 'bench.proto', package: 'bench', syntax: 'proto3', messageType, service }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}
