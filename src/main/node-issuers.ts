import type { Config } from '../config/index.ts';
import { IssuerKeys } from '../credential/index.ts';
import type { Alerts, TableVersion } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';
import { createNodeTables } from './node-tables.ts';

/** The issuers' keys of a node, and the way of their tables to the gateway threads. */
export interface NodeIssuers {
  readonly keys: IssuerKeys;
  /** Fetches the keys of a configuration's issuers; resolves within seconds, whatever could be had. */
  fill(config: Config): Promise<void>;
  /** From now on every table that changes is told so. */
  serve(tell: (table: TableVersion<unknown>) => void): void;
}

/** Opens them; nothing is fetched before the first filling. */
export function openNodeIssuers({ host, alerts }: { readonly host: HostPorts; readonly alerts: Alerts }): NodeIssuers {
  const { clock, egress, log, random } = host;
  const tellers = new Set<(table: TableVersion<unknown>) => void>();
  const tables = createNodeTables({
    log,
    tell: (table) => {
      for (const tell of tellers) tell(table);
    },
  });
  const keys = new IssuerKeys({ tables, egress, clock, random, log, alerts });
  return {
    keys,
    fill: ({ issuers }) =>
      keys.fill(
        issuers.flatMap(({ name, issuer, keys: origin }) => (origin.kind === 'file' ? [] : [{ name, issuer, origin }])),
      ),
    serve: (tell) => void tellers.add(tell),
  };
}
