import type { ProblemCode } from '../base/index.ts';
import { HEX_VALUE, PATH, QUERY, UNRESERVED } from './octets.ts';

/** A request target in its canonical form, or what is wrong with it. */
export type TargetReading =
  | { readonly fault: null; readonly path: string; readonly query: string | null }
  | { readonly fault: ProblemCode };

const SLASH = 0x2f;
const PERCENT = 0x25;
const DOT = 0x2e;
const QUESTION = 0x3f;
const UNDERSCORE = 0x5f;
const LETTER_M = 0x6d;
const SEMICOLON = 0x3b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** `_method` as a name, also in the spellings that PHP takes for it: a leading space, dot or bracket. */
const METHOD_OVERRIDE = /(?:^|[&;])(?:\+|%20)*(?:[_.]|%5B)method(?![^=&;%])[^&;]*/g;

/**
 * Brings path and query to the one form that is matched, judged and sent (RFC 3986 §6.2.2): in the path, whatever may
 * stand there plainly is decoded, since servers decode before they route, and `%40me` must not pass for another
 * operation than `@me`; in the query, unreserved characters are. Other escapes are kept in upper case. Refused, since servers disagree about them: dot segments, empty segments,
 * encoded separators, encoded control bytes, semicolons in the path, escapes that are not UTF-8, anything outside the
 * grammar. Decodes once only: `%252e` stays. Applying it to its own result changes nothing.
 */
export function canonicalizeTarget(text: string): TargetReading {
  const question = text.indexOf('?');
  const path = canonicalizePath(question < 0 ? text : text.slice(0, question));
  if (typeof path !== 'string') return path;
  if (question < 0) return { fault: null, path, query: null };
  const query = canonicalizeQuery(text.slice(question + 1));
  return typeof query === 'string' ? { fault: null, path, query } : query;
}

/** The canonical path, or what is wrong with it. */
export function canonicalizePath(text: string): string | { readonly fault: ProblemCode } {
  if (text.charCodeAt(0) !== SLASH) return { fault: 'malformed-target' };
  const reading = decodePlain(text, PATH_RULES);
  if (typeof reading !== 'string') return reading;
  for (let start = 1; start <= reading.length; ) {
    let end = reading.indexOf('/', start);
    if (end < 0) end = reading.length;
    const last = end === reading.length;
    if (end === start && !last) return { fault: 'empty-segment' };
    if (isDotSegment(reading, start, end)) return { fault: 'dot-segment' };
    start = end + 1;
  }
  return reading;
}

/**
 * The canonical query, or what is wrong with it. Bare brackets, as clients send them, are encoded. `_method` is taken out:
 * an upstream that obeys it would do another method than the one that was judged.
 */
export function canonicalizeQuery(text: string): string | { readonly fault: ProblemCode } {
  const reading = decodePlain(text, QUERY_RULES);
  if (typeof reading !== 'string' || !reading.includes('method')) return reading;
  const rest = reading.replace(METHOD_OVERRIDE, '');
  // Where the first parameter went, the mark before the next one goes too.
  return rest === reading || rest[0] === reading[0] ? rest : rest.slice(1);
}

/** What may stand in a part of the target, which escapes are decoded there, and which are refused. */
interface Rules {
  readonly octets: Uint8Array;
  readonly decoded: Uint8Array;
  readonly escapeFault: (octet: number) => ProblemCode | null;
}

function pathEscapeFault(octet: number): ProblemCode | null {
  if (octet === SLASH || octet === 0x5c) return 'encoded-separator';
  return octet < 0x20 || octet === 0x7f ? 'malformed-escape' : null;
}

/** Text in a query may have tabs and line breaks; other control bytes have no business there. */
function queryEscapeFault(octet: number): ProblemCode | null {
  const lineBreak = octet === 0x09 || octet === 0x0a || octet === 0x0d;
  return (octet < 0x20 && !lineBreak) || octet === 0x7f ? 'malformed-escape' : null;
}

/** All that may stand plainly in a segment: neither the slash nor the percent sign. */
const PLAIN_IN_PATH = PATH.map((mark, octet) => (mark !== 0 && octet !== SLASH && octet !== PERCENT ? 1 : 0));
const PATH_RULES: Rules = { octets: PATH, decoded: PLAIN_IN_PATH, escapeFault: pathEscapeFault };
const QUERY_RULES: Rules = { octets: QUERY, decoded: UNRESERVED, escapeFault: queryEscapeFault };

