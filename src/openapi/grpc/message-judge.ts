import { ANY_VALUE, heldType } from './any-message.ts';
import { keyOf, MapKeys } from './map-keys.ts';
import { isSoundTime } from './message-times.ts';
import type { FieldType, MessageType, MessageTypes } from './message-types.ts';
import { DEPTH_LIMIT, GROUP_END, WireReader } from './wire-reader.ts';

/** Why a message is not as its descriptor says. */
export type MessageReason =
  | 'malformed'
  | 'depth'
  | 'count'
  | 'unknown'
  | 'wire-type'
  | 'twice'
  | 'oneof'
  | 'key'
  | 'utf8'
  | 'enum'
  | 'range'
  | 'required'
  | 'any'
  | 'time'
  | 'rule';

/** What is wrong with a message, in the words of its descriptor alone. */
export interface MessageFault {
  readonly reason: MessageReason;
  /** The full name of the message that has it. */
  readonly message: string;
  /** The field's name; null where it is of no field that is described. */
  readonly field: string | null;
}

/** Fields of a message and of all messages in it: each costs its reader far more memory than its few octets here. */
const FIELDS_LIMIT = 500_000;
/** Keys of all maps in a message: these are kept while it is judged, which takes far longer than to walk over them. */
const KEYS_LIMIT = 50_000;
const NOTHING: Buffer = Buffer.alloc(0);
const NO_TYPE = '';
const MINUS = 0xffff_ffff;
const SIGN = 0x8000_0000;

/**
 * Holds messages against their descriptors by walking over their octets once. It keeps its room from one message to the
 * next, so that a message allocates nothing but the keys of its maps. One at a time.
 *
 * What readers of protocol buffers take in different ways is refused: numbers that are not in their shortest form, a
 * field of one value or a oneof that comes twice, a key of a map that does, text that is no UTF-8.
 */
export class MessageJudge {
  readonly #types: MessageTypes;
  readonly #reader = new WireReader();
  readonly #keys = new MapKeys();
  /** How often each field of the messages that are open has come, one message's behind the other's. */
  #counts = new Int32Array(256);
  #countsEnd = 0;
  /** Where those of the innermost message begin. */
  #base = 0;
  /** Which of them are not zero, so that clearing costs no more than what came. */
  #touched = new Int32Array(256);
  #touchedEnd = 0;
  #depth = 0;
  #fieldsLeft = 0;
  #keysLeft = 0;
  #fault: MessageFault | null = null;
  #passesUnknown = false;
  /** Of the last message: the one in it that has fields which are not described, where these pass; null where none has. */
  unknownIn: string | null = null;

  constructor(types: MessageTypes) {
    this.#types = types;
  }

  /** What is wrong with this message; null where nothing is. `passesUnknown`: fields that are not described are no fault. */
  judge(type: MessageType, bytes: Uint8Array, passesUnknown: boolean): MessageFault | null {
    this.#reader.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#reader.at = 0;
    this.#fault = null;
    this.#passesUnknown = passesUnknown;
    this.unknownIn = null;
    this.#depth = 0;
    this.#base = 0;
    this.#fieldsLeft = FIELDS_LIMIT;
    this.#keysLeft = KEYS_LIMIT;
    this.#message(type, bytes.length, 0);
    // Whoever judges next must not keep these octets alive.
    this.#reader.bytes = NOTHING;
    return this.#fault;
  }

  /** Walks over a message up to `end`, or of a group with a number up to the tag that ends it. */
  #message(type: MessageType, end: number, group: number): boolean {
    if (++this.#depth > DEPTH_LIMIT) return this.#fail('depth', type, null);
    const from = this.#reader.at;
    const [outer, touched] = [this.#base, this.#touchedEnd];
    const base = this.#countsEnd;
    this.#base = base;
    this.#countsEnd = base + type.slots;
    if (this.#countsEnd > this.#counts.length) this.#counts = grown(this.#counts, this.#countsEnd);
    const sound = this.#fields(type, end, group) && this.#isComplete(type);
    this.#clear(touched, type.hasMaps);
    this.#countsEnd = base;
    this.#base = outer;
    const meant = sound && (type.wellKnown === null || this.#hasMeaning(type, from));
    this.#depth--;
    return meant;
  }

  /** Clears what one message has counted. */
  #clear(from: number, hasMaps: boolean): void {
    while (this.#touchedEnd > from) {
      const slot = this.#touched[--this.#touchedEnd] as number;
      this.#counts[slot] = 0;
      if (hasMaps) this.#keys.close(slot);
    }
  }

  #fields(type: MessageType, end: number, group: number): boolean {
    const reader = this.#reader;
    while (reader.at < end) {
      if (!reader.varint(end) || reader.high !== 0) return this.#fail('malformed', type, null);
      const number = reader.low >>> 3;
      const wire = reader.low & 7;
      if (wire === GROUP_END) return (group !== 0 && number === group) || this.#fail('malformed', type, null);
      if (number === 0) return this.#fail('malformed', type, null);
      if (--this.#fieldsLeft < 0) return this.#fail('count', type, null);
      const field = type.field(number);
      const passed =
        field === undefined
          ? this.#unknown(type, number, wire, end)
          : this.#isCounted(type, field) && this.#field(type, field, wire, end);
      if (!passed) return false;
    }
    return group === 0 || this.#fail('malformed', type, null);
  }

  /** Counts a field. False where one of its oneof has come, or it is one that comes once. */
  #isCounted(type: MessageType, field: FieldType): boolean {
    const counts = this.#counts;
    const slot = this.#base + field.slot;
    if (counts[slot] === 0) this.#touch(slot);
    else if (!field.many) return this.#fail('twice', type, field);
    (counts[slot] as number)++;
    if (field.oneofSlot < 0) return true;
    const shared = this.#base + field.oneofSlot;
    if (counts[shared] !== 0) return this.#fail('oneof', type, field);
    this.#touch(shared);
    counts[shared] = 1;
    return true;
  }

  #touch(slot: number): void {
    if (this.#touchedEnd === this.#touched.length) this.#touched = grown(this.#touched, this.#touchedEnd + 1);
    this.#touched[this.#touchedEnd++] = slot;
  }

  #field(type: MessageType, field: FieldType, wire: number, end: number): boolean {
    if (wire === field.wire) return this.#value(type, field, end);
    if (wire !== 2 || !field.packable) return this.#fail('wire-type', type, field);
    const last = this.#reader.lengthEnd(end);
    if (last < 0) return this.#fail('malformed', type, field);
    return this.#packed(type, field, last);
  }

