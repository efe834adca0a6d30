import { type LedgerRecord, RECORD_VERSION } from '../../base/index.ts';
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
 *
 * What a record says is copied into a place that is used again and again: records that were kept themselves would each
 * live just long enough to be moved about by the garbage collector, at several times the cost of the request.
 */
export function createMemoryLedger(options: { readonly capacity?: number } = {}): MemoryLedger {
  const capacity = options.capacity ?? DEFAULT_CAPACITY;
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) throw new RangeError(`a ledger of ${capacity} records`);
  const places: Place[] = [];
  let taken = 0;
  let closed = false;
  return {
    append(record) {
      if (closed) return false;
      const at = taken % capacity;
      if (at === places.length) places.push(new Place());
      (places[at] as Place).take(record);
      taken++;
      return true;
    },
    flush: async () => {},
    newest(count) {
      const wanted = Math.min(places.length, Math.max(0, Math.floor(count)));
      return Array.from({ length: wanted }, (_, at) => (places[(taken - wanted + at) % capacity] as Place).record());
    },
    close() {
      closed = true;
    },
  };
}

type Intent = Extract<LedgerRecord, { kind: 'intent' }>;
type Completion = Extract<LedgerRecord, { kind: 'completion' }>;
type Change = Extract<LedgerRecord, { kind: 'change' }>;

/** Room for one record of any kind. Changes are few and kept as they are. */
class Place {
  #kind: LedgerRecord['kind'] = 'intent';
  #id = '';
  #at = 0.5;
  #problem: Intent['problem'] = null;
  #revision = 0;
  #api: string | null = null;
  #operation: string | null = null;
  #method = '';
  #subject: string | null = null;
  #address = '';
  #verdict: Intent['verdict'] = 'pass';
  #policy: string | null = null;
  #rule: string | null = null;
  #status = 0;
  #upstreamStatus: number | null = null;
  #requestBytes = 0;
  #responseBytes = 0;
  #durationUs = 0;
  #upstreamUs: number | null = null;
  #complete = true;
  #change: Change | null = null;

  take(record: LedgerRecord): void {
    this.#kind = record.kind;
    this.#change = null;
    if (record.kind === 'intent') this.#takeIntent(record);
    else if (record.kind === 'completion') this.#takeCompletion(record);
    else this.#change = record;
  }

  #takeIntent(record: Intent): void {
    this.#id = record.id;
    this.#at = record.at;
    this.#problem = record.problem;
    this.#revision = record.revision;
    this.#api = record.api;
    this.#operation = record.operation;
    this.#method = record.method;
    this.#subject = record.subject;
    this.#address = record.address;
    this.#verdict = record.verdict;
    this.#policy = record.policy;
    this.#rule = record.rule;
  }

  #takeCompletion(record: Completion): void {
    this.#id = record.id;
    this.#at = record.at;
    this.#problem = record.problem;
    this.#status = record.status;
    this.#upstreamStatus = record.upstreamStatus;
    this.#requestBytes = record.requestBytes;
    this.#responseBytes = record.responseBytes;
    this.#durationUs = record.durationUs;
    this.#upstreamUs = record.upstreamUs;
    this.#complete = record.complete;
  }

  /** The record as it was taken. */
  record(): LedgerRecord {
    if (this.#change !== null) return this.#change;
    return this.#kind === 'intent' ? this.#intent() : this.#completion();
  }

  #intent(): Intent {
    return {
      version: RECORD_VERSION,
      kind: 'intent',
      id: this.#id,
      at: this.#at,
      revision: this.#revision,
      api: this.#api,
      operation: this.#operation,
      method: this.#method,
      subject: this.#subject,
      address: this.#address,
      verdict: this.#verdict,
      problem: this.#problem,
      policy: this.#policy,
      rule: this.#rule,
    };
  }

  #completion(): Completion {
    return {
      version: RECORD_VERSION,
      kind: 'completion',
      id: this.#id,
      at: this.#at,
      status: this.#status,
      upstreamStatus: this.#upstreamStatus,
      problem: this.#problem,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      durationUs: this.#durationUs,
      upstreamUs: this.#upstreamUs,
      complete: this.#complete,
    };
  }
}
