import { FIELD, fieldNumber, oddFieldNumber, OTHER_FIELD } from '../field-names.ts';
import {
  COLON,
  CR,
  endOfAllowed,
  HTAB,
  HTTP2_NAME,
  latin1Text,
  LF,
  REPLY_VALUE,
  REQUEST_VALUE,
  SP,
  TOKEN,
} from '../octets.ts';

/** Numbers of pseudo fields (RFC 9113 §8.3), all negative; `unknown` is any other name that begins with a colon. */
export const PSEUDO = {
  method: -1,
  scheme: -2,
  authority: -3,
  path: -4,
  status: -5,
  protocol: -6,
  unknown: -7,
} as const;

/**
 * What is wrong with a field by itself. `malformed`: by RFC 9113 §8.2, so that the stream is reset without a reply; else
 * by our own rules, and a reply says so.
 */
export interface HpackFieldFault {
  readonly code: 'malformed-header' | 'malformed-header-value' | 'underscore-in-header' | 'connection-specific-field';
  readonly malformed: boolean;
}

/** A field name, judged. `number` is that of field-names.ts or of `PSEUDO`. */
export interface FieldName {
  readonly name: string;
  readonly number: number;
  readonly fault: HpackFieldFault | null;
}

/** A field, judged when it came first. Nothing in it changes; it may stay in a table as long as the connection. One character an octet. */
export interface HpackField {
  readonly name: string;
  readonly value: string;
  /** `name: value` and CRLF, as HTTP/1.1 writes it; empty for pseudo fields and for those with a fault. */
  readonly line: string;
  /** The number of the name: see `FieldName`. */
  readonly number: number;
  /** The first thing that is wrong, the name before the value; of a pseudo field only what its octets show. */
  readonly fault: HpackFieldFault | null;
}

/** What names and values may be. */
export interface FieldRules {
  /** Judges the name of these octets. */
  name(bytes: Buffer, from: number, to: number): FieldName;
  /** 1 for each octet that a value may hold. */
  readonly values: Uint8Array;
}

/** Takes the fields of a block in order. It must not throw, nor call the decoder. */
export interface FieldSink {
  field(field: HpackField): void;
}

const MALFORMED_NAME: HpackFieldFault = { code: 'malformed-header', malformed: true };
const UNDERSCORE_NAME: HpackFieldFault = { code: 'underscore-in-header', malformed: false };
const MALFORMED_VALUE: HpackFieldFault = { code: 'malformed-header-value', malformed: true };
const UNSOUND_VALUE: HpackFieldFault = { code: 'malformed-header-value', malformed: false };
const CONNECTION_FIELD: HpackFieldFault = { code: 'connection-specific-field', malformed: true };

/** What HTTP/2 says by other means, or not at all (RFC 9113 §8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<number> = new Set([
  FIELD.connection,
  FIELD['proxy-connection'],
  FIELD['keep-alive'],
  FIELD['transfer-encoding'],
  FIELD.upgrade,
]);

/** `te` may stand in a request, and say this and nothing else (RFC 9113 §8.2.2). */
const TE_VALUE = 'trailers';

const UNDERSCORE = 0x5f;

/** What requests may hold: as over HTTP/1.1, and names in lower case (RFC 9113 §8.2.1). */
export const REQUEST_RULES: FieldRules = {
  name: (bytes, from, to) => readName(bytes, from, to, HTTP2_NAME),
  values: REQUEST_VALUE,
};

/** What replies may hold: all that the grammar allows. */
export const REPLY_RULES: FieldRules = { name: readReplyName, values: REPLY_VALUE };

/** Any token without upper case. */
const REPLY_NAME = TOKEN.map((mark, octet) => (octet >= 0x41 && octet <= 0x5a ? 0 : mark));

function readReplyName(bytes: Buffer, from: number, to: number): FieldName {
  const read = readName(bytes, from, to, REPLY_NAME);
  return read.number === FIELD.te ? { ...read, fault: CONNECTION_FIELD } : read;
}

const PSEUDO_NUMBERS: ReadonlyMap<string, number> = new Map(
  Object.entries(PSEUDO)
    .filter(([, number]) => number !== PSEUDO.unknown)
    .map(([name, number]) => [`:${name}`, number]),
);

/** `allowed` marks the octets of a name: 2 those besides letters, digits and hyphen that some servers take for a hyphen. */
function readName(bytes: Buffer, from: number, to: number, allowed: Uint8Array): FieldName {
  const name = latin1Text(bytes, from, to);
  if (bytes[from] === COLON && to > from)
    return { name, number: PSEUDO_NUMBERS.get(name) ?? PSEUDO.unknown, fault: null };
  let odd = 0;
  let fault = to > from ? null : MALFORMED_NAME;
  for (let at = from; at < to; at++) {
    const octet = bytes[at] as number;
    const mark = allowed[octet] as number;
    odd |= mark;
    if (mark === 0 && fault !== MALFORMED_NAME) fault = octet === UNDERSCORE ? UNDERSCORE_NAME : MALFORMED_NAME;
  }
  if (fault !== null) return { name, number: OTHER_FIELD, fault };
  const number = odd & 2 ? oddFieldNumber(bytes, from, to - from) : fieldNumber(bytes, from, to - from);
  return { name, number, fault: CONNECTION_FIELDS.has(number) ? CONNECTION_FIELD : null };
}

/**
 * What is wrong with a value, or null (RFC 9113 §8.2.1). An octet that `values` does not mark must stand at `to`, so that
 * the reading ends there.
 */
export function valueFault(bytes: Buffer, from: number, to: number, values: Uint8Array): HpackFieldFault | null {
  if (to === from) return null;
  if (isSpace(bytes[from]) || isSpace(bytes[to - 1])) return MALFORMED_VALUE;
  const stop = endOfAllowed(bytes, from, to, values);
  if (stop === to) return null;
  for (let at = stop; at < to; at++) {
    const octet = bytes[at];
    if (octet === 0 || octet === CR || octet === LF) return MALFORMED_VALUE;
  }
  return UNSOUND_VALUE;
}

function isSpace(octet: number | undefined): boolean {
  return octet === SP || octet === HTAB;
}

/** What is wrong with a field of this name and value, where each is sound by itself. */
export function pairFault({ number }: FieldName, value: string): HpackFieldFault | null {
  return number === FIELD.te && value !== TE_VALUE ? CONNECTION_FIELD : null;
}
