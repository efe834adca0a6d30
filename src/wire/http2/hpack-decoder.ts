import { COLON, CR, latin1Text, LF, SP } from '../octets.ts';
import { type FieldName, type FieldRules, type FieldSink, pairFault, valueFault } from './hpack-field.ts';
import { DECODED, decodeHuffman } from './hpack-huffman.ts';
import { HpackTable, newField, type TableField } from './hpack-table.ts';

/** Why a block could not be decoded. The connection ends, since the table is not the peer's any more (RFC 7541 §2.2). */
export type HpackFault = 'hpack' | 'header-flood';

/** What a block may bring. */
interface HpackBounds {
  /** Fields that it names, whether anybody keeps them or not. */
  readonly fieldsPerBlock: number;
}

/** A longer block would not fit where strings are decoded to; frames bring none (see `Http2Bounds`). */
const BLOCK_LIMIT_BYTES = 32_768;

/** An integer goes on for at most so many octets behind its first one: 28 bits, far beyond any block or table. */
const CONTINUATION_LIMIT = 4;

/** A block begins with at most so many new sizes: the smallest since the last one, and the final one (RFC 7541 §4.2). */
const RESIZE_LIMIT = 2;

/** Decodes the header blocks that one peer sends over one connection, in order (RFC 7541). */
export class HpackDecoder {
  readonly #rules: FieldRules;
  readonly #table: HpackTable;
  readonly #fieldLimit: number;

  /** `tableLimitBytes`: what our SETTINGS_HEADER_TABLE_SIZE says, 4,096 where it is not sent; 16,384 at most. */
  constructor(rules: FieldRules, tableLimitBytes: number, bounds: HpackBounds) {
    this.#rules = rules;
    this.#table = new HpackTable(rules, tableLimitBytes);
    this.#fieldLimit = bounds.fieldsPerBlock;
  }

  /** What the dynamic table takes of memory, about. */
  get heldBytes(): number {
    return this.#table.heldBytes;
  }

  /** Octets that the dynamic table counts now (RFC 7541 §4.1). */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Decodes one whole block, `from`..`to`, and gives its fields to `into`, in order. Null where it is sound; else nothing
   * may be decoded any more, and what `into` was given is no head.
   */
  decode(bytes: Buffer, from: number, to: number, into: FieldSink): HpackFault | null {
    if (to - from > BLOCK_LIMIT_BYTES) return 'header-flood';
    const start = this.#resize(bytes, from, to);
    if (start < 0) return 'hpack';
    let left = this.#fieldLimit;
    next = start;
    while (next < to) {
      const octet = bytes[next++] as number;
      const field = octet >= 0x80 ? this.#indexed(bytes, octet, to) : this.#literal(bytes, octet, to);
      if (field === null) return 'hpack';
      if (--left < 0) return 'header-flood';
      into.field(field);
    }
    return null;
  }

  /** Takes the new sizes that the block begins with (RFC 7541 §6.3). Gives what stands behind them, or -1. */
  #resize(bytes: Buffer, from: number, to: number): number {
    next = from;
    for (let resizes = 0; next < to; resizes++) {
      const octet = bytes[next] as number;
      if ((octet & 0xe0) !== 0x20) break;
      next++;
      const size = readInteger(bytes, octet & 0x1f, 0x1f, to);
      if (size < 0 || resizes === RESIZE_LIMIT || !this.#table.resize(size)) return -1;
    }
    return next;
  }

  /** A field of the table (RFC 7541 §6.1). */
  #indexed(bytes: Buffer, octet: number, to: number): TableField | null {
    return this.#table.at(octet < 0xff ? octet & 0x7f : readInteger(bytes, 0x7f, 0x7f, to));
  }

  /** A field that is spelt out, its name or only its value (RFC 7541 §6.2). Null too for a new size behind a field (§4.2). */
  #literal(bytes: Buffer, octet: number, to: number): TableField | null {
    const isAdded = octet >= 0x40;
    if (!isAdded && octet >= 0x20) return null;
    const mask = isAdded ? 0x3f : 0x0f;
    const index = readInteger(bytes, octet & mask, mask, to);
    const named = index === 0 ? this.#newName(bytes, to) : this.#nameAt(index);
    if (named === null) return null;
    const field = this.#newField(bytes, named, to);
    if (field !== null && isAdded) this.#table.add(field);
    return field;
  }

  #nameAt(index: number): FieldName | null {
    const field = this.#table.at(index);
    return field === null ? null : field.named;
  }

  #newName(bytes: Buffer, to: number): FieldName | null {
    const length = readLength(bytes, to);
    if (length < 0) return null;
    const from = next;
    next += length;
    if (!isCoded) return this.#rules.name(bytes, from, next);
    const end = decodeHuffman(bytes, from, next, 0);
    return end < 0 ? null : this.#rules.name(DECODED, 0, end);
  }

  /** Reads the value and judges it, in a line as HTTP/1.1 has it. */
  #newField(bytes: Buffer, named: FieldName, to: number): TableField | null {
    const length = readLength(bytes, to);
    if (length < 0) return null;
    const from = next;
    next += length;
    // A pseudo field is never written, so its line is its value.
    const start = named.number < 0 ? 0 : writeName(named.name);
    const end = isCoded ? decodeHuffman(bytes, from, next, start) : copyValue(bytes, from, next, start);
    if (end < 0) return null;
    DECODED[end] = CR;
    DECODED[end + 1] = LF;
    const fault = named.fault ?? valueFault(DECODED, start, end, this.#rules.values);
    if (start === 0) return newField(named, latin1Text(DECODED, 0, end), '', fault);
    const line = latin1Text(DECODED, 0, end + 2);
    const value = line.slice(start, end);
    return newField(named, value, line, fault ?? pairFault(named, value));
  }
}

/** Where the reading of a block is; blocks are decoded one at a time, without a call to elsewhere that could decode one. */
let next = 0;
/** Whether the string whose length was read last is Huffman coded. */
let isCoded = false;

/** The integer that `prefix` begins, of which all bits of `mask` say that it goes on (RFC 7541 §5.1); -1 where it has no end. */
function readInteger(bytes: Buffer, prefix: number, mask: number, to: number): number {
  if (prefix < mask) return prefix;
  let value = mask;
  for (let shift = 0; shift < CONTINUATION_LIMIT * 7 && next < to; shift += 7) {
    const octet = bytes[next++] as number;
    value += (octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  return -1;
}

/** How long the string is that begins here (RFC 7541 §5.2); -1 where the block ends before it. */
function readLength(bytes: Buffer, to: number): number {
  if (next >= to) return -1;
  const octet = bytes[next++] as number;
  isCoded = octet >= 0x80;
  const length = readInteger(bytes, octet & 0x7f, 0x7f, to);
  return length <= to - next ? length : -1;
}

/** Begins a line in `DECODED`; gives where its value stands. */
function writeName(name: string): number {
  const { length } = name;
  for (let at = 0; at < length; at++) DECODED[at] = name.charCodeAt(at);
  DECODED[length] = COLON;
  DECODED[length + 1] = SP;
  return length + 2;
}

/** Longer values are copied by a call, which costs as much as this many octets one by one. */
const GLANCE_OCTETS = 64;

function copyValue(bytes: Buffer, from: number, to: number, start: number): number {
  const shift = start - from;
  if (to - from > GLANCE_OCTETS) bytes.copy(DECODED, start, from, to);
  else for (let at = from; at < to; at++) DECODED[at + shift] = bytes[at] as number;
  return to + shift;
}
