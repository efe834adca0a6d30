import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DescMessage, fromBinary, type Message, toBinary, toJson } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import fc from 'fast-check';
import { judged, REGISTRY, schemaOf, TYPES, typeOf } from '../../src/openapi/grpc/fixture.test.ts';
import { cutUnknown } from '../../src/openapi/grpc/message-cut.ts';
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

test('any octets are judged, and none are too much', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (octets, passes) => {
      for (const name of NAMES) judged(name, octets, passes);
    }),
    { numRuns: RUNS },
  );
});
