import { halfSipHash } from './shared-rows-hash.ts';
import { FORMAT, HEAD_WORDS, isSmall, WORD, wordsOf } from './shared-rows-layout.ts';

/** Rows of a larger table that a thread keeps decoded: those of as many callers as are busy at a time. */
const DECODED_LIMIT = 4_096;

/**
 * The rows that `packRows` wrote, read where they lie. A large table is decoded row by row when one is asked for, and
 * those used last are kept: the same object for the same row. Memory that `packRows` did not write throws a TypeError.
 */
export function readRows<Row>(memory: ArrayBufferLike): ReadonlyMap<string, Row> {
  const rows = new SharedRows<Row>(memory);
  return isSmall(rows.size, memory.byteLength) ? new Map(rows) : rows;
}

class SharedRows<Row> implements ReadonlyMap<string, Row> {
  readonly size: number;
  /** Held as long as the rows are, and nothing else. */
  readonly weight: ArrayBuffer;
  readonly #words: Uint32Array;
  /** Keys in UTF-16 as they lie, and the same bytes for decoding. */
  readonly #units: Uint16Array;
  readonly #bytes: Buffer<ArrayBufferLike>;
  readonly #startsAt: number;
  // By number of the row, in two generations: when the young one is half of what is allowed, the old one goes.
  #young = new Map<number, Row>();
  #old = new Map<number, Row>();

  constructor(memory: ArrayBufferLike) {
    const head = headOf(memory);
    this.size = head.rows;
    this.#words = new Uint32Array(memory, 0, head.words);
    this.#bytes = Buffer.from(memory, head.words * 4);
    this.#units = new Uint16Array(memory, head.words * 4, this.#bytes.length >> 1);
    this.#startsAt = HEAD_WORDS + head.slots * 2;
    this.weight = weightOf(memory.byteLength);
  }

  get(key: string): Row | undefined {
    const number = this.#find(key);
    return number === -1 ? undefined : this.#row(number);
  }

  has(key: string): boolean {
    return this.#find(key) !== -1;
  }

  *keys(): Generator<string, undefined> {
    for (let number = 0; number < this.size; number++) yield this.#key(number);
  }

  *values(): Generator<Row, undefined> {
    for (let number = 0; number < this.size; number++) yield this.#passing(number);
  }

  *entries(): Generator<[string, Row], undefined> {
    for (let number = 0; number < this.size; number++) yield [this.#key(number), this.#passing(number)];
  }

  [Symbol.iterator](): Generator<[string, Row], undefined> {
    return this.entries();
  }

  forEach(callback: (row: Row, key: string, rows: ReadonlyMap<string, Row>) => void, self?: unknown): void {
    for (const [key, row] of this) callback.call(self, row, key, this);
  }

  /** The number of the row of a key, or -1. */
  #find(key: string): number {
    const words = this.#words;
    if (key.length > (words[WORD.longestKey] as number)) return -1;
    const mask = (words[WORD.slots] as number) - 1;
    const hash = halfSipHash(key, words[WORD.key0] as number, words[WORD.key1] as number);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (words[HEAD_WORDS + slot * 2 + 1] as number) - 1;
      if (number === -1) return -1;
      if (words[HEAD_WORDS + slot * 2] === hash && this.#hasKey(number, key)) return number;
    }
  }

  #hasKey(number: number, key: string): boolean {
    const start = this.#start(number * 2) >>> 1;
    const end = this.#start(number * 2 + 1) >>> 1;
    if (end - start !== key.length) return false;
    const units = this.#units;
    for (let at = 0; at < key.length; at++) if (units[start + at] !== key.charCodeAt(at)) return false;
    return true;
  }

  #start(index: number): number {
    return this.#words[this.#startsAt + index] as number;
  }

  #key(number: number): string {
    return this.#bytes.toString('utf16le', this.#start(number * 2), this.#start(number * 2 + 1));
  }

  /** A row, kept from now on. */
  #row(number: number): Row {
    const young = this.#young.get(number);
    if (young !== undefined) return young;
    const row = this.#old.get(number) ?? this.#decode(number);
    if (this.#young.size >= DECODED_LIMIT / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(number, row);
    return row;
  }

  /** A row that is only passed on the way through all: it displaces none that is used. */
  #passing(number: number): Row {
    return this.#young.get(number) ?? this.#old.get(number) ?? this.#decode(number);
  }

  #decode(number: number): Row {
    return JSON.parse(this.#bytes.toString('utf8', this.#start(number * 2 + 1), this.#start(number * 2 + 2))) as Row;
  }
}

/**
 * Stands for shared memory where the collector counts, which it does not do with that memory itself: without it a thread
 * that does little else would collect no version for hours. Only its addresses are taken, for nobody touches it.
 */
function weightOf(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes, { maxByteLength: bytes });
}

/** What the head says, if it is one and all of it is there. */
function headOf(memory: ArrayBufferLike): { readonly rows: number; readonly slots: number; readonly words: number } {
  if (!(memory instanceof SharedArrayBuffer || memory instanceof ArrayBuffer) || memory.byteLength < wordsOf(0, 1) * 4)
    throw notRows();
  const head = new Uint32Array(memory, 0, HEAD_WORDS);
  const rows = head[WORD.rows] as number;
  const slots = head[WORD.slots] as number;
  const words = wordsOf(rows, slots);
  if (head[WORD.format] !== FORMAT || slots <= rows || memory.byteLength < words * 4) throw notRows();
  const end = new Uint32Array(memory, (words - 1) * 4, 1)[0];
  if (memory.byteLength !== words * 4 + (end as number)) throw notRows();
  return { rows, slots, words };
}

function notRows(): TypeError {
  return new TypeError('what was sent holds no rows of a live table');
}
