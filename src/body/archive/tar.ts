import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../../base/index.ts';
import { bufferOf } from '../text.ts';
import type { Turns } from '../turns.ts';
import type { ArchiveFault } from './archive-fault.ts';
import { isInside, placeOf } from './entry-name.ts';

/** A file in a tar archive. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: Buffer;
}

const BLOCK = 512;
/** What looking at one head takes, and at each byte of the records of pax, in bytes. */
const HEAD_BYTES = 2_048;
const RECORD_COST = 32;
const OLD_FILE = '\0';
const FILE = new Set(['0', OLD_FILE, '7']);
const FOLDER = '5';
/** Hard and symbolic links, devices and pipes. */
const ELSEWHERE = new Set(['1', '2', '3', '4', '6']);
const PAX = 'x';
const PAX_GLOBAL = 'g';
const GNU_LONG_NAME = 'L';
/** Heads that speak of the entry behind them, and how much the longest may say: it is read in one go. */
const ABOUT = new Set([PAX, PAX_GLOBAL, GNU_LONG_NAME]);
const ABOUT_BYTES = 1_048_576;

/** Whether bytes begin with a head of tar, by its checksum: the oldest kind has nothing else to tell it by. */
export function isTar(bytes: Uint8Array): boolean {
  const head = bufferOf(bytes).subarray(0, BLOCK);
  return head.length === BLOCK && head[0] !== 0 && isSound(head);
}

/**
 * Reads a tar archive: ustar and pax (POSIX.1-2017 pax), and GNU's long names. Files and folders alone: links, devices,
 * sparse files and parts of several volumes are refused, as is whatever two readers could take in different ways: a size
 * that is said twice and not the same, a name that is, and anything but zeros behind the end. Takes time linear in the
 * heads, in turns.
 */
export async function readTar(
  bytes: Uint8Array,
  entryLimit: number,
  turns: Turns,
): Promise<Result<readonly TarEntry[], ArchiveFault>> {
  const archive = bufferOf(bytes);
  const entries: TarEntry[] = [];
  const places = new Set<string>();
  let said: Said = {};
  let heads = 0;
  for (let at = 0; at < archive.length; ) {
    const head = archive.subarray(at, at + BLOCK);
    if (head.length < BLOCK) return err('malformed');
    if (isZero(head)) return isZero(archive.subarray(at)) && isUnsaid(said) ? ok(entries) : err('malformed');
    if (++heads > 2 * entryLimit) return err('entries');
    const read = readHead(archive, at);
    if (!read.ok) return read;
    const { kind, name, data, next } = read.value;
    at = next;
    const turn = turns.spend(HEAD_BYTES + (ABOUT.has(kind) ? RECORD_COST * data.length : 0));
    if (turn !== null) await turn;
    if (ABOUT.has(kind)) {
      if (data.length > ABOUT_BYTES) return err('malformed');
      // Of two such heads before one entry some readers go by the last alone.
      const more = isUnsaid(said) ? (kind === GNU_LONG_NAME ? longName(data) : paxNames(data, kind)) : null;
      if (more === null) return err('malformed');
      said = more;
      continue;
    }
    const called = said.name ?? name;
    const fault = entryFault(said, read.value, called);
    if (fault !== null) return err(fault);
    said = {};
    if (!isInside(called) || !isInside(name)) return err('name');
    if (kind === FOLDER || called.endsWith('/')) continue;
    if (places.size === entryLimit) return err('entries');
    const place = placeOf(called);
    if (places.has(place)) return err('name');
    places.add(place);
    entries.push({ name: called, bytes: data });
  }
  return isUnsaid(said) ? ok(entries) : err('malformed');
}

/** What heads before an entry say of it. */
interface Said {
  readonly name?: string;
  readonly size?: number;
}

function isUnsaid({ name, size }: Said): boolean {
  return name === undefined && size === undefined;
}

function entryFault({ size }: Said, { kind, name, data }: Head, called: string): ArchiveFault | null {
  if (ELSEWHERE.has(kind)) return 'link';
  if (!FILE.has(kind) && kind !== FOLDER) return 'malformed';
  // An old head has no folders: a slash at the end of its name says so. In others that is a file to some, a folder to others.
  const isFolder = kind === OLD_FILE ? name.endsWith('/') : kind === FOLDER;
  if (called.endsWith('/') && !isFolder) return 'malformed';
  if (isFolder && (data.length > 0 || (kind === OLD_FILE && !called.endsWith('/')))) return 'malformed';
  return size === undefined || size === data.length ? null : 'malformed';
}

