import type { LedgerRecord } from '../../base/index.ts';
import type { Ledger } from '../../ports/index.ts';

const DEFAULT_CAPACITY = 10_000;

/** A ledger in memory, and how it ends. */
export interface MemoryLedger extends Ledger {
  /** Afterwards every `append` answers false; what was taken can still be read. */
  close(): void;
}

/**
 * A ledger that keeps the newest records of this process (10,000 unless said otherwise) and forgets older ones.
 * It is as safe as memory: `flush` has nothing to wait for, and a crash loses everything.
 */
export function createMemoryLedger(options: { readonly capacity?: number } = {}): MemoryLedger {
  const capacity = options.capacity ?? DEFAULT_CAPACITY;
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) throw new RangeError(`a ledger of ${capacity} records`);
  const places: LedgerRecord[] = [];
  let taken = 0;
  let closed = false;
  return {
    append(record) {
      if (closed) return false;
      places[taken % capacity] = record;
      taken++;
      return true;
    },
    flush: () => Promise.resolve(),
    newest(count) {
      const wanted = Math.min(places.length, Math.max(0, Math.floor(count) || 0));
      return Array.from({ length: wanted }, (_, at) => places[(taken - wanted + at) % capacity] as LedgerRecord);
    },
    close() {
      closed = true;
    },
  };
}
