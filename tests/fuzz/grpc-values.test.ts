import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import {
  Edition,
  FeatureSet_Utf8Validation as Utf8Validation,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { messagesOf } from '../../src/openapi/grpc/descriptor-messages.ts';
import { field, judged, REGISTRY, schemaOf, TYPES, typeOf } from '../../src/openapi/grpc/fixture.test.ts';
import { cutUnknown } from '../../src/openapi/grpc/message-cut.ts';
import { MessageJudge } from '../../src/openapi/grpc/message-judge.ts';
import { MessageTypes } from '../../src/openapi/grpc/message-types.ts';
import { valueOfMessage } from '../../src/openapi/grpc/message-value.ts';
import { changed, changeOf } from './mutation.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 5_000);
const EXTENSION = 100;
const NAMES = ['t.All', 't2.Old'] as const;

/** What another reader makes of these octets; null where it takes them for none. */
function readByOther(schema: DescMessage, bytes: Uint8Array): Message | null {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return null;
  }
}

/** Whether anything in a message was unknown to the other reader, at any depth. */
function hasUnknown(message: ReflectMessage): boolean {
  // It keeps extensions beside what it does not know.
  if (message.getUnknown()?.some(({ no }) => message.desc.typeName !== 't2.Old' || no !== EXTENSION) === true)
    return true;
  return message.fields.some((field) => {
    if (field.message === undefined || !message.isSet(field)) return false;
    const value: unknown = message.get(field);
    if (field.fieldKind === 'message') return hasUnknown(value as ReflectMessage);
    const inner =
      field.fieldKind === 'list'
        ? [...(value as Iterable<ReflectMessage>)]
        : [...(value as Map<unknown, ReflectMessage>).values()];
    return inner.some(hasUnknown);
  });
}

function varint(value: number): number[] {
  const octets: number[] = [];
  let left = value;
  for (; left >= 0x80; left >>>= 7) octets.push((left & 0x7f) | 0x80);
  return [...octets, left];
}

const NUMBERS = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 18, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41],
  ...[100, 101, 103, 105, 108, 109, 118],
];
const VALUES = [
  ...[[0], [1], [5], [0x7f], [0xff, 0x01], [0x80, 0], [0xff, 0xff, 0xff, 0xff, 0x0f]],
  [...Array<number>(9).fill(0xff), 1],
];
const INNERS = [Buffer.from('\x0a\x07x/t.All'), Buffer.from('\x08\x01'), Buffer.from('hé')];

const often = <T>(usual: readonly T[], other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: other });

interface Sent {
  readonly number: number;
  readonly wire: number;
  readonly value: readonly number[];
  readonly inner: Uint8Array;
}

function octetsOf({ number, wire, value, inner }: Sent): readonly number[] {
  const tag = varint(number * 8 + wire);
  if (wire === 0) return [...tag, ...value];
  if (wire === 1) return [...tag, ...Array<number>(8).fill(inner[0] ?? 0)];
  if (wire === 5) return [...tag, ...Array<number>(4).fill(inner[0] ?? 0)];
  return wire === 2 ? [...tag, ...varint(inner.length), ...inner] : tag;
}

/** Octets that look like a message, with numbers of fields and of wire types that there are, and others. */
const { octets: anyOctets } = fc.letrec<{ octets: Uint8Array }>((tie) => {
  const field = fc.record({
    number: often(NUMBERS, fc.nat(200)),
    wire: often([0, 1, 2, 2, 2, 5], fc.nat(7)),
    value: fc.constantFrom(...VALUES),
    inner: fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 6 }), tie('octets'), fc.constantFrom(...INNERS)),
  });
  return { octets: fc.array(field, { maxLength: 4 }).map((fields) => Uint8Array.from(fields.flatMap(octetsOf))) };
});

