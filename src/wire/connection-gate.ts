import { networkOf } from '../base/index.ts';
import type { Lease, Leases } from '../ports/index.ts';

/** Why a connection is not let in: its network has as many as it may, or opens them too fast. */
export type GateRefusal = 'address' | 'pace';

/** What a gate goes by. */
export interface ConnectionGateOptions {
  /** Connections by network, counted over all threads. */
  readonly leases: Leases;
  /** So many connections a network may have. */
  readonly perNetwork: number;
  /** See `ConnectionGate.isExempt`. A proxy that is believed is such an address. */
  readonly isExempt: (address: string) => boolean;
  readonly monotonic: () => number;
}

/** A handshake takes about 1 ms: at the default a network gets a tenth of a thread by it. */
const PER_SECOND_SHARE = 0.5;
/** A browser, or a pool that starts, opens some dozens at once, however few a network may keep. */
const LEAST_BURST = 64;
const LEAST_PER_SECOND = 32;
/** A network is forgotten when its pace is even, in some milliseconds; so many at once are beyond what a thread can accept. */
const KEPT_NETWORKS = 16_384;
/** The whole list is looked through at most this often. */
const PURGE_MS = 100;
const FREE: Lease = { release() {} };

/**
 * Decides which connections are let in, so that no network takes the room or the time of the others. Networks are told
 * apart as `networkOf` says. The pace is GCRA by thread: a burst of `perNetwork`, then half as many a second, and
 * never fewer than 64 and 32.
 */
export class ConnectionGate {
  readonly #options: ConnectionGateOptions;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  /** Until when each network has used its pace up, on the monotonic clock. */
  readonly #usedUntil = new Map<string, number>();
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectionGateOptions) {
    this.#options = options;
    this.#intervalMs = 1_000 / Math.max(LEAST_PER_SECOND, options.perNetwork * PER_SECOND_SHARE);
    this.#burstMs = this.#intervalMs * Math.max(LEAST_BURST, options.perNetwork);
  }

  /** Networks whose pace is kept in mind. */
  get networks(): number {
    return this.#usedUntil.size;
  }

  /** Whether an address stands for many clients, so that none of these bounds is its own. */
  isExempt(address: string): boolean {
    return this.#options.isExempt(address);
  }

  /** Lets a connection of this address in, which holds its place until the lease is released, or says why not. */
  enter(address: string): Lease | GateRefusal {
    const { leases, perNetwork, isExempt } = this.#options;
    if (isExempt(address)) return FREE;
    const network = networkOf(address);
    if (!this.#keepsPace(network)) return 'pace';
    return leases.take(network, perNetwork) ?? 'address';
  }

  /** Counts one more connection of a network, where its pace allows it. */
  #keepsPace(network: string): boolean {
    const now = this.#options.monotonic();
    const used = this.#usedUntil.get(network);
    if (used === undefined && !this.#hasRoom(now)) return false;
    const next = Math.max(now, used ?? now) + this.#intervalMs;
    if (next - now > this.#burstMs) return false;
    this.#usedUntil.set(network, next);
    return true;
  }

  #hasRoom(now: number): boolean {
    const used = this.#usedUntil;
    if (used.size < KEPT_NETWORKS) return true;
    if (now - this.#purgedAt < PURGE_MS) return false;
    this.#purgedAt = now;
    for (const [network, until] of used) if (until <= now) used.delete(network);
    return used.size < KEPT_NETWORKS;
  }
}
