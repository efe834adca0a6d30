import type { LedgerRecord } from '../base/index.ts';

/** Where every request and every change is recorded. Order of `append` is the order of sequence numbers. */
export interface Ledger {
  /** Takes a record; false when there is no room, and then the request must be refused. Never waits. */
  append(record: LedgerRecord): boolean;
  /** Resolves when all that was taken is as safe as this ledger makes it. */
  flush(): Promise<void>;
  /** The newest records, oldest first, for status and tests. */
  newest(count: number): readonly LedgerRecord[];
}
