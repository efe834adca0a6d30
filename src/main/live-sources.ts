import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { type SharedTable, type Tables, UPSTREAM_TARGETS } from '../ports/index.ts';
import type { NodeCredentialsOptions } from './credential-part.ts';
import { type NodeCredentials, openNodeCredentials } from './node-credentials.ts';
import { type NodeDiscovery, type NodeDiscoveryOptions, openNodeDiscovery } from './node-discovery.ts';
import { type NodeIssuers, type NodeIssuersOptions, openNodeIssuers } from './node-issuers.ts';
import { createNodeTables } from './node-tables.ts';
import { createChance } from './thread-load.ts';
import { UpstreamChecks } from './upstream-checks.ts';

/**
 * All that fills live tables for a configuration: the keys of its issuers, what is known of callers, the targets of its
 * upstreams, and how those are.
 */
export interface LiveSources {
  readonly issuers: NodeIssuers;
  readonly discovery: NodeDiscovery;
  readonly credentials: NodeCredentials;
  /** What is in force of each table, as every thread has it. */
  readonly tables: Pick<Tables, 'read'>;
  /** Fills the tables for a configuration, beside those of the one in force. What can't be had for it. */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only what this configuration needs is kept. */
  retain(gathered: Gathered): void;
  /** From now on every table that changes is told so. */
  serve(tell: (table: SharedTable) => void): void;
  /** Nothing is fetched or told after this. */
  close(): Promise<void>;
}

/** Opens them; nothing is asked for before the first filling. */
export function openLiveSources(
  options: Omit<NodeIssuersOptions & NodeDiscoveryOptions & NodeCredentialsOptions, 'tables' | 'wantKeys'>,
): LiveSources {
  const { clock, log, random } = options.host;
  let served: ((table: SharedTable) => void) | null = null;
  const tables = createNodeTables({ log, alerts: options.alerts, tell: (table) => served?.(table) });
  const issuers = openNodeIssuers({ ...options, tables });
  const discovery = openNodeDiscovery({ ...options, tables });
  const credentials = openNodeCredentials({
    ...options,
    tables,
    wantKeys: (issuer, source) => issuers.keys.want(issuer, source),
  });
  const checks = new UpstreamChecks({
    clock,
    log,
    chance: createChance((bytes) => random.fill(bytes)),
    tables,
    found: (source) => discovery.found(source),
  });
  tables.onReplace(UPSTREAM_TARGETS.name, () => checks.refresh());
  return {
    issuers,
    discovery,
    credentials,
    tables,
    fill: async (gathered) =>
      (await Promise.all([issuers, discovery, credentials].map((source) => source.fill(gathered)))).flat(),
    retain: (gathered) => {
      issuers.retain(gathered);
      discovery.retain(gathered);
      credentials.retain(gathered);
      checks.follow(gathered);
    },
    serve: (tell) => {
      served = tell;
    },
    close: async () => {
      issuers.keys.close();
      discovery.close();
      checks.close();
      await credentials.close();
    },
  };
}
