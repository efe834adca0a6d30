import type { Socket } from 'node:net';
import type { ProblemCode } from '../base/index.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { DirectWriter } from './direct-writer.ts';
import { type ExchangeHost, Http1Exchange } from './http1-exchange.ts';
import { Http1Waits } from './http1-waits.ts';
import type { Sheddable } from './idle-shedding.ts';
import { keepRead, lendReads } from './lent-reads.ts';
import { Lingering } from './lingering.ts';
import type { CanonicalRequest } from './message.ts';
import type { RequestHead } from './request-head.ts';
import { RequestInput } from './request-input.ts';
import { SIDE_BUFFER_BYTES } from './server.ts';
import { methodOf, sendRefusal } from './send-refusal.ts';
import { SocketTunnel } from './socket-tunnel.ts';
import type { TunnelEnds } from './tunnel.ts';

/** What its exchanges see of a connection, which says in time when it takes no further request. */
interface ConnectionHost extends ExchangeHost {
  keepsAlive: boolean;
}

type Phase = 'head' | 'exchange' | 'tunnel' | 'lingering' | 'closed';

/**
 * One client connection speaking HTTP/1.1: reads one request after the other, hands each to the handler, and reads the
 * next only when the reply to the last is out. So pipelined requests are answered in order, and nothing behind a broken
 * message is ever looked at.
 */
