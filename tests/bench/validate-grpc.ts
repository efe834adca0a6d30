/**
 * What holding a message of gRPC of 1 KB against its descriptor costs without the gateway around it, CPU µs: ours, beside
 * `fromBinary` of @bufbuild/protobuf, which makes an object of it; and its way through what holds messages until they are
 * whole, judged and not. Prints one line of JSON.
 */
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { MessageJudge, MessageTypes } from '../../src/openapi/index.ts';
import { describeServices } from '../../src/openapi/services.ts';
import { HeldMessages, MessageGate } from '../../src/wire/index.ts';

const ROUNDS = 5;
const ROUND_MS = 300;
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
const set = create(FileDescriptorSetSchema, {
  file: [
    {
      ...{ name: 'bench.proto', package: 'bench', syntax: 'proto3', messageType: [LINE, ORDER] },
      service: [{ name: 'Orders', method: [METHOD] }],
    },
  ],
});
const schema = createFileRegistry(set).getMessage('bench.Order');
if (schema === undefined) throw new Error('no message');
const lines = Array.from({ length: LINES }, (_, at) => ({
  $typeName: 'bench.Line',
  ...{ sku: `sku-${1_000 + at}`, quantity: at + 1, price: at * 1.5, note: 'leave it at the door' },
}));
const order = { id: '019aa8f0-6c3e-7b54', lines, days: [1, 2, 300, 4_000], express: true };
const message = Buffer.from(toBinary(schema, create(schema, order as never)));

const described = await describeServices(toBinary(FileDescriptorSetSchema, set));
if (!described.ok) throw new Error(described.error);
const types = new MessageTypes(described.value.messages);
const judge = new MessageJudge(types);
const type = types.find('bench.Order');
if (type === null || judge.judge(type, message, false) !== null) throw new Error('the message is refused');
const known = type;

const framed = Buffer.concat([Buffer.alloc(5), message]);
framed.writeUInt32BE(message.length, 1);

/** The way of one message, as it comes in one piece. */
function passage(judges: boolean): () => unknown {
  const rules = { limitBytes: 4 * 1024 * 1024, coded: false, single: false };
  const taker = {
    wants: () => judges,
    judge: (_isCoded: boolean, octets: Buffer) => (judge.judge(known, octets, false) === null ? 'as it came' : null),
    keep: () => true,
    release: () => {},
  } as const;
  const [gate, held] = [new MessageGate(rules), new HeldMessages(taker)];
  return () => gate.read([framed]) ?? held.read([framed]);
}

/** The least of some rounds: what others do to the machine only adds. */
function measure(once: () => unknown): number {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const until = performance.now() + ROUND_MS;
    const before = process.threadCpuUsage();
    let done = 0;
    while (performance.now() < until) {
      for (let times = 0; times < 64; times++) once();
      done += 64;
    }
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / done);
  }
  return least;
}

const figures = {
  grpc_1kb: measure(() => judge.judge(known, message, false)),
  grpc_1kb_protobuf: measure(() => fromBinary(schema, message)),
  grpc_1kb_passage: measure(passage(true)),
  grpc_1kb_passage_unread: measure(passage(false)),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