function decodePlain(text: string, { octets, decoded, escapeFault }: Rules): string | { readonly fault: ProblemCode } {
  let out = '';
  let runStart = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const mark = code < 256 ? octets[code] : 0;
    if (mark === 0) return { fault: code === SEMICOLON ? 'path-parameter' : 'malformed-target' };
    if (code === PERCENT) {
      const length = escapeLength(text, at);
      if (length === 0) return { fault: 'malformed-escape' };
      const octet = escapedOctet(text, at);
      const fault = octet < 0x80 ? escapeFault(octet) : null;
      if (fault !== null) return { fault };
      out += text.slice(runStart, at);
      out += decoded[octet] ? String.fromCharCode(octet) : text.slice(at, at + length).toUpperCase();
      at += length - 1;
      runStart = at + 1;
    } else if (code === OPEN_BRACKET || code === CLOSE_BRACKET) {
      out += text.slice(runStart, at) + (code === OPEN_BRACKET ? '%5B' : '%5D');
      runStart = at + 1;
    }
  }
  return runStart === 0 ? text : out + text.slice(runStart);
}

/** The length of the one encoded character at `at`: 3 for ASCII, up to 12 for UTF-8; 0 where the octets are neither (RFC 3629 §4). */
function escapeLength(text: string, at: number): number {
  const first = escapedOctet(text, at);
  if (first < 0) return 0;
  if (first < 0x80) return 3;
  const second = escapedOctet(text, at + 3);
  const [low, high] = secondOctets(first);
  if (second < low || second > high) return 0;
  const count = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let index = 2; index < count; index++) {
    const octet = escapedOctet(text, at + index * 3);
    if (octet < 0x80 || octet > 0xbf) return 0;
  }
  return count * 3;
}

/** Which octets may follow the first of a UTF-8 character: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629 §4). */
function secondOctets(first: number): readonly [low: number, high: number] {
  if (first < 0xc2 || first > 0xf4) return [1, 0];
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  return first === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf];
}

/** The octet that `%XX` at `at` stands for, or -1. */
function escapedOctet(text: string, at: number): number {
  if (text.charCodeAt(at) !== PERCENT) return -1;
  const high = hexadecimal(text.charCodeAt(at + 1));
  const low = hexadecimal(text.charCodeAt(at + 2));
  return high < 16 && low < 16 ? high * 16 + low : -1;
}

/** The value of a digit, or 255; the code may be that of any character, or NaN behind the end. */
function hexadecimal(code: number): number {
  return code < 256 ? (HEX_VALUE[code] as number) : 255;
}

/** A segment of dots; also two dots with an escape behind them, which some servers cut off before they look. */
function isDotSegment(path: string, start: number, end: number): boolean {
  const length = end - start;
  if (length > 2 && path.startsWith('..%', start)) return true;
  if (length === 1) return path.charCodeAt(start) === DOT;
  return length === 2 && path.charCodeAt(start) === DOT && path.charCodeAt(start + 1) === DOT;
}

/** A plain target read by the fast way: offsets into the head, or -1 where a closer look is needed. */
export interface PlainTarget {
  pathEnd: number;
  end: number;
  plain: boolean;
}

/**
 * Walks a target that begins at `from` up to the first octet that is in neither grammar. `plain` is true when the target
 * is canonical as it stands; else `canonicalizeTarget` must read it.
 */
export function walkTarget(bytes: Uint8Array, from: number, into: PlainTarget): void {
  let at = from;
  let plain = bytes[at] === SLASH && bytes[at + 1] !== SLASH;
  let mark = PATH[bytes[at] as number] as number;
  while (mark) {
    if (mark === 3) plain = false;
    else if (mark === 2 && bytes[at + 1] === SLASH) plain = false;
    mark = PATH[bytes[++at] as number] as number;
  }
  into.pathEnd = at;
  if (bytes[at] === QUESTION) {
    mark = 1;
    while (mark) {
      mark = QUERY[bytes[++at] as number] as number;
      if (mark === 2) plain = false;
      else if (bytes[at + 1] === LETTER_M && (bytes[at] === UNDERSCORE || bytes[at] === DOT)) plain = false;
    }
  }
  into.end = at;
  into.plain = plain;
}
