import type { CspReport } from '../base/index.ts';
import type { Principal } from '../policy/index.ts';
import type { Alerts, Clock, Ledger, Log } from '../ports/index.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { ApiCache, CacheShare } from './reply-caches.ts';
import type { Snapshot } from './snapshot.ts';
import type { TraceIds } from './trace-context.ts';
import type { UpstreamCaller } from './upstream-caller.ts';

/** What a gateway thread works with besides its Snapshot. */
export interface GatewayPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts['raise'];
  readonly ledger: Pick<Ledger, 'append'>;
  /** Gives an id that holds the time, which may be given (see `createIdSource`). */
  readonly nextId: (atMs?: number) => string;
  /** From 0 up to 1: for choices that guard nothing. */
  readonly chance: () => number;
  readonly traces: TraceIds;
  /** The name that the ledger gives to whoever calls: the same for the same issuer and subject, and says nothing of them. */
  readonly pseudonym: (principal: Principal) => string;
  readonly metrics: GatewayMetrics;
  /** Takes what browsers reported, to be summed on the control side. */
  readonly cspReports: (reports: readonly CspReport[]) => void;
  /** Its part of what all threads store. */
  readonly cacheShare: CacheShare;
}

/** A Snapshot in force, with what is kept beside it for each of its APIs, in their order. */
export interface Installed {
  readonly snapshot: Snapshot;
  readonly pools: readonly UpstreamCaller[];
  /** What is stored of each API's replies; null where none is. */
  readonly caches: readonly (ApiCache | null)[];
}
