import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';

/** Where a gateway listens, and who vouches for it. */
export interface GatewayAddress {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
}

/** A reply that came whole. */
export interface WholeReply {
  readonly status: number;
  readonly body: Buffer;
  /** The server said that this was the last one over this connection. */
  readonly last: boolean;
}

/** How a body is sent and read. What is slow takes as long as is said here. */
export interface Pace {
  /** Time over which the pieces of the request's body are spread. */
  readonly sendMs: number;
  /** Time over which a reply of `replyBytes` is read. */
  readonly readMs: number;
  readonly replyBytes: number;
}

/** As fast as it goes. */
export const AT_ONCE: Pace = { sendMs: 0, readMs: 0, replyBytes: 0 };

/** The fault of a connection whose end was announced with its last reply (RFC 9112 §9.6). */
export const SAID_SO = 'the server said that it closes';

/** So long a reply may take beyond its pace. */
const LIMIT_MS = 20_000;
const PIECES = 20;
const HEAD_LIMIT_BYTES = 65_536;

interface Reading {
  head: { readonly status: number; readonly length: number; readonly last: boolean } | null;
  pieces: Buffer[];
  bytes: number;
  readonly beganMs: number;
  readonly pace: Pace;
  readonly give: (reply: WholeReply | string) => void;
}

/**
 * A client's TLS connection that is kept between requests, one at a time. It reads replies strictly: all must state
 * their length, and what comes besides is a fault. A fault is told in words and ends the connection.
 */
export class KeptConnection {
  readonly #socket: Socket;
  #reading: Reading | null = null;
  #fault: string | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => this.#take(piece));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(`the connection broke: ${error.code ?? 'unknown'}`),
    );
    socket.on('close', () => this.#fail('the connection was closed'));
  }

  /** A connection, or why there is none. */
  static open({ port, ca }: GatewayAddress): Promise<KeptConnection | string> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
      const timer = setTimeout(() => socket.destroy(), LIMIT_MS);
      const refused = (error?: NodeJS.ErrnoException): void =>
        resolve(`no connection: ${error?.code ?? 'closed before it stood'}`);
      socket.once('error', refused);
      socket.once('close', () => refused());
      socket.once('secureConnect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        socket.setNoDelay(true);
        resolve(new KeptConnection(socket));
      });
    });
  }

  /** Why nothing can be asked over it any more; null while it stands. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Sends a request and gives its reply, or what was wrong with it. */
  async ask(head: string, body: Buffer, pace: Pace = AT_ONCE): Promise<WholeReply | string> {
    if (this.#fault !== null) return this.#fault;
    if (this.#reading !== null) throw new Error('two requests at a time');
    const { promise, resolve } = Promise.withResolvers<WholeReply | string>();
    this.#reading = { head: null, pieces: [], bytes: 0, beganMs: performance.now(), pace, give: resolve };
    const timer = setTimeout(() => this.#fail('no whole reply in time'), LIMIT_MS + pace.sendMs + pace.readMs);
    if (pace.sendMs === 0) this.#socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
    else void this.#send(head, body, pace.sendMs);
    const reply = await promise;
    clearTimeout(timer);
    return reply;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #send(head: string, body: Buffer, sendMs: number): Promise<void> {
    this.#socket.write(Buffer.from(head, 'latin1'));
    const size = Math.ceil(body.length / PIECES);
    for (let at = 0; at < body.length && this.#fault === null; at += size) {
      await delay(sendMs / PIECES);
      if (this.#fault === null) this.#socket.write(body.subarray(at, at + size));
    }
  }

  #take(piece: Buffer): void {
    const reading = this.#reading;
    if (reading === null) {
      this.#fail('bytes that no request asked for');
      return;
    }
    reading.pieces.push(piece);
    reading.bytes += piece.length;
    if (reading.head === null && !this.#readHead(reading)) return;
    const { head, pace, beganMs } = reading;
    if (head === null || this.#fault !== null) return;
    if (reading.bytes > head.length) this.#fail('more bytes than the reply announced');
    else if (reading.bytes === head.length) this.#give(reading, head);
    else if (pace.readMs > 0)
      this.#rest((reading.bytes / pace.replyBytes) * pace.readMs - (performance.now() - beganMs));
  }

  #readHead(reading: Reading): boolean {
    const bytes = Buffer.concat(reading.pieces);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0 && bytes.length <= HEAD_LIMIT_BYTES) return false;
    const text = bytes.toString('latin1', 0, Math.max(0, end));
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
    const length = /\r\ncontent-length: (\d+)(?:\r\n|$)/i.exec(text)?.[1];
    if (status === undefined || length === undefined) {
      this.#fail(`not a reply with a length: ${JSON.stringify(text.slice(0, 60))}`);
      return false;
    }
    reading.head = {
      status: Number(status),
      length: Number(length),
      last: /\r\nconnection: close(?:\r\n|$)/i.test(text),
    };
    const rest = bytes.subarray(end + 4);
    reading.pieces = [rest];
    reading.bytes = rest.length;
    return true;
  }

  #give({ pieces, give }: Reading, { status, last }: NonNullable<Reading['head']>): void {
    this.#reading = null;
    if (last) this.#fault = SAID_SO;
    give({ status, body: Buffer.concat(pieces), last });
  }

  #rest(ms: number): void {
    if (ms < 5) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), ms);
  }

  #fail(reason: string): void {
    this.#fault ??= reason;
    const reading = this.#reading;
    this.#reading = null;
    this.#socket.destroy();
    if (reading === null) return;
    const cut = reading.head === null ? '' : `, ${reading.bytes} of ${reading.head.length} bytes of the body had come`;
    reading.give(`${reason}${cut}`);
  }
}