  /** Walks over the values of a list that are written as one. */
  #packed(type: MessageType, field: FieldType, last: number): boolean {
    const reader = this.#reader;
    if (field.wire !== 0) {
      const size = field.wire === 1 ? 8 : 4;
      const isWhole = (last - reader.at) % size === 0;
      reader.at = last;
      return isWhole || this.#fail('malformed', type, field);
    }
    const isPlain = field.range !== 'bool' && field.closed === null;
    while (reader.at < last) {
      // Most are small: nothing is to be said of these.
      if (isPlain) reader.smallNumbers(last);
      if (reader.at < last && !this.#value(type, field, last)) return false;
    }
    return true;
  }

  /** Walks over one value, of the field's own wire type. */
  #value(type: MessageType, field: FieldType, end: number): boolean {
    const reader = this.#reader;
    switch (field.wire) {
      case 0:
        if (!reader.varint(end)) return this.#fail('malformed', type, field);
        return this.#isInRange(type, field);
      case 1:
        return reader.skip(8, end) || this.#fail('malformed', type, field);
      case 5:
        return reader.skip(4, end) || this.#fail('malformed', type, field);
      case 3:
        return this.#message(this.#typeOf(field), end, field.number);
      case 2: {
        const last = reader.lengthEnd(end);
        if (last < 0) return this.#fail('malformed', type, field);
        if (field.map) return this.#entry(type, field, last);
        if (field.type !== null) return this.#message(this.#typeOf(field), last, 0);
        if (!field.checked) reader.at = last;
        else if (!reader.text(last)) return this.#fail('utf8', type, field);
        return true;
      }
    }
  }

  #typeOf({ type }: FieldType): MessageType {
    const found = this.#types.find(type ?? NO_TYPE);
    if (found === null) throw new Error(`a message that no set describes: ${type}`);
    return found;
  }

  /** Whether the number just read is one of its kind: readers cut what is too large in different ways. */
  #isInRange(type: MessageType, field: FieldType): boolean {
    const { low, high } = this.#reader;
    switch (field.range) {
      case 'any':
        return true;
      case 'bool':
        return (high === 0 && low <= 1) || this.#fail('range', type, field);
      case 'unsigned':
        return high === 0 || this.#fail('range', type, field);
      case 'signed': {
        const isWhole = low < SIGN ? high === 0 : high === MINUS;
        if (!isWhole) return this.#fail('range', type, field);
        return field.closed === null || field.closed.has(low | 0) || this.#fail('enum', type, field);
      }
    }
  }

  /** Goes over a field that is not described, where such may pass. */
  #unknown(type: MessageType, number: number, wire: number, end: number): boolean {
    if (!this.#passesUnknown) return this.#fail('unknown', type, null);
    this.unknownIn ??= type.name;
    const sound = this.#reader.skipValue(number, wire, end, DEPTH_LIMIT - this.#depth);
    return sound || this.#fail('malformed', type, null);
  }

  #isComplete(type: MessageType): boolean {
    for (const field of type.required)
      if (this.#counts[this.#base + field.slot] === 0) return this.#fail('required', type, field);
    return true;
  }

  /** Walks over an entry of a map, whose key no other of that map may have. */
  #entry(type: MessageType, field: FieldType, last: number): boolean {
    const reader = this.#reader;
    const from = reader.at;
    const slot = this.#base + field.slot;
    const entry = this.#typeOf(field);
    if (!this.#message(entry, last, 0)) return false;
    if (--this.#keysLeft < 0) return this.#fail('count', type, field);
    const isNew = this.#keys.add(slot, keyOf(reader, entry, from, last));
    reader.at = last;
    return isNew || this.#fail('key', type, field);
  }

  /** Whether a well-known message that was just walked over, from `from` on, is one of those that it stands for. */
  #hasMeaning(type: MessageType, from: number): boolean {
    const reader = this.#reader;
    const last = reader.at;
    const sound = type.wellKnown === 'any' ? this.#any(type, from, last) : isSoundTime(reader, type, from, last);
    reader.at = last;
    return sound || this.#fail('time', type, null);
  }

  /** What is in a `google.protobuf.Any` is held against the descriptor that its type URL names, behind the last slash. */
  #any(type: MessageType, from: number, last: number): boolean {
    const reader = this.#reader;
    const held = heldType(reader, this.#types, from, last);
    if (held === null) {
      if (!this.#passesUnknown) return this.#fail('any', type, null);
      this.unknownIn ??= type.name;
      return true;
    }
    if (held === 'none' || !reader.find(ANY_VALUE, from, last)) return true;
    const end = reader.lengthEnd(last);
    return this.#message(held, end, 0);
  }

  #fail(reason: MessageReason, { name }: MessageType, field: FieldType | null): false {
    this.#fault ??= { reason, message: name, field: field === null ? null : field.name };
    return false;
  }
}

function grown(list: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, list.length * 2));
  larger.set(list);
  return larger;
}
