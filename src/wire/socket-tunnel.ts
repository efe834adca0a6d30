import type { Socket } from 'node:net';
import { type DirectWriter, ONE_WRITE_BYTES } from './direct-writer.ts';
import { keepRead } from './lent-reads.ts';
import { latin1Text } from './octets.ts';
import { SIDE_BUFFER_BYTES } from './server.ts';
import type { TunnelEnds, TunnelSide } from './tunnel.ts';

/** How a side ends, which is for whoever owns the socket to do. */
export interface SocketTunnelHost {
  /** Ends it behind what was written. */
  end(): void;
  /** Ends it so that the peer can't take what it has for the whole. */
  reset(): void;
}

/**
 * One side of a tunnel over a socket. It begins in a pause. In a pause reading goes on for a while, since a socket that is
 * not read does not tell that its peer has gone; what comes is held, up to a bound.
 */
export class SocketTunnel implements TunnelSide {
  ends: TunnelEnds;
  /** Bytes given to `ends`. */
  receivedBytes = 0;
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  readonly #host: SocketTunnelHost;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #paused = true;
  #peerEnded = false;
  #peerGone = false;
  #over = false;

  /** `writer` is the socket's own; who owns the two calls `drained` for both. */
  constructor(socket: Socket, writer: DirectWriter, host: SocketTunnelHost, ends: TunnelEnds) {
    this.#socket = socket;
    this.#writer = writer;
    this.#host = host;
    this.ends = ends;
  }

  get waiting(): number {
    return this.#writer.waiting;
  }

  write(bytes: Buffer): boolean {
    if (this.#over || this.#peerGone) return true;
    const writer = this.#writer;
    // Made a text, short ones are copied by that, and what else comes in this turn goes out with them.
    if (bytes.length <= ONE_WRITE_BYTES) writer.append(latin1Text(bytes, 0, bytes.length));
    else writer.stream().write(keepRead(bytes));
    return !writer.needsDrain;
  }

  end(): void {
    if (this.#over) return;
    this.#finish();
    // What still comes is thrown away, and must not fill the socket.
    this.#socket.resume();
    this.#host.end();
  }

  reset(): void {
    if (this.#over) return;
    this.#finish();
    this.#host.reset();
  }

  #finish(): void {
    this.#over = true;
    this.#dropHeld();
  }

  #dropHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    // As a stream does: not before whoever asked has finished what it is doing.
    process.nextTick(goOn, this);
  }

  /** Works off what came in a pause, unless there is another by now; then reads on. */
  goOn(): void {
    while (this.#held.length > 0 && !this.#paused && !this.#over) {
      const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
      this.#dropHeld();
      this.#give(bytes);
    }
    if (this.#over || this.#paused) return;
    if (this.#peerGone) this.#tellGone();
    else if (this.#peerEnded) this.ends.ended();
    else this.#socket.resume();
  }

  /** Bytes have come; they are lent. */
  receive(lent: Buffer): void {
    if (this.#over) return;
    if (!this.#paused && this.#held.length === 0) {
      this.#give(lent);
      return;
    }
    this.#held.push(keepRead(lent));
    this.#heldBytes += lent.length;
    if (this.#heldBytes >= SIDE_BUFFER_BYTES) this.#socket.pause();
  }

  #give(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    if (!this.ends.bytes(bytes)) this.#paused = true;
  }

  /** The peer has closed its side. In a pause that waits as its bytes do, since `ends` may not be through with those before. */
  peerEnded(): void {
    this.#peerEnded = true;
    if (!this.#paused && !this.#over) this.ends.ended();
  }

  /** The socket is closed. What it brought before is handed on all the same, but that of a peer that broke off. */
  closed(): void {
    this.#peerGone = true;
    if (!this.#peerEnded) this.#dropHeld();
    if (!this.#over && this.#held.length === 0) this.#tellGone();
  }

  #tellGone(): void {
    this.#finish();
    this.ends.gone();
  }

  /** What was written has gone out. */
  drained(): void {
    if (!this.#over) this.ends.drained();
  }
}

function goOn(tunnel: SocketTunnel): void {
  tunnel.goOn();
}
