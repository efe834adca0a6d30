import { halfSipHash } from './shared-rows-hash.ts';
import { FORMAT, HEAD_WORDS, isSmall, slotsFor, TABLE_BYTES_LIMIT, WORD, wordsOf } from './shared-rows-layout.ts';
import { rowText } from './shared-rows-text.ts';
import { createSystemRandom } from './system-random.ts';

const FIRST_BYTES = 4_096;
const SPACE = 0x20;

/**
 * Writes rows into memory, in their order; other threads read them there by `readRows`. It is shared but for a small
 * table, which is copied when it is sent. Nothing of the rows is
 * kept. A row that is no plain data throws a TypeError, more than TABLE_BYTES_LIMIT in all a RangeError.
 */
export function packRows(rows: ReadonlyMap<string, unknown>): ArrayBufferLike {
  const slots = slotsFor(rows.size);
  const starts = new Uint32Array(rows.size * 2 + 1);
  const writer = new RowWriter(TABLE_BYTES_LIMIT - wordsOf(rows.size, slots) * 4);
  let at = 0;
  let longestKey = 0;
  for (const [key, row] of rows) {
    starts[at++] = writer.end;
    writer.write(key, 'utf16le');
    starts[at++] = writer.end;
    writer.write(rowText(row), 'utf8');
    writer.fillUp();
    if (key.length > longestKey) longestKey = key.length;
  }
  starts[at] = writer.end;
  const headBytes = wordsOf(rows.size, slots) * 4;
  const bytes = headBytes + writer.end;
  const memory = isSmall(rows.size, bytes) ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  const words = new Uint32Array(memory, 0, headBytes / 4);
  words[WORD.format] = FORMAT;
  words[WORD.rows] = rows.size;
  words[WORD.slots] = slots;
  words[WORD.longestKey] = longestKey;
  createSystemRandom().fill(new Uint8Array(memory, WORD.key0 * 4, 8));
  placeKeys(words, rows.keys());
  words.set(starts, HEAD_WORDS + slots * 2);
  new Uint8Array(memory, headBytes).set(writer.written);
  return memory;
}

/** Gives each key a slot. There are twice as many as keys, so an empty one is found. */
function placeKeys(words: Uint32Array, keys: Iterable<string>): void {
  const mask = (words[WORD.slots] as number) - 1;
  const key0 = words[WORD.key0] as number;
  const key1 = words[WORD.key1] as number;
  let number = 0;
  for (const key of keys) {
    const hash = halfSipHash(key, key0, key1);
    let slot = hash & mask;
    while (words[HEAD_WORDS + slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    words[HEAD_WORDS + slot * 2] = hash;
    words[HEAD_WORDS + slot * 2 + 1] = ++number;
  }
}

/** Bytes that grow as they are written, to a limit. */
class RowWriter {
  end = 0;
  readonly #limit: number;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);

  constructor(limit: number) {
    this.#limit = limit;
  }

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.end);
  }

  write(text: string, encoding: 'utf8' | 'utf16le'): void {
    this.#makeRoom(encoding === 'utf8' ? Buffer.byteLength(text) : text.length * 2);
    this.end += this.#bytes.write(text, this.end, encoding);
  }

  /** Up to an even byte. */
  fillUp(): void {
    if (this.end % 2 === 0) return;
    this.#makeRoom(1);
    this.#bytes[this.end++] = SPACE;
  }

  #makeRoom(length: number): void {
    const needed = this.end + length;
    if (needed > this.#limit)
      throw new RangeError(`the rows of a live table take more than ${TABLE_BYTES_LIMIT} bytes`);
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.end);
    this.#bytes = grown;
  }
}
