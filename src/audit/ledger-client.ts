import type { LedgerRecord } from '../base/index.ts';
import type { Ledger } from '../ports/index.ts';
import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
import { RingProducer } from './record-ring.ts';
import { decodeRecord } from './record-text.ts';

/** What `newest` can show. */
const NEWEST = 1_000;
/** Completions that wait for credit. Every open connection has one request at a time at most, and there are 10,000. */
const WAITING_LIMIT = 16_384;

/** A thread's way into the ledger. */
export interface LedgerClient extends Ledger {
  /** Resolves when the writer has granted the first credit, or is gone. */
  ready(): Promise<void>;
  /** Leaves what was taken to the writer; every `append` afterwards answers false. */
  close(): void;
}

/**
 * A ledger whose writer is in another thread. `append` writes into a ring of shared memory and spends credit that the
 * writer has backed by reserved space; it answers false without, and nothing waits. What it took is written although this
 * thread may die, and has its place on the disk. The completion of a request that was let in is taken always, and waits
 * here for credit. `flush` resolves when all is on the disk, or the writer gone. `newest` shows texts as they were cut.
 */
export function createLedgerClient(options: {
  readonly channel: LedgerChannel<ToWriter, FromWriter>;
  /** Made by `createRecordRing`, and given to the writer with the other end of the channel. */
  readonly ring: SharedArrayBuffer;
}): LedgerClient {
  return new Client(options.channel, options.ring);
}

class Client implements LedgerClient {
  readonly #channel: LedgerChannel<ToWriter, FromWriter>;
  readonly #ring: RingProducer;
  readonly #waiting: LedgerRecord[] = [];
  readonly #ready = Promise.withResolvers<void>();
  #flushes: { readonly upTo: number; readonly done: () => void }[] = [];
  /** Appended to the ring; those that wait come behind. */
  #sequenced = 0;
  #acknowledged = 0;
  /** The writer was told that records come fast, and has not given credit since. */
  #nudged = false;
  #closed = false;

  constructor(channel: LedgerChannel<ToWriter, FromWriter>, ring: SharedArrayBuffer) {
    this.#channel = channel;
    this.#ring = new RingProducer(ring);
    channel.receive(
      (message) => this.#receive(message),
      () => this.#lost(),
    );
  }

  append(record: LedgerRecord): boolean {
    if (this.#closed) return false;
    if (this.#waiting.length === 0 && this.#write(record)) return true;
    return record.kind === 'completion' && this.#hold(record);
  }

  #write(record: LedgerRecord): boolean {
    const ring = this.#ring;
    if (!ring.append(record)) return false;
    this.#sequenced++;
    const asleep = ring.mustCall();
    const fast = ring.scarce;
    if (asleep || (fast && !this.#nudged)) this.#channel.send({ kind: 'wake' });
    this.#nudged = fast;
    return true;
  }

  #hold(record: LedgerRecord): boolean {
    if (this.#waiting.length >= WAITING_LIMIT) return false;
    this.#waiting.push(record);
    if (this.#waiting.length === 1) this.#drain();
    return true;
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'room':
        this.#ready.resolve();
        this.#drain();
        return;
      case 'acknowledged':
        this.#acknowledged = message.records;
        this.#settle();
    }
  }

  #drain(): void {
    if (this.#closed || this.#waiting.length === 0) return;
    // Before it is tried: credit that comes later is told.
    this.#ring.wait();
    let written = 0;
    for (const record of this.#waiting) {
      if (!this.#write(record)) break;
      written++;
    }
    this.#waiting.splice(0, written);
    if (written > 0 && this.#flushes.length > 0) this.#channel.send({ kind: 'flush' });
  }

  #settle(): void {
    this.#flushes = this.#flushes.filter(({ upTo, done }) => {
      if (upTo > this.#acknowledged) return true;
      done();
      return false;
    });
  }

  flush(): Promise<void> {
    const upTo = this.#sequenced + this.#waiting.length;
    if (this.#closed || this.#acknowledged === upTo) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushes.push({ upTo, done: resolve });
    this.#channel.send({ kind: 'flush' });
    return promise;
  }

  newest(count: number): readonly LedgerRecord[] {
    const wanted = Math.min(NEWEST, Math.max(0, Math.floor(count) || 0));
    const waiting = this.#waiting.slice(Math.max(0, this.#waiting.length - wanted));
    const written = this.#ring.newest(wanted - waiting.length).flatMap((text) => decodeRecord(text) ?? []);
    return [...written, ...waiting];
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#lost();
    this.#channel.close();
  }

  /** Nothing comes back any more: whoever waits is let go, and nothing more is taken. */
  #lost(): void {
    this.#closed = true;
    this.#ready.resolve();
    for (const { done } of this.#flushes.splice(0)) done();
  }
}
