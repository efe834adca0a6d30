import { HpackDecoder, type HpackFault } from './hpack-decoder.ts';
import { REQUEST_RULES } from './hpack-field.ts';
import type { Http2Bounds } from './protocol.ts';
import { RequestBlock, TrailerBlock } from './request-block.ts';
import { type Http2RequestReading, newHeadMemory, type RequestCarriage } from './request-head.ts';

/** Reads the header blocks of one connection, with all that lasts from one to the next. */
export class BlockReader {
  readonly #decoder: HpackDecoder;
  readonly #request = new RequestBlock();
  readonly #trailers = new TrailerBlock();
  readonly #memory = newHeadMemory();
  /** How a head comes: with the end of its stream, or not. */
  readonly #ending: RequestCarriage;
  readonly #going: RequestCarriage;

  constructor(scheme: 'http' | 'https', bounds: Pick<Http2Bounds, 'tableBytes' | 'fieldsPerBlock'>) {
    this.#decoder = new HpackDecoder(REQUEST_RULES, bounds.tableBytes, bounds);
    this.#ending = { scheme, ended: true };
    this.#going = { scheme, ended: false };
  }

  /** What is kept from one block to the next, about. */
  get heldBytes(): number {
    return this.#decoder.heldBytes;
  }

  /** Reads a block of a request, or of anything else, which is taken for trailers. Behind a fault nothing more can be read. */
  decode(bytes: Buffer, from: number, to: number, what: 'request' | 'trailers'): HpackFault | null {
    const into = what === 'request' ? this.#request : this.#trailers;
    into.clear();
    return this.#decoder.decode(bytes, from, to, into);
  }

  /** What the last block is as a request; `ended`: it was all of it. */
  request(ended: boolean): Http2RequestReading {
    return this.#request.read(this.#memory, ended ? this.#ending : this.#going);
  }

  /** Whether the last block asks for a head alone, be it a sound request or not. */
  get asksForHead(): boolean {
    return this.#request.asksForHead;
  }

  /** Whether the last block is sound as trailers (RFC 9113 §8.1). */
  get areSoundTrailers(): boolean {
    return this.#trailers.fault === null;
  }
}
