import { hexValue } from '../base/index.ts';
import type { JsonFault } from './json-value.ts';

const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const ESCAPE_BYTES = 6;

// The short escapes of RFC 8259 §7: what each letter means, 0 where it means nothing.
const SHORT_ESCAPES = new Uint8Array(256);
for (const pair of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  SHORT_ESCAPES[pair.charCodeAt(0)] = pair.charCodeAt(1);
}

/**
 * The text of a JSON string (RFC 8259 §7) that lies in the valid UTF-8 of `bytes`, given without its quotes.
 * Refuses unknown escapes, and an escaped surrogate that is not half of a pair of escapes.
 * `scratch` is overwritten; it must hold as many bytes as the string, since no escape is shorter than what it means.
 * (Bytes, not a growing string: a megabyte of `\n` would make a chain of half a million strings.)
 */
export function unescapeString(bytes: Buffer, start: number, end: number, scratch: Buffer): string | JsonFault {
  let written = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      scratch[written++] = byte;
      at++;
    } else if (bytes[at + 1] === SMALL_U) {
      const point = codePointAt(bytes, at);
      if (typeof point === 'string') return { code: point, offset: at };
      written = writeUtf8(scratch, written, point);
      at += point > 0xffff ? 2 * ESCAPE_BYTES : ESCAPE_BYTES;
    } else {
      const meant = SHORT_ESCAPES[bytes[at + 1]!]!;
      if (meant === 0) return { code: 'invalid-escape', offset: at };
      scratch[written++] = meant;
      at += 2;
    }
  }
  return scratch.toString('utf8', 0, written);
}

/** The code point of the escape, or pair of escapes, at `at`; or why there is none. */
function codePointAt(bytes: Buffer, at: number): number | 'invalid-escape' | 'lone-surrogate' {
  const unit = unitAt(bytes, at);
  if (unit === -1) return 'invalid-escape';
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  const low = bytes[at + ESCAPE_BYTES] === BACKSLASH ? unitAt(bytes, at + ESCAPE_BYTES) : -1;
  const paired = unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff;
  return paired ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : 'lone-surrogate';
}

/** The UTF-16 code unit that `\uXXXX` at `at` names, or -1. */
function unitAt(bytes: Buffer, at: number): number {
  if (bytes[at + 1] !== SMALL_U) return -1;
  let unit = 0;
  for (let i = at + 2; i < at + ESCAPE_BYTES; i++) {
    const value = hexValue(bytes[i]);
    if (value === -1) return -1;
    unit = unit * 16 + value;
  }
  return unit;
}

function writeUtf8(out: Buffer, at: number, point: number): number {
  if (point < 0x80) {
    out[at] = point;
    return at + 1;
  }
  const following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  // The lead byte begins with a one for every byte of the sequence, then a zero.
  out[at] = ((0xff00 >> (following + 1)) & 0xff) | (point >> (6 * following));
  for (let i = 1; i <= following; i++) out[at + i] = 0x80 | ((point >> (6 * (following - i))) & 0x3f);
  return at + 1 + following;
}
