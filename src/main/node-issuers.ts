import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { IssuerKeys, type IssuerSource } from '../credential/index.ts';
import type { Alerts, TableVersion } from '../ports/index.ts';
import type { ControlMetrics } from './control-metrics.ts';
import type { HostPorts } from './host-ports.ts';
import { createNodeTables } from './node-tables.ts';

/** The issuers' keys of a node, and the way of their tables to the gateway threads. */
export interface NodeIssuers {
  readonly keys: IssuerKeys;
  /**
   * Fetches the keys of a configuration's issuers, beside those of the one in force; resolves within seconds. What can't
   * be had: issuers that are new and have no keys, so that none of their tokens could be taken.
   */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only the keys of this configuration's issuers are kept. */
  retain(gathered: Gathered): void;
  /** From now on every table that changes is told so. */
  serve(tell: (table: TableVersion<unknown>) => void): void;
}

/** What they work with. */
export interface NodeIssuersOptions {
  readonly host: HostPorts;
  readonly alerts: Alerts;
  readonly metrics: Pick<ControlMetrics, 'keysFailed'>;
}

/** Opens them; nothing is fetched before the first filling. */
export function openNodeIssuers({ host, alerts, metrics }: NodeIssuersOptions): NodeIssuers {
  const { clock, egress, log, random } = host;
  const tellers = new Set<(table: TableVersion<unknown>) => void>();
  const tables = createNodeTables({
    log,
    tell: (table) => {
      for (const tell of tellers) tell(table);
    },
  });
  // What keeps keys alerts of each failure, and of nothing else.
  const counting: Pick<Alerts, 'raise'> = {
    raise: (alert) => {
      metrics.keysFailed(String(alert.fields?.['issuer']));
      alerts.raise(alert);
    },
  };
  const keys = new IssuerKeys({ tables, egress, clock, random, log, alerts: counting });
  return {
    keys,
    fill: async (gathered) => {
      const lacking = await keys.fill(sourcesOf(gathered));
      const faults = new Map(keys.status().map(({ name, fault }) => [name, fault]));
      return lacking.map((source) => lackOf(source, faults.get(source.name) ?? null, gathered));
    },
    retain: (gathered) => keys.retain(sourcesOf(gathered)),
    serve: (tell) => void tellers.add(tell),
  };
}

function sourcesOf({ config }: Gathered): readonly IssuerSource[] {
  return config.issuers.flatMap(({ name, issuer, keys: origin }) =>
    origin.kind === 'file' ? [] : [{ name, issuer, origin }],
  );
}

function lackOf({ name }: IssuerSource, fault: string | null, { places }: Gathered): Issue {
  const path = `issuers.${name}`;
  const place = Object.hasOwn(places, path) ? places[path] : undefined;
  return errorIssue(path, `the keys of this issuer can't be had: ${fault ?? 'it gave none'}`, {
    place: place ?? null,
    fix: 'see that the issuer is reached, then reload; `portcullis doctor` says more',
  });
}
