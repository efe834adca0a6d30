import { err, ok, type Result } from '../base/index.ts';
import { unescapeString } from './json-string.ts';
import {
  DEFAULT_JSON_LIMITS,
  type JsonFault,
  type JsonFaultCode,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
} from './json-value.ts';
import { NAME_LIMIT_BYTES, nameOf } from './name-table.ts';
import { bufferOf, firstInvalidUtf8 } from './text.ts';

/**
 * Reads one JSON text (RFC 8259) of UTF-8 bytes, and nothing looser: no byte order mark, comment, trailing comma or
 * second value. What other readers may take in two ways is refused: a name that occurs twice in an object, compared
 * after unescaping (§4), an escaped surrogate without its other half (§8.2), a number that a double holds only as
 * infinity, or as zero when it is not zero (§6).
 * A number is read as the nearest double: an integer beyond 2^53 may differ from what is written, as in `JSON.parse`.
 * Whatever is accepted, `JSON.parse` accepts with the same value. The result shares no memory with `bytes`.
 * Throws on nothing that fits in a string of V8, which is half a gigabyte.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = DEFAULT_JSON_LIMITS): Result<JsonValue, JsonFault> {
  const buffer = bufferOf(bytes);
  const invalid = firstInvalidUtf8(buffer);
  if (invalid !== -1) return err({ code: 'invalid-utf8', offset: invalid });
  return new Reader(buffer, limits).read();
}

// At most three frames a level: far from the end of the stack, whatever the caller allows.
const DEPTH_CEILING = 512;

// An integer of so many digits, and a power of ten of so many zeros, are exact in a double.
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, zeros) => Number(`1e${zeros}`));

// From this length V8 makes a substring a window onto the whole text: one name kept for hours would keep megabytes.
const WINDOW_LENGTH = 13;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const SMALL_E = 0x65;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const IS_SPACE = Uint8Array.from({ length: 256 }, (_, byte) => ([0x09, 0x0a, 0x0d, 0x20].includes(byte) ? 1 : 0));
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
const NO_BYTES = Buffer.alloc(0);

/**
 * `new Members()` is an object whose only ancestor is empty and frozen. It is what `Object.create(null)` is to readers,
 * but V8 gives it a shape instead of a hash table, so that making and reading it is several times as fast.
 */
const Members = function () {} as unknown as new () => Record<string, JsonValue>;
Members.prototype = Object.freeze(Object.create(null) as object);

/**
 * One walk over one text that is UTF-8. A method that yields undefined, which no JSON value is, has set the fault:
 * by exceptions, refusing would cost more than reading, and it is attackers who are refused.
 */
class Reader {
  readonly #bytes: Buffer;
  readonly #text: string;
  readonly #numberBytes: number;
  #at = 0;
  #depthLeft: number;
  #keysLeft: number;
  #elementsLeft: number;
  #fault: JsonFault | null = null;
  #scratch: Buffer = NO_BYTES;

  constructor(bytes: Buffer, limits: JsonLimits) {
    this.#bytes = bytes;
    // One character per byte, so that what is ASCII is cut out by the offsets of its bytes.
    this.#text = bytes.toString('latin1');
    this.#numberBytes = limits.numberBytes;
    this.#depthLeft = Math.min(limits.depth, DEPTH_CEILING);
    this.#keysLeft = limits.keys;
    this.#elementsLeft = limits.elements;
  }

