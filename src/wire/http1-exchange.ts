import type { Socket } from 'node:net';
import type { ProblemCode } from '../base/index.ts';
import { BodyReader } from './body-reader.ts';
import { type DirectWriter, ONE_WRITE_BYTES } from './direct-writer.ts';
import type { BodyFraming, CanonicalRequest, WholeBody } from './message.ts';
import type { RequestHead } from './request-head.ts';
import { latin1Text } from './octets.ts';
import type { ConnectionMemo, ExchangeEvents, OutgoingHead, ServerExchange } from './server.ts';
import type { SocketTunnel } from './socket-tunnel.ts';
import type { TunnelEnds, TunnelSide } from './tunnel.ts';
import { acceptOf, readUpgrade, type UpgradeFault, type UpgradeOffer } from './upgrade.ts';
import { chunkLine, fieldLines, isBodiless, LAST_CHUNK, statusLine, writeReplyHead } from './write-head.ts';

/** What an exchange needs of its connection. */
export interface ExchangeHost {
  readonly writer: DirectWriter;
  readonly memo: ConnectionMemo;
  /** Whether the connection takes another request behind this one. */
  readonly keepsAlive: boolean;
  /** The reply is whole; `reusable` tells whether another request may follow. */
  finished(reusable: boolean): void;
  /** The body may be read from now on. */
  wantsBody(): void;
  /** Nothing is to be read for so long behind this reply. */
  hush(ms: number): void;
  /** The connection carries another protocol from here on. */
  switched(ends: TunnelEnds): SocketTunnel;
  cut(): void;
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** How the reply's body is written; `nothing` for HEAD, 204, 304 and where there is none. */
type Encoding = 'nothing' | 'measured' | 'chunked' | 'until-close';

/** What happens when nobody listens yet: nothing. */
export const NO_EVENTS: ExchangeEvents = { pieces: () => true, bodyEnd() {}, bodyFailed() {}, drained() {}, gone() {} };

/** One request on an HTTP/1.1 connection. It ends exactly once: its reply is finished or cut, or the client has gone. */
export class Http1Exchange implements ServerExchange {
  readonly request: CanonicalRequest;
  readonly framing: BodyFraming;
  events: ExchangeEvents = NO_EVENTS;
  readonly #host: ExchangeHost;
  readonly #head: RequestHead;
  /** Null once the body is whole, has failed, or when there is none. */
  #reader: BodyReader | null;
  #receivedBytes = 0;
  #limitBytes = Number.MAX_SAFE_INTEGER;
  #receiving = false;
  #paused = false;
  #bodyEnded: boolean;
  /** What was read and is not handed on yet. */
  #data: Buffer | null = null;
  #fault: ProblemCode | null = null;
  #reply: 'none' | 'streaming' | 'over' = 'none';
  #encoding: Encoding = 'nothing';
  /** Bytes of body that the reply's Content-Length still wants. */
  #owed = 0;
  #keepAlive: boolean;
  #tunnel: SocketTunnel | null = null;

  constructor(host: ExchangeHost, head: RequestHead, request: CanonicalRequest) {
    this.#host = host;
    this.#head = head;
    this.request = request;
    this.framing = head.framing;
    this.#bodyEnded = head.framing.kind === 'none';
    this.#reader = this.#bodyEnded ? null : new BodyReader(head.framing);
    this.#keepAlive = head.keepAlive;
  }

  get memo(): ConnectionMemo {
    return this.#host.memo;
  }

  get receivedBytes(): number {
    return this.#tunnel === null ? this.#receivedBytes : this.#tunnel.receivedBytes;
  }

  get mustSwitch(): boolean {
    return false;
  }

