import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Signal } from '../framing/signal.ts';
import {
  ERROR,
  FLAG,
  FRAME,
  type Frame,
  frame,
  PREFACE,
  readFrames,
  requestBlock,
  settings,
  statusOfBlock,
} from './frames.ts';

/** Where a client of a gateway connects to. */
export interface Http2Address {
  readonly port: number;
  /** PEM of the authority that the gateway's certificate comes from. */
  readonly ca: string;
  /** The name for the TLS handshake, which then need not be that of the certificate; `localhost`, and held to it, where none is given. */
  readonly serverName?: string | null;
  /** The certificate that the client shows where it is asked for one, and its key, both as PEM. */
  readonly shown?: { readonly cert: string; readonly key: string };
}

/** A request of a FrameClient. */
export interface FrameRequest {
  readonly method?: string;
  readonly path: string;
  /** `localhost` where nothing is said. */
  readonly authority?: string;
  readonly fields?: readonly (readonly [string, string])[];
  /** Whether the request is left without its end. */
  readonly open?: boolean;
}

/**
 * A client of HTTP/2 that sends whatever frames it is given and keeps those it gets. By itself it only acknowledges
 * SETTINGS and PING, and not even that where it is `silent`.
 */
export class FrameClient {
  readonly signal = new Signal();
  readonly frames: Frame[] = [];
  /** Whether the other side has ended the connection, in whatever way. */
  closed = false;
  /** Whether it ended in order: FIN, and no reset. */
  endedInOrder = false;
  silent = false;
  /** Is told of each frame, behind `frames`. */
  onFrame: (frame: Frame) => void = () => {};
  readonly #tcp: Socket;
  readonly #socket: TLSSocket;
  #rest: Buffer = Buffer.alloc(0);
  #nextId = 1;

  private constructor(tcp: Socket, socket: TLSSocket) {
    this.#tcp = tcp;
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => {
      this.endedInOrder = true;
      this.#close();
    });
    socket.on('close', () => this.#close());
    // The reason does not matter: `close` follows every error.
    socket.on('error', () => {});
  }

  /** Connects with ALPN `h2` and sends nothing yet. Fails where the other side doesn't choose `h2`. */
  static async connect({ port, ca, serverName, shown }: Http2Address): Promise<FrameClient> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const tcp = connectTcp({ host: '127.0.0.1', port, noDelay: true });
    // That the chain is ours is enough where another name is asked for.
    const name =
      serverName === undefined
        ? { servername: 'localhost' }
        : { servername: serverName ?? '', checkServerIdentity: () => undefined };
    const socket = connectTls({ socket: tcp, ca, ALPNProtocols: ['h2'], ...name, ...shown }, resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before it was open')));
    const client = new FrameClient(tcp, socket);
    await promise;
    if (socket.alpnProtocol !== 'h2') throw new Error(`the server chose ${String(socket.alpnProtocol)}`);
    return client;
  }

  /** Connects and sends the preface with these settings. */
  static async open(
    address: Http2Address,
    pairs: readonly (readonly [id: number, value: number])[] = [],
  ): Promise<FrameClient> {
    const client = await FrameClient.connect(address);
    await client.send(PREFACE, settings(pairs));
    return client;
  }

