import { type CallClient, NetworkShares } from '../network-shares.ts';
import { PooledCall } from '../pooled-call.ts';
import {
  failCall,
  unprocessed,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
} from '../upstream-call.ts';
import { type UpstreamConnect, UpstreamDialer, type UpstreamTarget } from '../upstream-dialer.ts';
import type { PoolBounds, PoolCounts, Upstream } from '../upstream-pool.ts';
import { WaitingCalls } from '../waiting-calls.ts';
import type { OutgoingRequest } from '../write-head.ts';
import { RequestHeadEncoder } from './hpack-encoder.ts';
import { HTTP2_BOUNDS } from './protocol.ts';
import { Http2UpstreamConnection } from './upstream-connection.ts';
import type { Http2UpstreamHost } from './upstream-host.ts';
import type { UpstreamStream } from './upstream-stream.ts';

/** Connections to one upstream that take calls, 100 at a time each where it allows them, and calls that may wait. */
export const HTTP2_POOL_BOUNDS: PoolBounds = { connections: 8, waiting: 1_024 };

/**
 * For each connection that takes calls there may be so many that don't, and only end what they have: servers in wide use
 * say farewell behind a thousand requests, and a stream may stay for days. Together as many as HTTP/1.1 would need.
 */
const LEAVING_LIMIT = 127;
/** And so many calls on them, which may keep a window of data each that nobody takes. */
const LEAVING_CALLS = 800;

/** A stream of its connection carries the call. */
type Call = PooledCall<Http2UpstreamConnection, UpstreamStream>;

