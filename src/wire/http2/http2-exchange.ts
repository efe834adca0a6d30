import type { ProblemCode } from '../../base/index.ts';
import { NO_EVENTS } from '../http1-exchange.ts';
import type { BodyFraming, CanonicalRequest, WholeBody } from '../message.ts';
import type { ConnectionMemo, ExchangeEvents, OutgoingHead, ServerExchange, ServerHandler } from '../server.ts';
import type { TunnelEnds, TunnelSide } from '../tunnel.ts';
import { offerOf, type UpgradeFault, type UpgradeOffer } from '../upgrade.ts';
import { isBodiless } from '../write-head.ts';
import type { SendingStream } from './data-sender.ts';
import { encodeFields, ReplyHeadEncoder } from './hpack-encoder.ts';
import { type BodyOwner, IncomingBody } from './incoming-body.ts';
import { Pace } from '../pace.ts';
import { Http2Tunnel } from './http2-tunnel.ts';
import { ErrorCode, type Http2Fault } from './protocol.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Http2RequestHead } from './request-head.ts';
import type { StreamHost } from './stream-host.ts';

/** So long the rest of a request may come behind its reply. */
const LINGER_MS = 3_000;
const NONE: BodyFraming = { kind: 'none' };
const CHUNKED: BodyFraming = { kind: 'chunked' };
const CONTINUE = encodeFields([':status', '100']);
/** One a thread: what it keeps depends on no client. */
const ENCODER = new ReplyHeadEncoder();

/** How the reply's body is sent; `nothing` for HEAD, 204, 304 and where there is none. */
type Encoding = 'nothing' | 'measured' | 'open';

/**
 * One request on an HTTP/2 connection, as its handler sees it, and what the connection keeps of its stream. It ends exactly
 * once: its reply is finished or cut, or the client has gone. What the connection reads of the body is only gathered;
 * `deliver` hands it on, so that no work of the handler's comes between two frames.
 */
export class Http2Exchange implements ServerExchange, SendingStream, BodyOwner {
  readonly id: number;
  readonly head: Http2RequestHead;
  readonly request: CanonicalRequest;
  /** `chunked` where the length is not known: for GET and HEAD that is so only behind the first data. See `waits`. */
  framing: BodyFraming;
  events: ExchangeEvents = NO_EVENTS;
  /** See `SendingStream`. */
  window = 0;
  held: WholeBody[] | null = null;
  heldBytes = 0;
  endHeld = false;
  sentBytes = 0;
  /** What of the connection's window this stream has taken and not consumed; kept by the connection. */
  owedBytes = 0;
  readonly #host: StreamHost<Http2Exchange>;
  readonly #openedAt: number;
  #receiveWindow: ReceiveWindow | null = null;
  /** Null where there is none. */
  #body: IncomingBody | null;
  #waits: boolean;
  /** The client has ended its side. */
  #ended: boolean;
  #receiving = false;
  #handingOver = false;
  #reply: 'none' | 'streaming' | 'over' = 'none';
  #encoding: Encoding = 'open';
  /** Bytes of body that the reply's content-length still wants. */
  #wantedBytes = 0;
  /** The block of the reply's trailers, until it can go out behind what is held; null where there is none. */
  #trailers: string | null = null;
  /** The connection has forgotten the stream. */
  #forgotten = false;
  #replyPace: Pace | null = null;
  /** Since when all that is missing is the end of the request, which nobody wants any more. */
  #lingersSince: number | null = null;

