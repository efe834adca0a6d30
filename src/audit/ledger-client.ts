import type { LedgerRecord } from '../base/index.ts';
import type { Clock, Ledger, Timer } from '../ports/index.ts';
import { LINE_OVERHEAD_BYTES } from './line.ts';
import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
import { encodeRecord } from './record-text.ts';

/** What goes to the writer together at most; above it gathering saves nothing more. */
const BATCH_BYTES = 64 * 1024;
/** How long a record waits for others: a tenth of the 50 ms that may be lost, and 200 messages a second at most. */
const GATHER_MS = 5;
/** What `newest` can show. */
const NEWEST = 1_000;
/** Completions that wait for credit. Every open connection has one request at a time at most, and there are 10,000. */
const WAITING_LIMIT = 16_384;

/** A thread's way into the ledger. */
export interface LedgerClient extends Ledger {
  /** Resolves when the writer has granted the first credit, or is gone. */
  ready(): Promise<void>;
  /** Hands over what is left; every `append` afterwards answers false. */
  close(): void;
}

/**
 * A ledger whose writer is in another thread. `append` spends credit that the writer has backed by reserved space, and
 * answers false without: nothing waits, and what was taken has its place on the disk. The completion of a request that
 * was let in is taken always, and waits here for credit. `flush` resolves when all is on the disk, or the writer gone.
 */
export function createLedgerClient(options: {
  readonly channel: LedgerChannel<ToWriter, FromWriter>;
  readonly clock: Clock;
}): LedgerClient {
  return new Client(options.channel, options.clock);
}

class Client implements LedgerClient {
  readonly #channel: LedgerChannel<ToWriter, FromWriter>;
  readonly #clock: Clock;
  readonly #ring: LedgerRecord[] = [];
  readonly #waiting: LedgerRecord[] = [];
  readonly #ready = Promise.withResolvers<void>();
  #flushes: { readonly upTo: number; readonly done: () => void }[] = [];
  #taken = 0;
  #acknowledged = 0;
  #creditBytes = 0;
  #state: 'open' | 'halted' | 'closed' = 'open';
  #batch = '';
  #batchRecords = 0;
  #timer: Timer | null = null;

  constructor(channel: LedgerChannel<ToWriter, FromWriter>, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    channel.receive(
      (message) => this.#receive(message),
      () => this.#lost(),
    );
  }

  append(record: LedgerRecord): boolean {
    if (this.#state === 'closed') return false;
    if (record.kind === 'completion') {
      const waits = this.#waiting.length > 0 || !this.#write(record);
      if (waits && !this.#hold(record)) return false;
    } else if (this.#waiting.length > 0 || !this.#write(record)) return false;
    this.#ring[this.#taken % NEWEST] = record;
    this.#taken++;
    return true;
  }

  #hold(record: LedgerRecord): boolean {
    if (this.#waiting.length >= WAITING_LIMIT) return false;
    this.#waiting.push(record);
    return true;
  }

  #write(record: LedgerRecord): boolean {
    if (this.#state !== 'open' || this.#creditBytes < LINE_OVERHEAD_BYTES) return false;
    const text = encodeRecord(record);
    const bytes = text.length + LINE_OVERHEAD_BYTES;
    if (bytes > this.#creditBytes) return false;
    this.#creditBytes -= bytes;
    this.#batch += `${text}\n`;
    this.#batchRecords++;
    if (this.#batch.length >= BATCH_BYTES) this.#post();
    else this.#timer ??= this.#clock.after(GATHER_MS, () => this.#post());
    return true;
  }

  #post(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#batchRecords === 0) return;
    const text = this.#batch;
    const records = this.#batchRecords;
    this.#batch = '';
    this.#batchRecords = 0;
    // Of each record the line break is already counted in its overhead.
    const bytes = text.length + records * (LINE_OVERHEAD_BYTES - 1);
    this.#channel.send({ kind: 'batch', text, records, bytes });
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'grant':
        this.#creditBytes += message.bytes;
        this.#ready.resolve();
        this.#drain();
        return;
      case 'acknowledged':
        this.#acknowledged += message.records;
        this.#settle();
        return;
      case 'halt':
        if (this.#state === 'open') this.#state = 'halted';
        return;
      case 'resume':
        if (this.#state === 'halted') this.#state = 'open';
        this.#drain();
    }
  }

  #drain(): void {
    let written = 0;
    for (const record of this.#waiting) {
      if (!this.#write(record)) break;
      written++;
    }
    if (written === 0) return;
    this.#waiting.splice(0, written);
    if (this.#flushes.length > 0) this.#hurry();
  }

  #hurry(): void {
    this.#post();
    this.#channel.send({ kind: 'flush' });
  }

  #settle(): void {
    this.#flushes = this.#flushes.filter(({ upTo, done }) => {
      if (upTo > this.#acknowledged) return true;
      done();
      return false;
    });
  }

  flush(): Promise<void> {
    if (this.#state === 'closed' || this.#acknowledged === this.#taken) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushes.push({ upTo: this.#taken, done: resolve });
    this.#hurry();
    return promise;
  }

  newest(count: number): readonly LedgerRecord[] {
    const wanted = Math.min(this.#ring.length, Math.max(0, Math.floor(count)));
    return Array.from({ length: wanted }, (_, at) => this.#ring[(this.#taken - wanted + at) % NEWEST] as LedgerRecord);
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#post();
    this.#lost();
    this.#channel.close();
  }

  /** Nothing comes back any more: whoever waits is let go, and nothing more is taken. */
  #lost(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#timer = null;
    this.#ready.resolve();
    for (const { done } of this.#flushes.splice(0)) done();
  }
}
