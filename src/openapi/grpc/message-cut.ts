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
  return Buffer.concat(cutter.kept);
}

class Cutter {
  readonly #types: MessageTypes;
  readonly #reader: WireReader;
  /** What stays, in order; the last is open until something is cut. */
  kept: Uint8Array[] = [];

  constructor(types: MessageTypes, reader: WireReader) {
    this.#types = types;
    this.#reader = reader;
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

  /** Keeps a message in a message, whose length may be another now. */
  #inner(type: MessageType, from: number, end: number): void {
    const reader = this.#reader;
    const tag = reader.bytes.subarray(from, reader.at);
    const last = reader.lengthEnd(end);
    const outer = this.kept;
    this.kept = [];
    this.message(type, last);
    const length = this.kept.reduce((sum, { length: octets }) => sum + octets, 0);
    outer.push(tag, lengthOctets(length));
    for (const piece of this.kept) outer.push(piece);
    this.kept = outer;
  }

  #heldAt(end: number): MessageType | 'none' | null {
    const from = this.#reader.at;
    const held = heldType(this.#reader, this.#types, from, end);
    this.#reader.at = from;
    return held;
  }

  #keep(from: number): void {
    const { bytes, at } = this.#reader;
    const last = this.kept.at(-1);
    // What lies side by side stays one piece: of many small fields each would take a hundred times its size.
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset + from)
      this.kept[this.kept.length - 1] = bytes.subarray(last.byteOffset - bytes.byteOffset, at);
    else this.kept.push(bytes.subarray(from, at));
  }
}

function lengthOctets(length: number): Uint8Array {
  const octets: number[] = [];
  let left = length;
  while (left >= 0x80) {
    octets.push((left % 0x80) + 0x80);
    left = Math.floor(left / 0x80);
  }
  octets.push(left);
  return Uint8Array.from(octets);
}
