import { Buffer } from 'node:buffer';

/** How characters are written otherwise in a text: as in JSON and scripts, as in pages and XML, as in URLs and in forms, or not at all. */
export type Escaping = 'backslash' | 'entity' | 'percent' | 'form' | 'none';

/** Text within text within text: what JSON holds may be JSON. */
const LEVELS = 3;
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
  for (; next >= 0; next = bytes.indexOf(mark, Math.max(next + 1, done))) {
    const escape = escapeAt(bytes, next, way);
    if (escape === null) continue;
    found = true;
    plain.set(bytes.subarray(done, next), written);
    written += next - done;
    plain[written++] = escape.byte;
    done = next + escape.length;
  }
  if (!found) return null;
  plain.set(bytes.subarray(done), written);
  return plain.subarray(0, written + bytes.length - done);
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
      next = bytes.indexOf(mark, next + length);
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
const SHORT: ReadonlyMap<number, number> = new Map(
  ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t', "''"].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
);
const SMALL_U = 0x75;
const SMALL_X = 0x78;

function backslashAt(bytes: Uint8Array, at: number): Escape | null {
  const letter = bytes[at + 1];
  if (letter === undefined) return null;
  const short = SHORT.get(letter);
  if (short !== undefined) return { byte: short, length: 2 };
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
  if (end > bytes.length) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + digitsFrom, digits).toString('latin1');
  if (!/^[0-9A-Fa-f]+$/.test(text)) return null;
  return { byte: asciiOf(Number.parseInt(text, 16)), length: end - at };
}

/** `&#1234567;` is the longest that is read. */
const ENTITY_LIMIT = 12;
const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['sol', '/'],
  ['colon', ':'],
  ['commat', '@'],
]);

function entityAt(bytes: Uint8Array, at: number): Escape | null {
  const text = Buffer.from(bytes.subarray(at + 1, at + ENTITY_LIMIT)).toString('latin1');
  const [whole, decimal, hexadecimal, name] =
    /^(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([a-z]{2,6}));/.exec(text) ?? [];
  if (whole === undefined) return null;
  const length = 1 + whole.length;
  if (name !== undefined) {
    const character = NAMED.get(name);
    return character === undefined ? null : { byte: character.charCodeAt(0), length };
  }
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  return { byte: asciiOf(code), length };
}

function asciiOf(code: number): number {
  return code < ASCII_END ? code : OTHER;
}