/** The HTTP/2 connections of a thread to one upstream. A call goes over the first that takes it. */
export class Http2Pool implements Upstream {
  readonly #bounds: PoolBounds;
  readonly #connectMs: number;
  readonly #dialer: UpstreamDialer;
  readonly #host: Http2UpstreamHost<Http2UpstreamConnection>;
  readonly #monotonic: () => number;
  /** Connections that take calls, or will; those that were seen to take no more; and those that are over, until their last words are out. */
  readonly #open = new Set<Http2UpstreamConnection>();
  readonly #leaving = new Set<Http2UpstreamConnection>();
  readonly #closing = new Set<Http2UpstreamConnection>();
  readonly #waiting: WaitingCalls<Call>;
  readonly #shares = new NetworkShares(() => this.#clients());
  readonly #mayBegin = (client: CallClient): boolean => this.#hasShareFor(client);
  /** Calls that have a stream. */
  #busy = 0;
  readonly #aborted = (call: Call): void => this.#onAborted(call);
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
    this.#waiting = new WaitingCalls(bounds.waiting);
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
      left: (call) => this.#onLeft(call as Call),
      failed: (call, failure, again) => this.#onFailed(call as Call, failure, again),
      lost: (connection, failure, again) => this.#onLost(connection, failure, again),
    };
  }

  get counts(): PoolCounts {
    let busy = 0;
    for (const { size } of this.#open) if (size > 0) busy++;
    for (const { size } of this.#leaving) if (size > 0) busy++;
    return { idle: this.#open.size + this.#leaving.size - busy, busy, waiting: this.#waiting.size };
  }

  get isGone(): boolean {
    return this.#open.size + this.#leaving.size + this.#closing.size + this.#waiting.size === 0;
  }

  waitingShare(client: CallClient): number {
    return this.#waiting.shareOf(client);
  }

  call(
    request: OutgoingRequest,
    events: UpstreamEvents,
    client: CallClient,
    atMs: number = this.#monotonic(),
  ): UpstreamCall {
    const call: Call = new PooledCall(request, events, client, this.#aborted);
    const connection = this.#hasShareFor(client) ? this.#firstFree() : null;
    call.sinceMs = atMs;
    if (connection !== null) this.#begin(call, connection, atMs);
    else if (this.#waiting.add(call)) this.#serve();
    // The caller has no call in hand yet that it could connect a failure with.
    else process.nextTick(failCall, call, QUEUE_FULL);
    return call;
  }

  sweep(now: number): void {
    this.#pauses = false;
    for (const connection of this.#open) connection.sweep(now);
    for (const connection of this.#leaving) {
      connection.sweep(now);
      if (connection.standing === 'open') this.#takeBack(connection);
    }
    for (const connection of this.#closing) {
      connection.sweep(now);
      if (connection.isClosed) this.#closing.delete(connection);
    }
    const limit = this.#connectMs;
    for (const call of this.#waiting.takeOlder(now - limit)) {
      const detail = `no free stream within ${limit} ms`;
      failCall(call, { code: 'upstream-overloaded', detail, unprocessed: true });
    }
    if (this.#waiting.size > 0 || this.#closed) this.#serve();
  }

  close(): void {
    this.#closed = true;
    this.#serve();
  }

  /** Begins the calls that wait, as far as there are connections for them. */
  #serve(): void {
    while (this.#waiting.size > 0) {
      const call = this.#waiting.first(this.#mayBegin);
      if (call === null) return;
      const connection = this.#firstFree();
      if (connection === null) {
        this.#connect();
        return;
      }
      this.#waiting.begin(call);
      this.#begin(call, connection, this.#monotonic());
    }
    if (!this.#closed) return;
    for (const connection of [...this.#open, ...this.#leaving]) connection.leave();
  }

  #begin(call: Call, connection: Http2UpstreamConnection, atMs: number): void {
    this.#busy++;
    this.#shares.took(call.client);
    call.connection = connection;
    call.begin(connection.carry(call, atMs));
  }

  #firstFree(): Http2UpstreamConnection | null {
    for (const connection of this.#open) {
      if (connection.free > 0) return connection;
      if (connection.standing !== 'gone') continue;
      this.#open.delete(connection);
      this.#leaving.add(connection);
    }
    return null;
  }

  #takeBack(connection: Http2UpstreamConnection): void {
    if (this.#open.size >= this.#bounds.connections) return;
    this.#leaving.delete(connection);
    this.#open.add(connection);
  }

  #hasShareFor(client: CallClient): boolean {
    // What could still be opened is enough to tell, as long as little is in use.
    const unopened = (this.#bounds.connections - this.#open.size) * this.#callsEach;
    return this.#busy < unopened - 1 || this.#shares.mayTake(client, this.#busy, this.#free);
  }

  /** Calls that could begin on connections that are open or may be opened. */
  get #free(): number {
    const each = this.#callsEach;
    let taking = 0;
    let free = 0;
    for (const connection of this.#open) {
      const { standing } = connection;
      if (standing === 'gone') continue;
      taking++;
      free += standing === 'new' ? each : connection.free;
    }
    return free + Math.max(0, this.#bounds.connections - taking) * each;
  }

  /** What one connection takes, as far as that is known. */
  get #callsEach(): number {
    for (const { limit } of this.#open) return Math.max(1, limit);
    return HTTP2_BOUNDS.streams;
  }

  *#clients(): Generator<CallClient> {
    for (const connection of [...this.#open, ...this.#leaving, ...this.#closing])
      for (const call of connection.calls()) yield (call as Call).client;
  }

  /** Opens a connection where what is being opened will not do for all that wait, and there may be one more. */
  #connect(): void {
    const { connections } = this.#bounds;
    if (this.#pauses || this.#open.size >= connections || !this.#mayLeaveMore) return;
    let opening = 0;
    for (const { standing } of this.#open) if (standing === 'new') opening++;
    if (this.#waiting.size <= opening * HTTP2_BOUNDS.streams) return;
    const socket = this.#dialer.dial((bytes) => connection.receive(bytes));
    const connection = new Http2UpstreamConnection(socket, this.#host, this.#dialer.readyEvent);
    this.#open.add(connection);
  }

  /** Whether those that take no more calls are not too many yet. */
  get #mayLeaveMore(): boolean {
    const { connections } = this.#bounds;
    let calls = 0;
    for (const { size } of this.#leaving) calls += size;
    return this.#leaving.size <= connections * LEAVING_LIMIT && calls < connections * LEAVING_CALLS;
  }

  #onAborted(call: Call): void {
    if (call.carrier === null) this.#waiting.remove(call);
    else call.connection?.abort(call.carrier);
  }

  #onLeft(call: Call): void {
    this.#busy--;
    if (this.#shares.isCounting) this.#shares.gaveBack(call.client, this.#busy, this.#free);
  }

  /** What the upstream has not begun is asked once more; what that comes to is told. */
  #onFailed(call: Call, failure: UpstreamFailure, again: boolean): void {
    call.connection = call.carrier = null;
    if (!again || call.isRepeated) {
      failCall(call, failure);
      return;
    }
    this.#repeat(call);
    this.#serve();
  }

  #repeat(call: Call): void {
    call.isRepeated = true;
    call.sinceMs = this.#monotonic();
    this.#waiting.addFirst(call);
  }

  /**
   * A connection that never carried a call tells what became of all that wait, unless there is one that will take them: an
   * upstream that is down, or only says so of itself, would be connected to without end. Where they wait for one that is
   * full, the next is not opened before the sweep. `again`: each of them may ask for one connection more.
   */
  #onLost(connection: Http2UpstreamConnection, failure: UpstreamFailure, again: boolean): void {
    this.#open.delete(connection);
    this.#leaving.delete(connection);
    this.#closing.add(connection);
    if (!connection.wasUsed) {
      const holds = [...this.#open].some(({ standing, size }) => standing !== 'gone' && size > 0);
      if (holds) this.#pauses = true;
      else this.#disappoint(failure, again);
    }
    this.#serve();
  }

  #disappoint(failure: UpstreamFailure, again: boolean): void {
    for (const call of this.#waiting.takeAll().toReversed()) {
      if (again && !call.isRepeated) this.#repeat(call);
      else failCall(call, unprocessed(failure));
    }
  }
}

const QUEUE_FULL: UpstreamFailure = {
  code: 'upstream-overloaded',
  detail: 'the queue for streams is full, or its network has its share of it',
  unprocessed: true,
};
