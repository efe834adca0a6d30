import type { Span } from './shared-text.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENERS: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSERS: ReadonlySet<number> = new Set([0x5d, 0x7d]);
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Where the parts of a JSON text lie, by JSON Pointer (RFC 6901). Objects of which `splits` says so are not parts
 * themselves: each has an empty span, and its members are parts in its place. The text must be JSON, as one that
 * JSON.parse has read is; one that is none throws.
 */
export function membersOf(bytes: Uint8Array, splits: (pointer: string) => boolean): ReadonlyMap<string, Span> {
  const walk: Walk = { bytes, splits, parts: new Map() };
  divide(walk, '', skipSpaces(bytes, 0));
  return walk.parts;
}

interface Walk {
  readonly bytes: Uint8Array;
  readonly splits: (pointer: string) => boolean;
  readonly parts: Map<string, Span>;
}

/** Notes the value that begins at `start`, whole or by its members; where it ends. */
function divide(walk: Walk, pointer: string, start: number): number {
  const { bytes, parts } = walk;
  if (bytes[start] !== OBJECT || !walk.splits(pointer)) {
    const end = valueEnd(bytes, start);
    parts.set(pointer, { start, end });
    return end;
  }
  parts.set(pointer, { start: 0, end: 0 });
  let at = skipSpaces(bytes, start + 1);
  while (bytes[at] !== OBJECT_END) {
    const nameEnd = stringEnd(bytes, at);
    const name = JSON.parse(Buffer.from(bytes.subarray(at, nameEnd)).toString()) as string;
    at = demand(bytes, skipSpaces(bytes, nameEnd), COLON);
    at = skipSpaces(bytes, divide(walk, `${pointer}/${escapeToken(name)}`, skipSpaces(bytes, at)));
    if (bytes[at] !== OBJECT_END) at = skipSpaces(bytes, demand(bytes, at, COMMA));
  }
  return at + 1;
}

/** A member's name as a token of a JSON Pointer (RFC 6901 §3). */
export function escapeToken(name: string): string {
  return name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;
}

function valueEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start] ?? 0;
  if (first === QUOTE) return stringEnd(bytes, start);
  return OPENERS.has(first) ? containerEnd(bytes, start) : scalarEnd(bytes, start);
}

function containerEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    at++;
    if (OPENERS.has(byte)) depth++;
    if (CLOSERS.has(byte) && --depth === 0) return at;
  }
  throw new Error('a JSON text ends too early');
}

function scalarEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === COMMA || CLOSERS.has(byte) || SPACES.has(byte)) break;
  }
  if (at === start) throw new Error('a JSON text lacks a value');
  return at;
}

function stringEnd(bytes: Uint8Array, start: number): number {
  let at = demand(bytes, start, QUOTE);
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return demand(bytes, at, QUOTE);
}

/** The place behind the byte that must stand here. */
function demand(bytes: Uint8Array, at: number, byte: number): number {
  if (bytes[at] !== byte) throw new Error('a JSON text is none');
  return at + 1;
}

function skipSpaces(bytes: Uint8Array, from: number): number {
  let at = from;
  while (SPACES.has(bytes[at] ?? 0)) at++;
  return at;
}
