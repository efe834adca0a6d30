import { Cidr, err, ok, type Result } from '../base/index.ts';
import { AddressTreeBuilder } from './address-tree.ts';
import { readNameEntry } from './domain-name.ts';
import { packNames } from './name-table.ts';

/** Larger files are no lists. */
export const LIST_LIMIT_BYTES = 64 * 1024 * 1024;
/** More lines than any public list has. */
const LINE_LIMIT = 1_000_000;
const LONGEST_LINE = 4_096;

/** What a file holds. */
export type ListKind = 'addresses' | 'names';

/** Why a file is no list: the line, from 1, or null where it is of the whole file. */
export interface ListFault {
  readonly line: number | null;
  readonly message: string;
}

/** A list that was read: how many entries stand in it, and its packed form. */
export interface ReadList {
  readonly entries: number;
  readonly packed: Uint8Array;
}

const LINE_FEED = 0x0a;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;

/**
 * Reads a list from a file: an entry a line, spaces around it, and behind `#` or `;` whatever one likes. Nothing is
 * skipped: one line that is no entry makes the whole file none. A file without any line is refused too, since that is
 * what one looks like that is being written; an empty list has a comment.
 */
export function readListFile(bytes: Uint8Array, kind: ListKind): Result<ReadList, ListFault> {
  if (bytes.length > LIST_LIMIT_BYTES) return fault(null, `is larger than ${LIST_LIMIT_BYTES / 1024 / 1024} MiB`);
  const list = kind === 'addresses' ? new AddressLines() : new NameLines();
  const start = startOf(bytes);
  let line = 0;
  for (let from = start; from < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, from);
    const end = found < 0 ? bytes.length : found;
    line++;
    if (line > LINE_LIMIT) return fault(line, `has more than ${LINE_LIMIT} lines`);
    if (end - from > LONGEST_LINE) return fault(line, `is longer than ${LONGEST_LINE} bytes`);
    const message = list.take(bytes, from, end);
    if (message !== null) return fault(line, message);
    from = end + 1;
  }
  if (list.entries === 0 && isBlank(bytes.subarray(start)))
    return fault(null, 'has no line: a list that is meant to be empty has a comment, such as # none');
  return ok({ entries: list.entries, packed: list.pack() });
}

function fault(line: number | null, message: string): Result<never, ListFault> {
  return err({ line, message });
}

/** Behind a byte order mark. */
function startOf(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** The entry of a line; empty where it has none. */
function entryOf(bytes: Uint8Array, from: number, to: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
  const comment = text.search(/[#;]/);
  return (comment < 0 ? text : text.slice(0, comment)).trim();
}

/** Whether there are nothing but spaces and ends of lines. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= 0x20);
}

/** Quoted for an operator, and not longer than one reads. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

class AddressLines {
  readonly #builder = new AddressTreeBuilder();

  get entries(): number {
    return this.#builder.entries;
  }

  /** Takes a line, also one without an entry; why it can't be taken, or null. */
  take(bytes: Uint8Array, from: number, to: number): string | null {
    if (this.#takePlain(bytes, from, to)) return null;
    const entry = entryOf(bytes, from, to);
    if (entry === '') return null;
    const block = Cidr.parse(entry);
    if (!block.ok) return `${quoted(entry)}: ${block.error}`;
    this.#builder.add(block.value);
    return null;
  }

  pack(): Uint8Array {
    return this.#builder.pack();
  }

  /** Whether it was nothing but a block or an address of IPv4 in its plain spelling, which most lines of long lists are. */
  #takePlain(bytes: Uint8Array, from: number, end: number): boolean {
    const to = bytes[end - 1] === 0x0d ? end - 1 : end;
    let network = 0;
    let number = -1;
    let octets = 0;
    let at = from;
    for (; at < to; at++) {
      const byte = bytes[at] as number;
      if (byte >= ZERO && byte <= ZERO + 9) {
        if (number === 0) return false;
        number = (number < 0 ? 0 : number * 10) + byte - ZERO;
        if (number > 255) return false;
      } else if ((byte === DOT && octets < 3) || (byte === SLASH && octets === 3)) {
        if (number < 0) return false;
        network = network * 256 + number;
        octets++;
        number = -1;
      } else return false;
    }
    if (number < 0) return false;
    if (octets === 3) this.#builder.addIpv4(network * 256 + number, 32);
    else if (octets === 4 && number <= 32 && network % 2 ** (32 - number) === 0) this.#builder.addIpv4(network, number);
    else return false;
    return true;
  }
}

class NameLines {
  readonly #names: string[] = [];

  get entries(): number {
    return this.#names.length;
  }

  take(bytes: Uint8Array, from: number, to: number): string | null {
    const entry = entryOf(bytes, from, to);
    if (entry === '') return null;
    const name = readNameEntry(entry);
    if (!name.ok) return `${quoted(entry)}: ${name.error}`;
    this.#names.push(name.value);
    return null;
  }

  pack(): Uint8Array {
    return packNames(this.#names);
  }
}
