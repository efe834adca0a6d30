import type { Socket } from 'node:net';
import type { ProblemCode } from '../base/index.ts';
import { DirectWriter } from './direct-writer.ts';
import { type ExchangeHost, Http1Exchange } from './http1-exchange.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Sheddable } from './idle-shedding.ts';
import { keepRead, lendReads } from './lent-reads.ts';
import type { CanonicalRequest } from './message.ts';
import { Pace } from './pace.ts';
import { earlyFault, newAuthorityMemory, readRequestHead, readSoundHead, type RequestHead } from './request-head.ts';
import { SIDE_BUFFER_BYTES } from './server.ts';
import { methodOf, sendRefusal } from './send-refusal.ts';
import { SocketTunnel } from './socket-tunnel.ts';
import type { TunnelEnds } from './tunnel.ts';
import { WriteWatch } from './write-watch.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;
/** After the last reply the client gets this long to read it; what it still sends is thrown away, within a bound. */
const LINGER_MS = 3_000;
const LINGER_BYTES = 16 * 1024 * 1024;
/** When no further request is taken, one that may be on its way still has this long to come. */
const DRAIN_IDLE_MS = 500;

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
  readonly #memory = newAuthorityMemory();
  readonly #host: ConnectionHost;
  #phase: Phase = 'head';
  #buffer: Buffer = NOTHING;
  #scanned = 0;
  /** Whether an empty line came before the request line; see `#skipEmptyLine`. */
  #emptyLine = false;
  #exchange: Http1Exchange | null = null;
  #tunnel: SocketTunnel | null = null;
  #requests = 0;
  #advancing = false;
  #readPaused = false;
  /** The client has closed its side. */
  #ended = false;
  #draining = false;
  /** For a while no further request is read. */
  #hushed = false;
  #lingered = 0;
  /** When the present wait began; see `sweep`. */
  #since: number;
  /** The pace of the present body. */
  readonly #pace: Pace;
  readonly #writes: WriteWatch;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#writer = new DirectWriter(socket, () => this.#onDrain());
    this.#options = options;
    const now = options.monotonic();
    this.#since = now;
    this.#pace = new Pace(options.bounds, 0, now);
    this.#writes = new WriteWatch(options.bounds, now);
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
    const isIdle = this.#phase === 'head' && this.#buffer.length === 0 && !this.#writer.needsDrain;
    return isIdle ? this.#since : null;
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
    else if (this.#phase === 'lingering') this.#sweepLingering(now);
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
    const { headMs, keepAliveMs } = this.#options.bounds;
    const waited = now - this.#since;
    if (this.#writer.needsDrain) {
      // It is we who wait with the next request, and the bound on writing holds.
      this.#since = now;
      return;
    }
    if (this.#buffer.length > 0) {
      if (waited > headMs) this.#refuse('request-timeout');
      return;
    }
    if (this.#draining) {
      if (waited >= DRAIN_IDLE_MS) this.#linger();
    } else if (waited > (this.#requests === 0 ? headMs : keepAliveMs)) this.#linger();
  }

  /** Counts the time in which the client lets us wait, and only that: a handler that pauses is not the client's fault. */
  #sweepBody(exchange: Http1Exchange, now: number): void {
    if (this.#pace.isTooSlow(exchange.receivedBytes, exchange.readsBody, now)) exchange.bodyFailed('request-timeout');
  }

  #sweepLingering(now: number): void {
    // The wait begins when the reply has gone out; until then the bound on writing holds.
    if (this.#writer.waiting > 0) this.#since = now;
    else if (now - this.#since > LINGER_MS) this.#socket.destroy();
  }

  /** A client that takes nothing or too little is given up; so is one that has closed its side while nothing is being sent. */
  #sweepWrites(now: number): void {
    const socket = this.#socket;
    if (this.#phase === 'closed' || socket.destroyed) return;
    const { waiting } = this.#writer;
    const onlySends = this.#ended && this.#exchange !== null && this.#exchange.replyBegun;
    if (this.#writes.isOver(now, { waiting, flushed: socket.bytesWritten - waiting }, onlySends)) socket.destroy();
  }

  /**
   * Bytes have come in a buffer that the next read overwrites, perhaps another connection's. Mostly they are one sound
   * head, of which nothing but strings is kept; whatever else they are is copied before anything is done with it.
   */
  #onLent(bytes: Buffer): void {
    const head = this.#phase === 'head' && this.#buffer.length === 0 ? this.#readLentHead(bytes) : null;
    if (head === null) {
      if (this.#phase === 'tunnel') this.#tunnel?.receive(bytes);
      else this.#onData(keepRead(bytes));
      return;
    }
    if (head.bytes < bytes.length) this.#buffer = keepRead(bytes.subarray(head.bytes));
    this.#advancing = true;
    this.#open(head);
    this.#advancing = false;
    if (this.#hasMore) this.#advance();
  }

  /** Whether there is something to be worked off, or to be read otherwise than before. */
  get #hasMore(): boolean {
    return this.#buffer.length > 0 || this.#ended || this.#readPaused || this.#hushed;
  }

  #readLentHead(bytes: Buffer): RequestHead | null {
    const waits = this.#advancing || this.#hushed || this.#writer.needsDrain;
    return waits ? null : readSoundHead(bytes, this.#memory);
  }

  #onData(bytes: Buffer): void {
    if (this.#phase === 'lingering') {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.#socket.destroy();
      return;
    }
    if (this.#phase === 'tunnel') this.#tunnel?.receive(bytes);
    if (this.#phase === 'closed' || this.#phase === 'tunnel') return;
    if (this.#phase === 'head' && this.#buffer.length === 0) this.#since = this.#options.monotonic();
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    this.#advance();
  }

  /**
   * Works off the buffer as far as it goes, then reads or stops reading. The handler's answers come back here while it
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
    if (this.#buffer.length === 0) return false;
    // A client that sends and never reads must not pile up replies: the next request waits until the last are taken.
    if (this.#phase === 'head') return !this.#hushed && !this.#writer.needsDrain && this.#readHead();
    const exchange = this.#exchange;
    if (exchange === null || !exchange.readsBody) return false;
    this.#consume(exchange.take(this.#buffer));
    exchange.deliver();
    return true;
  }

  #consume(count: number): void {
    this.#buffer = count >= this.#buffer.length ? NOTHING : this.#buffer.subarray(count);
    this.#scanned = 0;
  }

  #readHead(): boolean {
    if (this.#buffer[0] === CR && !this.#skipEmptyLine()) return false;
    const buffer = this.#buffer;
    const sound = this.#scanned === 0 ? readSoundHead(buffer, this.#memory) : null;
    if (sound !== null) {
      this.#consume(sound.bytes);
      this.#open(sound);
      return true;
    }
    const end = buffer.indexOf(HEAD_END, Math.max(0, this.#scanned - 3));
    if (end < 0) {
      this.#scanned = buffer.length;
      const fault = earlyFault(buffer);
      return fault === null ? false : this.#refuse(fault);
    }
    const head = readRequestHead(buffer, end + 2, this.#memory);
    if (head.fault !== null) return this.#refuse(head.fault);
    this.#consume(end + 4);
    this.#open(head);
    return true;
  }

  /** One empty line before a request line is tolerated (RFC 9112 §2.2), but only one. False when there is nothing more to read now. */
  #skipEmptyLine(): boolean {
    if (this.#emptyLine) return this.#refuse('malformed-request-line');
    if (this.#buffer.length === 1) return false;
    if (this.#buffer[1] !== LF) return this.#refuse('bare-line-break');
    this.#emptyLine = true;
    this.#consume(2);
    return this.#buffer.length > 0 && (this.#buffer[0] !== CR || this.#refuse('malformed-request-line'));
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
    this.#emptyLine = false;
    if (head.framing.kind !== 'none') this.#pace.begin(0, this.#options.monotonic());
    handler.request(exchange);
  }

  #finished(reusable: boolean): void {
    this.#exchange = null;
    if (!reusable) {
      this.#linger();
      return;
    }
    this.#since = this.#options.monotonic();
    this.#phase = 'head';
    // What follows is worked off by the loop that is running, or now where none is.
    if (!this.#advancing && this.#hasMore) this.#advance();
  }

  /** What came behind the head was held, and is the tunnel's now. */
  #switch(ends: TunnelEnds): SocketTunnel {
    const tunnel = new SocketTunnel(this.#socket, ends, { end: () => this.#linger(), reset: () => this.#cut() });
    const held = this.#buffer;
    this.#phase = 'tunnel';
    this.#tunnel = tunnel;
    this.#exchange = null;
    this.#buffer = NOTHING;
    this.#readPaused = false;
    if (held.length > 0) tunnel.receive(held);
    if (this.#ended) tunnel.peerEnded();
    return tunnel;
  }

  #wantsBody(): void {
    this.#pace.rest(this.#options.monotonic());
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
    const held = this.#buffer.length;
    const unread = this.#exchange !== null && !this.#exchange.bodyEnded;
    const full = held >= SIDE_BUFFER_BYTES || (held > 0 && unread) || (this.#hushed && this.#phase === 'head');
    if (full === this.#readPaused) return;
    this.#readPaused = full;
    if (full) this.#socket.pause();
    else this.#socket.resume();
  }

  #refuse(code: ProblemCode): false {
    const { handler, peer } = this.#options;
    const method = methodOf(this.#buffer);
    sendRefusal(this.#writer.stream(), method, handler.refused(code, peer, method !== 'HEAD'));
    this.#linger();
    return false;
  }

  /** Sends FIN behind what was written and goes on reading for a while, since closing at once would make the client lose the reply (RFC 9112 §9.6). */
  #linger(): void {
    if (this.#phase === 'closed' || this.#phase === 'lingering') return;
    this.#phase = 'lingering';
    this.#buffer = NOTHING;
    this.#exchange = null;
    this.#since = this.#options.monotonic();
    this.#writer.stream().end();
    if (this.#ended) this.#socket.destroySoon();
    else this.#balance();
  }

  #cut(): void {
    this.#phase = 'closed';
    this.#exchange = null;
    this.#buffer = NOTHING;
    this.#writer.flush();
    this.#options.reset();
  }

  #onEnd(): void {
    this.#ended = true;
    this.#options.leaving?.();
    if (this.#phase === 'lingering') this.#socket.destroySoon();
    else if (this.#phase === 'tunnel') this.#tunnel?.peerEnded();
    else this.#advance();
  }

  /** The client has closed its side: a half request is refused, a whole one still gets its reply. */
  #atEnd(): void {
    if (this.#phase === 'head') {
      if (this.#buffer.length === 0) this.#linger();
      else if (!this.#hushed && !this.#writer.needsDrain) this.#refuse('incomplete-request');
    } else if (this.#exchange?.readsBody === true && this.#buffer.length === 0) {
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
    this.#buffer = NOTHING;
    exchange?.leave();
    this.#tunnel?.closed();
    this.#options.closed();
  }
}
