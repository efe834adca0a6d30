import { create, createFileRegistry, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

const LINES = 20;

const one = (name: string, number: number, type: Type, more: object = {}) => ({
  ...{ name, number, type, label: Label.OPTIONAL },
  ...more,
});
const LINE = {
  name: 'Line',
  field: [
    one('sku', 1, Type.STRING),
    one('quantity', 2, Type.INT32),
    one('price', 3, Type.DOUBLE),
    one('note', 4, Type.STRING),
  ],
};
const ORDER = {
  name: 'Order',
  field: [
    one('id', 1, Type.STRING),
    one('lines', 2, Type.MESSAGE, { typeName: '.bench.Line', label: Label.REPEATED }),
    one('days', 3, Type.INT32, { label: Label.REPEATED }),
    one('express', 4, Type.BOOL),
  ],
};
const METHOD = { name: 'Place', inputType: '.bench.Order', outputType: '.bench.Order' };

/** The method that takes such a message, as it stands in a path. */
export const ORDER_PATH = '/bench.Orders/Place';

const set = create(FileDescriptorSetSchema, {
  file: [
    {
      ...{ name: 'bench.proto', package: 'bench', syntax: 'proto3', messageType: [LINE, ORDER] },
      service: [{ name: 'Orders', method: [METHOD] }],
    },
  ],
});
const found = createFileRegistry(set).getMessage('bench.Order');
if (found === undefined) throw new Error('no message');

/** The type of the message, for its library. */
export const ORDER_TYPE = found;

const lines = Array.from({ length: LINES }, (_, at) => ({
  $typeName: 'bench.Line',
  ...{ sku: `sku-${1_000 + at}`, quantity: at + 1, price: at * 1.5, note: 'leave it at the door' },
}));
const order = { id: '019aa8f0-6c3e-7b54', lines, days: [1, 2, 300, 4_000], express: true };

/** The message: an order of 1 KB. */
export const ORDER_MESSAGE = Buffer.from(toBinary(ORDER_TYPE, create(ORDER_TYPE, order as never)));

/** The descriptor set, as `protoc` would write it. */
export const ORDER_DESCRIPTORS = toBinary(FileDescriptorSetSchema, set);