test('what the judge passes another reader reads, with nothing in it that is unknown, and writes with the same values', () => {
  let passed = 0;
  const check = (name: (typeof NAMES)[number], octets: Uint8Array): void => {
    if (judged(name, octets) !== null) return;
    passed++;
    const schema = schemaOf(name);
    const read = readByOther(schema, octets);
    assert.ok(read !== null, `passed, and unreadable: ${Buffer.from(octets).toString('hex')}`);
    assert.equal(hasUnknown(reflect(schema, read)), false, Buffer.from(octets).toString('hex'));
    const written = toBinary(schema, read);
    assert.equal(judged(name, written), null, Buffer.from(octets).toString('hex'));
    const again = readByOther(schema, written);
    // Octets, since NaN is not what it is.
    assert.ok(again !== null && Buffer.compare(toBinary(schema, again), written) === 0);
  };
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), anyOctets, fc.option(changeOf(3), { freq: 3 }), (name, octets, change) => {
      const sent = change === null ? octets : changed(Buffer.from(octets), change);
      check(name, name === 't2.Old' ? Buffer.concat([Buffer.of(8, 1), sent]) : sent);
    }),
    { numRuns: RUNS },
  );
  assert.ok(passed > RUNS / 20, `only ${passed} passed`);
});

test('what is left of a message without what is not described is described, and has the other values as they were', () => {
  let cuts = 0;
  fc.assert(
    fc.property(anyOctets, (octets) => {
      if (judged('t.All', octets, true) !== null) return;
      const cut = cutUnknown(TYPES, typeOf('t.All'), octets);
      assert.equal(judged('t.All', cut), null, Buffer.from(octets).toString('hex'));
      if (judged('t.All', octets) === null) assert.ok(cut.equals(octets), 'something was cut of a sound message');
      else cuts++;
      const schema = schemaOf('t.All');
      const before = readByOther(schema, octets);
      const after = readByOther(schema, cut);
      assert.ok(before !== null && after !== null);
      const knownOf = (message: Message): Uint8Array => toBinary(schema, message, { writeUnknownFields: false });
      // What an `Any` holds is octets to the other reader, and may be cut too.
      if (!Buffer.from(octets).includes(Buffer.of(0xba, 0x02)))
        assert.ok(Buffer.compare(knownOf(before), knownOf(after)) === 0, Buffer.from(octets).toString('hex'));
    }),
    { numRuns: RUNS },
  );
  assert.ok(cuts > RUNS / 500, `only ${cuts} were cut`);
});

/** A value with all its numbers as texts: JSON has those of 64 bits as texts. */
function inTexts(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? String(each) : each)));
}

test('the value of a message is the JSON that another reader makes of it, with all zeros', () => {
  let read = 0;
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), anyOctets, (name, octets) => {
      const sent = name === 't2.Old' ? Buffer.concat([Buffer.of(8, 1), octets]) : Buffer.from(octets);
      if (judged(name, sent) !== null) return;
      read++;
      const schema = schemaOf(name);
      const other = toJson(schema, fromBinary(schema, sent), { alwaysEmitImplicit: true, registry: REGISTRY });
      assert.deepEqual(inTexts(valueOfMessage(TYPES, typeOf(name), sent)), inTexts(other), sent.toString('hex'));
    }),
    { numRuns: RUNS },
  );
  assert.ok(read > RUNS / 20, `only ${read} were read`);
});

/** Fields of each class in which readers have differed, the sound and the odd ones; what is written first is read first. */
const CLASSES: Readonly<Record<(typeof NAMES)[number], readonly string[]>> = {
  't.All': [
    ...['2805', '2800', '288000', '28ffffffffffffffffff01', '28ffffffffffffffffff02', '2880808080f8ffffffff01'],
    ...['28ffffffff0f', '18ffffffffffffffff7f', '2080808080808080808001', '4001', '4002', '9001ffffffffffffffffff01'],
    ...['c80601', 'ca06020203', 'ca0600', 'ca06020180', 'e206020001', 'aa06080000000000000040', 'aa060500000000ff'],
    ...['4a0161', '4a00', '4a01ff', '4a03eda080', '4affffffffffffffffff01', '4affffffff0f', '62020080'],
    ...['f201022807', 'f201024a0162', 'f20100', 'fa01022801', 'f201022801f201022802'],
    ...['aa020178', 'b00209', 'b00200', '98022a', 'a202020005', '0700', '0600', '0001', 'f8ffffff0f01', 'f8ffffff1f01'],
    ...['820200', '8202030a0161', '8202021200', '8202060a01610a0162', '82020712030a0161'],
    ...['8a02020802', '8a0203120161', '8a020508021201ff', '8a02051201610804', '92020408001200'],
    ...['900601', '930608019406', '93069c06', '9306', '2b2c', '2c'],
  ],
  't2.Old': [
    ...['0801', '0802', '10f9ffffffffffffffff01', '1001', '1b08051c', '1b1c', '1b080524', '1b', '23241b1c', '23080124'],
    ...['1b120208031c', '1a020805', '2a0161', '2a01ff', '3200', '32020000', '32020001', 'a2060161', 'aa060161', '1c'],
  ],
};

