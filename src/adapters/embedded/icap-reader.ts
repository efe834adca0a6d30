import { type IcapHead, readHead } from './icap-message.ts';

/** Bytes of a head, or of the line before a chunk. */
const HEAD_LIMIT_BYTES = 65_536;
const BLANK_LINE = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** Why nothing is read any more. */
export class IcapFault extends Error {}

/**
 * Reads what a service sends, strictly, as one thing after the other: heads, so many bytes, chunks. What comes meanwhile
 * is kept; it is bounded by what somebody waits for, since nothing is taken from the socket before.
 */
export class IcapReader {
  readonly #more: () => Promise<Buffer | null>;
  #bytes: Buffer = NOTHING;

  /** `more` gives the next piece, null at the end. */
  constructor(more: () => Promise<Buffer | null>) {
    this.#more = more;
  }

  /** Whether nothing is left that nobody asked for. */
  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  async head(): Promise<IcapHead> {
    const text = await this.#until(BLANK_LINE);
    const read = readHead(text);
    if (read === null) throw new IcapFault('the reply is no ICAP');
    return read;
  }

  async exactly(count: number): Promise<Buffer> {
    if (count > HEAD_LIMIT_BYTES) throw new IcapFault('the reply has too long a head');
    while (this.#bytes.length < count) await this.#grow();
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /**
   * How many bytes the next chunk of a body has (RFC 9112 §7.1); 0 at its end. Trailers are not taken. Its bytes are to be
   * taken by `some`, and what is behind them by `chunkEnd`.
   */
  async chunkSize(): Promise<number> {
    const line = await this.#until(LINE_END);
    const digits = /^([0-9a-f]{1,8})[\t ]*(?:;[\t -~]*)?$/i.exec(line)?.[1];
    if (digits === undefined) throw new IcapFault('the reply has a broken chunk');
    const size = Number.parseInt(digits, 16);
    if (size === 0) await this.chunkEnd();
    return size;
  }

  /** What has come of so many bytes, one at least: nothing is gathered, however long a chunk is. */
  async some(count: number): Promise<Buffer> {
    while (this.isEmpty) await this.#grow();
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(taken.length);
    return taken;
  }

  async chunkEnd(): Promise<void> {
    if (!(await this.exactly(LINE_END.length)).equals(LINE_END)) throw new IcapFault('the reply has a broken chunk');
  }

  async #until(mark: Buffer): Promise<string> {
    let from = 0;
    for (;;) {
      const at = this.#bytes.indexOf(mark, from);
      if (at > HEAD_LIMIT_BYTES) throw new IcapFault('the reply has too long a head');
      if (at >= 0) {
        const text = this.#bytes.toString('latin1', 0, at);
        this.#bytes = this.#bytes.subarray(at + mark.length);
        return text;
      }
      if (this.#bytes.length > HEAD_LIMIT_BYTES) throw new IcapFault('the reply has too long a head');
      from = Math.max(0, this.#bytes.length - mark.length);
      await this.#grow();
    }
  }

  async #grow(): Promise<void> {
    const piece = await this.#more();
    if (piece === null) throw new IcapFault('the service closed the connection');
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
  }
}

const LINE_END = Buffer.from('\r\n');
