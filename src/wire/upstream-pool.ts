import {
  type CallState,
  isReplayable,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
} from './upstream-call.ts';
import { type ConnectionHost, type Repeatable, UpstreamConnection } from './upstream-connection.ts';
import { UpstreamDialer, type UpstreamTarget, type UpstreamConnect } from './upstream-dialer.ts';
import type { OutgoingRequest } from './write-head.ts';

/** Connections to one upstream at a time, and calls that may wait for one. */
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
  /**
   * Sends a request's head. Its body, where `framing` says there is one, follows through the call. `atMs`: this moment of
   * the monotonic clock, as far as anybody has looked at it.
   */
  call(request: OutgoingRequest, events: UpstreamEvents, atMs?: number): UpstreamCall;
  /** Holds the bounds on time. */
  sweep(now: number): void;
  /** Idle connections close now, busy ones behind their last reply. */
  close(): void;
}

/** The kept-alive HTTP/1.1 connections to one upstream. */
export class UpstreamPool implements Upstream {
  readonly #target: UpstreamTarget;
  readonly #bounds: PoolBounds;
  readonly #monotonic: () => number;
  readonly #host: ConnectionHost;
  readonly #dialer: UpstreamDialer;
  readonly #all = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting: PooledCall[] = [];
  /** Connections that carry a call. */
  #busy = 0;
  readonly #forget = (call: PooledCall): void => this.#giveUp(call);
  #closed = false;

  constructor(
    target: UpstreamTarget,
    monotonic: () => number,
    bounds: PoolBounds = POOL_BOUNDS,
    connect: UpstreamConnect | null = null,
  ) {
    this.#bounds = bounds;
    this.#dialer = new UpstreamDialer(target, 'http/1.1', connect);
    this.#target = target;
    this.#monotonic = monotonic;
    this.#host = {
      bounds: target.bounds,
      monotonic,
      ready: (connection) => (connection.carried as PooledCall | null)?.flush(),
      idle: (connection) => this.#onIdle(connection),
      lost: (connection, call, failure, repeatable) => this.#onLost(connection, call, failure, repeatable),
    };
  }

  get counts(): PoolCounts {
    return { idle: this.#idle.length, busy: this.#busy, waiting: this.#waiting.length };
  }

  call(request: OutgoingRequest, events: UpstreamEvents, atMs: number = this.#monotonic()): UpstreamCall {
    const call = new PooledCall(request, events, this.#forget);
    const connection = this.#idle.pop() ?? this.#openNext();
    if (connection !== null) this.#carry(connection, call, atMs);
    else if (this.#waiting.length < this.#bounds.waiting) {
      call.sinceMs = atMs;
      this.#waiting.push(call);
    }
    // The caller has no call in hand yet that it could connect a failure with.
    else process.nextTick(failCall, call, { code: 'upstream-overloaded', detail: 'the queue for connections is full' });
    return call;
  }

  sweep(now: number): void {
    for (const connection of this.#all) connection.sweep(now);
    const limit = this.#target.bounds.connectMs;
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].sinceMs > limit) {
      const call = this.#waiting.shift() as PooledCall;
      failCall(call, { code: 'upstream-overloaded', detail: `no free connection within ${limit} ms` });
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
  }

  #carry(connection: UpstreamConnection, call: PooledCall, atMs: number = this.#monotonic()): void {
    this.#busy++;
    connection.carried = call;
    call.connection = connection;
    connection.carry(call, atMs);
    if (connection.ready) call.flush();
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
    const next = this.#waiting.shift();
    if (next !== undefined) this.#carry(connection, next);
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

  /** There is room for one more connection: whoever has waited longest gets it. */
  #serveNext(): void {
    if (this.#waiting.length === 0) return;
    const connection = this.#openNext();
    if (connection !== null) this.#carry(connection, this.#waiting.shift() as PooledCall);
  }

  /** A call is given up: its connection may be in the middle of anything. */
  #giveUp(call: PooledCall): void {
    const { connection } = call;
    const at = this.#waiting.indexOf(call);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (connection === null) return;
    this.#drop(connection);
    this.#serveNext();
  }

  #release(connection: UpstreamConnection): PooledCall | null {
    const call = connection.carried as PooledCall | null;
    if (call === null) return null;
    this.#busy--;
    connection.carried = null;
    call.connection = null;
    call.over = true;
    return call;
  }

  #drop(connection: UpstreamConnection): void {
    this.#release(connection);
    this.#all.delete(connection);
    connection.destroy();
  }
}

/** A call as its pool keeps it: what is written before the connection stands waits here, within one read's size. */
class PooledCall implements UpstreamCall, CallState {
  idleMs: number | null = null;
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  /** When it began to wait for a connection. */
  sinceMs = 0;
  connection: UpstreamConnection | null = null;
  /** No event comes any more. */
  over = false;
  readonly #forget: (call: PooledCall) => void;
  #early: Buffer[] | null = null;
  #finishedEarly = false;

  constructor(request: OutgoingRequest, events: UpstreamEvents, forget: (call: PooledCall) => void) {
    this.request = request;
    this.events = events;
    this.#forget = forget;
  }

  get replayable(): boolean {
    return isReplayable(this.request);
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.over) return true;
    if (this.connection?.ready === true && this.#early === null) return this.connection.write(pieces);
    this.#early ??= [];
    for (const piece of pieces) this.#early.push(piece);
    return false;
  }

  finish(): void {
    if (this.over) return;
    if (this.connection?.ready === true && this.#early === null) this.connection.finish();
    else this.#finishedEarly = true;
  }

  /** Sends what was written too early. */
  flush(): void {
    const early = this.#early;
    const { connection } = this;
    if (connection === null) return;
    let more = false;
    if (early !== null) {
      this.#early = null;
      more = connection.write(early);
    }
    if (this.#finishedEarly) {
      this.#finishedEarly = false;
      connection.finish();
    } else if (more && !this.over) this.events.drained();
  }

  resume(): void {
    this.connection?.resume();
  }

  allowIdle(idleMs: number): void {
    this.idleMs = idleMs;
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.#early = null;
    this.#forget(this);
  }
}

function failCall(call: PooledCall, failure: UpstreamFailure): void {
  if (call.over) return;
  call.over = true;
  call.events.failed(failure);
}
