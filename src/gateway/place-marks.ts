import { hashText } from '../balance/index.ts';

/** So many marks are shared by all places; two places with one mark cost a fetch that was not needed, and nothing else. */
const MARKS = 16_384;

/** The memory that the marks of all threads stand in. */
export function createMarkMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(MARKS * Uint32Array.BYTES_PER_ELEMENT);
}

/**
 * Numbers that all threads share, one for many places each, which go up when what is stored there is no longer good
 * (RFC 9111 §4.4): a thread that stored something under another number than stands there now does not serve it.
 */
export class PlaceMarks {
  readonly #marks: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#marks = new Uint32Array(memory);
  }

  /** Which mark a place has. */
  static of(place: string): number {
    return hashText(place) % MARKS;
  }

  read(mark: number): number {
    return Atomics.load(this.#marks, mark);
  }

  raise(mark: number): void {
    Atomics.add(this.#marks, mark, 1);
  }
}
