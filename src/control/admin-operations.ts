import { type CoverageRow, type Issue, isRequestId, type Result } from '../base/index.ts';
import type { Alert, AlertRecord } from '../ports/index.ts';
import { CONFIG_LIMIT_BYTES, type ConfigChange } from '../config/index.ts';
import type { AdminReply, OperationOf } from './admin-operation.ts';
import { type AdminApiKeys, API_KEY_OPERATIONS } from './api-key-operations.ts';
import { AUTHOR, authorIn } from './change-author.ts';
import type { Installed, Readiness, RefusedReload } from './conductor-options.ts';
import { CSP_SUM_LIMIT, type CspReports } from './csp-reports.ts';
import { DECISION_OPERATIONS, type DecisionsBackend } from './decision-operations.ts';
import { GRANT_OPERATIONS, type GrantsBackend } from './grant-operations.ts';
import { SESSION_OPERATIONS, type SessionsBackend } from './session-operations.ts';
import type { RevisionSummary } from './history.ts';
import type { Originals } from './originals.ts';
import type { Revision } from './revisions.ts';
import { REVOCATION_OPERATIONS, type RevocationBackend } from './revocation-operations.ts';

/** How one gateway thread is doing. */
export interface ThreadReport {
  readonly name: string;
  /** `silent`: it serves, and did not answer within a second; `lost`: it has ended and is to be replaced. */
  readonly state: 'starting' | 'serving' | 'silent' | 'lost';
  /** Tells the threads apart that were in this place one after the other, from 1. */
  readonly epoch: number;
  readonly startedAt: number;
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

/** How a source of targets is. `foundAt`: when it last said what it has; `fault` is why it can't now, null where it can. */
export interface SourceReport {
  readonly name: string;
  readonly kind: 'dns' | 'srv' | 'file' | 'consul' | 'kubernetes';
  readonly targets: number;
  readonly foundAt: number | null;
  readonly fault: string | null;
}

/** A certificate that clients see. One with several names stands there once; the first is for all that no other names. */
export interface CertificateReport {
  readonly names: readonly string[];
  readonly origin: 'local' | 'file' | 'acme';
  readonly notAfter: number;
}

/** A file of lists of revoked certificates: when the first of them ends, and the hosts that judge clients by it. */
export interface RevocationReport {
  readonly file: string;
  readonly endsAt: number;
  /** `*` stands for all that are not named. */
  readonly hosts: readonly string[];
}

/** A file of a list, or a database that lists ask: what it holds and since when; `fault` is why what stands there now is not in force. */
export interface ListReport {
  readonly file: string;
  readonly kind: 'addresses' | 'names' | 'country' | 'asn';
  /** Null for a database. */
  readonly entries: number | null;
  readonly readAt: number;
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

/**
 * A target of an upstream that has several, or is checked. `upstream`: its API, with ` canary` behind it for a target of its
 * canary. The state is the worst in any thread: `down` fails its checks, `ejected` failed requests (until `until`),
 * `starting` gets less than its part. `asking` of `threads` send it requests.
 */
export interface TargetStatus {
  readonly upstream: string;
  readonly target: string;
  readonly state: 'up' | 'starting' | 'ejected' | 'down';
  readonly since: number;
  readonly until: number | null;
  readonly reason: string;
  readonly threads: number;
  readonly asking: number;
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
  /** Who put it in force, and when; null where the history can't tell. */
  readonly installed: { readonly author: string; readonly at: number } | null;
  /** What could not be had at the start and was taken from what was kept, in words; empty otherwise. */
  readonly lacking: readonly string[];
  readonly ports: { readonly https: number; readonly http: number | null; readonly admin: number };
  readonly threads: readonly ThreadReport[];
  readonly issuers: readonly IssuerReport[];
  /** The sources of targets; empty where all targets are written down. */
  readonly discovery: readonly SourceReport[];
  /** Those that get nothing stand first; 1,000 at most. */
  readonly targets: readonly TargetStatus[];
  readonly certificates: readonly CertificateReport[];
  /** Behind its end a list lets none of the clients in that are judged by it. */
  readonly revocationLists: readonly RevocationReport[];
  readonly lists: readonly ListReport[];
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
  revisions(limit: number): Promise<readonly RevisionSummary[]>;
  revision(number: number): Promise<Revision | null>;
  alerts(limit: number): Promise<readonly AlertRecord[]>;
  readonly originals: Pick<Originals, 'list' | 'find'>;
  readonly cspReports: Pick<CspReports, 'list'>;
  readonly keys: AdminApiKeys;
  /** What is granted and denied by hand. */
  readonly grants: GrantsBackend;
  readonly revocations: RevocationBackend;
  readonly sessions: SessionsBackend;
  readonly decisions: DecisionsBackend;
  reload(author: string): Promise<Installed>;
  apply(text: Uint8Array, author: string): Promise<Installed>;
  rollback(revision: number | null, author: string): Promise<Installed>;
  /** What a text, or the text of a revision, would change. */
  preview(wanted: Uint8Array | number): Promise<Result<readonly ConfigChange[], readonly Issue[]>>;
}

/** One operation of the admin API. Server, description and client are made from this table. */
export type AdminOperation = OperationOf<AdminBackend>;

const SERVING: ReadonlySet<Readiness['state']> = new Set(['ready', 'verifying', 'last-good']);

const LIST_LIMIT = 100;
/** One byte more than a configuration may have, so that the reader of configurations says what is wrong with it. */
const TEXT_LIMIT_BYTES = CONFIG_LIMIT_BYTES + 1;
const NUMBER = /^[1-9][0-9]{0,11}$/;

type Reading = Omit<AdminOperation, 'body' | 'bodyLimitBytes' | 'query'>;

/** An operation that is asked without a query or a body. */
function plainly(operation: Reading): AdminOperation {
  return { ...operation, bodyLimitBytes: null, query: {} };
}

/** The operations there are. */
export const ADMIN_OPERATIONS: readonly AdminOperation[] = [
  plainly({
    id: 'livez',
    method: 'GET',
    path: '/livez',
    summary: 'Whether the control side runs.',
    key: false,
    run: () => Promise.resolve({ status: 200, text: 'ok\n' }),
  }),
  plainly({
    id: 'readyz',
    method: 'GET',
    path: '/readyz',
    summary:
      'Whether the gateway should get traffic: 200 when ready, verifying or last-good, 503 otherwise. The body is one word.',
    key: false,
    run: (backend) => {
      const { state } = backend.readiness();
      return Promise.resolve({ status: SERVING.has(state) ? 200 : 503, text: `${state}\n` });
    },
  }),
  plainly({
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics in the Prometheus text format 0.0.4.',
    key: true,
    run: async (backend) => ({ status: 200, text: await backend.metrics() }),
  }),
  plainly({
    id: 'getStatus',
    method: 'GET',
    path: '/v1/status',
    summary:
      'How the gateway is doing: readiness, revision, ports, threads, keys of issuers, ledger, alerts of the last 24 hours, and the last reload if it was refused.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.status() }),
  }),
  plainly({
    id: 'getCoverage',
    method: 'GET',
    path: '/v1/coverage',
    summary: 'What protects each operation, and the line it comes from.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.coverage() }),
  }),
  plainly({
    id: 'listRevisions',
    method: 'GET',
    path: '/v1/revisions',
    summary: 'The history of configurations, newest first, without their texts.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.revisions(LIST_LIMIT) }),
  }),
  plainly({
    id: 'listAlerts',
    method: 'GET',
    path: '/v1/alerts',
    summary: 'Alerts, newest first.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.alerts(LIST_LIMIT) }),
  }),
  plainly({
    id: 'getRevision',
    method: 'GET',
    path: '/v1/revisions/{revision}',
    summary: 'One revision with its text.',
    key: true,
    run: async (backend, { params }) => {
      const number = revisionOf(params['revision'] ?? '');
      const found = number === null ? null : await backend.revision(number);
      return found === null ? { status: 404, problem: { code: 'not-found' } } : { status: 200, json: found };
    },
  }),
  plainly({
    id: 'listUpstreamErrors',
    method: 'GET',
    path: '/v1/upstream-errors',
    summary: 'Errors of upstreams that were replaced and kept, newest first, without their texts.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.originals.list(LIST_LIMIT) }),
  }),
  plainly({
    id: 'getUpstreamError',
    method: 'GET',
    path: '/v1/upstream-errors/{request}',
    summary:
      'What was kept of the reply to one request, by its id: status, fields and start of the body, secrets masked.',
    key: true,
    run: async (backend, { params }) => {
      const id = params['request'] ?? '';
      const found = isRequestId(id) ? await backend.originals.find(id) : null;
      return found === null ? { status: 404, problem: { code: 'not-found' } } : { status: 200, json: found };
    },
  }),
  plainly({
    id: 'listCspReports',
    method: 'GET',
    path: '/v1/csp-reports',
    summary: 'What browsers reported of content security policies, summed; what came last first.',
    key: true,
    run: async (backend) => ({ status: 200, json: await backend.cspReports.list(CSP_SUM_LIMIT) }),
  }),
  {
    id: 'reload',
    method: 'POST',
    path: '/v1/reload',
    summary: 'Reads the configuration file again and puts it in force, or says all that is wrong with it (409).',
    key: true,
    bodyLimitBytes: null,
    query: AUTHOR,
    run: async (backend, { query }) => withAuthor(query, (author) => backend.reload(author)),
  },
  {
    id: 'applyConfiguration',
    method: 'POST',
    path: '/v1/configuration',
    summary:
      'Puts the text in the body in force and writes it into the configuration file, or says all that is wrong with it (409).',
    key: true,
    bodyLimitBytes: TEXT_LIMIT_BYTES,
    query: AUTHOR,
    run: async (backend, { query, body }) => withAuthor(query, (author) => backend.apply(body, author)),
  },
  {
    id: 'rollback',
    method: 'POST',
    path: '/v1/rollback',
    summary:
      'Puts the text of an earlier revision in force and writes it into the configuration file; what stood there is kept beside it. 409 where it can not be built any more.',
    key: true,
    bodyLimitBytes: null,
    query: { ...AUTHOR, revision: 'Its number; the one in force before the present one if left out.' },
    run: async (backend, { query }) => {
      const wanted = query.get('revision');
      const number = wanted === null ? null : revisionOf(wanted);
      if (wanted !== null && number === null) return BAD_QUERY;
      return withAuthor(query, (author) => backend.rollback(number, author));
    },
  },
  {
    id: 'diffConfiguration',
    method: 'POST',
    path: '/v1/diff',
    summary: 'What the text in the body, or that of a revision, would change of what is in force; nothing is changed.',
    key: true,
    bodyLimitBytes: TEXT_LIMIT_BYTES,
    query: { revision: 'The number of a revision, instead of a body.' },
    run: async (backend, { query, body }) => {
      const wanted = query.get('revision');
      const number = wanted === null ? null : revisionOf(wanted);
      if (wanted !== null && (number === null || body.length > 0)) return BAD_QUERY;
      const changes = await backend.preview(number ?? body);
      return changes.ok
        ? { status: 200, json: { changes: changes.value } }
        : { status: 409, json: { issues: changes.error } };
    },
  },
  ...API_KEY_OPERATIONS.map((operation): AdminOperation => {
    return { ...operation, run: (backend, request) => operation.run(backend.keys, request) };
  }),
  ...GRANT_OPERATIONS.map((operation): AdminOperation => {
    return { ...operation, run: (backend, request) => operation.run(backend.grants, request) };
  }),
  ...REVOCATION_OPERATIONS,
  ...SESSION_OPERATIONS.map((operation): AdminOperation => {
    return { ...operation, run: (backend, request) => operation.run(backend.sessions, request) };
  }),
  ...DECISION_OPERATIONS.map((operation): AdminOperation => {
    return { ...operation, run: (backend, request) => operation.run(backend.decisions, request) };
  }),
];

const BAD_QUERY: AdminReply = { status: 400, problem: { code: 'invalid-parameters' } };

function revisionOf(text: string): number | null {
  return NUMBER.test(text) ? Number(text) : null;
}

async function withAuthor(query: URLSearchParams, change: (author: string) => Promise<Installed>): Promise<AdminReply> {
  const author = authorIn(query);
  if (author === null) return BAD_QUERY;
  const result = await change(author);
  return result.ok ? { status: 200, json: result.value } : { status: 409, json: { issues: result.error } };
}
