import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, createFileRegistry, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Type as Type,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { messagesOf } from './descriptor-messages.ts';
import { field, TYPES, typeOf } from './fixture.test.ts';
import { MessageTypes } from './message-types.ts';
import { valueOfMessage } from './message-value.ts';

/** A message of each kind that has a JSON of its own. */
const WELL = {
  name: 'Well',
  field: [
    field('big_number', 1, Type.INT64),
    field('at', 2, '.google.protobuf.Timestamp'),
    field('span', 3, '.google.protobuf.Duration'),
    field('maybe', 4, '.google.protobuf.Int32Value'),
    field('text', 5, '.google.protobuf.StringValue'),
    field('free', 6, '.google.protobuf.Struct'),
    field('value', 7, '.google.protobuf.Value'),
    field('list', 8, '.google.protobuf.ListValue'),
    field('any', 9, '.google.protobuf.Any'),
    field('nothing', 10, Type.ENUM, { typeName: '.google.protobuf.NullValue' }),
    field('proto', 11, Type.STRING, { jsonName: '__proto__' }),
    field('renamed', 12, Type.STRING, { jsonName: 'other-name' }),
    field('chosen', 13, Type.INT32, { oneofIndex: 0, proto3Optional: true }),
  ],
  oneofDecl: [{ name: '_chosen' }],
};
const FILES = [
  file_google_protobuf_any,
  file_google_protobuf_timestamp,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
].map(({ proto }) => proto);
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      ...FILES,
      {
        ...{ name: 'w.proto', package: 'w', syntax: 'proto3', messageType: [WELL] },
        dependency: FILES.map(({ name }) => name),
      },
    ] as never,
  }),
);
const schema = registry.getMessage('w.Well') ?? assert.fail('no message');
const types = new MessageTypes(messagesOf(registry));
const type = types.find('w.Well') ?? assert.fail('no type');

/** What these octets hold, without what stands for nothing; undefined where they can't be read. */
function valueOf(bytes: Uint8Array): unknown {
  const value = valueOfMessage(types, type, bytes);
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

const ZEROS = { bigNumber: 0, nothing: null, ['__proto__']: '', 'other-name': '' };

test('messages that mean more than their fields are read as their JSON', () => {
  const cases: readonly Record<string, JsonValue>[] = [
    { at: '2026-04-01T10:00:00Z' },
    { at: '0001-01-01T00:00:00.500Z' },
    { at: '9999-12-31T23:59:59.000000001Z' },
    { span: '0s' },
    { span: '-0.500s' },
    { span: '90.000001s' },
    { maybe: 0 },
    { text: '' },
    { free: { a: null, b: [1, 'x', { c: true }], ['constructor']: 1 } },
    { value: null },
    { value: [[]] },
    { list: [null, 1.5] },
    { any: {} },
    {
      any: {
        '@type': 'type.googleapis.com/w.Well',
        any: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' },
        chosen: 7,
      },
    },
    { any: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { '@type': 'z' } } },
    { any: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: '' } },
    { chosen: 0 },
    { 'other-name': 'n' },
    { bigNumber: 2 ** 53 - 1 },
    { bigNumber: -(2 ** 53) + 1 },
    { bigNumber: '9007199254740993' },
    { bigNumber: '-9223372036854775808' },
  ];
  for (const json of cases) {
    const bytes = toBinary(schema, fromJson(schema, json, { registry }));
    const inner = json['any'] as Record<string, JsonValue> | undefined;
    const any =
      inner?.['@type'] === 'type.googleapis.com/w.Well' ? { any: { ...ZEROS, ...inner, any: inner['any'] } } : {};
    assert.deepEqual(valueOf(bytes), JSON.parse(JSON.stringify({ ...ZEROS, ...json, ...any })), JSON.stringify(json));
  }
});

test('what has no reading is none', () => {
  assert.equal(valueOf(Buffer.of(0x3a, 0)), undefined, 'a Value of nothing');
  assert.equal(valueOf(Buffer.from('4a050a03782f79', 'hex')), undefined, 'an Any of a type that is not described');
});

test('objects have no ancestors, whatever fields and keys are called', () => {
  const value = valueOfMessage(
    types,
    type,
    Buffer.from('32 0f 0a0d 0a09 5f5f70726f746f5f5f 1200'.replaceAll(' ', ''), 'hex'),
  );
  assert.equal(value, undefined, 'a Value of nothing there too');
  const held = valueOfMessage(
    types,
    type,
    Buffer.from('3211 0a0f 0a09 5f5f70726f746f5f5f 1202 2001'.replaceAll(' ', ''), 'hex'),
  );
  const { free } = held as Record<string, object>;
  assert.equal(Object.getPrototypeOf(held), null);
  assert.deepEqual([Object.getPrototypeOf(free), Object.keys(free ?? {})], [null, ['__proto__']]);
});

test('a message has 250,000 values at most, with those that stand for what was not sent', () => {
  const packed = (count: number): Buffer => {
    const head = [0xca, 0x06];
    let left = count;
    for (; left >= 0x80; left >>>= 7) head.push((left & 0x7f) | 0x80);
    return Buffer.concat([Buffer.of(...head, left), Buffer.alloc(count)]);
  };
  const own = typeOf('t.All').fields.length;
  assert.ok(valueOfMessage(TYPES, typeOf('t.All'), packed(250_000 - own)) !== undefined);
  // Not by `equal`: what it would say of so many values takes minutes.
  assert.ok(valueOfMessage(TYPES, typeOf('t.All'), packed(250_001 - own)) === undefined);
  // Of some octets each, with many fields that were not sent.
  const empty = Buffer.from('fa0100'.repeat(Math.ceil(250_000 / own)), 'hex');
  assert.ok(valueOfMessage(TYPES, typeOf('t.All'), empty) === undefined);
});

test('a number that is none is text, which no comparison takes for one', () => {
  const value = valueOfMessage(
    TYPES,
    typeOf('t.All'),
    Buffer.from('09000000000000f87f 150000807f'.replaceAll(' ', ''), 'hex'),
  );
  const { oneDouble, oneFloat } = value as Record<string, unknown>;
  assert.deepEqual([oneDouble, oneFloat], ['NaN', 'Infinity']);
});

test('where a set says no names in JSON they are those that protoc would say', () => {
  const names = ['plain', 'two_words', '_first', 'last_', 'a__b_1', 'Upper_case'];
  const held = names.map((name, at) => field(name, at + 1, Type.BOOL, { jsonName: '' }));
  const file = [{ name: 'n.proto', package: 'n', syntax: 'proto3', messageType: [{ name: 'N', field: held }] }];
  const { components } = messagesOf(createFileRegistry(create(FileDescriptorSetSchema, { file } as never)));
  assert.deepEqual(
    components.messages['n.N']?.fields.map(({ name, json }) => json ?? name),
    ['plain', 'twoWords', 'First', 'last', 'aB1', 'UpperCase'],
  );
});
