import type { CoverageRow } from '../base/index.ts';
import { type Config, packGathered } from '../config/index.ts';
import type { Certificates, Clock, MeterReader } from '../ports/index.ts';
import type { AdminBackend, AdminStatus, Conductor, Readiness } from '../control/index.ts';
import { coverageInSlices } from '../gateway/index.ts';
import type { DataFolder } from './data-folder.ts';
import { createOfflineKinds } from './kinds.ts';
import type { LedgerHost } from './ledger-host.ts';
import type { LiveSources } from './live-sources.ts';
import type { NodeLists } from './node-lists.ts';
import type { NodeOverlay } from './node-overlay.ts';
import type { RevocationWatch } from './revocation-watch.ts';
import {
  ALERT_LIMIT,
  alertSummary,
  certificateReport,
  ledgerReport,
  servingReadiness,
  threadReport,
} from './status-parts.ts';
import type { ThreadGroup } from './thread-group.ts';
import { targetExposition, targetStatuses } from './upstream-status.ts';

/** What the admin API's answers are made of. `ports` is filled as they are opened. */
export interface AdminBackendOptions {
  readonly conductor: Conductor;
  readonly group: Pick<ThreadGroup, 'serving' | 'status'>;
  readonly meters: MeterReader;
  readonly data: Pick<DataFolder, 'alerts'>;
  readonly sources: Pick<LiveSources, 'issuers' | 'discovery' | 'credentials'>;
  readonly ledger: Pick<LedgerHost, 'condition'>;
  readonly certificates: Pick<Certificates, 'current'>;
  readonly revocations: Pick<RevocationWatch, 'report'>;
  readonly lists: Pick<NodeLists, 'report'>;
  readonly originals: AdminBackend['originals'];
  readonly decisions: AdminBackend['decisions'];
  readonly cspReports: AdminBackend['cspReports'];
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
  const { conductor, group, meters, data, ports, file, version, nodeVersion, startedAt } = options;
  const { sources, certificates, revocations, lists, ledger, audit, clock } = options;
  const installed = installedSource(conductor);
  const coverage = coverageSource(conductor);
  const readiness = (): Readiness => servingReadiness(conductor.readiness, group.serving);
  return {
    readiness,
    metrics: async () => {
      const threads = await group.status(0);
      return meters.exposition() + targetExposition(targetStatuses(threads.map(({ status }) => status)));
    },
    status: async () => {
      const [threads, alerts] = await Promise.all([group.status(0), data.alerts.list(ALERT_LIMIT)]);
      const { current, refusedReload } = conductor;
      return {
        version,
        node: nodeVersion,
        startedAt,
        readiness: readiness().state,
        revision: current?.revision ?? null,
        hash: current?.hash ?? null,
        configuration: file,
        installed: await installed(),
        lacking: conductor.readiness.state === 'last-good' ? conductor.readiness.lacking : [],
        ports,
        threads: threads.map(threadReport),
        issuers: sources.issuers.report(),
        discovery: sources.discovery.report(),
        targets: targetStatuses(threads.map(({ status }) => status)),
        certificates: certificates.current().map(certificateReport),
        revocationLists: revocations.report(),
        lists: lists.report(),
        ledger: ledgerReport(audit, ledger.condition),
        alerts: alertSummary(alerts, clock.now()),
        refusedReload,
      };
    },
    coverage,
    revisions: (limit) => conductor.history.list(limit),
    revision: (number) => conductor.history.find(number),
    alerts: (limit) => data.alerts.list(limit),
    originals: options.originals,
    cspReports: options.cspReports,
    decisions: options.decisions,
    keys: sources.credentials.parts.apiKeys.admin,
    sessions: sources.credentials.parts.sessions.sessions,
    grants: grantsOf(sources.credentials.parts.overlay),
    revocations: {
      kept: sources.credentials.parts.revocations.kept,
      issuers: () => sources.credentials.parts.revocations.issuers(),
      now: () => clock.now(),
    },
    reload: (author) => conductor.reload(author),
    apply: (text, author) => conductor.apply(text, author),
    rollback: (revision, author) => conductor.rollback(revision, author),
    preview: (wanted) => conductor.preview(wanted),
  };
}

function grantsOf(overlay: NodeOverlay): AdminBackend['grants'] {
  return {
    list: () =>
      overlay.overlays.list().map(({ id, document }) => ({ id, ...document, issuer: overlay.issuerName(document) })),
    add: (draft, author) => overlay.add(draft, author),
    remove: (id, author) => overlay.overlays.remove(id, author),
  };
}

/** Who put in force what is, looked up once a revision. */
function installedSource(conductor: Conductor): () => Promise<AdminStatus['installed']> {
  let known: { readonly revision: number; readonly value: AdminStatus['installed'] } | null = null;
  return async () => {
    const revision = conductor.current?.revision;
    if (revision === undefined) return null;
    if (known?.revision === revision) return known.value;
    // A history that can't be read is an alert of its own; the status must be had all the same.
    const found = await conductor.history.find(revision).catch(() => null);
    if (found === null) return null;
    known = { revision, value: { author: found.author, at: found.at } };
    return known.value;
  };
}

/** The coverage of what is in force, worked out once a revision: it takes a whole compilation. */
function coverageSource(conductor: Conductor): () => Promise<readonly CoverageRow[]> {
  let known: { readonly revision: number; readonly rows: Promise<readonly CoverageRow[]> } | null = null;
  return async () => {
    const { current } = conductor;
    if (current === null) return [];
    if (known?.revision !== current.revision) known = { revision: current.revision, rows: coverageOf(current) };
    return await known.rows;
  };
}

/** Coverage needs no table to be read: it tells what the configuration says. */
async function coverageOf(gathered: NonNullable<Conductor['current']>): Promise<readonly CoverageRow[]> {
  const read = (): never => {
    throw new Error('no table is read here');
  };
  const context = { kinds: createOfflineKinds(), tables: { read } };
  const rows = await coverageInSlices(packGathered(gathered), context, nextTurn);
  return rows.ok ? rows.value : [];
}

/** Whoever else uses the control side is served first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
