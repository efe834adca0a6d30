import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { SharedTable } from '../ports/index.ts';
import { type NodeDiscovery, type NodeDiscoveryOptions, openNodeDiscovery } from './node-discovery.ts';
import { type NodeIssuers, type NodeIssuersOptions, openNodeIssuers } from './node-issuers.ts';

/** All that fills live tables for a configuration: the keys of its issuers, and the targets of its upstreams. */
export interface LiveSources {
  readonly issuers: NodeIssuers;
  readonly discovery: NodeDiscovery;
  /** Fills the tables for a configuration, beside those of the one in force. What can't be had for it. */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only what this configuration needs is kept. */
  retain(gathered: Gathered): void;
  /** From now on every table that changes is told so. */
  serve(tell: (table: SharedTable) => void): void;
  /** Nothing is fetched or told after this. */
  close(): void;
}

/** Opens them; nothing is asked for before the first filling. */
export function openLiveSources(options: NodeIssuersOptions & NodeDiscoveryOptions): LiveSources {
  const issuers = openNodeIssuers(options);
  const discovery = openNodeDiscovery(options);
  return {
    issuers,
    discovery,
    fill: async (gathered) => (await Promise.all([issuers.fill(gathered), discovery.fill(gathered)])).flat(),
    retain: (gathered) => {
      issuers.retain(gathered);
      discovery.retain(gathered);
    },
    serve: (tell) => {
      issuers.serve(tell);
      discovery.serve(tell);
    },
    close: () => {
      issuers.keys.close();
      discovery.close();
    },
  };
}
