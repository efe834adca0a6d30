import type { LedgerRecord } from '../base/index.ts';
import { BLOCK_LINE_BYTES } from './line.ts';
import { LINE_LIMIT_BYTES } from './line-bytes.ts';
import { RecordEncoder } from './record-encoder.ts';

/** Smaller, and the longest record of all would never fit. */
const LEAST_BYTES = 2 * LINE_LIMIT_BYTES;
const MOST_BYTES = 1024 * 1024 * 1024;
/** A record takes more than this with its block's line, so there is a place for the end of each that fits. */
const BYTES_A_PLACE = 128;
/** Words of the two sides lie in lines of the processor's cache of their own. */
const WORDS = 64;
const CAPACITY = 0;
/** Written by the producer: how many records stand whole in the ring, since the beginning. */
const HEAD = 16;
/** Written by the writer: how much credit it has given, since the beginning. */
const LIMIT = 32;
/** Written by the writer: 1 while credit is worth nothing. */
const HALTED = 33;
/** 1 while the writer looks at this ring only when it is called. */
const ASLEEP = 48;
/** 1 while the producer wants to be told of new credit. */
const WAITS = 49;

/** Counts begin so near the edge of 32 bits that every run goes over it, and not only one of weeks. */
const FIRST_RECORD = 2 ** 31 - 100;
const FIRST_BYTE = 2 ** 31 - 64 * 1024;

/**
 * Memory for the records of one producer on their way to the writer: `capacityBytes`, a power of two from 128 KiB on,
 * and some more. All counts in it run on modulo 2^32.
 */
export function createRecordRing(capacityBytes: number): SharedArrayBuffer {
  if (!(capacityBytes >= LEAST_BYTES && capacityBytes <= MOST_BYTES) || (capacityBytes & (capacityBytes - 1)) !== 0) {
    throw new RangeError(`a ring of ${capacityBytes} bytes`);
  }
  const ends = (capacityBytes / BYTES_A_PLACE) * Int32Array.BYTES_PER_ELEMENT;
  const buffer = new SharedArrayBuffer(WORDS * 4 + ends + capacityBytes);
  new Int32Array(buffer, 0, WORDS)[CAPACITY] = capacityBytes;
  clearRecordRing(buffer);
  return buffer;
}

/** Makes a ring as good as new for another producer. Neither end of it may be in use any more. */
export function clearRecordRing(buffer: SharedArrayBuffer): void {
  const { words, ends, capacityBytes } = openRing(buffer);
  words.fill(0);
  words[CAPACITY] = capacityBytes;
  words[HEAD] = FIRST_RECORD;
  words[LIMIT] = FIRST_BYTE;
  words[WAITS] = 1;
  ends.fill(FIRST_BYTE);
}

interface Ring {
  readonly words: Int32Array;
  /** Where each record ends, by its number. */
  readonly ends: Int32Array;
  readonly bytes: Buffer;
  readonly capacityBytes: number;
}

function openRing(buffer: SharedArrayBuffer): Ring {
  const words = new Int32Array(buffer, 0, WORDS);
  const capacityBytes = words[CAPACITY] as number;
  const ends = new Int32Array(buffer, WORDS * 4, capacityBytes / BYTES_A_PLACE);
  return { words, ends, bytes: Buffer.from(buffer, WORDS * 4 + ends.byteLength), capacityBytes };
}

/**
 * The end of a ring that appends. A record is there when the count of records says so, by one store at the end: whatever
 * happens to this thread before, nobody sees anything of it, and whatever happens after, the writer finds it whole.
 */
export class RingProducer {
  readonly #ring: Ring;
  readonly #encoder = new RecordEncoder();
  #records = FIRST_RECORD;
  #position = FIRST_BYTE;
  /** Credit that was used, and the credit that was given when it was last looked at. */
  #spent = FIRST_BYTE;
  #limit = FIRST_BYTE;

  constructor(buffer: SharedArrayBuffer) {
    this.#ring = openRing(buffer);
  }

