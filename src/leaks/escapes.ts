import { Buffer } from 'node:buffer';
import { hexValue } from '../base/index.ts';

/** How characters are written otherwise in a text: as in JSON and scripts, as in pages and XML, as in URLs and in forms, or not at all. */
export type Escaping = 'backslash' | 'entity' | 'percent' | 'form' | 'none';

/** Text within text within text: what JSON holds may be JSON. */
const LEVELS = 3;
/** So far a mark is looked for one byte after the other. */
const NEAR_BYTES = 8;
/** Stands for any character beyond ASCII. */
const OTHER = 0x80;
const ASCII_END = 0x80;
const PLUS = 0x2b;
const SPACE = 0x20;

/** One way to write characters otherwise. */
type Way = 'backslash' | 'entity' | 'percent';

/** Scripts stand in pages, so there both are undone. */
const WAYS: Readonly<Record<Escaping, readonly Way[]>> = {
  backslash: ['backslash'],
  entity: ['entity', 'backslash'],
  percent: ['percent'],
  form: ['percent'],
  none: [],
};

const MARKS: Readonly<Record<Way, number>> = { backslash: 0x5c, entity: 0x26, percent: 0x25 };

/** An escape: what it says, and how many bytes it is written with. */
interface Escape {
  readonly byte: number;
  readonly length: number;
}

/**
 * Bytes as a reader gets them who undoes the escapes, and where each of them was written. Escapes are undone as often
 * as there are any, three times at most. What is written beyond ASCII is one byte or several that are none of ASCII.
 */
export class PlainView {
  readonly bytes: Uint8Array;
  /** The texts before, the one that was given first, and what was undone in each. */
  readonly #levels: readonly { readonly text: Uint8Array; readonly way: Way }[];

  constructor(given: Uint8Array, escaping: Escaping) {
    const levels: { readonly text: Uint8Array; readonly way: Way }[] = [];
    let bytes = escaping === 'form' ? withSpaces(given) : given;
    for (let level = 0; level < LEVELS; level++) {
      const before = levels.length;
      for (const way of WAYS[escaping]) {
        const plain = decode(bytes, way);
        if (plain === null) continue;
        levels.push({ text: bytes, way });
        bytes = plain;
      }
      if (levels.length === before) break;
    }
    this.bytes = bytes;
    this.#levels = levels;
  }

  /** Where places of `bytes`, in rising order, are in the text that was given. */
  written(places: readonly number[]): readonly number[] {
    return this.#levels.reduceRight((sought, { text, way }) => placesIn(text, way, sought), places);
  }
}

/** In forms a plus sign is a space (WHATWG URL §5.1). */
function withSpaces(bytes: Uint8Array): Uint8Array {
  return bytes.includes(PLUS) ? bytes.map((byte) => (byte === PLUS ? SPACE : byte)) : bytes;
}

/** Null where nothing is escaped. */
function decode(bytes: Uint8Array, way: Way): Uint8Array | null {
  const mark = MARKS[way];
  let next = bytes.indexOf(mark);
  if (next < 0) return null;
  const plain = Buffer.allocUnsafe(bytes.length);
  let done = 0;
  let written = 0;
  let found = false;
  for (; next >= 0; next = nextMark(bytes, mark, Math.max(next + 1, done))) {
    const escape = escapeAt(bytes, next, way);
    if (escape === null) continue;
    found = true;
    if (next > done) plain.set(bytes.subarray(done, next), written);
    written += next - done;
    plain[written++] = escape.byte;
    done = next + escape.length;
  }
  if (!found) return null;
  plain.set(bytes.subarray(done), written);
  return plain.subarray(0, written + bytes.length - done);
}

/** Where the next mark is, -1 where none is. Where marks stand close, a search for each costs more than some looks. */
function nextMark(bytes: Uint8Array, mark: number, from: number): number {
  const near = Math.min(from + NEAR_BYTES, bytes.length);
  for (let at = from; at < near; at++) if (bytes[at] === mark) return at;
  return bytes.indexOf(mark, near);
}

/** Where places of the decoded text are in this one. It reads the text as `decode` does. */
function placesIn(bytes: Uint8Array, way: Way, places: readonly number[]): readonly number[] {
  const mark = MARKS[way];
  const found: number[] = [];
  /** How much longer this text is up to here. */
  let longer = 0;
  let next = bytes.indexOf(mark);
  for (const place of places) {
    while (next >= 0 && next - longer < place) {
      const length = escapeAt(bytes, next, way)?.length ?? 1;
      longer += length - 1;
      next = nextMark(bytes, mark, next + length);
    }
    found.push(place + longer);
  }
  return found;
}

