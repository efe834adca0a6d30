import type { CoverageRow } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Clock, MeterReader } from '../ports/index.ts';
import { type AdminBackend, type Conductor, REVISIONS } from '../control/index.ts';
import { compile } from '../gateway/index.ts';
import type { DataFolder } from './data-folder.ts';
import { createOfflineKinds } from './kinds.ts';
import type { LedgerHost } from './ledger-host.ts';
import type { NodeIssuers } from './node-issuers.ts';
import { ALERT_LIMIT, alertSummary, issuerReport, ledgerReport } from './status-parts.ts';
import type { ThreadHost } from './thread-host.ts';

/** What the admin API's answers are made of. `ports` is filled as they are opened. */
export interface AdminBackendOptions {
  readonly conductor: Conductor;
  readonly thread: ThreadHost;
  readonly meters: MeterReader;
  readonly data: Pick<DataFolder, 'store' | 'alerts'>;
  readonly issuers: { readonly keys: Pick<NodeIssuers['keys'], 'status'> };
  readonly ledger: Pick<LedgerHost, 'condition'>;
  readonly audit: Config['audit'];
  readonly clock: Clock;
  readonly ports: { readonly https: number; readonly http: number | null; readonly admin: number };
  readonly file: string;
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedAt: number;
}

/** Answers the admin API for one node. */
export function createAdminBackend(options: AdminBackendOptions): AdminBackend {
  const { conductor, thread, meters, data, ports, file, version, nodeVersion, startedAt } = options;
  const { issuers, ledger, audit, clock } = options;
  const revisions = data.store.collection(REVISIONS);
  const coverage = coverageSource(conductor);
  return {
    readiness: () => conductor.readiness,
    metrics: () => Promise.resolve(meters.exposition()),
    status: async () => {
      const [report, alerts] = await Promise.all([thread.status(0), data.alerts.list(ALERT_LIMIT)]);
      const { current, readiness, refusedReload } = conductor;
      return {
        version,
        node: nodeVersion,
        startedAt,
        readiness: readiness.state,
        revision: current?.revision ?? null,
        hash: current?.hash ?? null,
        configuration: file,
        ports,
        threads: report === null ? [] : [reportOf(report)],
        issuers: issuers.keys.status().map(issuerReport),
        ledger: ledgerReport(audit, ledger.condition),
        alerts: alertSummary(alerts, clock.now()),
        refusedReload,
      };
    },
    coverage: () => Promise.resolve(coverage()),
    revisions: async (limit) => {
      const newest = await revisions.query({ orderBy: 'revision', descending: true, limit });
      return newest.map(({ document: { text: _text, ...rest } }) => rest);
    },
    alerts: (limit) => data.alerts.list(limit),
    reload: (author) => conductor.reload(author),
  };
}

function reportOf(status: NonNullable<Awaited<ReturnType<ThreadHost['status']>>>) {
  const { revision, connections, inFlight, livingSnapshots } = status;
  return { revision, connections, inFlight, livingSnapshots };
}

/** The coverage of what is in force, computed once a revision: it takes a whole compilation. */
function coverageSource(conductor: Conductor): () => readonly CoverageRow[] {
  let known: { readonly revision: number; readonly rows: readonly CoverageRow[] } | null = null;
  return () => {
    const { current } = conductor;
    if (current === null) return [];
    if (known?.revision !== current.revision) known = { revision: current.revision, rows: coverageOf(current) };
    return known.rows;
  };
}

/** Coverage needs no table to be read: it tells what the configuration says. */
function coverageOf(gathered: NonNullable<Conductor['current']>): readonly CoverageRow[] {
  const read = (): never => {
    throw new Error('no table is read here');
  };
  const snapshot = compile(gathered, { kinds: createOfflineKinds(), tables: { read } });
  return snapshot.ok ? snapshot.value.coverage : [];
}
