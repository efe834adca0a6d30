import type { Socket } from 'node:net';
import type { DirectWriter } from './direct-writer.ts';

/** After the end the client gets this long to read it; what it still sends is thrown away, within a bound. */
const LINGER_MS = 3_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/**
 * The end of a connection: sends FIN behind what was written, and goes on reading for a while, since closing at once would
 * make the client lose the last words (RFC 9112 §9.6, RFC 9113 §5.4.1).
 */
export class Lingering {
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  /** When what was written must have gone out. */
  readonly #flushedByMs: number;
  #since: number;
  #bytes = 0;

  /** `flushMs`: how long what was written may take to go out; Infinity where whoever ends the connection bounds that. */
  constructor(socket: Socket, writer: DirectWriter, flushMs: number, now: number) {
    this.#socket = socket;
    this.#writer = writer;
    this.#flushedByMs = now + flushMs;
    this.#since = now;
    writer.stream().end();
  }

  /** Throws away so many bytes. */
  read(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > LINGER_BYTES) this.#socket.destroy();
  }

  /** Judges the wait, which begins when all has gone out. */
  sweep(now: number): void {
    if (this.#writer.waiting > 0 && now <= this.#flushedByMs) this.#since = now;
    else if (now - this.#since > LINGER_MS) this.#socket.destroy();
  }
}
