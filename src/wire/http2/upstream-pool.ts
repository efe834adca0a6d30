import {
  type CallState,
  isReplayable,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
} from '../upstream-call.ts';
import { type UpstreamConnect, UpstreamDialer, type UpstreamTarget } from '../upstream-dialer.ts';
import type { PoolBounds, PoolCounts, Upstream } from '../upstream-pool.ts';
import type { OutgoingRequest } from '../write-head.ts';
import { RequestHeadEncoder } from './hpack-encoder.ts';
import { HTTP2_BOUNDS } from './protocol.ts';
import { Http2UpstreamConnection, type Http2UpstreamHost } from './upstream-connection.ts';
import type { UpstreamStream } from './upstream-stream.ts';

/** Connections to one upstream that take calls, 100 at a time each where it allows them, and calls that may wait. */
export const HTTP2_POOL_BOUNDS: PoolBounds = { connections: 8, waiting: 1_024 };

/** For each connection that takes calls there may be so many that don't any more, and only end what they have. */
const LEAVING_LIMIT = 8;

/** The HTTP/2 connections of a thread to one upstream. A call goes over the first that takes it. */
export class Http2Pool implements Upstream {
  readonly #bounds: PoolBounds;
  readonly #connectMs: number;
  readonly #dialer: UpstreamDialer;
  readonly #host: Http2UpstreamHost;
  readonly #monotonic: () => number;
  readonly #open = new Set<Http2UpstreamConnection>();
  /** Connections that are over, until their last words are out. */
  readonly #closing = new Set<Http2UpstreamConnection>();
  readonly #waiting: Http2Call[] = [];
  readonly #forget = (call: Http2Call): void => this.#giveUp(call);
  #closed = false;
  /** No connection is opened before the next sweep. */
  #pauses = false;