function escapeAt(bytes: Uint8Array, at: number, way: Way): Escape | null {
  if (way === 'backslash') return backslashAt(bytes, at);
  return way === 'entity' ? entityAt(bytes, at) : percentAt(bytes, at);
}

/** What the letters behind a backslash mean (RFC 8259 §7). */
const SHORT: ReadonlyMap<number, Escape> = new Map(
  ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t', "''"].map((pair) => [
    pair.charCodeAt(0),
    { byte: pair.charCodeAt(1), length: 2 },
  ]),
);
const SMALL_U = 0x75;
const SMALL_X = 0x78;

function backslashAt(bytes: Uint8Array, at: number): Escape | null {
  const letter = bytes[at + 1];
  if (letter === undefined) return null;
  const short = SHORT.get(letter);
  if (short !== undefined) return short;
  if (letter === SMALL_U) return hexadecimalAt(bytes, at, { digitsFrom: at + 2, digits: 4 });
  return letter === SMALL_X ? hexadecimalAt(bytes, at, { digitsFrom: at + 2, digits: 2 }) : null;
}

function percentAt(bytes: Uint8Array, at: number): Escape | null {
  return hexadecimalAt(bytes, at, { digitsFrom: at + 1, digits: 2 });
}

function hexadecimalAt(
  bytes: Uint8Array,
  at: number,
  { digitsFrom, digits }: { readonly digitsFrom: number; readonly digits: number },
): Escape | null {
  const end = digitsFrom + digits;
  let code = 0;
  for (let place = digitsFrom; place < end; place++) {
    const value = hexValue(bytes[place]);
    if (value < 0) return null;
    code = code * 16 + value;
  }
  return { byte: asciiOf(code), length: end - at };
}

const HASH = 0x23;
const SEMICOLON = 0x3b;
const CAPITAL_X = 0x58;
const SMALL_A = 0x61;
const SMALL_Z = 0x7a;

function entityAt(bytes: Uint8Array, at: number): Escape | null {
  if (bytes[at + 1] !== HASH) return namedAt(bytes, at);
  const isHexadecimal = bytes[at + 2] === SMALL_X || bytes[at + 2] === CAPITAL_X;
  return isHexadecimal
    ? numberedAt(bytes, at, { digitsFrom: at + 3, digits: 6, base: 16 })
    : numberedAt(bytes, at, { digitsFrom: at + 2, digits: 7, base: 10 });
}

/** `digits` is how many there are at most. */
function numberedAt(
  bytes: Uint8Array,
  at: number,
  { digitsFrom, digits, base }: { readonly digitsFrom: number; readonly digits: number; readonly base: number },
): Escape | null {
  let code = 0;
  let end = digitsFrom;
  for (; end < digitsFrom + digits; end++) {
    const value = hexValue(bytes[end]);
    if (value < 0 || value >= base) break;
    code = code * base + value;
  }
  return end > digitsFrom && bytes[end] === SEMICOLON ? { byte: asciiOf(code), length: end + 1 - at } : null;
}

/** The longest name has so many letters. */
const NAME_LIMIT = 6;
/** By the name as a number. */
const NAMED: ReadonlyMap<number, Escape> = new Map(
  ['amp&', 'lt<', 'gt>', 'quot"', "apos'", 'nbsp ', 'sol/', 'colon:', 'commat@'].map((pair) => {
    const name = Buffer.from(pair.slice(0, -1));
    return [name.reduce(withLetter, 0), { byte: pair.charCodeAt(name.length), length: name.length + 2 }];
  }),
);

/** A name of small letters and one more, as a number that no other name has: five bits for each. */
function withLetter(name: number, letter: number): number {
  return name * 32 + letter - SMALL_A + 1;
}

function namedAt(bytes: Uint8Array, at: number): Escape | null {
  let name = 0;
  for (let place = at + 1; place <= at + 1 + NAME_LIMIT; place++) {
    const letter = bytes[place];
    if (letter === SEMICOLON) return NAMED.get(name) ?? null;
    if (letter === undefined || letter < SMALL_A || letter > SMALL_Z) return null;
    name = withLetter(name, letter);
  }
  return null;
}

function asciiOf(code: number): number {
  return code < ASCII_END ? code : OTHER;
}
