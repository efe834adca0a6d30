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

  constructor(stream: TunnelStream, ends: TunnelEnds) {
    this.#stream = stream;
    this.#ends = ends;
  }

  get waiting(): number {
    return this.#stream.heldBytes;
  }

  write(bytes: Buffer): boolean {
    return this.#stream.write(bytes);
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
    if (this.#hasBegun) {
      this.#stream.resumeBody();
      return;
    }
    this.#hasBegun = true;
    this.#stream.receive(true);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    return this.#ends.bytes(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  bodyEnd(): void {
    this.#ends.ended();
  }

  /** The connection was half closed, and with it all that it carries. */
  bodyFailed(): void {
    this.#ends.ended();
  }

  drained(): void {
    this.#ends.drained();
  }

  gone(): void {
    this.#ends.gone();
  }
}