  constructor(
    target: UpstreamTarget,
    monotonic: () => number,
    bounds: PoolBounds = HTTP2_POOL_BOUNDS,
    connect: UpstreamConnect | null = null,
  ) {
    this.#bounds = bounds;
    this.#connectMs = target.bounds.connectMs;
    this.#monotonic = monotonic;
    this.#dialer = new UpstreamDialer(target, 'h2', connect);
    this.#host = {
      scheme: target.scheme,
      times: target.bounds,
      bounds: HTTP2_BOUNDS,
      encoder: new RequestHeadEncoder(),
      monotonic,
      freed: () => this.#serve(),
      failed: (call, failure, again) => this.#onFailed(call as Http2Call, failure, again),
      lost: (connection, failure) => this.#onLost(connection, failure),
    };
  }

  get counts(): PoolCounts {
    let busy = 0;
    for (const { size } of this.#open) if (size > 0) busy++;
    return { idle: this.#open.size - busy, busy, waiting: this.#waiting.length };
  }

  call(request: OutgoingRequest, events: UpstreamEvents, atMs: number = this.#monotonic()): UpstreamCall {
    const call = new Http2Call(request, events, this.#forget);
    const connection = this.#waiting.length === 0 ? this.#firstFree() : null;
    if (connection !== null) call.begin(connection, atMs);
    else if (this.#waiting.length < this.#bounds.waiting) {
      call.sinceMs = atMs;
      this.#waiting.push(call);
      this.#connect();
    }
    // The caller has no call in hand yet that it could connect a failure with.
    else process.nextTick(failCall, call, { code: 'upstream-overloaded', detail: 'the queue for streams is full' });
    return call;
  }

  sweep(now: number): void {
    this.#pauses = false;
    for (const connection of this.#open) connection.sweep(now);
    for (const connection of this.#closing) {
      connection.sweep(now);
      if (connection.isClosed) this.#closing.delete(connection);
    }
    const limit = this.#connectMs;
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].sinceMs > limit) {
      const call = this.#waiting.shift() as Http2Call;
      failCall(call, { code: 'upstream-overloaded', detail: `no free stream within ${limit} ms` });
    }
    if (this.#waiting.length > 0) this.#serve();
  }

  close(): void {
    this.#closed = true;
    this.#serve();
  }

  /** Begins the calls that wait, as far as there are connections for them. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#firstFree();
      if (connection === null) {
        this.#connect();
        return;
      }
      (this.#waiting.shift() as Http2Call).begin(connection, this.#monotonic());
    }
    if (this.#closed) for (const connection of this.#open) connection.leave();
  }

  #firstFree(): Http2UpstreamConnection | null {
    for (const connection of this.#open) if (connection.free > 0) return connection;
    return null;
  }

  /** Opens a connection where what is being opened will not do for all that wait, and there may be one more. */
  #connect(): void {
    let opening = 0;
    let taking = 0;
    for (const { standing } of this.#open) {
      if (standing === 'new') opening++;
      if (standing !== 'gone') taking++;
    }
    const { connections } = this.#bounds;
    if (this.#pauses || taking >= connections || this.#open.size >= connections * (1 + LEAVING_LIMIT)) return;
    if (this.#waiting.length <= opening * HTTP2_BOUNDS.streams) return;
    const socket = this.#dialer.dial((bytes) => connection.receive(bytes));
    const connection = new Http2UpstreamConnection(socket, this.#host, this.#dialer.readyEvent);
    this.#open.add(connection);
  }

  /** What the upstream has not begun is asked once more; what that comes to is told. */
  #onFailed(call: Http2Call, failure: UpstreamFailure, again: boolean): void {
    call.stream = null;
    if (!again || call.isRepeated) {
      failCall(call, failure);
      return;
    }
    call.isRepeated = true;
    call.sinceMs = this.#monotonic();
    this.#waiting.unshift(call);
    this.#serve();
  }

  /**
   * A connection that never carried a call tells what became of all that wait, unless there is one that will take them: an
   * upstream that is down, or only says so of itself, would be connected to without end. Where they wait for one that is
   * full, the next is not opened before the sweep.
   */
  #onLost(connection: Http2UpstreamConnection, failure: UpstreamFailure): void {
    this.#open.delete(connection);
    this.#closing.add(connection);
    if (!connection.wasUsed) {
      const holds = [...this.#open].some(({ standing, size }) => standing !== 'gone' && size > 0);
      if (holds) this.#pauses = true;
      else for (const call of this.#waiting.splice(0)) failCall(call, failure);
    }
    this.#serve();
  }

  #giveUp(call: Http2Call): void {
    const at = this.#waiting.indexOf(call);
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}

/** A call as its pool keeps it: what is written before it has a stream waits here, within one read's size. */
class Http2Call implements UpstreamCall, CallState {
  idleMs: number | null = null;
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  /** When it began to wait for a stream. */
  sinceMs = 0;
  /** The stream that carries it, and the connection of that. */
  stream: UpstreamStream | null = null;
  /** It was sent before. */
  isRepeated = false;
  /** No event comes any more. */
  over = false;
  readonly #forget: (call: Http2Call) => void;
  #connection: Http2UpstreamConnection | null = null;
  #early: Buffer[] | null = null;
  #finishedEarly = false;

  constructor(request: OutgoingRequest, events: UpstreamEvents, forget: (call: Http2Call) => void) {
    this.request = request;
    this.events = events;
    this.#forget = forget;
  }

  get replayable(): boolean {
    return isReplayable(this.request);
  }

  /** Goes out over a connection that is free, with what was written too early. */
  begin(connection: Http2UpstreamConnection, atMs: number): void {
    const stream = connection.carry(this, atMs);
    this.#connection = connection;
    this.stream = stream;
    const early = this.#early;
    this.#early = null;
    const more = early !== null && stream.write(early);
    if (this.#finishedEarly) stream.finish();
    else if (more && !this.over) this.events.drained();
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.over) return true;
    if (this.stream !== null) return this.stream.write(pieces);
    this.#early ??= [];
    for (const piece of pieces) this.#early.push(piece);
    return false;
  }

  finish(): void {
    if (this.over) return;
    if (this.stream === null) this.#finishedEarly = true;
    else this.stream.finish();
  }

  resume(): void {
    this.stream?.resume();
  }

  allowIdle(idleMs: number): void {
    this.idleMs = idleMs;
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.#early = null;
    if (this.stream === null) this.#forget(this);
    else this.#connection?.abort(this.stream);
  }
}

function failCall(call: Http2Call, failure: UpstreamFailure): void {
  if (call.over) return;
  call.over = true;
  call.events.failed(failure);
}
