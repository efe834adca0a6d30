import { type CallClient, NetworkShares } from './network-shares.ts';
import { PooledCall } from './pooled-call.ts';
import {
  type CallState,
  failCall,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
} from './upstream-call.ts';
import { type ConnectionHost, type Repeatable, UpstreamConnection } from './upstream-connection.ts';
import { UpstreamDialer, type UpstreamTarget, type UpstreamConnect } from './upstream-dialer.ts';
import { UpstreamTunnels } from './upstream-tunnels.ts';
import { WaitingCalls } from './waiting-calls.ts';
import { asksUpgrade, type OutgoingRequest } from './write-head.ts';

/** Connections to one upstream at a time, and calls that may wait for one. As many again may be tunnels, or become some. */
export interface PoolBounds {
  readonly connections: number;
  readonly waiting: number;
}

/** As many as a thread's share of descriptors allows beside its clients. */
export const POOL_BOUNDS: PoolBounds = { connections: 1_024, waiting: 1_024 };

/** What a pool holds at this moment. */
export interface PoolCounts {
  readonly idle: number;
  readonly busy: number;
  readonly waiting: number;
}

/** What carries requests to one upstream, whatever protocol it speaks. Call `sweep` about twice a second: it holds the time bounds. */
export interface Upstream {
  readonly counts: PoolCounts;
  /** Whether nothing is open any more, connections in their last words included. */
  readonly isGone: boolean;
  /** How much of the queue a client finds taken that waits for its turn, its network's own share included: from 0 to 1, where calls fail at once. */
  waitingShare(client: CallClient): number;
  /**
   * Sends a request's head for a client, whose network gets no more than its share of what carries calls. Its body, where
   * `framing` says there is one, follows through the call. `atMs`: this moment of the monotonic clock, as far as anybody
   * has looked at it.
   */
  call(request: OutgoingRequest, events: UpstreamEvents, client: CallClient, atMs?: number): UpstreamCall;
  /** Holds the bounds on time. */
  sweep(now: number): void;
  /** Idle connections close now, busy ones behind their last reply. */
  close(): void;
}

/** Over HTTP/1.1 the connection itself carries the call. */
type Call = PooledCall<UpstreamConnection, UpstreamConnection>;

/** The kept-alive HTTP/1.1 connections to one upstream. */
export class UpstreamPool implements Upstream {
  readonly #target: UpstreamTarget;
  readonly #bounds: PoolBounds;
  readonly #monotonic: () => number;
  readonly #host: ConnectionHost;
  readonly #dialer: UpstreamDialer;
  readonly #all = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting: WaitingCalls<Call>;
  readonly #shares = new NetworkShares(() => this.#clients());
  readonly #mayBegin = (client: CallClient): boolean => this.#shares.mayTake(client, this.#busy, this.#free);
  readonly #tunnels: UpstreamTunnels;
  /** Connections that carry a call. */
  #busy = 0;
  readonly #aborted = (call: Call): void => this.#onAborted(call);
  #closed = false;