  /** Sends in one write; kept when the system has taken it, or the connection is gone. */
  async send(...pieces: readonly Buffer[]): Promise<void> {
    if (this.closed) return;
    let written = false;
    this.#socket.write(Buffer.concat(pieces), () => {
      written = true;
      this.signal.changed();
    });
    await this.signal.holds(() => written || this.closed);
  }

  /** The HEADERS frame of a request on the next stream, and that stream's id. */
  request({ method = 'GET', path, authority, fields = [], open = false }: FrameRequest): {
    readonly id: number;
    readonly bytes: Buffer;
  } {
    const id = this.#nextId;
    this.#nextId += 2;
    const flags = FLAG.endHeaders | (open ? 0 : FLAG.endStream);
    return { id, bytes: frame(FRAME.headers, flags, id, requestBlock(method, path, fields, authority)) };
  }

  /** Sends a request and gives its stream's id. */
  async ask(request: FrameRequest): Promise<number> {
    const { id, bytes } = this.request(request);
    await this.send(bytes);
    return id;
  }

  /** Whether a request to this path is answered 200, whole. */
  async serves(path = '/fast'): Promise<boolean> {
    const id = await this.ask({ path });
    await this.signal.holds(() => this.isAnswered(id) || this.closed);
    return this.statusOf(id) === 200 && this.isAnswered(id);
  }

  /** Stops reading, so that the system's buffers fill up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends this side. */
  finish(): void {
    this.#socket.end();
  }

  /** Kept when the connection has ended, or after the deadline. */
  async ended(deadlineMs?: number): Promise<boolean> {
    return await this.signal.holds(() => this.closed, deadlineMs);
  }

  /** Whether a RST_STREAM, GOAWAY or the end has come. */
  async isToldOf(id: number): Promise<boolean> {
    return await this.signal.holds(() => this.closed || this.goaway() !== null || this.resetOf(id) !== null);
  }

  /** Ends the connection at once, in order as far as the system goes. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Resets the connection, as the system does for a program that has died. */
  abort(): void {
    this.#tcp.resetAndDestroy();
  }

  /** The code of the last GOAWAY, or null. */
  goaway(): number | null {
    const last = this.frames.findLast(({ type }) => type === FRAME.goaway);
    return last === undefined ? null : last.payload.readUInt32BE(4);
  }

  /** The code of the stream's RST_STREAM, or null. */
  resetOf(id: number): number | null {
    const found = this.#find(id, FRAME.reset);
    return found === undefined ? null : found.payload.readUInt32BE(0);
  }

  /** The status of the stream's first HEADERS that are no interim reply, or null. */
  statusOf(id: number): number | null {
    for (const { type, streamId, payload } of this.frames) {
      if (type !== FRAME.headers || streamId !== id) continue;
      const status = statusOfBlock(payload);
      if (status !== null && status >= 200) return status;
    }
    return null;
  }

  /** Whether the stream's reply has ended in order. */
  isAnswered(id: number): boolean {
    return this.frames.some(
      ({ type, flags, streamId }) =>
        streamId === id && (type === FRAME.headers || type === FRAME.data) && (flags & FLAG.endStream) !== 0,
    );
  }

  /** The body of the stream's reply, as far as it came. */
  bodyOf(id: number): Buffer {
    const pieces = this.frames.filter(({ type, streamId }) => type === FRAME.data && streamId === id);
    return Buffer.concat(pieces.map(({ payload }) => payload));
  }

  #find(id: number, type: number): Frame | undefined {
    return this.frames.find((found) => found.type === type && found.streamId === id);
  }

  #receive(bytes: Buffer): void {
    const { frames, rest } = readFrames(Buffer.concat([this.#rest, bytes]));
    this.#rest = rest;
    for (const found of frames) {
      this.frames.push(found);
      if (!this.silent && (found.flags & FLAG.ack) === 0) this.#acknowledge(found);
      this.onFrame(found);
    }
    this.signal.changed();
  }

  #acknowledge({ type, payload }: Frame): void {
    if (type === FRAME.settings) this.#socket.write(frame(FRAME.settings, FLAG.ack, 0));
    if (type === FRAME.ping) this.#socket.write(frame(FRAME.ping, FLAG.ack, 0, payload));
  }

  #close(): void {
    this.closed = true;
    this.signal.changed();
  }
}

/** The name of an error code, for messages. */
export function nameOf(code: number | null): string {
  if (code === null) return 'none';
  return Object.entries(ERROR).find(([, value]) => value === code)?.[0] ?? String(code);
}
