import { ChunkedReader } from './chunked.ts';
import type { BodyFraming } from './message.ts';

/** Below this a loop copies faster than a call. */
const SHORT_PIECE_BYTES = 64;

/** What one read of a body gave: how many bytes belonged to it, framing included, and the data among them, or null. */
export interface BodyRead {
  used: number;
  data: Buffer | null;
}

/**
 * Reads one body out of the bytes of a connection, as its head framed it. Once `done`, what follows is the next message.
 * `failed` means the framing is broken, and then nothing of that read may be used.
 */
export class BodyReader {
  readonly #kind: BodyFraming['kind'];
  readonly #chunked: ChunkedReader | null;
  readonly #read: BodyRead = { used: 0, data: null };
  #left: number;
  /** Bytes of data so far. */
  received = 0;

  constructor(framing: BodyFraming) {
    this.#kind = framing.kind;
    this.#chunked = framing.kind === 'chunked' ? new ChunkedReader() : null;
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
  }

  get done(): boolean {
    if (this.#chunked !== null) return this.#chunked.done;
    return this.#kind !== 'until-close' && this.#left === 0;
  }

  get failed(): boolean {
    return this.#chunked !== null && this.#chunked.failed;
  }

  /** Bytes of data that the peer has said will come at least, those received included; Infinity past 2^53. */
  get announced(): number {
    return this.#chunked === null ? this.received + this.#left : this.received + this.#chunked.announced;
  }

  /** Whether the peer may end the body by closing now. */
  get endsByClose(): boolean {
    return this.#kind === 'until-close';
  }

  /** Reads from the beginning of `bytes`, which are its own from then on. The result is filled anew by each call. */
  read(bytes: Buffer): BodyRead {
    const read = this.#read;
    if (this.#chunked !== null) return this.#readChunked(this.#chunked, bytes);
    const count = this.#kind === 'until-close' ? bytes.length : Math.min(this.#left, bytes.length);
    if (this.#kind === 'length') this.#left -= count;
    this.received += count;
    read.used = count;
    read.data = count === 0 ? null : count === bytes.length ? bytes : bytes.subarray(0, count);
    return read;
  }

  /**
   * Pieces of data are moved together over the framing between them: thousands of tiny chunks would else become
   * thousands of buffers, and be sent on as tiny as they came.
   */
  #readChunked(reader: ChunkedReader, bytes: Buffer): BodyRead {
    const read = this.#read;
    let at = 0;
    let start = 0;
    let end = 0;
    while (at < bytes.length && !reader.done && !reader.failed) {
      const step = reader.read(bytes, at);
      at = step.at;
      const length = step.dataEnd - step.dataStart;
      if (length === 0) continue;
      if (end === 0) start = end = step.dataStart;
      move(bytes, end, step.dataStart, step.dataEnd);
      end += length;
    }
    this.received += end - start;
    read.used = at;
    read.data = end === start ? null : bytes.subarray(start, end);
    return read;
  }
}

function move(bytes: Buffer, to: number, start: number, end: number): void {
  if (to === start) return;
  if (end - start > SHORT_PIECE_BYTES) bytes.copyWithin(to, start, end);
  else for (let at = start; at < end; at++) bytes[to++] = bytes[at] as number;
}
