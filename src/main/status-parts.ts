import type { LedgerCondition } from '../audit/index.ts';
import { errorIssue } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type {
  AlertSummary,
  CertificateReport,
  IssuerReport,
  LedgerReport,
  Readiness,
  ThreadReport,
} from '../control/index.ts';
import type { IssuerKeysStatus } from '../credential/index.ts';
import type { AlertRecord, CertificateMaterial } from '../ports/index.ts';
import type { ThreadFacts } from './thread-report.ts';

const DAY_MS = 86_400_000;
/** More alerts of a day than these are many, however many they are. */
export const ALERT_LIMIT = 1_000;
const KIND_LIMIT = 5;

/** What the status says of an issuer's keys; `inForce` is whether every gateway thread judges by the newest of them. */
export function issuerReport({ name, keys, fetchedAtMs, fault }: IssuerKeysStatus, inForce: boolean): IssuerReport {
  const behind = inForce ? null : 'not every gateway thread has taken the newest keys yet';
  return { name, keys, fetchedAt: fetchedAtMs, fault: fault ?? behind };
}

/** What the status says of a certificate: nothing of its key. */
export function certificateReport({ names, origin, notAfterMs }: CertificateMaterial): CertificateReport {
  return { names, origin, notAfter: notAfterMs };
}

/** What the status says of a gateway thread. One that did not answer serves by nothing that is known. */
export function threadReport({ name, state, epoch, startedAtMs, status }: ThreadFacts): ThreadReport {
  return {
    name,
    state,
    epoch,
    startedAt: startedAtMs,
    revision: status?.revision ?? null,
    connections: status?.connections ?? 0,
    inFlight: status?.inFlight ?? 0,
    livingSnapshots: status?.livingSnapshots ?? 0,
  };
}

/** Whether the gateway should get traffic: never where no thread serves, however well the configuration stands. */
export function servingReadiness(readiness: Readiness, serving: number): Readiness {
  if (serving > 0 || readiness.state === 'starting' || readiness.state === 'draining') return readiness;
  return { state: 'faulty', issues: [errorIssue('', 'no gateway thread serves', { fix: 'see in the log why' })] };
}

/** What the status says of the ledger. */
export function ledgerReport(audit: Config['audit'], { state, detail }: LedgerCondition): LedgerReport {
  if (audit === 'off') return { state: 'off', reason: null };
  switch (state) {
    case 'sound':
      return { state: 'recording', reason: null };
    case 'short':
      return { state: 'short', reason: detail };
    case 'broken':
      return { state: 'halted', reason: detail };
  }
}

/** What the status says of alerts, which are given newest first. */
export function alertSummary(records: readonly AlertRecord[], nowMs: number): AlertSummary {
  const recent = records.filter(({ lastMs }) => lastMs > nowMs - DAY_MS);
  const kinds = new Map<AlertRecord['kind'], AlertSummary['newest'][number]>();
  for (const { kind, severity, lastMs } of recent) {
    if (!kinds.has(kind)) kinds.set(kind, { kind, severity, at: lastMs });
  }
  return { count: recent.length, newest: [...kinds.values()].slice(0, KIND_LIMIT) };
}
