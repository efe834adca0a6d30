import type { Principal } from '../policy/index.ts';
import type { Alerts, Clock, Ledger, Log } from '../ports/index.ts';
import { openUpstream, POOL_BOUNDS, type Upstream } from '../wire/index.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { CompiledApi, Snapshot } from './snapshot.ts';
import type { TraceIds } from './trace-context.ts';

/** What a gateway thread works with besides its Snapshot. */
export interface GatewayPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts['raise'];
  readonly ledger: Pick<Ledger, 'append'>;
  /** Gives an id that holds the time, which may be given (see `createIdSource`). */
  readonly nextId: (atMs?: number) => string;
  readonly traces: TraceIds;
  /** The name that the ledger gives to whoever calls: the same for the same issuer and subject, and says nothing of them. */
  readonly pseudonym: (principal: Principal) => string;
  readonly metrics: GatewayMetrics;
}

/** A Snapshot in force, with what is kept beside it: one pool of connections for each API. */
export interface Installed {
  readonly snapshot: Snapshot;
  readonly pools: readonly UpstreamCaller[];
}

type PoolBounds = typeof POOL_BOUNDS;

/** Whatever carries requests to an upstream. */
export type UpstreamCaller = Pick<Upstream, 'call' | 'waitingShare'>;

/** The upstreams of the Snapshots that live. */
export type Upstreams = Pick<UpstreamPools, 'retain' | 'sweep' | 'close'> & {
  /** One for each of a Snapshot's APIs, in their order. */
  forApis(apis: readonly CompiledApi[]): readonly UpstreamCaller[];
};

/** Upstream connections outlive Snapshots: an API whose upstream did not change keeps its own. */
export class UpstreamPools {
  readonly #monotonic: () => number;
  readonly #bounds: PoolBounds;
  readonly #byTarget = new Map<string, Upstream>();
  /** Closed, and not gone yet: their last connections have bounds on time too. */
  readonly #closing = new Set<Upstream>();

  constructor(monotonic: () => number, bounds: PoolBounds = POOL_BOUNDS) {
    this.#monotonic = monotonic;
    this.#bounds = bounds;
  }

  /** The pools of a Snapshot's APIs, in their order; new ones where an upstream is new. */
  forApis(apis: readonly CompiledApi[]): readonly Upstream[] {
    return apis.map((api) => {
      const key = keyOf(api);
      let pool = this.#byTarget.get(key);
      if (pool === undefined) {
        pool = this.#open(api);
        this.#byTarget.set(key, pool);
      }
      return pool;
    });
  }

  /** Closes the pools that none of these has a use for. Whoever could still call them has ended. */
  retain(installed: readonly Installed[]): void {
    const wanted = new Set<UpstreamCaller>(installed.flatMap(({ pools }) => pools));
    for (const [key, pool] of this.#byTarget) {
      if (wanted.has(pool)) continue;
      this.#byTarget.delete(key);
      this.#closing.add(pool);
      pool.close();
    }
  }

  /** Holds the bounds on time. */
  sweep(now: number): void {
    for (const pool of this.#byTarget.values()) pool.sweep(now);
    for (const pool of this.#closing) {
      pool.sweep(now);
      if (pool.isGone) this.#closing.delete(pool);
    }
  }

  /** Closes all. */
  close(): void {
    this.retain([]);
  }

  #open(api: CompiledApi): Upstream {
    const { protocol, scheme, host, port, connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = api.upstream;
    const { serverName, pins } = api.upstream;
    const bounds = { connectMs: connectTimeoutMs, responseMs: responseTimeoutMs, idleMs: idleTimeoutMs };
    const proof = { ca: api.upstreamCa, identity: api.upstreamIdentity, serverName, pins };
    const target = { scheme, host, port, ...proof, bounds };
    return openUpstream(protocol, target, this.#monotonic, this.#bounds);
  }
}

function keyOf(api: CompiledApi): string {
  const { protocol, scheme, host, port, connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = api.upstream;
  const times = [connectTimeoutMs, responseTimeoutMs, idleTimeoutMs];
  const { serverName, pins } = api.upstream;
  // The certificate names its key.
  const proof = [api.upstreamCa, api.upstreamIdentity?.chainPem ?? null, serverName, pins];
  return JSON.stringify([protocol, scheme, host, port, times, proof]);
}
