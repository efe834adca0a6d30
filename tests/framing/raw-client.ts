import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Message, readMessage } from './message-reader.ts';
import { Signal } from './signal.ts';

/** Where a client connects to. */
export interface Address {
  readonly port: number;
  /** The name for the TLS handshake, or null for a connection without TLS. */
  readonly serverName: string | null;
  /** PEM of the certificate authority that the gateway's certificate comes from. */
  readonly ca: string;
}

/** How bytes are written: each message in one piece, or one byte after the other. */
export type Split = 'whole' | 'bytes';

/** Everything a client got, as far as it can be read. */
export interface Replies {
  readonly finals: readonly Message[];
  readonly interims: readonly Message[];
  /** A reply that has begun and is not whole. */
  readonly partial: Message | null;
  /** What is wrong with the bytes after the last whole reply, or null. */
  readonly violation: string | null;
}

/** A client that sends the bytes it is given and keeps the bytes it gets. */
export class RawClient {
  readonly signal = new Signal();
  received: Buffer = Buffer.alloc(0);
  /** Whether the other side has ended the connection, in whatever way. */
  closed = false;
  /** Whether it ended its side in order, which alone ends a reply without a length. */
  endedInOrder = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => {
      this.received = Buffer.concat([this.received, data]);
      this.signal.changed();
    });
    socket.on('end', () => {
      this.endedInOrder = true;
      this.#close();
    });
    socket.on('close', () => this.#close());
    // The reason does not matter: `close` follows every error.
    socket.on('error', () => {});
  }

  /** Connects; the promise is kept when bytes can be sent, and fails when they can't. */
  static async connect({ port, serverName, ca }: Address): Promise<RawClient> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket =
      serverName === null
        ? connectTcp({ port, host: '127.0.0.1' }, resolve)
        : connectTls(
            // The corpus sends names that stand in no certificate; that the chain is ours is enough here.
            {
              port,
              host: '127.0.0.1',
              servername: serverName,
              ca,
              ALPNProtocols: ['http/1.1'],
              checkServerIdentity: () => undefined,
            },
            resolve,
          );
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before it was open')));
    const client = new RawClient(socket);
    await promise;
    return client;
  }

  /** Sends; stops when the connection is gone or `enough` says that the rest would not be read. */
  async send(bytes: Buffer, split: Split, enough: () => boolean): Promise<void> {
    if (split === 'whole') return this.#write(bytes);
    for (const piece of piecesOf(bytes)) {
      if (this.closed || enough()) return;
      await this.#write(piece);
    }
  }

  /** Ends this side. */
  finish(): void {
    this.#socket.end();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Reads what came so far; `methods` are those of the requests, in order. */
  replies(methods: readonly string[]): Replies {
    const finals: Message[] = [];
    const interims: Message[] = [];
    let rest = this.received;
    while (rest.length > 0) {
      const method = methods[finals.length];
      const reading = readMessage(rest, {
        from: 'server',
        ended: this.endedInOrder,
        ...(method === undefined ? {} : { method }),
      });
      if (reading.kind === 'violation') return { finals, interims, partial: null, violation: reading.reason };
      if (reading.kind === 'partial') return { finals, interims, partial: reading.message, violation: null };
      (isInterim(reading.message) ? interims : finals).push(reading.message);
      rest = rest.subarray(reading.length);
    }
    return { finals, interims, partial: null, violation: null };
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.closed || bytes.length === 0) return;
    let written = false;
    this.#socket.write(bytes, () => {
      written = true;
      this.signal.changed();
    });
    // A connection that goes away keeps no promise of a callback in time.
    await this.signal.holds(() => written || this.closed);
  }

  #close(): void {
    this.closed = true;
    this.signal.changed();
  }
}

/** The status of a reply. */
export function statusOf(reply: Message): number {
  return Number(reply.start.slice(9, 12));
}

function isInterim(reply: Message): boolean {
  return statusOf(reply) < 200 && statusOf(reply) !== 101;
}

const RUN_LIMIT = 32;
const LONG_BYTES = 1_500;
const EDGE_BYTES = 600;
const LINE_END_BYTES = 2;
const PIECE_BYTES = 256;

/**
 * One byte each; a long run of one byte value is one piece from its 32nd byte on, since all splits inside it are alike.
 * What is longer than 1,500 bytes goes byte by byte at its ends and around every line end only: thousands of writes may
 * take longer on a busy machine than a gateway waits for a head.
 */
export function piecesOf(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = isInTheMiddle(bytes, at) ? endOfPiece(bytes, at) : endOfRun(bytes, at);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** Where the run that `at` stands in ends, if it began 32 bytes before or earlier; else the next byte. */
function endOfRun(bytes: Buffer, at: number): number {
  for (let back = 1; back <= RUN_LIMIT; back++) if (bytes[at - back] !== bytes[at]) return at + 1;
  let end = at;
  while (end < bytes.length && bytes[end] === bytes[at]) end++;
  return end;
}

function endOfPiece(bytes: Buffer, at: number): number {
  let end = at;
  while (end - at < PIECE_BYTES && isInTheMiddle(bytes, end)) end++;
  return end;
}

/** Whether a byte of a long message is far from its ends and from every line end. */
function isInTheMiddle(bytes: Buffer, at: number): boolean {
  if (bytes.length <= LONG_BYTES || at < EDGE_BYTES || at >= bytes.length - EDGE_BYTES) return false;
  const around = bytes.subarray(at - LINE_END_BYTES, at + LINE_END_BYTES + 1);
  return !around.includes(0x0a) && !around.includes(0x0d);
}
