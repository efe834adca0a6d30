import { create, createFileRegistry, type DescMessage, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_timestamp,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import type { DescribedMessages } from './described-messages.ts';
import { messagesOf } from './descriptor-messages.ts';
import { type MessageFault, MessageJudge } from './message-judge.ts';
import { type MessageType, MessageTypes } from './message-types.ts';

type FieldShape = Record<string, unknown>;

/** A field of one value, with the name in JSON that protoc writes for it. */
export function field(name: string, number: number, type: Type | string, more: FieldShape = {}): FieldShape {
  const held = typeof type === 'string' ? { type: Type.MESSAGE, typeName: type } : { type };
  const jsonName = name.replace(/_(.)/g, (_, next: string) => next.toUpperCase());
  return { name, number, jsonName, label: Label.OPTIONAL, ...held, ...more };
}

const many = { label: Label.REPEATED };

function entry(name: string, key: Type, value: Type | string): object {
  return { name, options: { mapEntry: true }, field: [field('key', 1, key), field('value', 2, value)] };
}

const SCALARS = [
  ...[Type.DOUBLE, Type.FLOAT, Type.INT64, Type.UINT64, Type.INT32, Type.FIXED64, Type.FIXED32, Type.BOOL],
  ...[Type.STRING, Type.BYTES, Type.UINT32, Type.SFIXED32, Type.SFIXED64, Type.SINT32, Type.SINT64],
];

/** One of each scalar, one by one and many; messages, maps, a oneof, an open enum; and what well-known messages there are. */
const ALL = {
  name: 'All',
  field: [
    ...SCALARS.map((type) => field(`one_${Type[type].toLowerCase()}`, type, type)),
    ...SCALARS.map((type) => field(`many_${Type[type].toLowerCase()}`, 100 + type, type, many)),
    field('inner', 30, '.t.All'),
    field('inners', 31, '.t.All', many),
    field('text_map', 32, '.t.All.TextMapEntry', many),
    field('number_map', 33, '.t.All.NumberMapEntry', many),
    field('flag_map', 34, '.t.All.FlagMapEntry', many),
    field('color', 35, Type.ENUM, { typeName: '.t.Color' }),
    field('colors', 36, Type.ENUM, { typeName: '.t.Color', ...many }),
    field('left', 37, Type.STRING, { oneofIndex: 0 }),
    field('right', 38, Type.INT32, { oneofIndex: 0 }),
    field('any', 39, '.google.protobuf.Any'),
    field('at', 40, '.google.protobuf.Timestamp'),
    field('span', 41, '.google.protobuf.Duration'),
    field('far', 536_870_911, Type.BOOL),
  ],
  oneofDecl: [{ name: 'side' }],
  nestedType: [
    entry('TextMapEntry', Type.STRING, '.t.All'),
    entry('NumberMapEntry', Type.SINT64, Type.BYTES),
    entry('FlagMapEntry', Type.BOOL, Type.STRING),
  ],
};

/** What only proto2 has. */
const OLD = {
  name: 'Old',
  field: [
    field('id', 1, Type.INT32, { label: Label.REQUIRED }),
    field('shape', 2, Type.ENUM, { typeName: '.t2.Shape' }),
    field('group', 3, Type.GROUP, { typeName: '.t2.Old.Group' }),
    field('groups', 4, Type.GROUP, { typeName: '.t2.Old.Group', ...many }),
    field('text', 5, Type.STRING),
    field('shapes', 6, Type.ENUM, { typeName: '.t2.Shape', ...many }),
  ],
  nestedType: [{ name: 'Group', field: [field('a', 1, Type.INT32), field('old', 2, '.t2.Old')] }],
  extensionRange: [{ start: 100, end: 200 }],
};

const SERVICE = {
  name: 'S',
  method: [
    { name: 'Do', inputType: '.t.All', outputType: '.t.All' },
    { name: 'Old', inputType: '.t2.Old', outputType: '.t2.Old' },
  ],
};

const WELL_KNOWN = [file_google_protobuf_any, file_google_protobuf_timestamp, file_google_protobuf_duration];

/** The set of all these. */
export const SET: FileDescriptorSet = create(FileDescriptorSetSchema, {
  file: [
    ...WELL_KNOWN.map(({ proto }) => proto),
    {
      name: 't2.proto',
      package: 't2',
      syntax: 'proto2',
      messageType: [OLD],
      enumType: [
        {
          name: 'Shape',
          value: [
            { name: 'ROUND', number: 0 },
            { name: 'FLAT', number: -7 },
          ],
        },
      ],
      extension: [field('extra', 100, Type.STRING, { extendee: '.t2.Old' })],
    },
    {
      name: 't.proto',
      package: 't',
      syntax: 'proto3',
      dependency: ['t2.proto', ...WELL_KNOWN.map(({ proto }) => proto.name)],
      messageType: [ALL],
      enumType: [
        {
          name: 'Color',
          value: [
            { name: 'RED', number: 0 },
            { name: 'BLUE', number: 5 },
          ],
        },
      ],
      service: [SERVICE],
    },
  ] as never,
});

export const SET_BYTES = toBinary(FileDescriptorSetSchema, SET);
export const REGISTRY = createFileRegistry(SET);
// As they come to a thread.
export const TYPES = new MessageTypes(JSON.parse(JSON.stringify(messagesOf(REGISTRY))) as DescribedMessages);
const JUDGE = new MessageJudge(TYPES);

/** A message as the library describes it. */
export function schemaOf(name: string): DescMessage {
  const found = REGISTRY.getMessage(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

export function typeOf(name: string): MessageType {
  const found = TYPES.find(name);
  if (found === null) throw new Error(`no ${name}`);
  return found;
}

/** What the judge says of these octets. */
export function judged(name: string, bytes: Uint8Array, passesUnknown = false): MessageFault | null {
  return JUDGE.judge(typeOf(name), bytes, passesUnknown);
}

/** What is wrong with these octets, as `reason field`; '' for nothing. */
export function faultOf(name: string, hex: string, passesUnknown = false): string {
  const fault = judged(name, Buffer.from(hex.replaceAll(' ', ''), 'hex'), passesUnknown);
  return fault === null ? '' : `${fault.reason} ${fault.field ?? fault.message}`;
}

/** The message that the judge found something unknown in. */
export function unknownIn(name: string, hex: string): string | null {
  return faultOf(name, hex, true) === '' ? JUDGE.unknownIn : 'a fault';
}