interface Head {
  readonly kind: string;
  readonly name: string;
  readonly data: Buffer;
  /** Where the next head begins. */
  readonly next: number;
}

/** Mode, owner, group, time and the numbers of a device. Some readers take a head that has something else there for the end. */
const OTHER_NUMBERS = [
  [100, 8],
  [108, 8],
  [116, 8],
  [136, 12],
  [329, 8],
  [337, 8],
] as const;

function readHead(archive: Buffer, at: number): Result<Head, ArchiveFault> {
  const head = archive.subarray(at, at + BLOCK);
  if (!isSound(head)) return err('malformed');
  const size = numberAt(head, 124, 12);
  if (size === null || !OTHER_NUMBERS.every(([from, length]) => isNumeric(head, from, length))) return err('malformed');
  const start = at + BLOCK;
  const next = start + Math.ceil(size / BLOCK) * BLOCK;
  if (next > archive.length) return err('malformed');
  const own = textAt(head, 0, 100);
  // GNU keeps other things where POSIX keeps the first part of a name.
  const before = head.toString('latin1', 257, 263) === 'ustar\0' ? textAt(head, 345, 155) : '';
  const name = before === '' ? own : `${before}/${own}`;
  const kind = String.fromCharCode(head[156]!);
  return ok({ kind, name, data: archive.subarray(start, start + size), next });
}

/** The sum of all bytes of a head, its own eight taken as blanks. */
function isSound(head: Buffer): boolean {
  const said = numberAt(head, 148, 8);
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += head[at]!;
  return said === sum;
}

/** Octal digits, with blanks before and a blank or NUL behind; or, of GNU, 63 bits that begin with 0x80. */
function numberAt(head: Buffer, at: number, length: number): number | null {
  if (head[at] === 0x80) {
    const number = head.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(number) ? number : null;
  }
  const text = head.toString('latin1', at, at + length);
  const found = /^ *([0-7]+)[ \0]*$/.exec(text);
  return found === null ? null : Number.parseInt(found[1]!, 8);
}

/** A number, one below zero as GNU writes it, or none. */
function isNumeric(head: Buffer, at: number, length: number): boolean {
  if (head[at] === 0x80 || head[at] === 0xff) return true;
  const isBlank = head.subarray(at, at + length).every((byte) => byte === 0 || byte === 0x20);
  return isBlank || numberAt(head, at, length) !== null;
}

function textAt(head: Buffer, at: number, length: number): string {
  const field = head.subarray(at, at + length);
  const end = field.indexOf(0);
  const raw = end < 0 ? field : field.subarray(0, end);
  return raw.toString(isUtf8(raw) ? 'utf8' : 'latin1');
}

function longName(data: Buffer): Said | null {
  const end = data.indexOf(0);
  if (end < 0 || !isZero(data.subarray(end)) || !isUtf8(data)) return null;
  return { name: data.toString('utf8', 0, end) };
}

/** Of several thousand records none says anything that matters. */
const RECORD_LIMIT = 1_000;

/**
 * The records of a pax head: a length, a blank, key, equals sign, value, line feed. Names and sizes for all that follows
 * are refused, since hardly a reader keeps to them; so are links, and files with holes.
 */
function paxNames(data: Buffer, kind: string): Said | null {
  let more: Said = {};
  let at = 0;
  for (let count = 0; at < data.length; count++) {
    const length = Number(/^([1-9][0-9]{0,6}) /.exec(data.toString('latin1', at, at + 9))?.[1] ?? 0);
    const end = at + length;
    if (length < 5 || end > data.length || data[end - 1] !== 0x0a || count === RECORD_LIMIT) return null;
    const record = data.subarray(at + String(length).length + 1, end - 1);
    const split = record.indexOf('=');
    if (split < 1 || !isUtf8(record)) return null;
    const key = record.toString('utf8', 0, split);
    at = end;
    if (/^(?:linkpath|SUN\.holesdata|GNU\.sparse\..*|hdrcharset)$/.test(key)) return null;
    if (key !== 'path' && key !== 'size') continue;
    const value = record.toString('utf8', split + 1);
    if (kind === PAX_GLOBAL || (key === 'path' ? more.name : more.size) !== undefined) return null;
    if (key === 'size' && !/^[0-9]{1,15}$/.test(value)) return null;
    more = key === 'path' ? { ...more, name: value } : { ...more, size: Number(value) };
  }
  return more;
}

function isZero(bytes: Buffer): boolean {
  return bytes.length === 0 || (bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1)));
}
