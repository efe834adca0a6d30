import { keepRead } from './lent-reads.ts';
import { CR, LF } from './octets.ts';
import {
  earlyFault,
  newAuthorityMemory,
  readRequestHead,
  readSoundHead,
  type RequestHead,
  type RequestHeadReading,
} from './request-head.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * What an HTTP/1.1 client has sent and nobody has taken yet, and the request heads at its beginning. Whoever adds to it
 * bounds it: heads by what `next` says of one that is not whole, bodies by not reading on.
 */
export class RequestInput {
  readonly #memory = newAuthorityMemory();
  #bytes: Buffer = NOTHING;
  /** So many of the bytes are known to hold no end of a head. */
  #scanned = 0;
  /** Whether an empty line came before the request line; see `#skipEmptyLine`. */
  #emptyLine = false;

  get length(): number {
    return this.#bytes.length;
  }

  /** All that is here, for whoever only looks at it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /**
   * Reads the head that a lent read consists of or begins with, where nothing is here yet. Null where that is no whole,
   * sound head: then nothing has been taken. Of what stands behind the head a copy is kept.
   */
  nextLent(lent: Buffer): RequestHead | null {
    const head = readSoundHead(lent, this.#memory);
    if (head === null) return null;
    this.#emptyLine = false;
    if (head.bytes < lent.length) this.#bytes = keepRead(lent.subarray(head.bytes));
    return head;
  }

  /** Takes bytes in, for keeps. */
  add(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
  }

  /** The next head, taken from the bytes, or what is wrong with it; null where more of it must come. */
  next(): RequestHeadReading | null {
    const fault = this.#bytes[0] === CR ? this.#skipEmptyLine() : null;
    if (fault !== null) return { fault };
    const bytes = this.#bytes;
    const sound = this.#scanned === 0 ? readSoundHead(bytes, this.#memory) : null;
    if (sound !== null) return this.#taken(sound);
    const end = bytes.indexOf(HEAD_END, Math.max(0, this.#scanned - 3));
    if (end < 0) {
      this.#scanned = bytes.length;
      const early = earlyFault(bytes);
      return early === null ? null : { fault: early };
    }
    const reading = readRequestHead(bytes, end + 2, this.#memory);
    return reading.fault === null ? this.#taken(reading) : reading;
  }

  /** Drops bytes that somebody has taken. */
  drop(count: number): void {
    this.#bytes = count >= this.#bytes.length ? NOTHING : this.#bytes.subarray(count);
    this.#scanned = 0;
  }

  /** Gives all that is here away. */
  takeAll(): Buffer {
    const bytes = this.#bytes;
    this.drop(bytes.length);
    return bytes;
  }

  #taken(head: RequestHead): RequestHead {
    this.drop(head.bytes);
    this.#emptyLine = false;
    return head;
  }

  /** One empty line before a request line is tolerated (RFC 9112 §2.2), but only one. */
  #skipEmptyLine(): 'malformed-request-line' | 'bare-line-break' | null {
    if (this.#emptyLine) return 'malformed-request-line';
    if (this.#bytes.length === 1) return null;
    if (this.#bytes[1] !== LF) return 'bare-line-break';
    this.#emptyLine = true;
    this.drop(2);
    return this.#bytes[0] === CR ? 'malformed-request-line' : null;
  }
}
