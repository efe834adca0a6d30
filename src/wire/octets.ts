/**
 * 256-entry tables over octets: one look-up a byte is what makes a strict reader cheap.
 * Sources: RFC 9110 §5.6.2 (token), RFC 9110 §5.5 (field content), RFC 3986 §3.3 and §3.4 (path, query).
 */
const LOWER_CASE = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ALPHANUMERIC = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWER_CASE}`;
const SUB_DELIMS_BUT_SEMICOLON = "!$&'()*+,=";

function table(marks: Readonly<Record<number, string>>): Uint8Array {
  const octets = new Uint8Array(256);
  for (const [mark, characters] of Object.entries(marks)) {
    for (const character of characters) octets[character.charCodeAt(0)] = Number(mark);
  }
  return octets;
}

/** 1 for each octet of a token (RFC 9110 §5.6.2). */
export const TOKEN = table({ 1: `${ALPHANUMERIC}!#$%&'*+-.^_\`|~` });

/** Field names of requests: 1 for letters, digits and hyphen; 2 for the rest of a token. An underscore is 0: such names are refused. */
export const REQUEST_NAME = table({ 1: `${ALPHANUMERIC}-`, 2: "!#$%&'*+.^`|~" });

/** The same for HTTP/2, where a name with an upper-case letter is malformed (RFC 9113 §8.2.1). */
export const HTTP2_NAME = table({ 1: `${LOWER_CASE}-`, 2: "!#$%&'*+.^`|~" });

/** Field values of requests: visible ASCII, space and tab. */
export const REQUEST_VALUE = fieldValue(false);

/** Field values of replies: obs-text too, since upstreams send file names in it. */
export const REPLY_VALUE = fieldValue(true);

function fieldValue(obsText: boolean): Uint8Array {
  const octets = new Uint8Array(256);
  octets.fill(1, 0x20, 0x7f);
  octets[0x09] = 1;
  if (obsText) octets.fill(1, 0x80, 0x100);
  return octets;
}

/** Paths: 1 for what stands for itself, 2 for the slash, 3 for what needs a closer look (`%` and `.`). */
export const PATH = table({ 1: `${ALPHANUMERIC}-_~:@${SUB_DELIMS_BUT_SEMICOLON}`, 2: '/', 3: '%.' });

/** Queries: 1 for what stands for itself, 2 for what needs a closer look: escapes, and brackets, which clients leave bare. */
export const QUERY = table({ 1: `${ALPHANUMERIC}-._~:@/?;${SUB_DELIMS_BUT_SEMICOLON}`, 2: '%[]' });

/** 1 for the unreserved characters (RFC 3986 §2.3), which mean the same with and without encoding. */
export const UNRESERVED = table({ 1: `${ALPHANUMERIC}-._~` });

/** Each octet in lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet,
);

/** The value of a hexadecimal digit, or 255. */
export const HEX_VALUE = hexValues();

function hexValues(): Uint8Array {
  const octets = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    const character = digit.toString(16);
    octets[character.charCodeAt(0)] = digit;
    octets[character.toUpperCase().charCodeAt(0)] = digit;
  }
  return octets;
}

/** So many octets are looked up one by one before words are tried, since most values end within them; */
const GLANCE_OCTETS = 16;
/** and so many where the memory is another than the last time, since a view of its words must be made then. */
const LONG_GLANCE_OCTETS = 64;

/**
 * Where, from `from` on, the first octet stands that `allowed` does not mark; `bytes.length` where none does. `allowed`
 * must mark all visible ASCII and the space. From `end` on octets are looked at one by one, so a caller whose `end` is
 * not the end of the bytes has to know what stops it there.
 */
export function endOfAllowed(bytes: Uint8Array, from: number, end: number, allowed: Uint8Array): number {
  const glanceEnd = from + GLANCE_OCTETS;
  let at = from;
  while (allowed[bytes[at] as number]) if (++at === glanceEnd) return endOfLong(bytes, at, end, allowed);
  return at;
}

function endOfLong(bytes: Uint8Array, from: number, end: number, allowed: Uint8Array): number {
  let at = from;
  const memory = bytes.buffer;
  if (memory !== lastMemory) {
    const glanceEnd = from + LONG_GLANCE_OCTETS;
    while (at < glanceEnd && allowed[bytes[at] as number]) at++;
    if (at < glanceEnd) return at;
    viewWords(memory);
  }
  const shift = bytes.byteOffset;
  const words = lastWords;
  // Only words of which every octet stands before `end`: behind it may lie what another message left there.
  const limit = Math.min((shift + end) >>> 2, words.length);
  while (allowed[bytes[at] as number]) {
    at++;
    if (((shift + at) & 3) !== 0) continue;
    const first = (shift + at) >>> 2;
    let word = first;
    while (word < limit && isVisible(words[word] as number)) word++;
    at += (word - first) << 2;
  }
  return at;
}

/**
 * Whether each of a word's four octets is visible ASCII or a space. Such octets take 0x01 more and 0x20 less without a
 * carry and without getting their high bit. Of the others the lowest shows, since nothing is carried into it: from 0x7f
 * to 0xfe by the one, below 0x20 and at 0xff by the other.
 */
function isVisible(word: number): boolean {
  return (((word + 0x01010101) | (word - 0x20202020)) & 0x80808080) === 0;
}

// The words of the memory that was looked at last: a thread reads most of its sockets into the same one.
let lastMemory: ArrayBufferLike | null = null;
let lastWords: Int32Array = new Int32Array(0);

/** Larger memory is read by octets: offsets into it are no 32-bit numbers. No socket is read into so much. */
const WORDS_LIMIT_BYTES = 2 ** 30;

function viewWords(memory: ArrayBufferLike): void {
  lastWords = new Int32Array(memory, 0, memory.byteLength > WORDS_LIMIT_BYTES ? 0 : memory.byteLength >>> 2);
  lastMemory = memory;
}

/**
 * These octets as text, one character each: what `toString('latin1')` gives, without its looking at the arguments, which
 * costs more than the copying of a short piece. Node has it on every Buffer; its types leave it out.
 */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & { latin1Slice(start: number, end: number): string }).latin1Slice(start, end);
}

/** Horizontal tab. */
export const HTAB = 0x09;

/** Line feed. */
export const LF = 0x0a;

/** Carriage return. */
export const CR = 0x0d;

/** Space. */
export const SP = 0x20;

/** The colon behind a field name. */
export const COLON = 0x3a;

/** The semicolon before a chunk extension. */
export const SEMICOLON = 0x3b;
