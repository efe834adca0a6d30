import { ANY_VALUE, heldType } from './any-message.ts';
import type { FieldKind } from './described-messages.ts';
import { timeText } from './message-times.ts';
import type { FieldType, MessageType, MessageTypes } from './message-types.ts';
import { DEPTH_LIMIT, GROUP_END, WireReader } from './wire-reader.ts';

/** As many as a document of JSON may hold, with those that stand for what was not sent. */
const VALUES_LIMIT = 250_000;
const HALF = 2 ** 32;
const ENTRY_VALUE = 2;
const ANY_URL = 'typeUrl';

type Members = Record<string, unknown>;

/**
 * The value of a message as its JSON has it (ProtoJSON), for whoever asks what is in it. The message must have been found
 * sound. Undefined where it has none: it holds more than 250,000 values, an `Any` of a type that is not described, a
 * `Value` of nothing, or text that is no UTF-8.
 *
 * It departs from JSON where comparing would be led astray: a number of 64 bits is a number where that is exact, and
 * fields of which nobody can tell whether they were sent are always there, as their zero, `[]` or `{}`.
 */
export function valueOfMessage(types: MessageTypes, type: MessageType, bytes: Uint8Array): unknown {
  const reader = new WireReader();
  reader.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const value = new ValueReader(types, reader).message(type, bytes.length);
  return value === UNREADABLE ? undefined : value;
}

const UNREADABLE = Symbol('unreadable');

class ValueReader {
  readonly #types: MessageTypes;
  readonly #reader: WireReader;
  #left = VALUES_LIMIT;

  constructor(types: MessageTypes, reader: WireReader) {
    this.#types = types;
    this.#reader = reader;
  }

  /** The value of a message up to `end`, or the end of its group. */
  message(type: MessageType, end: number): unknown {
    if (type.wellKnown === 'any') return this.#any(type, end);
    const members = this.#members(type, end, null);
    return members === null ? UNREADABLE : meaningOf(type, members);
  }

  /** What an `Any` holds, beside the type that it says; what has a JSON of its own stands as its `value`. */
  #any(type: MessageType, end: number): unknown {
    const reader = this.#reader;
    const from = reader.at;
    const held = heldType(reader, this.#types, from, end);
    reader.at = from;
    if (held === null) return UNREADABLE;
    const members = this.#members(type, end, held === 'none' ? null : held);
    if (members === null || held === 'none') return members === null ? UNREADABLE : Object.create(null);
    const value = members['value'] === '' ? this.message(held, reader.at) : members['value'];
    if (value === UNREADABLE) return UNREADABLE;
    const said = hasOwnJson(held) ? { value } : (value as Members);
    return Object.assign(Object.create(null) as Members, said, { '@type': members[ANY_URL] });
  }

  /** What a message has by the names of its fields; null where it can't be read. `held`: what is in it, of an `Any`. */
  #members(type: MessageType, end: number, held: MessageType | null): Members | null {
    const reader = this.#reader;
    this.#left -= type.fields.length;
    if (this.#left < 0) return null;
    const members = withZeros(type);
    while (reader.at < end) {
      reader.varint(end);
      const number = reader.low >>> 3;
      const wire = reader.low & 7;
      if (wire === GROUP_END) break;
      const field = type.field(number);
      if (field === undefined) {
        // Where such may pass nobody here can tell what it is.
        reader.skipValue(number, wire, end, DEPTH_LIMIT);
        continue;
      }
      const inner = held !== null && number === ANY_VALUE ? held : null;
      const isRead =
        inner === null ? this.#field(members, field, { wire, end }) : this.#inner(members, field, inner, end);
      if (!isRead) return null;
    }
    return members;
  }

  #inner(members: Members, field: FieldType, type: MessageType, end: number): boolean {
    const value = this.message(type, this.#reader.lengthEnd(end));
    members[field.json] = value;
    return value !== UNREADABLE;
  }

  /** Reads what one tag stands before. */
  #field(members: Members, field: FieldType, { wire, end }: { readonly wire: number; readonly end: number }): boolean {
    const reader = this.#reader;
    if (field.map) return this.#entry(members[field.json] as Members, field, reader.lengthEnd(end));
    if (wire === field.wire) return this.#add(members, field, end);
    const last = reader.lengthEnd(end);
    while (reader.at < last) if (!this.#add(members, field, last)) return false;
    return true;
  }

  /** Reads one value, and adds it to those of its field. */
  #add(members: Members, field: FieldType, end: number): boolean {
    const value = this.#value(field, end);
    if (value === UNREADABLE || --this.#left < 0) return false;
    if (field.many) (members[field.json] as unknown[]).push(value);
    else members[field.json] = value;
    return true;
  }