export class Http1Connection implements Sheddable {
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  readonly #options: ConnectionOptions;
  readonly #host: ConnectionHost;
  readonly #input = new RequestInput();
  readonly #waits: Http1Waits;
  #phase: Phase = 'head';
  #exchange: Http1Exchange | null = null;
  #tunnel: SocketTunnel | null = null;
  #lingering: Lingering | null = null;
  #requests = 0;
  #advancing = false;
  #readPaused = false;
  /** The client has closed its side. */
  #ended = false;
  #draining = false;
  /** For a while no further request is read. */
  #hushed = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#writer = new DirectWriter(socket, () => this.#onDrain());
    this.#options = options;
    this.#waits = new Http1Waits(options.bounds, options.monotonic());
    this.#host = this.#exchangeHost();
    // What a socket has read before it was ours comes by its events, and so does then all that follows.
    const lends = socket.readableLength === 0 && lendReads(socket, (bytes) => this.#onLent(bytes));
    if (!lends) socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  /** Takes no further connection-keeping: a busy connection closes behind its reply, an idle one when it has been idle for a moment. */
  drain(): void {
    this.#draining = true;
    this.#host.keepsAlive = false;
    this.#sweepIdle(this.#options.monotonic());
  }

  get idleSinceMs(): number | null {
    const isIdle = this.#phase === 'head' && this.#input.length === 0 && !this.#writer.needsDrain;
    return isIdle ? this.#waits.sinceMs : null;
  }

  get isEnding(): boolean {
    return this.#phase === 'lingering' || this.#phase === 'closed';
  }

  /** Closes in order if it is idle, to make room. */
  shed(): void {
    if (this.idleSinceMs !== null) this.#linger();
  }

  /** Judges the present waits against the bounds; called about twice a second. */
  sweep(now: number): void {
    if (this.#phase === 'head') this.#sweepIdle(now);
    else if (this.#phase === 'exchange' && this.#exchange !== null) this.#sweepBody(this.#exchange, now);
    else this.#lingering?.sweep(now);
    this.#sweepWrites(now);
  }

  #exchangeHost(): ConnectionHost {
    return {
      writer: this.#writer,
      memo: { kept: null },
      keepsAlive: true,
      finished: (reusable) => this.#finished(reusable),
      wantsBody: () => this.#wantsBody(),
      hush: (ms) => this.#hush(ms),
      switched: (ends) => this.#switch(ends),
      cut: () => this.#cut(),
    };
  }

  #sweepIdle(now: number): void {
    if (this.#phase !== 'head') return;
    // Where the client is to take something first, it is we who wait with the next request, and the bound on writing holds.
    if (this.#writer.needsDrain) this.#waits.begin(now);
    const begun = this.#input.length > 0;
    const overdue = this.#waits.judgeIdle(now, { begun, isFirst: this.#requests === 0, drains: this.#draining });
    if (overdue === 'slow-head') this.#refuse('request-timeout');
    else if (overdue === 'idle') this.#linger();
  }

  #sweepBody(exchange: Http1Exchange, now: number): void {
    const { receivedBytes, readsBody } = exchange;
    if (this.#waits.isBodyTooSlow(receivedBytes, readsBody, now)) exchange.bodyFailed('request-timeout');
  }

  #sweepWrites(now: number): void {
    const socket = this.#socket;
    if (this.#phase === 'closed' || socket.destroyed) return;
    const { waiting } = this.#writer;
    const onlySends = this.#ended && this.#exchange !== null;
    const sending = { waiting, flushed: socket.bytesWritten - waiting };
    if (!this.#waits.isWriteOver(now, sending, onlySends)) return;
    if (waiting > 0) this.#options.stalled?.();
    socket.destroy();
  }

  /**
   * Bytes have come in a buffer that the next read overwrites, perhaps another connection's. Mostly they are one sound
   * head, of which nothing but strings is kept; whatever else they are is copied before anything is done with it.
   */
  #onLent(bytes: Buffer): void {
    const head = this.#phase === 'head' && this.#input.length === 0 ? this.#readLentHead(bytes) : null;
    if (head === null) {
      this.#onData(this.#phase === 'tunnel' ? bytes : keepRead(bytes));
      return;
    }
    this.#advancing = true;
    this.#open(head);
    this.#advancing = false;
    if (this.#hasMore) this.#advance();
  }

  /** Whether there is something to be worked off, or to be read otherwise than before. */
  get #hasMore(): boolean {
    return this.#input.length > 0 || this.#ended || this.#readPaused || this.#hushed;
  }

  #readLentHead(bytes: Buffer): RequestHead | null {
    const waits = this.#advancing || this.#hushed || this.#writer.needsDrain;
    return waits ? null : this.#input.nextLent(bytes);
  }

  #onData(bytes: Buffer): void {
    if (this.#phase === 'lingering') this.#lingering?.read(bytes.length);
    else if (this.#phase === 'tunnel') this.#tunnel?.receive(bytes);
    else if (this.#phase !== 'closed') {
      if (this.#phase === 'head' && this.#input.length === 0) this.#waits.begin(this.#options.monotonic());
      this.#input.add(bytes);
      this.#advance();
    }
  }

  /**
   * Works off the input as far as it goes, then reads or stops reading. The handler's answers come back here while it
   * runs, hence the guard: what they change is seen by the loop.
   */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#step());
    this.#advancing = false;
    if (this.#ended) this.#atEnd();
    this.#balance();
  }

  #step(): boolean {
    if (this.#input.length === 0) return false;
    // A client that sends and never reads must not pile up replies: the next request waits until the last are taken.
    if (this.#phase === 'head') return !this.#hushed && !this.#writer.needsDrain && this.#readHead();
    const exchange = this.#exchange;
    if (exchange === null || !exchange.readsBody) return false;
    this.#input.drop(exchange.take(this.#input.bytes));
    exchange.deliver();
    return true;
  }

  #readHead(): boolean {
    const reading = this.#input.next();
    if (reading === null) return false;
    if (reading.fault !== null) return this.#refuse(reading.fault);
    this.#open(reading);
    return true;
  }

  #open(head: RequestHead): void {
    const { peer, handler, bounds } = this.#options;
    this.#requests++;
    if (this.#requests >= bounds.requestsPerConnection) this.#host.keepsAlive = false;
    const { host, port } = head.authority;
    const { method, path, query, fields: headers } = head;
    const request: CanonicalRequest = { method, host, port, path, query, headers, peer };
    const exchange = new Http1Exchange(this.#host, head, request);
    this.#phase = 'exchange';
    this.#exchange = exchange;
    if (head.framing.kind !== 'none') this.#waits.beginBody(this.#options.monotonic());
    handler.request(exchange);
  }

  #finished(reusable: boolean): void {
    this.#exchange = null;
    if (!reusable) {
      this.#linger();
      return;
    }
    this.#waits.begin(this.#options.monotonic());
    this.#phase = 'head';
    // What follows is worked off by the loop that is running, or now where none is.
    if (!this.#advancing && this.#hasMore) this.#advance();
  }

  /** What came behind the head was held, and is the tunnel's now. */
  #switch(ends: TunnelEnds): SocketTunnel {
    const host = { end: () => this.#linger(), reset: () => this.#cut() };
    const tunnel = new SocketTunnel(this.#socket, this.#writer, host, ends);
    const held = this.#input.takeAll();
    this.#phase = 'tunnel';
    this.#tunnel = tunnel;
    this.#exchange = null;
    this.#readPaused = false;
    if (held.length > 0) tunnel.receive(held);
    if (this.#ended) tunnel.peerEnded();
    return tunnel;
  }

  #wantsBody(): void {
    this.#waits.restBody(this.#options.monotonic());
    this.#advance();
  }

  #hush(ms: number): void {
    if (this.#hushed) return;
    this.#hushed = true;
    this.#options.after(ms, () => {
      this.#hushed = false;
      this.#advance();
    });
  }

  /**
   * Stops reading from the socket while nobody takes what is there, and goes on when somebody does. Pipelined requests
   * are read ahead up to the bound, since a socket that is not read does not tell that its client has gone.
   */
  #balance(): void {
    if (this.#phase === 'closed' || this.#phase === 'tunnel') return;
    const held = this.#input.length;
    const unread = this.#exchange !== null && !this.#exchange.bodyEnded;
    const full = held >= SIDE_BUFFER_BYTES || (held > 0 && unread) || (this.#hushed && this.#phase === 'head');
    if (full === this.#readPaused) return;
    this.#readPaused = full;
    if (full) this.#socket.pause();
    else this.#socket.resume();
  }

  #refuse(code: ProblemCode): false {
    const { handler, peer } = this.#options;
    const method = methodOf(this.#input.bytes);
    sendRefusal(this.#writer.stream(), method, handler.refused(code, peer, method !== 'HEAD'));
    this.#linger();
    return false;
  }

  /** Ends in order, behind what was written; how long that may take is held to the bound on writing. */
  #linger(): void {
    if (this.#phase === 'closed' || this.#phase === 'lingering') return;
    this.#phase = 'lingering';
    this.#exchange = null;
    this.#input.takeAll();
    this.#lingering = new Lingering(this.#socket, this.#writer, Infinity, this.#options.monotonic());
    if (this.#ended) this.#socket.destroySoon();
    else this.#balance();
  }

  #cut(): void {
    this.#phase = 'closed';
    this.#exchange = null;
    this.#lingering = null;
    this.#input.takeAll();
    this.#writer.flush();
    this.#options.reset();
  }

  #onEnd(): void {
    this.#ended = true;
    this.#waits.closedSide(this.#options.monotonic());
    this.#options.leaving?.();
    if (this.#phase === 'lingering') this.#socket.destroySoon();
    else if (this.#phase === 'tunnel') this.#tunnel?.peerEnded();
    else this.#advance();
  }

  /** The client has closed its side: a half request is refused, a whole one still gets a reply that comes soon. */
  #atEnd(): void {
    if (this.#phase === 'head') {
      if (this.#input.length === 0) this.#linger();
      else if (!this.#hushed && !this.#writer.needsDrain) this.#refuse('incomplete-request');
    } else if (this.#exchange?.readsBody === true && this.#input.length === 0) {
      this.#exchange.bodyFailed('incomplete-request');
    }
  }

  #onDrain(): void {
    this.#tunnel?.drained();
    if (this.#exchange?.replyBegun === true) this.#exchange.events.drained();
    if (this.#phase === 'head') this.#advance();
  }

  #onClose(): void {
    const exchange = this.#exchange;
    this.#phase = 'closed';
    this.#exchange = null;
    this.#lingering = null;
    this.#input.takeAll();
    exchange?.leave();
    this.#tunnel?.closed();
    this.#options.closed();
  }
}
