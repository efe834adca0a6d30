import { ANY_VALUE, heldType } from './any-message.ts';
import type { MessageType, MessageTypes } from './message-types.ts';
import { DEPTH_LIMIT, GROUP_END, WireReader } from './wire-reader.ts';

/**
 * A message without the fields that are not described, at any depth, nor what is in an `Any` of a type that is not. The
 * message must have been found sound but for these. What stays is as it came, octet for octet, but for the lengths of what is around a cut.
 */
export function cutUnknown(types: MessageTypes, type: MessageType, bytes: Uint8Array): Buffer {
  const reader = new WireReader();
  reader.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const cutter = new Cutter(types, reader);
  cutter.message(type, bytes.length);
  return cutter.written;
}

class Cutter {
  readonly #types: MessageTypes;
  readonly #reader: WireReader;
  /** What stays is never longer than what came. */
  readonly #out: Buffer;
  #end = 0;

  constructor(types: MessageTypes, reader: WireReader) {
    this.#types = types;
    this.#reader = reader;
    this.#out = Buffer.allocUnsafeSlow(reader.bytes.length);
  }

  get written(): Buffer {
    return this.#out.subarray(0, this.#end);
  }

  /** Keeps what is described of a message up to `end` or the end of its group. */
  message(type: MessageType, end: number): void {
    const reader = this.#reader;
    const held = type.wellKnown === 'any' ? this.#heldAt(end) : 'none';
    while (reader.at < end) {
      const from = reader.at;
      reader.varint(end);
      const number = reader.low >>> 3;
      const wire = reader.low & 7;
      if (wire === GROUP_END) {
        this.#keep(from);
        return;
      }
      const field = held === null ? undefined : type.field(number);
      const isHeld = held !== null && held !== 'none' && number === ANY_VALUE;
      const inner = isHeld ? held : field === undefined || field.type === null ? null : this.#types.find(field.type);
      if (field === undefined) reader.skipValue(number, wire, end, DEPTH_LIMIT);
      else if (inner === null) {
        reader.skipValue(number, wire, end, DEPTH_LIMIT);
        this.#keep(from);
      } else if (wire === 3) {
        this.#keep(from);
        this.message(inner, end);
      } else this.#inner(inner, from, end);
    }
  }

  /** Keeps a message in a message, whose length may be another now, and shorter to write. */
  #inner(type: MessageType, from: number, end: number): void {
    const reader = this.#reader;
    const lengthFrom = reader.at;
    const last = reader.lengthEnd(end);
    const length = last - reader.at;
    const octets = reader.at - lengthFrom;
    this.#keep(from);
    const at = this.#end;
    this.message(type, last);
    const left = this.#end - at;
    if (left === length) return;
    const begin = writeLength(this.#out, at - octets, left);
    this.#out.copyWithin(begin, at, this.#end);
    this.#end = begin + left;
  }

  #heldAt(end: number): MessageType | 'none' | null {
    const from = this.#reader.at;
    const held = heldType(this.#reader, this.#types, from, end);
    this.#reader.at = from;
    return held;
  }

  #keep(from: number): void {
    const { bytes, at } = this.#reader;
    this.#end += bytes.copy(this.#out, this.#end, from, at);
  }
}

/** Writes a length at a place, and gives where it ends. */
function writeLength(out: Buffer, from: number, length: number): number {
  let at = from;
  let left = length;
  while (left >= 0x80) {
    out[at++] = (left % 0x80) + 0x80;
    left = Math.floor(left / 0x80);
  }
  out[at++] = left;
  return at;
}
