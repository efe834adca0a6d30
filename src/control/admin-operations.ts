import type { CoverageRow, Issue, Result } from '../base/index.ts';
import type { Alert, AlertRecord } from '../ports/index.ts';
import type { Readiness, RefusedReload } from './conductor.ts';
import type { Revision } from './revisions.ts';

/** How one gateway thread is doing. */
export interface ThreadReport {
  readonly revision: number | null;
  readonly connections: number;
  readonly inFlight: number;
  readonly livingSnapshots: number;
}

/** How the keys of an issuer are that are fetched. `fault` is why the last fetch failed, null after one that did not. */
export interface IssuerReport {
  readonly name: string;
  readonly keys: number;
  readonly fetchedAt: number | null;
  readonly fault: string | null;
}

/**
 * Whether requests are recorded. `short`: no more space can be had, and requests are refused when what is reserved is
 * used up; `halted`: nothing can be written, and requests are refused; `off`: the configuration does not want it.
 */
export interface LedgerReport {
  readonly state: 'recording' | 'short' | 'halted' | 'off';
  readonly reason: string | null;
}

/** The alerts of the last 24 hours: how many, 1,000 at most, and the newest of each kind, newest first, 5 at most. */
export interface AlertSummary {
  readonly count: number;
  readonly newest: readonly {
    readonly kind: Alert['kind'];
    readonly severity: Alert['severity'];
    readonly at: number;
  }[];
}

/** How a running gateway is doing. Times are wall time in milliseconds. */
export interface AdminStatus {
  readonly version: string;
  readonly node: string;
  readonly startedAt: number;
  readonly readiness: Readiness['state'];
  readonly revision: number | null;
  readonly hash: string | null;
  readonly configuration: string;
  readonly ports: { readonly https: number; readonly http: number | null; readonly admin: number };
  readonly threads: readonly ThreadReport[];
  readonly issuers: readonly IssuerReport[];
  readonly ledger: LedgerReport;
  readonly alerts: AlertSummary;
  /** The last reload, where it was refused and the configuration before it stays. */
  readonly refusedReload: RefusedReload | null;
}

/** What the admin API asks of the node. */
export interface AdminBackend {
  readiness(): Readiness;
  metrics(): Promise<string>;
  status(): Promise<AdminStatus>;
  coverage(): Promise<readonly CoverageRow[]>;
  revisions(limit: number): Promise<readonly Omit<Revision, 'text'>[]>;
  alerts(limit: number): Promise<readonly AlertRecord[]>;
  reload(author: string): Promise<Result<{ readonly revision: number }, readonly Issue[]>>;
}

/** A reply of the admin API: JSON, or text as it is. */
export type AdminReply =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly text: string };

/** One operation of the admin API. Server, description and client are made from this table. */
export interface AdminOperation {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  /** Whether a key is needed. Only what a load balancer asks is free. */
  readonly key: boolean;
  readonly run: (backend: AdminBackend) => Promise<AdminReply>;
}

const LIST_LIMIT = 100;

/** The operations there are. */
export const ADMIN_OPERATIONS: readonly AdminOperation[] = [
  {
    id: 'livez',
    method: 'GET',
    path: '/livez',
    summary: 'Whether the control side runs.',
    key: false,
    run: () => Promise.resolve({ status: 200, text: 'ok\n' }),
  },
  {
    id: 'readyz',
    method: 'GET',
    path: '/readyz',
    summary:
      'Whether the gateway should get traffic: 200 when ready or verifying, 503 otherwise. The body is one word.',
    key: false,
    run: (backend) => {
      const { state } = backend.readiness();
      return Promise.resolve({ status: state === 'ready' || state === 'verifying' ? 200 : 503, text: `${state}\n` });
    },
  },
  {
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics in the Prometheus text format 0.0.4.',
    key: true,
    run: async (backend) => ({ status: 200, text: await backend.metrics() }),
  },
  {
    id: 'getStatus',
    method: 'GET',
    path: '/v1/status',
    summary:
      'How the gateway is doing: readiness, revision, ports, threads, keys of issuers, ledger, alerts of the last 24 hours, and the last reload if it was refused.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.status() }),
  },
  {
    id: 'getCoverage',
    method: 'GET',
    path: '/v1/coverage',
    summary: 'What protects each operation, and the line it comes from.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.coverage() }),
  },
  {
    id: 'listRevisions',
    method: 'GET',
    path: '/v1/revisions',
    summary: 'The history of configurations, newest first, without their texts.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.revisions(LIST_LIMIT) }),
  },
  {
    id: 'listAlerts',
    method: 'GET',
    path: '/v1/alerts',
    summary: 'Alerts, newest first.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.alerts(LIST_LIMIT) }),
  },
  {
    id: 'reload',
    method: 'POST',
    path: '/v1/reload',
    summary: 'Reads the configuration file again and puts it in force, or says all that is wrong with it (409).',
    key: true,
    run: async (backend) => {
      const result = await backend.reload('admin');
      return result.ok ? { status: 200, json: result.value } : { status: 409, json: { issues: result.error } };
    },
  },
];