  get upgrade(): UpgradeOffer | UpgradeFault | null {
    const upgrade = readUpgrade(this.#head);
    if (upgrade !== null) this.#keepAlive = false;
    return upgrade;
  }

  /** Whether bytes of the body are wanted now. */
  get readsBody(): boolean {
    return this.#receiving && !this.#paused && this.#reader !== null;
  }

  get bodyEnded(): boolean {
    return this.#bodyEnded;
  }

  /** Whether the head of the reply has been written. */
  get replyBegun(): boolean {
    return this.#reply !== 'none';
  }

  limitBody(bytes: number): boolean {
    this.#limitBytes = bytes;
    return this.framing.kind !== 'length' || this.framing.bytes <= bytes;
  }

  receive(): void {
    if (this.#receiving || this.#reply === 'over') return;
    this.#receiving = true;
    if (this.#bodyEnded) {
      this.events.bodyEnd();
      return;
    }
    if (this.#head.expectsContinue && this.#reply === 'none') this.#host.writer.stream().write(CONTINUE, 'latin1');
    this.#host.wantsBody();
  }

  resumeBody(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#host.wantsBody();
  }

  /**
   * Reads body bytes and returns how many were used; `deliver` hands them on. A read is judged whole: when it breaks the
   * framing or the limit, none of it is handed on.
   */
  take(bytes: Buffer): number {
    const reader = this.#reader;
    if (reader === null) return 0;
    const { used, data } = reader.read(bytes);
    this.#receivedBytes = reader.received;
    if (reader.failed) this.#fault = 'malformed-chunk';
    else if (reader.announced > this.#limitBytes) this.#fault = 'body-too-large';
    else {
      this.#data = data;
      this.#bodyEnded = reader.done;
      if (this.#bodyEnded) this.#reader = null;
      return used;
    }
    return bytes.length;
  }

  /** Tells what the last `take` brought. The handler may do anything meanwhile, and the connection is ready for it. */
  deliver(): void {
    const data = this.#data;
    const ended = this.#bodyEnded;
    this.#data = null;
    if (this.#fault !== null) {
      this.bodyFailed(this.#fault);
      return;
    }
    if (data !== null && !this.events.pieces([data]) && !ended) this.#paused = true;
    if (ended && this.#reply !== 'over') this.events.bodyEnd();
  }

  /** Gives the body up; told once. */
  bodyFailed(code: ProblemCode): void {
    if (this.#reader === null || this.#reply === 'over') return;
    this.#reader = null;
    this.#keepAlive = false;
    this.events.bodyFailed(code);
  }

  /** The client has gone: told once, and only where the reply was not over. */
  leave(): void {
    if (this.#reply === 'over') return;
    this.#reply = 'over';
    this.#reader = null;
    this.events.gone(null);
  }

  interim(status: number, added: readonly string[]): void {
    // 100 is ours to say, in `receive`; 101 would change the protocol.
    if (this.#reply !== 'none' || this.#head.minorVersion === 0 || status < 102 || status > 199) return;
    this.#host.writer.stream().write(`${statusLine(status)}${fieldLines(added)}\r\n`, 'latin1');
  }

  send(head: OutgoingHead, body: WholeBody): void {
    if (this.#reply !== 'none') return;
    const { writer } = this.#host;
    const { length } = body;
    const headText = this.#writeHead(head, length);
    if (this.#encoding === 'nothing' || length === 0) writer.write(headText);
    else if (length > ONE_WRITE_BYTES) {
      const socket = writer.stream();
      socket.cork();
      socket.write(headText, 'latin1');
      socket.write(body, 'latin1');
      socket.uncork();
    } else writer.write(headText + (typeof body === 'string' ? body : latin1Text(body, 0, length)));
    this.#complete();
  }

  begin(head: OutgoingHead): void {
    if (this.#reply !== 'none') return;
    this.#reply = 'streaming';
    this.#owed = head.framing.kind === 'length' ? head.framing.bytes : 0;
    const socket = this.#host.writer.stream();
    // Corked until the end of the tick, so that the head goes out together with what body is there already.
    socket.cork();
    process.nextTick(uncork, socket);
    socket.write(this.#writeHead(head, null), 'latin1');
  }

  write(piece: Buffer): boolean {
    if (this.#reply !== 'streaming') return false;
    if (this.#encoding === 'nothing' || piece.length === 0) return true;
    const socket = this.#host.writer.stream();
    if (this.#encoding === 'chunked') {
      socket.cork();
      socket.write(chunkLine(piece.length), 'latin1');
      socket.write(piece);
      const more = socket.write('\r\n', 'latin1');
      socket.uncork();
      return more;
    }
    this.#owed -= piece.length;
    if (this.#encoding === 'measured' && this.#owed < 0) {
      // More than was announced would be taken for the next reply.
      this.cut();
      return false;
    }
    return socket.write(piece);
  }

  finish(): void {
    if (this.#reply !== 'streaming') return;
    if (this.#encoding === 'measured' && this.#owed !== 0) {
      this.cut();
      return;
    }
    if (this.#encoding === 'chunked') this.#host.writer.stream().write(LAST_CHUNK, 'latin1');
    this.#complete();
  }

  hush(ms: number): void {
    this.#host.hush(ms);
  }

  switchTo(head: OutgoingHead, ends: TunnelEnds): TunnelSide {
    const offer = this.upgrade;
    if (this.#reply !== 'none' || offer === null || typeof offer === 'string')
      throw new Error('no upgrade to agree to');
    this.#reply = 'streaming';
    const agreed = ['connection', 'Upgrade', 'upgrade', offer.protocol, 'sec-websocket-accept', acceptOf(offer.key)];
    const whole = { ...head, status: 101, added: [...head.added, ...agreed] };
    const text = writeReplyHead(whole, { method: this.#head.method, legacy: false, bytes: null, close: false });
    this.#host.writer.stream().write(text, 'latin1');
    this.#tunnel = this.#host.switched(ends);
    return this.#tunnel;
  }

  cut(): void {
    if (this.#reply === 'over') return;
    this.#reply = 'over';
    this.#reader = null;
    this.#host.cut();
  }

  /** The head's text; `bytes` is the length of a body that is whole already. */
  #writeHead(head: OutgoingHead, bytes: number | null): string {
    const { method, minorVersion } = this.#head;
    const legacy = minorVersion === 0;
    const { kind } = head.framing;
    if (isBodiless(method, head.status)) this.#encoding = 'nothing';
    else if (bytes !== null || kind === 'length') this.#encoding = 'measured';
    else if (kind !== 'none') this.#encoding = legacy ? 'until-close' : 'chunked';
    // A body that was not read to its end can't be told from a next request: the connection ends behind the reply.
    this.#keepAlive &&= this.#bodyEnded && this.#host.keepsAlive && head.closes !== true;
    return writeReplyHead(head, { method, legacy, bytes, close: !this.#keepAlive });
  }

  #complete(): void {
    this.#reply = 'over';
    this.#reader = null;
    this.#host.finished(this.#keepAlive);
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}
