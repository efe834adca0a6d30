import { keepRead } from '../lent-reads.ts';
import type { ExchangeEvents } from '../server.ts';
import type { TunnelEnds, TunnelSide } from '../tunnel.ts';
import { ErrorCode } from './protocol.ts';

/** What a tunnel needs of its stream. */
interface TunnelStream {
  readonly heldBytes: number;
  /** Takes what comes, however long nothing does. */
  receive(mayStandStill: boolean): void;
  resumeBody(): void;
  write(piece: Buffer): boolean;
  finish(): void;
  cut(code: number): void;
}

/** The client's side of a tunnel over one stream: DATA either way, under the flow control of that (RFC 8441 §5). */
export class Http2Tunnel implements TunnelSide, ExchangeEvents {
  readonly #stream: TunnelStream;
  readonly #ends: TunnelEnds;
  #hasBegun = false;
  /** `ends` takes nothing now. */
  #paused = false;
  /** The client has ended its side, and `ends` was not told yet. */
  #endHeld = false;

  constructor(stream: TunnelStream, ends: TunnelEnds) {
    this.#stream = stream;
    this.#ends = ends;
  }

  get waiting(): number {
    return this.#stream.heldBytes;
  }

  write(bytes: Buffer): boolean {
    return this.#stream.write(keepRead(bytes));
  }

  /** END_STREAM stands for the end of a connection, */
  end(): void {
    this.#stream.finish();
  }

  /** and this for its reset. */
  reset(): void {
    this.#stream.cut(ErrorCode.cancel);
  }

  resume(): void {
    this.#paused = false;
    if (this.#hasBegun) this.#stream.resumeBody();
    else {
      this.#hasBegun = true;
      this.#stream.receive(true);
    }
    this.#tellEnd();
  }

  pieces(pieces: readonly Buffer[]): boolean {
    this.#paused = !this.#ends.bytes(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
    return !this.#paused;
  }

  bodyEnd(): void {
    this.#endHeld = true;
    this.#tellEnd();
  }

  /** The connection was half closed, and with it all that it carries. */
  bodyFailed(): void {
    this.bodyEnd();
  }

  /** An end in a pause waits as bytes do, since `ends` may not be through with those before. */
  #tellEnd(): void {
    if (!this.#endHeld || this.#paused) return;
    this.#endHeld = false;
    this.#ends.ended();
  }

  drained(): void {
    this.#ends.drained();
  }

  gone(): void {
    this.#ends.gone();
  }
}