  /** `ended`: the head was all of the request; that `head` announces no body then has been judged before. */
  constructor(host: StreamHost<Http2Exchange>, id: number, head: Http2RequestHead, ended: boolean) {
    const { authority, contentLength, fields: headers, method, path, query } = head;
    this.#host = host;
    this.id = id;
    this.head = head;
    this.request = { method, host: authority.host, port: authority.port, path, query, headers, peer: host.peer };
    this.framing =
      ended || head.upgrades || contentLength === 0
        ? NONE
        : contentLength > 0
          ? { kind: 'length', bytes: contentLength }
          : CHUNKED;
    this.#ended = ended;
    const hasBody = this.framing.kind !== 'none' || (head.upgrades && !ended);
    this.#body = hasBody ? new IncomingBody(this, contentLength) : null;
    const unsure = this.framing.kind === 'chunked' && (method === 'GET' || method === 'HEAD');
    this.#waits = !ended && !head.upgrades && (unsure || contentLength === 0);
    this.#openedAt = host.moment();
  }

  get memo(): ConnectionMemo {
    return this.#host.memo;
  }

  get receivedBytes(): number {
    return this.#body === null ? 0 : this.#body.receivedBytes;
  }

  get mustSwitch(): boolean {
    return this.head.upgrades;
  }

  /** By extended CONNECT alone: there is no Upgrade (RFC 9113 §8.6). */
  get upgrade(): UpgradeOffer | UpgradeFault | null {
    if (!this.head.upgrades) return null;
    const isOpen = this.#body !== null && this.head.contentLength < 0;
    return isOpen ? offerOf(this.head.fields, '') : 'invalid-upgrade';
  }

  /**
   * A GET or HEAD that does not say whether a body follows, or a request that says there is none and has not ended: it is
   * not to be handed over before its end, or the first of its data, has told. Else a verdict would depend on how frames
   * fall into reads.
   */
  get waits(): boolean {
    return this.#waits;
  }

  /** Whether the client has ended its side (RFC 9113 §5.1). */
  get halfClosed(): boolean {
    return this.#ended;
  }

  /** Whether the head of the reply has been sent. */
  get replyBegun(): boolean {
    return this.#reply !== 'none';
  }

  /** Whether more of the body is wanted: else nothing opens the stream's window any more. */
  get takesMore(): boolean {
    return this.#body !== null && this.#body.isOpen;
  }

