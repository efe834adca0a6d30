import { bufferOf } from './text.ts';

/** A text while parts of it are left out, from its beginning to its end; all else stays byte for byte. */
export class KeptBytes {
  readonly #bytes: Buffer;
  readonly #kept: Buffer[] = [];
  /** Up to here all is in `kept`, or is gone. */
  #done = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bufferOf(bytes);
  }

  /** Leaves these bytes out, and puts others in their place where there are any. Each call lies behind the one before. */
  drop(from: number, to: number, instead?: Buffer): void {
    this.#kept.push(this.#bytes.subarray(this.#done, from));
    if (instead !== undefined) this.#kept.push(instead);
    this.#done = to;
  }

  /** What is left; it shares no memory with the text. */
  rest(): Buffer {
    this.#kept.push(this.#bytes.subarray(this.#done));
    return Buffer.concat(this.#kept);
  }
}
