import type { ProblemCode } from '../base/index.ts';
import { BIT_NUMBERS, DISGUISED_FIELD, FIELD, fieldNumber, oddFieldNumber, SINGLE_BITS } from './field-names.ts';
import type { NamesSeen } from './header-fields.ts';
import {
  COLON,
  CR,
  endOfAllowed,
  HTAB,
  LF,
  LOWER,
  REPLY_VALUE,
  REQUEST_NAME,
  REQUEST_VALUE,
  SP,
  TOKEN,
} from './octets.ts';

/** Bounds of a head: bytes of the whole, with its last CRLF, and number of fields. */
export interface HeadBounds {
  readonly bytes: number;
  readonly fields: number;
}

/** 16 KiB and 100 fields, as the trusted proxies allow; the target has a bound of its own. */
export const HEAD_BOUNDS: HeadBounds = { bytes: 16_384, fields: 100 };

/** The fields of a head, and what the codec itself obeys among them, found while it is read. */
export interface FieldScan extends NamesSeen {
  /** How many words there are to take. */
  count: number;
  seen: number;
  lengths: number;
  /** Of `seen` those that stand there more than once. */
  repeated: number;
  contentLength: number;
  /** White space stands behind the length: grammar, but servers that take the line as it is read another number. */
  paddedLength: boolean;
  chunked: boolean;
  /** The first value of Connection, and that of Host, packed as in HeaderFields. */
  connectionWord: number;
  hostWord: number;
  /** Whether an empty line ends the fields, so that nobody need look for it before. */
  readonly findsEnd: boolean;
  /** Where that line begins; -1 while it has not been seen. */
  end: number;
}

/** A scan to fill. */
export function newFieldScan(findsEnd = false): FieldScan {
  return {
    count: 0,
    seen: 0,
    lengths: 0,
    repeated: 0,
    contentLength: 0,
    paddedLength: false,
    chunked: false,
    connectionWord: 0,
    hostWord: 0,
    findsEnd,
    end: -1,
  };
}

/** Makes a scan new again, for heads are read by the hundred thousand, and one at a time. */
export function clearFieldScan(scan: FieldScan): void {
  scan.count = scan.seen = scan.lengths = scan.repeated = 0;
  scan.contentLength = scan.connectionWord = scan.hostWord = 0;
  scan.paddedLength = scan.chunked = false;
  scan.end = -1;
}

/** Whether the field of this number stands in the head; the number is below `BIT_NUMBERS`. */
export function hasField(scan: FieldScan, number: number): boolean {
  return (scan.seen & (1 << number)) !== 0;
}

/** Whether it stands there more than once. */
export function isRepeated(scan: FieldScan, number: number): boolean {
  return (scan.repeated & (1 << number)) !== 0;
}

/** Whether a field that may stand once stands twice. Replies may repeat what they like; only framing is theirs to get wrong. */
export function hasRepeatedSingle(scan: FieldScan): boolean {
  return (scan.repeated & SINGLE_BITS) !== 0;
}

/** Where the field lines stand: from the first one's first byte to the empty line's. */
export interface HeadSpan {
  readonly from: number;
  readonly end: number;
}

/** Which octets names and values may hold. */
export interface FieldOctets {
  readonly names: Uint8Array;
  readonly values: Uint8Array;
}

/** What requests may hold: no underscores in names, no obs-text in values. */
export const REQUEST_OCTETS: FieldOctets = { names: REQUEST_NAME, values: REQUEST_VALUE };

/** What replies may hold: all that the grammar allows. */
export const REPLY_OCTETS: FieldOctets = { names: TOKEN, values: REPLY_VALUE };

/** Filled anew for each head and then copied: growing an array field by field costs more. */
const scratch: number[] = Array.from({ length: HEAD_BOUNDS.fields * 3 }, () => 0);

/**
 * Name, value and field number of each field that has just been read, as HeaderFields keeps them; before anything else is
 * read. They are not kept in the scan, since whatever is new and hangs on something old is noted by the collector.
 */
export function takeWords(scan: FieldScan): readonly number[] {
  return scratch.slice(0, scan.count);
}

/** What is wrong with field lines; `incomplete` when the bytes end before that can be told. */
export type FieldFault = ProblemCode | 'incomplete';

/**
 * Reads field lines (RFC 9112 §5) into `scan`. Returns the first thing that is wrong, in order of the bytes, or null: so
 * the verdict does not depend on how much of the head is there. No line folding, no bare line breaks, no space before
 * the colon.
 */
