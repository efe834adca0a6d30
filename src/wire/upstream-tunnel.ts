import type { Socket } from 'node:net';
import { BodyReader } from './body-reader.ts';
import { DirectWriter } from './direct-writer.ts';
import { keepRead } from './lent-reads.ts';
import { nextReplyHead, type ReplyHead } from './reply-head.ts';
import { SIDE_BUFFER_BYTES } from './server.ts';
import { SocketTunnel } from './socket-tunnel.ts';
import { switchFault } from './upgrade.ts';
import { unprocessed, type UpstreamCall, type UpstreamEvents, type UpstreamFailure } from './upstream-call.ts';
import type { UpstreamBounds } from './upstream-connection.ts';
import type { UpstreamDialer } from './upstream-dialer.ts';
import { failureOf } from './upstream-failure.ts';
import { type UpgradeRequest, writeRequestHead } from './write-head.ts';

const NOTHING = Buffer.alloc(0);
const SWITCHING_PROTOCOLS = 101;

/** What an upgrade needs besides its request. */
export interface UpstreamTunnelOptions {
  readonly dialer: Pick<UpstreamDialer, 'readyEvent' | 'dial'>;
  readonly bounds: UpstreamBounds;
  readonly monotonic: () => number;
  /** Its connection is over; told once. */
  readonly over: (call: UpstreamTunnelCall) => void;
}

/**
 * A request for an upgrade, on a connection of its own that never carries another. Where the upstream switches, the
 * connection becomes a side of a tunnel; any other final reply is one like others, and the connection ends behind it.
 */
export class UpstreamTunnelCall implements UpstreamCall {
  readonly #request: UpgradeRequest;
  readonly #events: UpstreamEvents;
  readonly #options: UpstreamTunnelOptions;
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  #phase: 'connecting' | 'head' | 'body' | 'tunnel' | 'over' = 'connecting';
  #buffer: Buffer = NOTHING;
  #interims = 0;
  #reader: BodyReader | null = null;
  #tunnel: SocketTunnel | null = null;
  #paused = false;
  #ended = false;
  #since: number;
  #idleMs: number;

