/**
 * What holding a message of gRPC of 1 KB against its descriptor costs without the gateway around it, CPU µs: ours, beside
 * `fromBinary` of @bufbuild/protobuf, which makes an object of it; and its way through what holds messages until they are
 * whole, judged and not. Prints one line of JSON.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { MessageJudge, MessageTypes } from '../../src/openapi/index.ts';
import { describeServices } from '../../src/openapi/services.ts';
import { HeldMessages, MessageGate } from '../../src/wire/index.ts';
import { leastCost, times } from './least-cost.ts';
import { ORDER_DESCRIPTORS, ORDER_MESSAGE, ORDER_TYPE } from './bodies/order-message.ts';

const described = await describeServices(ORDER_DESCRIPTORS);
if (!described.ok) throw new Error(described.error);
const types = new MessageTypes(described.value.messages);
const judge = new MessageJudge(types);
const message = ORDER_MESSAGE;
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

const figures = {
  grpc: await leastCost(times(64, () => judge.judge(known, message, false))),
  grpc_protobuf: await leastCost(times(64, () => fromBinary(ORDER_TYPE, message))),
  grpc_passage: await leastCost(times(64, passage(true))),
  grpc_passage_unread: await leastCost(times(64, passage(false))),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
