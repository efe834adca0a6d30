import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SIDE_BUFFER_BYTES } from './server.ts';
import {
  type CallState,
  newCallState,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
} from './upstream-call.ts';
import { type ConnectionHost, type UpstreamBounds, UpstreamConnection } from './upstream-connection.ts';
import type { OutgoingRequest } from './write-head.ts';

/** Connections to one upstream at a time, and calls that may wait for one. */
export const POOL_BOUNDS = { connections: 1_024, waiting: 1_024 } as const;

/** Where an upstream listens and how it proves itself; `ca` (PEM) takes the place of the public CAs. */
export interface UpstreamTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly ca: string | null;
  readonly bounds: UpstreamBounds;
}

/** What a pool holds at this moment. */
export interface PoolCounts {
  readonly idle: number;
  readonly busy: number;
  readonly waiting: number;
}

interface Waiting {
  readonly call: PooledCall;
  readonly sinceMs: number;
}

/** The kept-alive connections to one upstream. Call `sweep` about twice a second: it holds the time bounds. */
export class UpstreamPool {
  readonly #target: UpstreamTarget;
  readonly #monotonic: () => number;
  readonly #host: ConnectionHost;
  readonly #all = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #carried = new Map<UpstreamConnection, PooledCall>();
  #closed = false;

  constructor(target: UpstreamTarget, monotonic: () => number) {
    this.#target = target;
    this.#monotonic = monotonic;
    this.#host = {
      bounds: target.bounds,
      monotonic,
      idle: (connection) => this.#onIdle(connection),
      lost: (connection, call, failure, untouched) => this.#onLost(connection, call, failure, untouched),
    };
  }

  get counts(): PoolCounts {
    return { idle: this.#idle.length, busy: this.#carried.size, waiting: this.#waiting.length };
  }

  /** Sends a request's head. Its body, where `framing` says there is one, follows through the call. */
  call(request: OutgoingRequest, events: UpstreamEvents): UpstreamCall {
    const call = new PooledCall(newCallState(request, events), this);
    this.place(call);
    return call;
  }

  sweep(now: number): void {
    for (const connection of this.#all) connection.sweep(now);
    const limit = this.#target.bounds.connectMs;
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].sinceMs > limit) {
      this.#waiting
        .shift()
        ?.call.state.events.failed({ code: 'upstream-overloaded', detail: `no free connection within ${limit} ms` });
    }
  }

  /** Idle connections close now, busy ones behind their reply. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
  }

  /** Gives the call a connection: an idle one, a new one, or the next that gets free. */
  place(call: PooledCall): void {
    const connection = this.#idle.pop() ?? (this.#all.size < POOL_BOUNDS.connections ? this.#open() : null);
    if (connection !== null) this.#carry(connection, call);
    else if (this.#waiting.length < POOL_BOUNDS.waiting) this.#waiting.push({ call, sinceMs: this.#monotonic() });
    else call.state.events.failed({ code: 'upstream-overloaded', detail: 'the queue for connections is full' });
  }

  /** Takes a call back that is given up. */
  forget(call: PooledCall): void {
    const { connection } = call;
    const at = this.#waiting.findIndex((waiting) => waiting.call === call);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (connection !== null && this.#carried.get(connection) === call) this.#drop(connection);
  }

  #carry(connection: UpstreamConnection, call: PooledCall): void {
    this.#carried.set(connection, call);
    call.connection = connection;
    connection.carry(call.state);
    call.flush();
  }

  #open(): UpstreamConnection {
    const { scheme, host, port, ca } = this.#target;
    const common = { host, port, noDelay: true, highWaterMark: SIDE_BUFFER_BYTES };
    const socket =
      scheme === 'http'
        ? connectTcp(common)
        : connectTls({
            ...common,
            minVersion: 'TLSv1.2',
            ALPNProtocols: ['http/1.1'],
            ...(isIP(host) ? {} : { servername: host }),
            ...(ca === null ? {} : { ca }),
          });
    const connection = new UpstreamConnection(socket, this.#host, scheme === 'http' ? 'connect' : 'secureConnect');
    this.#all.add(connection);
    return connection;
  }

  #onIdle(connection: UpstreamConnection): void {
    this.#release(connection);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#carry(connection, next.call);
    else if (this.#closed) this.#drop(connection);
    else this.#idle.push(connection);
  }

  #onLost(connection: UpstreamConnection, state: CallState | null, failure: UpstreamFailure, untouched: boolean): void {
    const call = this.#carried.get(connection);
    this.#release(connection);
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (state !== null && call !== undefined) {
      call.connection = null;
      // The upstream closed a kept connection just as it was used again: nothing was answered, so asking again is safe.
      if (untouched && state.replayable && failure.code !== 'upstream-timeout') this.#carry(this.#open(), call);
      else state.events.failed(failure);
    }
    const next = this.#all.size < POOL_BOUNDS.connections ? this.#waiting.shift() : undefined;
    if (next !== undefined) this.#carry(this.#open(), next.call);
  }

  #release(connection: UpstreamConnection): void {
    const call = this.#carried.get(connection);
    if (call !== undefined) call.connection = null;
    this.#carried.delete(connection);
  }

  #drop(connection: UpstreamConnection): void {
    this.#release(connection);
    this.#all.delete(connection);
    connection.destroy();
  }
}

/** A call as its pool keeps it: what is written before it has a connection waits here, within one read's size. */
class PooledCall implements UpstreamCall {
  readonly state: CallState;
  connection: UpstreamConnection | null = null;
  readonly #pool: UpstreamPool;
  #early: Buffer[] = [];
  #finishedEarly = false;

  constructor(state: CallState, pool: UpstreamPool) {
    this.state = state;
    this.#pool = pool;
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.connection !== null) return this.connection.write(pieces);
    this.#early.push(...pieces);
    return false;
  }

  finish(): void {
    if (this.connection === null) this.#finishedEarly = true;
    else this.connection.finish();
  }

  /** Sends what was written too early. */
  flush(): void {
    const early = this.#early;
    if (early.length > 0) {
      this.#early = [];
      if (this.connection?.write(early) === true) this.state.events.drained();
    }
    if (this.#finishedEarly) this.connection?.finish();
  }

  resume(): void {
    this.connection?.resume();
  }

  abort(): void {
    this.#pool.forget(this);
  }
}