  /** What the client may send on this stream. */
  get receiveWindow(): ReceiveWindow {
    return (this.#receiveWindow ??= new ReceiveWindow(this.#host.bounds.streamWindowBytes));
  }

  /** Gives the request to the handler, and behind that what has come of its body, where it is wanted. */
  handOver(handler: ServerHandler): void {
    this.#handingOver = true;
    handler.request(this);
    this.#handingOver = false;
    this.deliver();
  }

  /** Notes data, which are copied; a fault where the head announced less (RFC 9113 §8.1.1). */
  data(bytes: Buffer, from: number, to: number): Http2Fault | null {
    this.#waits = false;
    return this.#body === null ? 'content-length-mismatch' : this.#body.data(bytes, from, to);
  }

  /** Notes that the client has ended its side, by data or by trailers; a fault where data are missing. */
  bodyEnded(): Http2Fault | null {
    this.#ended = true;
    if (this.#lingersSince !== null) {
      this.#close();
      return null;
    }
    if (this.#waits) {
      this.#waits = false;
      this.framing = NONE;
      this.#body = null;
    }
    return this.#body === null ? null : this.#body.end();
  }

  /** Hands on what has come of the body, as far as it is wanted. Called when a read has been worked off. */
  deliver(): void {
    if (!this.#handingOver) this.#body?.deliver();
  }

  /** The body will not come whole: told when all that has come of it was handed on. */
  bodyFailed(code: ProblemCode): void {
    this.#body?.failed(code);
    this.deliver();
  }

  /** See `StreamHost`. */
  consumed(bytes: number): void {
    if (!this.#forgotten) this.#host.consumed(this, bytes);
  }

  /** The client has reset the stream, broken its framing (`code`) or gone: told once, and only where the reply was not over. */
  leave(code: ProblemCode | null = null): void {
    if (this.#forgotten) return;
    this.#forget();
    if (this.#reply === 'over') return;
    this.#reply = 'over';
    this.events.gone(code);
  }

  /** All that was held has been sent: told by the sender. */
  drained(): void {
    if (this.#trailers !== null) this.#endUnlessHeld();
    else if (this.#reply === 'streaming') this.events.drained();
  }

  /** As `drained`, and the end of the stream has been sent with it. */
  ended(): void {
    this.#complete();
  }

  /**
   * Judges the present waits, about twice a second. `request-timeout`: what it `waits` for has not come, and since no
   * handler knows of the request, the connection has to answer; `stalled`: the client does not take its reply. `mayCome`:
   * whether the connection lets data come, of whatever stream.
   */
  sweep(now: number, mayCome = true): 'request-timeout' | 'stalled' | null {
    if (this.#lingersSince !== null) {
      if (now - this.#lingersSince > LINGER_MS) this.#close();
      return null;
    }
    if (this.#waits && this.#reply === 'none')
      return now - this.#openedAt > this.#host.bounds.headMs ? 'request-timeout' : null;
    this.#body?.sweep(this.#host.bounds, mayCome, now);
    return this.#isStalled(now) ? 'stalled' : null;
  }

  limitBody(bytes: number): boolean {
    if (!this.head.upgrades) this.#body?.limit(bytes);
    return this.framing.kind !== 'length' || this.framing.bytes <= bytes;
  }

  receive(mayStandStill = false): void {
    if (this.#receiving || this.#reply === 'over') return;
    const body = this.#body;
    // What comes before the switch is no body, and is held.
    const isHeld = this.head.upgrades && this.#reply === 'none';
    this.#receiving = !isHeld;
    if (body === null || isHeld) {
      this.events.bodyEnd();
      return;
    }
    // Who sends data already does not wait to be told (RFC 9110 §10.1.1).
    const expecting = this.head.expectsContinue && body.isOpen && body.arrivedBytes === 0;
    if (expecting && this.#reply === 'none') this.#host.head(this, CONTINUE, false);
    body.want(mayStandStill);
    this.deliver();
  }

  resumeBody(): void {
    if (this.#body !== null && this.#body.resume()) this.deliver();
  }

  interim(status: number, added: readonly string[]): void {
    // 100 is ours to say, in `receive`; there is no 101 (RFC 9113 §8.6).
    if (this.#reply !== 'none' || status < 102 || status > 199) return;
    this.#host.head(this, encodeFields([':status', String(status), ...added]), false);
  }

  send(head: OutgoingHead, body: WholeBody): void {
    if (this.#reply !== 'none' || this.#isMistakable(head)) return;
    this.#reply = 'over';
    const { length } = body;
    const block = this.#encode(head, length);
    const bodiless = this.#encoding === 'nothing' || length === 0;
    this.#host.head(this, block, bodiless);
    if (!bodiless) this.#host.sender.send(this, body, true);
    if (head.retires === true) this.#host.retire();
    this.#endUnlessHeld();
  }

  begin(head: OutgoingHead): void {
    if (this.#reply !== 'none' || this.#isMistakable(head)) return;
    this.#reply = 'streaming';
    this.#wantedBytes = head.framing.kind === 'length' ? head.framing.bytes : 0;
    const block = this.#encode(head, null);
    this.#host.head(this, block, this.#encoding === 'nothing');
  }

  /** Whether the client would take this reply for the switch (RFC 8441 §5). Then it gets none. */
  #isMistakable({ status }: OutgoingHead): boolean {
    if (!this.head.upgrades || status >= 300) return false;
    this.cut();
    return true;
  }

  write(piece: Buffer): boolean {
    if (this.#reply !== 'streaming') return false;
    if (this.#encoding === 'nothing' || piece.length === 0) return true;
    this.#wantedBytes -= piece.length;
    if (this.#encoding === 'measured' && this.#wantedBytes < 0) {
      // More than was announced makes a reply malformed (RFC 9113 §8.1.1).
      this.cut();
      return false;
    }
    const more = this.#host.sender.send(this, piece, false);
    if (!more) this.#host.held(this);
    return more;
  }

  finish(trailers?: readonly string[]): void {
    if (this.#reply !== 'streaming') return;
    if (this.#encoding === 'measured' && this.#wantedBytes !== 0) {
      this.cut();
      return;
    }
    this.#reply = 'over';
    // Where there is no body the stream has ended with the head.
    if (this.#encoding !== 'nothing') {
      if (trailers !== undefined && trailers.length > 0) this.#trailers = encodeFields(trailers);
      else this.#host.sender.send(this, '', true);
    }
    this.#endUnlessHeld();
  }

  hush(ms: number): void {
    this.#host.hush(ms);
  }

  switchTo(head: OutgoingHead, ends: TunnelEnds): TunnelSide {
    const offer = this.upgrade;
    if (this.#reply !== 'none' || offer === null || typeof offer === 'string')
      throw new Error('no upgrade to agree to');
    const tunnel = new Http2Tunnel(this, ends);
    this.events = tunnel;
    this.#reply = 'streaming';
    this.#host.head(this, ENCODER.encode({ ...head, status: 200 }, null), false);
    return tunnel;
  }

  cut(code: number = ErrorCode.internalError): void {
    if (this.#reply === 'over') return;
    this.#reply = 'over';
    this.#forget();
    this.#host.end(this, code, null);
  }

  /** The reply is all sent, or waits in the sender. */
  #endUnlessHeld(): void {
    if (this.held !== null) {
      this.#body?.giveUp();
      this.#host.held(this);
      return;
    }
    if (this.#trailers !== null) this.#host.head(this, this.#trailers, true);
    this.#trailers = null;
    this.#complete();
  }

  /**
   * Our side is ended. A request that is still coming is told, by a reset without a fault, that nobody wants it (RFC 9113
   * §8.1). Where its rest fits the window it has, it may come first: some clients take a reset in the middle of their
   * request for a failure, the reply before it notwithstanding.
   */
  #complete(): void {
    const { contentLength, upgrades } = this.head;
    const mayEnd = upgrades || (contentLength >= 0 && contentLength <= this.#host.bounds.streamWindowBytes);
    if (this.#ended || !mayEnd) {
      this.#close();
      return;
    }
    this.#body?.giveUp();
    this.#lingersSince = this.#host.moment();
  }

  #close(): void {
    this.#lingersSince = null;
    this.#forget();
    this.#host.end(this, this.#ended ? null : ErrorCode.noError, null);
  }

  #forget(): void {
    this.#forgotten = true;
    this.#body?.giveUp();
    if (this.held !== null) this.#host.sender.drop(this);
  }

  /**
   * What the connection's window or its socket keeps back is not judged here: all streams wait for that together. While
   * nothing is held it is looked at too, so that the time is not reckoned as the client's.
   */
  #isStalled(now: number): boolean {
    const isHeld = this.held !== null;
    if (!isHeld && this.#replyPace === null) return false;
    this.#replyPace ??= new Pace(this.#host.bounds, this.sentBytes, now);
    return this.#replyPace.isTooSlow(this.sentBytes, isHeld && this.window <= 0, now);
  }

  /** The head's block; `bytes` is the length of a body that is whole already. */
  #encode(head: OutgoingHead, bytes: number | null): string {
    const { announcedLength, framing, status } = head;
    const length = framing.kind === 'length' ? framing.bytes : null;
    if (isBodiless(this.head.method, status)) {
      this.#encoding = 'nothing';
      // What GET would have been given, where that is known; 204 has no length at all (RFC 9110 §8.6).
      return ENCODER.encode(head, status === 204 || status < 200 ? null : (length ?? announcedLength));
    }
    if (bytes === null && framing.kind === 'none') this.#encoding = 'nothing';
    else this.#encoding = bytes !== null || length !== null ? 'measured' : 'open';
    return ENCODER.encode(head, bytes ?? (framing.kind === 'none' ? 0 : length));
  }
}
