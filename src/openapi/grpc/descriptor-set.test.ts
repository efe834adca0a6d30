import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describeServices } from '../services.ts';
import { readDescriptorSet } from './descriptor-set.ts';

type Shape = Parameters<typeof create<typeof FileDescriptorSetSchema>>[1];

function setOf(shape: Shape): Uint8Array {
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, shape));
}

const method = (name: string, more: object = {}) => ({ name, inputType: '.a.M', outputType: '.a.M', ...more });
const file = (name: string, service: readonly object[]): FileDescriptorProto =>
  ({ name: `${name}.proto`, package: name, service, syntax: 'proto3' }) as unknown as FileDescriptorProto;

async function faultOf(bytes: Uint8Array): Promise<string> {
  const read = await readDescriptorSet(bytes);
  return read.ok ? 'fine' : read.error;
}

/** Where the message is that all of these methods take. */
const MESSAGES = {
  ...file('a', []),
  name: 'messages.proto',
  messageType: [{ name: 'M' }],
} as unknown as FileDescriptorProto;

const ORDERS = setOf({
  file: [
    MESSAGES,
    file('', [{ name: 'Bare', method: [method('Do')] }]),
    file('orders.v1', [
      {
        name: 'Orders',
        method: [
          method('Get'),
          method('Watch', { serverStreaming: true }),
          method('Load', { clientStreaming: true }),
          method('Chat', { clientStreaming: true, serverStreaming: true, options: { deprecated: true } }),
        ],
      },
      { name: 'Empty', method: [] },
      { name: 'Old', options: { deprecated: true }, method: [method('Get')] },
    ]),
  ],
});

test('methods come with their services, in order, and with what streams of them', async () => {
  const read = await readDescriptorSet(ORDERS);
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.methods.map(
      ({ service, method: name, streams, deprecated }) => `${service}/${name} ${streams} ${deprecated}`,
    ),
    [
      'Bare/Do neither false',
      'orders.v1.Orders/Get neither false',
      'orders.v1.Orders/Watch server false',
      'orders.v1.Orders/Load client false',
      'orders.v1.Orders/Chat both true',
      'orders.v1.Old/Get neither true',
    ],
  );
});

test('what is no descriptor set, or has no method, is told', async () => {
  assert.equal(await faultOf(Buffer.from('syntax = "proto3";')), 'is no descriptor set');
  assert.equal(await faultOf(Buffer.alloc(0)), 'describes no method of any service');
  assert.equal(await faultOf(setOf({ file: [file('a', [])] })), 'describes no method of any service');
});

test('names that are none, that are too long or come twice are refused', async () => {
  const named = (prefix: string, service: string, name: string): Uint8Array =>
    setOf({ file: [file(prefix, [{ name: service, method: [method(name)] }])] });
  for (const [prefix, service, name] of [
    ['a', 'S', 'M/N'],
    ['a', 'S', '{id}'],
    ['a', 'S', 'a.b'],
    ['a', 'S', ''],
    ['a', '', 'M'],
    ['a..b', 'S', 'M'],
    ['../a', 'S', 'M'],
    ['a', 'S', 'M\n'],
    ['a', 'Ñ', 'M'],
    ['a', 'S'.repeat(512), 'M'],
  ] as const)
    assert.match(await faultOf(named(prefix, service, name)), /whose name is none/, `${prefix} ${service} ${name}`);
  const service = { name: 'S', method: [method('M')] };
  assert.equal(await faultOf(setOf({ file: [file('a', [service]), file('a', [service])] })), 'describes a.S/M twice');
});

test('no octets make the reader fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(ORDERS.length), async (bytes, at) => {
      await readDescriptorSet(bytes);
      await readDescriptorSet(Buffer.concat([ORDERS.subarray(0, at), bytes]));
    }),
  );
});

test('each method is an operation: a POST to the path of its name', async () => {
  const described = await describeServices(ORDERS);
  assert.ok(described.ok);
  const { operations } = described.value.description;
  assert.deepEqual(
    operations.map(({ id, method: verb, template, grpc, deprecated }) => [id, verb, template, grpc, deprecated])[4],
    ['orders.v1.Orders/Chat', 'POST', '/orders.v1.Orders/Chat', 'both', true],
  );
  assert.deepEqual(operations[1]?.segments, [
    { kind: 'literal', text: 'orders.v1.Orders' },
    { kind: 'literal', text: 'Get' },
  ]);
  assert.equal((await describeServices(Buffer.from('x'))).ok, false);
});