  read(): Result<JsonValue, JsonFault> {
    if (this.#text.startsWith('\xef\xbb\xbf')) return err({ code: 'byte-order-mark', offset: 0 });
    const value = this.#value();
    if (value !== undefined && this.#next() !== -1) this.#refuseByte();
    return value === undefined || this.#fault !== null ? err(this.#fault!) : ok(value);
  }

  #value(): JsonValue | undefined {
    switch (this.#next()) {
      case QUOTE:
        return this.#string();
      case OPEN_OBJECT:
        return this.#object();
      case OPEN_ARRAY:
        return this.#array();
      case TRUE[0]:
        return this.#literal(TRUE, true);
      case FALSE[0]:
        return this.#literal(FALSE, false);
      case NULL[0]:
        return this.#literal(NULL, null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject | undefined {
    if (--this.#depthLeft < 0) return this.#refuse('too-deep');
    const object = new Members();
    this.#at++;
    let byte: number | undefined = this.#next();
    while (byte !== CLOSE_OBJECT) {
      if (byte !== QUOTE) return this.#refuseByte();
      if (!this.#member(object)) return undefined;
      byte = this.#nextItem(CLOSE_OBJECT);
      if (byte === undefined) return undefined;
    }
    this.#at++;
    this.#depthLeft++;
    return object;
  }

  #member(object: Record<string, JsonValue>): true | undefined {
    const start = this.#at;
    if (--this.#keysLeft < 0) return this.#refuse('too-many-keys');
    const name = this.#name();
    if (name === undefined) return undefined;
    if (object[name] !== undefined) return this.#refuse('duplicate-key', start);
    if (this.#next() !== COLON) return this.#refuseByte();
    this.#at++;
    const value = this.#value();
    if (value === undefined) return undefined;
    object[name] = value;
    return true;
  }

  #array(): JsonValue[] | undefined {
    if (--this.#depthLeft < 0) return this.#refuse('too-deep');
    const array: JsonValue[] = [];
    this.#at++;
    let byte: number | undefined = this.#next();
    while (byte !== CLOSE_ARRAY) {
      if (--this.#elementsLeft < 0) return this.#refuse('too-many-elements');
      const value = this.#value();
      if (value === undefined) return undefined;
      array.push(value);
      byte = this.#nextItem(CLOSE_ARRAY);
      if (byte === undefined) return undefined;
    }
    this.#at++;
    this.#depthLeft++;
    return array;
  }

  /** Passes over what follows an item: yields the closing byte, or the first byte after a comma, which may not close. */
  #nextItem(close: number): number | undefined {
    const byte = this.#next();
    if (byte === close) return byte;
    if (byte !== COMMA) return this.#refuseByte();
    this.#at++;
    const first = this.#next();
    return first === close || first === -1 ? this.#refuseByte() : first;
  }

  #name(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let at = start;
    while (IS_PLAIN[bytes[at]!] === 1) at++;
    if (bytes[at] !== QUOTE || at - start > NAME_LIMIT_BYTES) return this.#string();
    this.#at = at + 1;
    return nameOf(bytes, start, at);
  }

  #string(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    const at = plainEnd(bytes, start);
    if (bytes[at] !== QUOTE) return this.#richString(start, at);
    this.#at = at + 1;
    return at - start < WINDOW_LENGTH ? this.#text.substring(start, at) : bytes.toString('latin1', start, at);
  }

  /** A string with escapes or bytes beyond ASCII, which is plain as far as `at`. */
  #richString(start: number, at: number): string | undefined {
    const bytes = this.#bytes;
    let escaped = false;
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) {
      if (byte === undefined) return this.#refuse('unexpected-end', bytes.length);
      if (byte < 0x20) return this.#refuse('control-byte', at);
      if (byte !== BACKSLASH) continue;
      escaped = true;
      at++;
    }
    this.#at = at + 1;
    if (!escaped) return bytes.toString('utf8', start, at);
    if (this.#scratch.length < at - start) this.#scratch = Buffer.allocUnsafe(2 * (at - start));
    const text = unescapeString(bytes, start, at, this.#scratch);
    return typeof text === 'string' ? text : this.#refuse(text.code, text.offset);
  }

  #number(): number | undefined {
    const start = this.#at;
    const negative = this.#bytes[start] === MINUS;
    if (negative) this.#at++;
    const first = this.#at;
    let sum = this.#digits(0);
    const leadingZero = this.#bytes[first] === ZERO && this.#at > first + 1;
    if (this.#at === first || leadingZero) return this.#refuseByte(leadingZero ? first + 1 : this.#at);
    let decimals = 0;
    if (this.#bytes[this.#at] === DOT) {
      const point = this.#at++;
      sum = this.#digits(sum);
      decimals = this.#at - point - 1;
      if (decimals === 0) return this.#refuseByte();
    }
    const exact = this.#at - first <= EXACT_DIGITS;
    if ((this.#bytes[this.#at]! | 0x20) === SMALL_E) return this.#exponent() ? this.#anyNumber(start) : undefined;
    if (!exact || this.#at - start > this.#numberBytes) return this.#anyNumber(start);
    // Both are exact, so the quotient is the nearest double to what is written.
    if (decimals > 0) sum /= POWERS_OF_TEN[decimals]!;
    return negative ? -sum : sum;
  }

  /** Passes over digits and adds them to the right of `sum`, which is exact up to fifteen of them. */
  #digits(sum: number): number {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) sum = sum * 10 + digit;
    this.#at = at;
    return sum;
  }

  #exponent(): true | undefined {
    const sign = this.#bytes[++this.#at];
    if (sign === PLUS || sign === MINUS) this.#at++;
    const first = this.#at;
    this.#digits(0);
    return this.#at > first ? true : this.#refuseByte();
  }

  /** The number written from `start` as far as the cursor, by way of the general conversion. */
  #anyNumber(start: number): number | undefined {
    if (this.#at - start > this.#numberBytes) return this.#refuse('number-too-long', start);
    const written = this.#text.substring(start, this.#at);
    const value = Number(written);
    const vanished = value === 0 && /^[^eE]*[1-9]/.test(written);
    return vanished || !Number.isFinite(value) ? this.#refuse('number-out-of-range', start) : value;
  }

  #literal<T extends boolean | null>(word: Buffer, value: T): T | undefined {
    for (let index = 0; index < word.length; index++, this.#at++) {
      if (this.#bytes[this.#at] !== word[index]) return this.#refuseByte();
    }
    return value;
  }

  /** Passes over white space and yields the byte it stops at, or -1 at the end. */
  #next(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < bytes.length && IS_SPACE[bytes[at]!] === 1) at++;
    this.#at = at;
    return at < bytes.length ? bytes[at]! : -1;
  }

  #refuseByte(at = this.#at): undefined {
    return this.#refuse(at < this.#bytes.length ? 'unexpected-byte' : 'unexpected-end', at);
  }

  #refuse(code: JsonFaultCode, offset = this.#at): undefined {
    this.#fault ??= { code, offset };
    return undefined;
  }
}

/** The first byte from `at` on that is not plain in a string, or the end. */
function plainEnd(bytes: Buffer, at: number): number {
  // Four at a time, since most bytes of most bodies are in strings.
  const last = bytes.length - 4;
  while (
    at <= last &&
    (IS_PLAIN[bytes[at]!]! & IS_PLAIN[bytes[at + 1]!]! & IS_PLAIN[bytes[at + 2]!]! & IS_PLAIN[bytes[at + 3]!]!) === 1
  ) {
    at += 4;
  }
  while (at < bytes.length && IS_PLAIN[bytes[at]!] === 1) at++;
  return at;
}