export function readFields(bytes: Uint8Array, span: HeadSpan, octets: FieldOctets, scan: FieldScan): FieldFault | null {
  const { names, values } = octets;
  const { end } = span;
  let count = 0;
  let seen = 0;
  let repeated = 0;
  let lengths = 0;
  let at = span.from;
  while (at < end) {
    const nameStart = at;
    let odd = 0;
    let mark = names[bytes[at] as number] as number;
    while (mark) {
      odd |= mark;
      mark = names[bytes[++at] as number] as number;
    }
    if (bytes[at] !== COLON || at === nameStart) {
      if (!scan.findsEnd || at !== nameStart || bytes[at] !== CR || bytes[at + 1] !== LF) return nameFault(bytes, at);
      scan.end = at;
      break;
    }
    const nameLength = at - nameStart;
    at++;
    while (bytes[at] === SP || bytes[at] === HTAB) at++;
    const valueStart = at;
    at = endOfAllowed(bytes, at, end, values);
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return valueFault(bytes, at);
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--;
    at += 2;
    const number = odd & 2 ? oddFieldNumber(bytes, nameStart, nameLength) : fieldNumber(bytes, nameStart, nameLength);
    if (count === scratch.length) return 'header-too-large';
    const value = valueStart | ((valueEnd - valueStart) << 16);
    scratch[count] = nameStart | (nameLength << 16);
    scratch[count + 1] = value;
    scratch[count + 2] = number;
    count += 3;
    lengths |= 1 << nameLength;
    if (number <= DISGUISED_FIELD || number >= BIT_NUMBERS) continue;
    const bit = 1 << number;
    const fault = seen & bit ? repeatFault(number) : number <= LAST_OBEYED ? obey(bytes, number, value, scan) : null;
    if (fault !== null) return foldedFault(bytes, at) ?? fault;
    repeated |= seen & bit;
    seen |= bit;
  }
  scan.seen = seen;
  scan.repeated = repeated;
  scan.lengths = lengths;
  scan.count = count;
  return null;
}

const CONTENT_LENGTH = FIELD['content-length'];
const TRANSFER_ENCODING = FIELD['transfer-encoding'];
const HOST = FIELD.host;
const CONNECTION = FIELD.connection;
const LAST_OBEYED = Math.max(CONTENT_LENGTH, TRANSFER_ENCODING, HOST, CONNECTION);

/** What a field is that stands there a second time and may not, in requests and replies. */
function repeatFault(number: number): ProblemCode | null {
  switch (number) {
    case CONTENT_LENGTH:
      return 'invalid-content-length';
    case TRANSFER_ENCODING:
      return 'invalid-transfer-encoding';
    case HOST:
      return 'invalid-host';
    default:
      return null;
  }
}

/** Takes note of the first field of a number that the codec itself obeys; `value` is packed as in HeaderFields. */
function obey(bytes: Uint8Array, number: number, value: number, scan: FieldScan): ProblemCode | null {
  const start = value & 0xffff;
  const end = start + (value >>> 16);
  switch (number) {
    case CONTENT_LENGTH:
      scan.contentLength = readLength(bytes, start, end);
      scan.paddedLength = bytes[end] !== CR;
      return scan.contentLength < 0 ? 'invalid-content-length' : null;
    case TRANSFER_ENCODING:
      scan.chunked = holdsWord(bytes, value, CHUNKED);
      return scan.chunked ? null : 'invalid-transfer-encoding';
    case HOST:
      scan.hostWord = value;
      return null;
    case CONNECTION:
      scan.connectionWord = value;
      return null;
    default:
      return null;
  }
}

/** Whether all that Connection says is that the connection goes on, as of each message of HTTP/1.1 (RFC 9112 §9.3). */
export function onlyKeepsAlive(bytes: Uint8Array, scan: FieldScan): boolean {
  return !isRepeated(scan, CONNECTION) && holdsWord(bytes, scan.connectionWord, KEEP_ALIVE);
}

/** Plain decimal digits without leading zeros, below 2^53 (RFC 9110 §8.6); else -1. */
function readLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 16 || (bytes[start] === 0x30 && end - start > 1)) return -1;
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}

const UNDERSCORE = 0x5f;
const CHUNKED = Buffer.from('chunked');
const KEEP_ALIVE = Buffer.from('keep-alive');

/** Whether a packed value is this word, in any case. */
function holdsWord(bytes: Uint8Array, value: number, word: Uint8Array): boolean {
  if (value >>> 16 !== word.length) return false;
  const start = value & 0xffff;
  for (let at = 0; at < word.length; at++) if (LOWER[bytes[start + at] as number] !== word[at]) return false;
  return true;
}

function nameFault(bytes: Uint8Array, at: number): FieldFault {
  if (isUndecided(bytes, at)) return 'incomplete';
  const stop = bytes[at];
  if (stop === LF || (stop === CR && bytes[at + 1] !== LF)) return 'bare-line-break';
  return stop === UNDERSCORE ? 'underscore-in-header' : 'malformed-header';
}

function valueFault(bytes: Uint8Array, at: number): FieldFault {
  if (isUndecided(bytes, at)) return 'incomplete';
  return bytes[at] === LF || bytes[at] === CR ? 'bare-line-break' : 'malformed-header-value';
}

/** A value that goes on in the next line is no value yet: the folding is what is wrong (RFC 9112 §5.2). */
function foldedFault(bytes: Uint8Array, at: number): FieldFault | null {
  if (at >= bytes.length) return 'incomplete';
  return bytes[at] === SP || bytes[at] === HTAB ? 'malformed-header' : null;
}

/** Whether the bytes end here, or with a carriage return whose line feed may still come. */
function isUndecided(bytes: Uint8Array, at: number): boolean {
  return at >= bytes.length || (bytes[at] === CR && at + 1 === bytes.length);
}
