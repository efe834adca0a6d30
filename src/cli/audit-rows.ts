import type { LoggedRecord } from '../audit/index.ts';
import {
  type ChangeRecord,
  type CompletionRecord,
  type IntentRecord,
  type LedgerRecord,
  type RefusalSum,
  refusalSumOf,
} from '../base/index.ts';

/** One thing that happened: a request with how it ended, where that is known, or a change. */
export type AuditRow =
  | {
      readonly kind: 'request';
      readonly sequence: number;
      readonly intent: IntentRecord;
      readonly completion: CompletionRecord | null;
      /** Whether another configuration was put in force before it ended. */
      readonly isAcross: boolean;
    }
  | { readonly kind: 'change'; readonly sequence: number; readonly change: ChangeRecord }
  /** Refusals that have no records of their own. */
  | { readonly kind: 'refusals'; readonly sequence: number; readonly change: ChangeRecord; readonly sum: RefusalSum }
  /** A record that this version can't read. */
  | { readonly kind: 'unreadable'; readonly sequence: number };

/** Which rows are wanted. */
export interface RowFilter {
  /** Only the request with this id; null for all. */
  readonly request: string | null;
  /** Only requests that were refused, and sums of such. */
  readonly denied: boolean;
  /** Nothing before this, wall milliseconds; null for all. */
  readonly sinceMs: number | null;
  /** The newest so many, at most. */
  readonly last: number;
}

type Growing = {
  -readonly [P in keyof Extract<AuditRow, { kind: 'request' }>]: Extract<AuditRow, { kind: 'request' }>[P];
};

/** Puts requests and their ends together while a ledger goes by, and keeps the newest rows that are wanted. */
export class AuditRows {
  readonly #filter: RowFilter;
  readonly #rows = new Map<string, AuditRow>();
  /** How many configurations were put in force by now, and by when a request that is still open began. */
  #installed = 0;
  readonly #installedBefore = new WeakMap<AuditRow, number>();

  constructor(filter: RowFilter) {
    this.#filter = filter;
  }

  /** What is kept by now, oldest first. */
  get rows(): readonly AuditRow[] {
    return [...this.#rows.values()];
  }

  take({ sequence, record }: LoggedRecord): void {
    if (record?.kind === 'change' && record.action === 'configuration.install') this.#installed++;
    if (record === null) this.#keep(`unreadable ${sequence}`, { kind: 'unreadable', sequence });
    else if (record.kind === 'completion') this.#end(record);
    else if (this.#isWanted(record)) this.#begin(sequence, record);
  }

  #isWanted(record: LedgerRecord): boolean {
    const { request, denied, sinceMs } = this.#filter;
    if (sinceMs !== null && record.at < sinceMs) return false;
    if (request !== null && !(record.kind === 'intent' && record.id === request)) return false;
    if (!denied || record.kind === 'completion') return true;
    return record.kind === 'intent' ? isRefusal(record) : refusalSumOf(record) !== null;
  }

  #begin(sequence: number, record: IntentRecord | ChangeRecord): void {
    const row = rowOf(sequence, record);
    this.#installedBefore.set(row, this.#installed);
    this.#keep(`${record.kind} ${record.id}`, row);
  }

  #keep(key: string, row: AuditRow): void {
    if (row.kind === 'unreadable' && (this.#filter.request !== null || this.#filter.denied)) return;
    this.#rows.set(key, row);
    if (this.#rows.size <= this.#filter.last) return;
    for (const oldest of this.#rows.keys()) {
      this.#rows.delete(oldest);
      return;
    }
  }

  #end(completion: CompletionRecord): void {
    const row = this.#rows.get(`intent ${completion.id}`);
    if (row?.kind !== 'request') return;
    (row as Growing).completion = completion;
    (row as Growing).isAcross = this.#installedBefore.get(row) !== this.#installed;
  }
}

function rowOf(sequence: number, record: IntentRecord | ChangeRecord): AuditRow {
  if (record.kind === 'intent') return { kind: 'request', sequence, intent: record, completion: null, isAcross: false };
  const sum = refusalSumOf(record);
  return sum === null
    ? { kind: 'change', sequence, change: record }
    : { kind: 'refusals', sequence, change: record, sum };
}

/** Whether a request was refused, or would have been, were its policy not only observing. */
function isRefusal({ verdict, observed }: IntentRecord): boolean {
  return verdict === 'deny' || verdict === 'malformed' || verdict === 'observed' || observed !== undefined;
}