  /** Appends a record; false where the credit does not pay for it, or is worth nothing. */
  append(record: LedgerRecord): boolean {
    const { words, ends, bytes, capacityBytes } = this.#ring;
    // Read plainly: where the writer's word comes a moment late, one more record is taken, as if it had come before.
    if (words[HALTED] !== 0) return false;
    let room = (this.#limit - this.#spent) | 0;
    if (room < LINE_LIMIT_BYTES + BLOCK_LINE_BYTES) {
      this.#limit = Atomics.load(words, LIMIT);
      room = (this.#limit - this.#spent) | 0;
      if (room <= BLOCK_LINE_BYTES) return false;
    }
    const length = this.#encoder.encode(record);
    if (length + BLOCK_LINE_BYTES > room) return false;
    const { line } = this.#encoder;
    const start = this.#position & (capacityBytes - 1);
    const first = Math.min(length, capacityBytes - start);
    line.copy(bytes, start, 0, first);
    if (first < length) line.copy(bytes, 0, first, length);
    this.#position = (this.#position + length) | 0;
    this.#spent = (this.#spent + length + BLOCK_LINE_BYTES) | 0;
    ends[this.#records & (ends.length - 1)] = this.#position;
    this.#records = (this.#records + 1) | 0;
    Atomics.store(words, HEAD, this.#records);
    return true;
  }

  /** Whether the writer must be called to see what was appended; true once for each time it has fallen asleep. */
  mustCall(): boolean {
    const { words } = this.#ring;
    return Atomics.load(words, ASLEEP) !== 0 && Atomics.exchange(words, ASLEEP, 0) !== 0;
  }

  /** Whether more than half of what was given at most is used, by what is known of it. */
  get scarce(): boolean {
    return ((this.#limit - this.#spent) | 0) < this.#ring.capacityBytes / 2;
  }

  /** Asks for a word when there is new credit. Then it must be tried: some may have come before. */
  wait(): void {
    Atomics.store(this.#ring.words, WAITS, 1);
  }

  /** The newest records that are not overwritten, oldest first, as they were written. */
  newest(count: number): readonly string[] {
    const { ends, bytes, capacityBytes } = this.#ring;
    const texts: string[] = [];
    let end = this.#position;
    const oldest = (end - capacityBytes) | 0;
    for (let n = 1; n <= count && n < ends.length; n++) {
      const number = (this.#records - n) | 0;
      const start = ends[(number - 1) & (ends.length - 1)] as number;
      if (((start - oldest) | 0) < 0 || start === end) break;
      const [from, to] = [start & (capacityBytes - 1), ((end - 1) & (capacityBytes - 1)) + 1];
      const whole = from < to;
      const text = bytes.toString('latin1', from, whole ? to : capacityBytes);
      texts.push(whole ? text : text + bytes.toString('latin1', 0, to));
      end = start;
    }
    return texts.reverse();
  }
}

/** How far the records of a ring have come; `credit` is what they were taken on. */
export interface RingMark {
  readonly records: number;
  readonly position: number;
  readonly credit: number;
}

const BEGINNING: RingMark = { records: FIRST_RECORD, position: FIRST_BYTE, credit: FIRST_BYTE };

/** The end of a ring that the writer has. What was taken out stays until it is released, and can be taken again. */
export class RingConsumer {
  readonly #ring: Ring;
  #taken: RingMark = BEGINNING;
  #released: RingMark = BEGINNING;
  #limit = FIRST_BYTE;
  #ended = false;

  constructor(buffer: SharedArrayBuffer) {
    this.#ring = openRing(buffer);
  }

  get capacityBytes(): number {
    return this.#ring.capacityBytes;
  }

  /** How far records were taken out. */
  get taken(): RingMark {
    return this.#taken;
  }

  /** Records that stand in the ring and were not taken. A count that can't be is a bug, and throws. */
  get waiting(): number {
    const count = (Atomics.load(this.#ring.words, HEAD) - this.#taken.records) | 0;
    if (count < 0 || count > this.#ring.ends.length) throw new Error('the ring of a producer of records is damaged');
    return count;
  }

  /** Records that were appended and are not released. */
  get unreleased(): number {
    return this.waiting + ((this.#taken.records - this.#released.records) | 0);
  }

  /** Credit that was given and not seen used yet; of one that has ended, what it did use. */
  get outstandingBytes(): number {
    if (!this.#ended) return (this.#limit - this.#taken.credit) | 0;
    const waiting = this.waiting;
    return waiting === 0 ? 0 : this.#bytesOf(waiting) + waiting * BLOCK_LINE_BYTES;
  }

  #bytesOf(records: number): number {
    const { ends } = this.#ring;
    const bytes =
      ((ends[(this.#taken.records + records - 1) & (ends.length - 1)] as number) - this.#taken.position) | 0;
    if (bytes < 0 || bytes > this.#ring.capacityBytes) throw new Error('the ring of a producer of records is damaged');
    return bytes;
  }

  /** Copies as many records as there are and `roomBytes` hold; gives how many these were. */
  take(target: Uint8Array, at: number, roomBytes: number): number {
    const waiting = this.waiting;
    if (waiting === 0) return 0;
    const records = this.#bytesOf(waiting) <= roomBytes ? waiting : this.#fitting(waiting, roomBytes);
    if (records === 0) return 0;
    const { bytes, capacityBytes } = this.#ring;
    const length = this.#bytesOf(records);
    const start = this.#taken.position & (capacityBytes - 1);
    const first = Math.min(length, capacityBytes - start);
    bytes.copy(target, at, start, start + first);
    if (first < length) bytes.copy(target, at + first, 0, length - first);
    this.#taken = {
      records: (this.#taken.records + records) | 0,
      position: (this.#taken.position + length) | 0,
      credit: (this.#taken.credit + length + records * BLOCK_LINE_BYTES) | 0,
    };
    return records;
  }

  #fitting(waiting: number, roomBytes: number): number {
    let [fits, tooMany] = [0, waiting];
    while (tooMany - fits > 1) {
      const middle = (fits + tooMany) >>> 1;
      if (this.#bytesOf(middle) <= roomBytes) fits = middle;
      else tooMany = middle;
    }
    return fits;
  }

  /** What was taken up to a mark is safe, and its place is free. */
  release(mark: RingMark): void {
    this.#released = mark;
  }

  /** Nothing is known of what was taken and not released: it is to be taken again. */
  rewind(): void {
    this.#taken = this.#released;
  }

  /** Gives credit of at most `freeBytes`, as far as the ring has room, and none below a quarter of it; gives how much that was. */
  grant(freeBytes: number): number {
    if (this.#ended) return 0;
    const room = (this.#released.credit + this.#ring.capacityBytes - this.#limit) | 0;
    const bytes = Math.min(room, freeBytes);
    if (bytes < this.#ring.capacityBytes / 4) return 0;
    this.#limit = (this.#limit + bytes) | 0;
    Atomics.store(this.#ring.words, LIMIT, this.#limit);
    return bytes;
  }

  /** While it is halted nothing is appended, whatever the credit. */
  halt(halted: boolean): void {
    Atomics.store(this.#ring.words, HALTED, halted ? 1 : 0);
  }

  /** Whether the producer wants to be told of credit; asks once. */
  wantsWord(): boolean {
    const { words } = this.#ring;
    return Atomics.load(words, WAITS) !== 0 && Atomics.exchange(words, WAITS, 0) !== 0;
  }

  /** Says whether the writer is to be called. After falling asleep it must look once more: a record may have come meanwhile. */
  sleep(asleep: boolean): void {
    Atomics.store(this.#ring.words, ASLEEP, asleep ? 1 : 0);
  }

  /** The producer is gone: what it has left in the ring is all that comes. */
  end(): void {
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#ended;
  }
}
