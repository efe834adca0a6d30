import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { IssuerReport } from '../control/index.ts';
import { IssuerKeys, type IssuerSource, keyTable } from '../credential/index.ts';
import { needsKeys } from '../policy/index.ts';
import type { Alerts, Tables } from '../ports/index.ts';
import type { ControlMetrics } from './control-metrics.ts';
import { gatheredText } from './gathered-text.ts';
import type { HostPorts } from './host-ports.ts';
import { issuerReport } from './status-parts.ts';
import type { TableSpread } from './table-spread.ts';

/** The issuers' keys of a node. */
export interface NodeIssuers {
  readonly keys: IssuerKeys;
  /**
   * Fetches the keys of a configuration's issuers, beside those of the one in force; resolves within seconds. What can't
   * be had: issuers that are new and have no keys, so that none of their tokens could be taken.
   */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only the keys of this configuration's issuers are kept. */
  retain(gathered: Gathered): void;
  /** Who says whether the newest version of a table is in force in all threads. */
  spreadOver(threads: Spread): void;
  /** How the keys of each issuer are, by name; those that not every thread has yet are not in force. */
  report(): readonly IssuerReport[];
}

/** Whoever spreads tables over threads. */
type Spread = Pick<TableSpread, 'isSettled'>;

/** What they work with. */
export interface NodeIssuersOptions {
  readonly host: HostPorts;
  readonly alerts: Alerts;
  /** What goes on to every gateway thread. */
  readonly tables: Tables;
  readonly metrics: Pick<ControlMetrics, 'keysFailed'>;
}

/** Opens them; nothing is fetched before the first filling. */
export function openNodeIssuers({ host, alerts, tables, metrics }: NodeIssuersOptions): NodeIssuers {
  const { clock, egress, log, random } = host;
  let spread: Spread | null = null;
  const failed = (issuer: string): void => metrics.keysFailed(issuer);
  const keys = new IssuerKeys({ tables, egress, clock, random, log, alerts, failed });
  /** By issuer: the table of its keys. Those of issuers that are not kept any more go when others are. */
  let tableNames: ReadonlyMap<string, string> = new Map();
  return {
    keys,
    report: () =>
      keys.status().map((status) => {
        const table = tableNames.get(status.name);
        return issuerReport(status, table === undefined || spread === null || spread.isSettled(table));
      }),
    fill: async (gathered) => {
      tableNames = new Map(sourcesOf(gathered).map((source) => [source.name, keyTable(source).name]));
      const lacking = await keys.fill(sourcesOf(gathered));
      const faults = new Map(keys.status().map(({ name, fault }) => [name, fault]));
      return lacking.map((source) => lackOf(source, faults.get(source.name) ?? null, gathered));
    },
    retain: (gathered) => keys.retain(sourcesOf(gathered)),
    spreadOver: (threads) => {
      spread = threads;
    },
  };
}

function sourcesOf({ config, files }: Gathered): readonly IssuerSource[] {
  // Whatever becomes of its access tokens, the ID tokens of those who sign in are verified here.
  const logins = new Set(config.sessions.providers.map(({ issuer }) => issuer.name));
  return config.issuers
    .filter((issuer) => needsKeys(issuer) || logins.has(issuer.name))
    .flatMap((issuer) => (issuer.keys.kind === 'file' ? [] : [keySourceOf(issuer, issuer.keys, files)]));
}

/** An issuer whose keys are fetched, with the CAs that it is verified by. */
export function keySourceOf(
  { name, issuer, caFile }: Gathered['config']['issuers'][number],
  origin: IssuerSource['origin'],
  files: Gathered['files'],
): IssuerSource {
  const ca = caFile === undefined ? {} : { ca: gatheredText(files, caFile) };
  return { name, issuer, origin, ...ca };
}

function lackOf({ name }: IssuerSource, fault: string | null, { places }: Gathered): Issue {
  const path = `issuers.${name}`;
  const place = Object.hasOwn(places, path) ? places[path] : undefined;
  return errorIssue(path, `the keys of this issuer can't be had: ${fault ?? 'it gave none'}`, {
    place: place ?? null,
    fix: 'see that the issuer is reached, then reload; `portcullis doctor` says more',
  });
}