  #entry(map: Members, field: FieldType, end: number): boolean {
    const type = this.#typeOf(field);
    const members = this.#members(type, end, null);
    if (members === null) return false;
    const held = type.field(ENTRY_VALUE);
    // Without one its message is one of no octets.
    const isMissing = held !== undefined && held.type !== null && !('value' in members);
    const value = isMissing ? this.message(this.#typeOf(held), this.#reader.at) : members['value'];
    map[String(members['key'])] = value;
    return value !== UNREADABLE;
  }

  #typeOf({ type }: FieldType): MessageType {
    const found = this.#types.find(type ?? '');
    if (found === null) throw new Error(`a message that no set describes: ${type}`);
    return found;
  }

  /** One value, of the field's own wire type. */
  #value(field: FieldType, end: number): unknown {
    const reader = this.#reader;
    if (field.wire === 3) return this.message(this.#typeOf(field), end);
    if (field.wire !== 2) return this.#number(field, end);
    const last = reader.lengthEnd(end);
    if (field.type !== null) return this.message(this.#typeOf(field), last);
    const from = reader.at;
    if (field.kind === 'string' && !field.checked && !reader.text(last)) return UNREADABLE;
    reader.at = last;
    return reader.bytes.toString(field.kind === 'string' ? 'utf8' : 'base64', from, last);
  }

  #number(field: FieldType, end: number): unknown {
    const reader = this.#reader;
    const { at } = reader;
    if (field.wire === 0) reader.varint(end);
    else reader.at += field.wire === 1 ? 8 : 4;
    const read = NUMBERS[field.kind];
    return read === undefined ? named(field, reader.low | 0) : read(reader, at);
  }
}

/** How a number is read that lies at a place, or was just read; those of 32 bits with sign, and of enums, as they are. */
const NUMBERS: Partial<Readonly<Record<FieldKind, (reader: WireReader, at: number) => unknown>>> = {
  double: ({ bytes }, at) => finite(bytes.readDoubleLE(at)),
  float: ({ bytes }, at) => finite(bytes.readFloatLE(at)),
  fixed32: ({ bytes }, at) => bytes.readUInt32LE(at),
  sfixed32: ({ bytes }, at) => bytes.readInt32LE(at),
  fixed64: ({ bytes }, at) => exact(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at)),
  sfixed64: ({ bytes }, at) => exact(bytes.readInt32LE(at + 4), bytes.readUInt32LE(at)),
  uint64: ({ high, low }) => exact(high, low),
  int64: ({ high, low }) => exact(high | 0, low),
  sint64: ({ high, low }) => zigzag(high, low),
  sint32: ({ low }) => (low >>> 1) ^ -(low & 1),
  uint32: ({ low }) => low,
  bool: ({ low }) => low !== 0,
};

/** An object with what stands for fields that are not sent. */
function withZeros({ fields }: MessageType): Members {
  const members: Members = Object.create(null) as Members;
  for (const field of fields) {
    if (field.map) members[field.json] = Object.create(null);
    else if (field.many) members[field.json] = [];
    else if (field.zero) members[field.json] = zeroOf(field);
  }
  return members;
}

function zeroOf(field: FieldType): unknown {
  // Text and octets are what is written by its length.
  if (field.wire === 2) return '';
  return field.kind === 'bool' ? false : named(field, 0);
}

/** The name of an enum's number, or that number where it has none; any other number is as it is. */
function named({ names }: FieldType, number: number): unknown {
  const name = names?.get(number);
  return name === undefined ? number : name;
}

/** As JSON writes those for which it has no number: a text is neither more nor less than any number. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A number of 64 bits: as text where it would not be exact, so that no two of them are the same. */
function exact(high: number, low: number): number | string {
  const near = high * HALF + low;
  return Number.isSafeInteger(near) ? near : String((BigInt(high) << 32n) + BigInt(low));
}

function zigzag(high: number, low: number): number | string {
  const written = (BigInt(high) << 32n) + BigInt(low);
  const value = (written >> 1n) ^ -(written & 1n);
  return exact(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
}

/** Messages that have a JSON of their own, but for times: what one of their fields has. */
const PLAIN: ReadonlyMap<string, string> = new Map([
  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (name) => [`google.protobuf.${name}Value`, 'value'] as const,
  ),
  ['google.protobuf.Struct', 'fields'],
  ['google.protobuf.ListValue', 'values'],
]);

/** What a message stands for, of those that mean more than their fields. */
function meaningOf({ name, wellKnown }: MessageType, members: Members): unknown {
  if (wellKnown === 'timestamp' || wellKnown === 'duration')
    return timeText(wellKnown, Number(members['seconds']), Number(members['nanos']));
  if (name === VALUE) {
    const [value = UNREADABLE] = Object.values(members);
    return value;
  }
  const plain = PLAIN.get(name);
  return plain === undefined ? members : (members[plain] ?? UNREADABLE);
}

function hasOwnJson({ name, wellKnown }: MessageType): boolean {
  return wellKnown !== null || name === VALUE || PLAIN.has(name);
}

const VALUE = 'google.protobuf.Value';
