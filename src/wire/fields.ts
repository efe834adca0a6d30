import type { ProblemCode } from '../base/index.ts';
import {
  DISGUISED_FIELD,
  FIELD,
  FIELD_MARKS,
  FieldMark,
  fieldNumber,
  oddFieldNumber,
  OTHER_FIELD,
} from './field-names.ts';
import { COLON, CR, HTAB, LF, TOKEN, REPLY_VALUE, REQUEST_NAME, REQUEST_VALUE, SP } from './octets.ts';

/** Bounds of a head: bytes of the whole, with its last CRLF, and number of fields. */
export interface HeadBounds {
  readonly bytes: number;
  readonly fields: number;
}

/** 16 KiB and 100 fields, as the trusted proxies allow; the target has a bound of its own. */
export const HEAD_BOUNDS: HeadBounds = { bytes: 16_384, fields: 100 };

/** The framing fields of a head, found while it is read. Counts are of lines. */
export interface FieldScan {
  /** name, value, number: see HeaderFields. */
  words: number[];
  contentLength: number;
  contentLengthLines: number;
  /** White space stands behind the length: grammar, but servers that take the line as it is read another number. */
  paddedLength: boolean;
  transferEncodingLines: number;
  chunked: boolean;
  connectionLines: number;
  expectLines: number;
  hostLines: number;
  hostWord: number;
  /** Whether an empty line ends the fields, so that nobody need look for it before. */
  readonly findsEnd: boolean;
  /** Where that line begins; -1 while it has not been seen. */
  end: number;
}

/** A scan to fill. */
export function newFieldScan(findsEnd = false): FieldScan {
  return {
    words: [],
    contentLength: 0,
    contentLengthLines: 0,
    paddedLength: false,
    transferEncodingLines: 0,
    chunked: false,
    connectionLines: 0,
    expectLines: 0,
    hostLines: 0,
    hostWord: 0,
    findsEnd,
    end: -1,
  };
}

/** Makes a scan new again, for heads are read by the hundred thousand, and one at a time. */
export function clearFieldScan(scan: FieldScan): void {
  scan.words = NO_WORDS;
  scan.contentLength = scan.contentLengthLines = scan.transferEncodingLines = 0;
  scan.connectionLines = scan.expectLines = scan.hostLines = scan.hostWord = 0;
  scan.paddedLength = scan.chunked = false;
  scan.end = -1;
}

const NO_WORDS: number[] = [];

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

/** What is wrong with field lines; `incomplete` when the bytes end before that can be told. */
export type FieldFault = ProblemCode | 'incomplete';

/**
 * Reads field lines (RFC 9112 §5) into `scan`. Returns the first thing that is wrong, in order of the bytes, or null: so
 * the verdict does not depend on how much of the head is there. No line folding, no bare line breaks, no space before
 * the colon.
 */
export function readFields(bytes: Uint8Array, span: HeadSpan, octets: FieldOctets, scan: FieldScan): FieldFault | null {
  const { names, values } = octets;
  let count = 0;
  const end = span.end;
  const lastFour = end - 3;
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
    // Four at once, since a token is hundreds of octets long; each mark is 0 or 1.
    while (
      at < lastFour &&
      (values[bytes[at] as number] as number) &
        (values[bytes[at + 1] as number] as number) &
        (values[bytes[at + 2] as number] as number) &
        (values[bytes[at + 3] as number] as number)
    )
      at += 4;
    while (values[bytes[at] as number]) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return valueFault(bytes, at);
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--;
    at += 2;
    const number = odd & 2 ? oddFieldNumber(bytes, nameStart, nameLength) : fieldNumber(bytes, nameStart, nameLength);
    if (count === scratch.length) return 'header-too-large';
    const value = valueStart | ((valueEnd - valueStart) << 16);
    scratch[count++] = nameStart | (nameLength << 16);
    scratch[count++] = value;
    scratch[count++] = number;
    if (number > DISGUISED_FIELD) {
      const fault = noteKnownField(bytes, number, value, scan);
      if (fault !== null) return foldedFault(bytes, at) ?? fault;
    }
  }
  scan.words = scratch.slice(0, count);
  return null;
}

const CONTENT_LENGTH = FIELD['content-length'];
const TRANSFER_ENCODING = FIELD['transfer-encoding'];
const HOST = FIELD.host;
const CONNECTION = FIELD.connection;
const EXPECT = FIELD.expect;

/** Takes note of a field the codec itself obeys; `value` is packed as in HeaderFields. */
function noteKnownField(bytes: Uint8Array, number: number, value: number, scan: FieldScan): ProblemCode | null {
  const start = value & 0xffff;
  const end = start + (value >>> 16);
  switch (number) {
    case CONTENT_LENGTH:
      scan.contentLengthLines++;
      scan.contentLength = readLength(bytes, start, end);
      scan.paddedLength = bytes[end] !== CR;
      return scan.contentLengthLines > 1 || scan.contentLength < 0 ? 'invalid-content-length' : null;
    case TRANSFER_ENCODING:
      scan.transferEncodingLines++;
      scan.chunked = isChunked(bytes, start, end);
      return scan.transferEncodingLines > 1 || !scan.chunked ? 'invalid-transfer-encoding' : null;
    case HOST:
      scan.hostLines++;
      scan.hostWord = value;
      return scan.hostLines > 1 ? 'invalid-host' : null;
    case CONNECTION:
      scan.connectionLines++;
      return null;
    case EXPECT:
      scan.expectLines++;
      return null;
    default:
      return null;
  }
}

/** Whether a field that may stand once stands twice. Replies may repeat what they like; only framing is theirs to get wrong. */
export function hasRepeatedSingle(words: readonly number[]): boolean {
  let seen = 0;
  for (let word = 2; word < words.length; word += 3) {
    const number = words[word] as number;
    if (number === OTHER_FIELD || !((FIELD_MARKS[number] as number) & FieldMark.single)) continue;
    if (seen & (1 << number)) return true;
    seen |= 1 << number;
  }
  return false;
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

function isChunked(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== CHUNKED.length) return false;
  for (let at = 0; at < CHUNKED.length; at++) if (((bytes[start + at] as number) | 32) !== CHUNKED[at]) return false;
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