test('of fields of each class in which readers differ, alone, in pairs and cut anywhere, what passes has one value', () => {
  const seen = { passed: 0, refused: 0, differed: 0 };
  const check = (name: (typeof NAMES)[number], sent: Buffer): void => {
    const schema = schemaOf(name);
    const read = readByOther(schema, sent);
    if (judged(name, sent) !== null) {
      seen.refused++;
      if (read !== null) seen.differed++;
      return;
    }
    seen.passed++;
    assert.ok(read !== null, `passed, and unreadable: ${sent.toString('hex')}`);
    const other = toJson(schema, read, { alwaysEmitImplicit: true, registry: REGISTRY });
    assert.deepEqual(inTexts(valueOfMessage(TYPES, typeOf(name), sent)), inTexts(other), sent.toString('hex'));
  };
  const checkCut = (name: (typeof NAMES)[number], hex: string): void => {
    const whole = Buffer.from(hex, 'hex');
    assert.equal(whole.length, hex.length / 2);
    for (let length = 0; length <= whole.length; length++) check(name, whole.subarray(0, length));
  };
  for (const name of NAMES)
    for (const one of CLASSES[name]) for (const other of ['', ...CLASSES[name]]) checkCut(name, one + other);
  // More is refused than one reader refuses: of these the next might make something else.
  assert.ok(seen.passed > 2_000 && seen.refused > 2_000 && seen.differed > 1_000, JSON.stringify(seen));
});

test('text passes unread where an edition says that it need not be UTF-8; then it has a value only if it is', () => {
  const file = {
    ...{ name: 'e.proto', package: 'e', syntax: 'editions', edition: Edition.EDITION_2023 },
    options: { features: { utf8Validation: Utf8Validation.NONE } },
    messageType: [{ name: 'E', field: [field('text', 1, Type.STRING)] }],
  };
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] } as never));
  const schema = registry.getMessage('e.E') ?? assert.fail('no message');
  const types = new MessageTypes(messagesOf(registry));
  const type = types.find('e.E') ?? assert.fail('no type');
  const judge = new MessageJudge(types);
  let odd = 0;
  const check = (text: Uint8Array): void => {
    const sent = Buffer.concat([Buffer.of(0x0a, text.length), text]);
    assert.equal(judge.judge(type, sent, false), null, sent.toString('hex'));
    const isText = Buffer.from(Buffer.from(text).toString('utf8')).equals(text);
    if (!isText) odd++;
    const expected = isText ? inTexts(toJson(schema, fromBinary(schema, sent))) : undefined;
    const value = valueOfMessage(types, type, sent);
    assert.deepEqual(value === undefined ? undefined : inTexts(value), expected, sent.toString('hex'));
  };
  for (const hex of ['', '61', 'c3a9', 'f09f9880', 'ff', 'c0af', 'eda080', 'f4908080', 'c3', '61ff61'])
    check(Buffer.from(hex, 'hex'));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), check), { numRuns: RUNS });
  assert.ok(odd > 5);
});

test('any octets are judged, and none are too much', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (octets, passes) => {
      for (const name of NAMES) judged(name, octets, passes);
    }),
    { numRuns: RUNS },
  );
});
