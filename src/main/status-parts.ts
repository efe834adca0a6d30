import type { LedgerCondition } from '../audit/index.ts';
import type { Config } from '../config/index.ts';
import type { AlertSummary, IssuerReport, LedgerReport } from '../control/index.ts';
import type { IssuerKeysStatus } from '../credential/index.ts';
import type { AlertRecord } from '../ports/index.ts';

const DAY_MS = 86_400_000;
/** More alerts of a day than these are many, however many they are. */
export const ALERT_LIMIT = 1_000;
const KIND_LIMIT = 5;

/** What the status says of an issuer's keys. */
export function issuerReport({ name, keys, fetchedAtMs, fault }: IssuerKeysStatus): IssuerReport {
  return { name, keys, fetchedAt: fetchedAtMs, fault };
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