  constructor(
    target: UpstreamTarget,
    monotonic: () => number,
    bounds: PoolBounds = POOL_BOUNDS,
    connect: UpstreamConnect | null = null,
  ) {
    this.#bounds = bounds;
    this.#waiting = new WaitingCalls(bounds.waiting);
    this.#dialer = new UpstreamDialer(target, 'http/1.1', connect);
    this.#target = target;
    this.#monotonic = monotonic;
    this.#tunnels = new UpstreamTunnels(bounds.connections, { dialer: this.#dialer, bounds: target.bounds, monotonic });
    this.#host = {
      bounds: target.bounds,
      monotonic,
      ready: (connection) => connection.carried?.begin(connection),
      idle: (connection) => this.#onIdle(connection),
      lost: (connection, call, failure, repeatable) => this.#onLost(connection, call, failure, repeatable),
    };
  }

  get counts(): PoolCounts {
    return { idle: this.#idle.length, busy: this.#busy, waiting: this.#waiting.size };
  }

  get isGone(): boolean {
    return this.#all.size === 0 && this.#tunnels.size === 0;
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
    if (asksUpgrade(request)) return this.#tunnels.open(request, events, client);
    const call: Call = new PooledCall(request, events, client, this.#aborted);
    const connection = this.#mayBegin(client) ? (this.#idle.pop() ?? this.#openNext()) : null;
    call.sinceMs = atMs;
    if (connection !== null) this.#carry(connection, call, atMs);
    // The caller has no call in hand yet that it could connect a failure with.
    else if (!this.#waiting.add(call)) process.nextTick(failCall, call, QUEUE_FULL);
    return call;
  }

  sweep(now: number): void {
    for (const connection of this.#all) connection.sweep(now);
    this.#tunnels.sweep(now);
    const limit = this.#target.bounds.connectMs;
    for (const call of this.#waiting.takeOlder(now - limit)) {
      const detail = `no free connection within ${limit} ms`;
      failCall(call, { code: 'upstream-overloaded', detail, unprocessed: true });
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
  }

  /** Connections that carry nothing, or could be opened. */
  get #free(): number {
    return this.#bounds.connections - this.#busy;
  }

  *#clients(): Generator<CallClient> {
    for (const { carried } of this.#all) if (carried !== null) yield carried.client;
  }

  #carry(connection: UpstreamConnection, call: Call, atMs: number = this.#monotonic()): void {
    this.#busy++;
    this.#shares.took(call.client);
    connection.carried = call;
    call.connection = connection;
    connection.carry(call, atMs);
    if (connection.ready) call.begin(connection);
  }

  /** A new connection, or null where there are as many as may be. */
  #openNext(): UpstreamConnection | null {
    if (this.#all.size >= this.#bounds.connections) return null;
    const socket = this.#dialer.dial((bytes) => connection.receive(bytes));
    const connection = new UpstreamConnection(socket, this.#host, this.#dialer.readyEvent);
    this.#all.add(connection);
    return connection;
  }

  #onIdle(connection: UpstreamConnection): void {
    this.#release(connection);
    const next = this.#takeNext();
    if (next !== null) this.#carry(connection, next);
    else if (this.#closed) this.#drop(connection);
    else this.#idle.push(connection);
  }

  #onLost(
    connection: UpstreamConnection,
    state: CallState | null,
    failure: UpstreamFailure,
    repeatable: Repeatable,
  ): void {
    const call = this.#release(connection);
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (state === null || call === null) {
      this.#serveNext();
      return;
    }
    // The upstream closed a kept connection just as it was used again: nothing was answered, so asking again is safe.
    const allowed = repeatable === 'all' || (repeatable === 'idempotent' && state.replayable);
    const again = allowed && failure.code !== 'upstream-timeout' ? this.#openNext() : null;
    if (again !== null) {
      call.over = false;
      this.#carry(again, call);
      return;
    }
    this.#serveNext();
    state.events.failed(failure);
  }

  /** A call is over whose connection is lost: the next one gets another. */
  #serveNext(): void {
    const next = this.#waiting.size === 0 ? null : this.#waiting.first(this.#mayBegin);
    const connection = next === null ? null : (this.#idle.pop() ?? this.#openNext());
    if (next === null || connection === null) return;
    this.#waiting.begin(next);
    this.#carry(connection, next);
  }

  #takeNext(): Call | null {
    const next = this.#waiting.size === 0 ? null : this.#waiting.first(this.#mayBegin);
    if (next !== null) this.#waiting.begin(next);
    return next;
  }

  /** A call is given up: its connection may be in the middle of anything. */
  #onAborted(call: Call): void {
    const { connection } = call;
    if (connection === null) {
      this.#waiting.remove(call);
      return;
    }
    this.#drop(connection);
    this.#serveNext();
  }

  #release(connection: UpstreamConnection): Call | null {
    const call = connection.carried;
    if (call === null) return null;
    this.#busy--;
    this.#shares.gaveBack(call.client, this.#busy, this.#free);
    connection.carried = null;
    call.connection = call.carrier = null;
    call.over = true;
    return call;
  }

  #drop(connection: UpstreamConnection): void {
    this.#release(connection);
    this.#all.delete(connection);
    connection.destroy();
  }
}

const QUEUE_FULL: UpstreamFailure = {
  code: 'upstream-overloaded',
  detail: 'the queue for connections is full, or its network has its share of it',
  unprocessed: true,
};