  constructor(request: UpgradeRequest, events: UpstreamEvents, options: UpstreamTunnelOptions) {
    this.#request = request;
    this.#events = events;
    this.#options = options;
    this.#since = options.monotonic();
    this.#idleMs = options.bounds.idleMs;
    const { dialer } = options;
    const socket = dialer.dial((bytes) => this.#receive(bytes));
    this.#socket = socket;
    this.#writer = new DirectWriter(socket, () => this.#tunnel?.drained());
    socket.on(dialer.readyEvent, () => this.#onReady());
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#tunnel?.drained());
    socket.on('error', (fault: NodeJS.ErrnoException) => this.#fail(failureOf(fault, this.#phase !== 'connecting')));
    socket.on('close', () => this.#onClose());
  }

  /** A request for an upgrade has no body. */
  write(): boolean {
    return true;
  }

  finish(): void {}

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    process.nextTick(goOn, this);
  }

  /** Works off what came in a pause, unless there is another by now or it is over; then reads on. */
  goOn(): void {
    if (this.#paused || this.#phase !== 'body') return;
    this.#readBody();
    if (this.#isAt('body') && !this.#paused) this.#socket.resume();
  }

  allowIdle(idleMs: number): void {
    this.#idleMs = idleMs;
  }

  abort(): void {
    if (this.#phase === 'over') return;
    this.#leave();
    if (this.#tunnel === null) this.#socket.destroy();
    else this.#tunnel.reset();
  }

  /** Judges the present wait against the bounds; called about twice a second. A tunnel has bounds of its own. */
  sweep(now: number): void {
    if (this.#phase === 'tunnel' || this.#phase === 'over') return;
    if (this.#paused) this.#since = now;
    const { connectMs, responseMs } = this.#options.bounds;
    const headMs = this.#request.responseMs ?? responseMs;
    const limit = this.#phase === 'connecting' ? connectMs : this.#phase === 'head' ? headMs : this.#idleMs;
    if (now - this.#since > limit) this.#fail({ code: 'upstream-timeout', detail: `nothing for ${limit} ms` });
  }

  #onReady(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'head';
    this.#since = this.#options.monotonic();
    this.#writer.write(writeRequestHead(this.#request));
  }

  /** Bytes have come; they are lent. */
  #receive(lent: Buffer): void {
    if (this.#tunnel !== null) {
      this.#tunnel.receive(lent);
      return;
    }
    if (this.#phase === 'over') return;
    // No reply to a request that has not gone out yet.
    if (this.#phase === 'connecting' || this.#writer.unsent) {
      this.#malformed('bytes nobody asked for');
      return;
    }
    const kept = keepRead(lent);
    this.#buffer = this.#buffer.length === 0 ? kept : Buffer.concat([this.#buffer, kept]);
    while (this.#phase === 'head' && this.#buffer.length > 0 && this.#readHead());
    if (!this.#isAt('body')) return;
    if (!this.#paused) this.#readBody();
    else if (this.#buffer.length >= SIDE_BUFFER_BYTES) this.#socket.pause();
  }

  /** Reads one head; true when there may be more to read behind it. */
  #readHead(): boolean {
    const head = nextReplyHead(this.#buffer, this.#request.method, this.#interims);
    if (head === null) return false;
    if (head.fault !== null) return this.#malformed(head.fault);
    this.#buffer = this.#buffer.subarray(head.bytes);
    if (head.status === SWITCHING_PROTOCOLS) return this.#switch(head);
    if (head.status >= 200) return this.#begin(head);
    this.#interims++;
    this.#since = this.#options.monotonic();
    this.#events.interim(head.status, head.fields);
    return true;
  }

  #switch(head: ReplyHead): false {
    const fault = switchFault(this.#request.upgrade, head);
    if (fault !== null) return this.#malformed(fault);
    const first = this.#buffer;
    this.#buffer = NOTHING;
    this.#phase = 'tunnel';
    const host = {
      end: () => this.#writer.stream().destroySoon(),
      reset: () => this.#writer.stream().destroy(),
    };
    const tunnel = new SocketTunnel(this.#socket, this.#writer, host, NOBODY);
    this.#tunnel = tunnel;
    if (first.length > 0) tunnel.receive(first);
    tunnel.ends = this.#events.switched(head, tunnel);
    return false;
  }

  #begin(head: ReplyHead): false {
    this.#phase = 'body';
    this.#since = this.#options.monotonic();
    this.#reader = new BodyReader(head.framing);
    this.#events.head(head);
    return false;
  }

  #readBody(): void {
    const reader = this.#reader as BodyReader;
    const bytes = this.#buffer;
    this.#buffer = NOTHING;
    this.#since = this.#options.monotonic();
    const { data } = reader.read(bytes);
    if (reader.failed || reader.announced > Number.MAX_SAFE_INTEGER) {
      this.#malformed('chunked body breaks its grammar');
      return;
    }
    const { done } = reader;
    if (data !== null && !this.#events.pieces([data]) && !done) this.#paused = true;
    if (done && this.#isAt('body')) this.#complete();
    else if (this.#ended && !this.#paused) this.#atEnd();
  }

  /** The reply is whole. */
  #complete(): void {
    this.#leave();
    this.#socket.destroy();
    this.#events.end();
  }

  #onEnd(): void {
    this.#ended = true;
    if (this.#tunnel !== null) this.#tunnel.peerEnded();
    else if (!this.#paused) this.#atEnd();
  }

  /** Nothing more comes from the upstream. */
  #atEnd(): void {
    if (this.#phase === 'body' && this.#reader?.endsByClose === true) this.#complete();
    else this.#fail({ code: 'upstream-incomplete-reply', detail: 'connection closed by the upstream' });
  }

  #onClose(): void {
    if (this.#tunnel !== null) {
      this.#leave();
      this.#tunnel.closed();
    } else if (!this.#paused) this.#fail({ code: 'upstream-incomplete-reply', detail: 'connection closed' });
    else this.#ended = true;
  }

  #malformed(detail: string): false {
    this.#fail({ code: 'upstream-malformed-reply', detail });
    return false;
  }

  /** A tunnel hears of it by its `close`. */
  #fail(failure: UpstreamFailure): void {
    if (this.#phase === 'over' || this.#phase === 'tunnel') return;
    const isUnsent = this.#phase === 'connecting' || this.#writer.unsent;
    this.#leave();
    this.#socket.destroy();
    this.#events.failed(isUnsent ? unprocessed(failure) : failure);
  }

  #leave(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#options.over(this);
  }

  /** As events may have changed it. */
  #isAt(phase: 'body'): boolean {
    return this.#phase === phase;
  }
}

/** Who hears of a tunnel that begins in a pause. */
const NOBODY = { bytes: () => true, ended() {}, drained() {}, gone() {} };

function goOn(call: UpstreamTunnelCall): void {
  call.goOn();
}
