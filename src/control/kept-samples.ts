import type { Clock, Collection, CollectionDeclaration, Entry, Log, Store, Timer } from '../ports/index.ts';

/** What is kept has a time, in wall milliseconds, and lives from there. */
interface Timed {
  readonly at: number;
}

/** What is kept, and for how long. */
export interface SampleKind<T extends Timed> {
  /** Its index `at` is needed. */
  readonly declaration: CollectionDeclaration<T>;
  readonly lifeMs: number;
  /** So many are kept at most: the oldest go first. */
  readonly limit: number;
  /** What becomes of one of an id that is there already; the later one takes its place if nothing is said. */
  readonly merge?: (kept: T, next: T) => T;
  /** Of what could not be kept, for the log. */
  readonly failure: { readonly event: string; readonly message: string };
}

/** What keeping takes. */
export interface SampleOptions {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now' | 'every'>;
  readonly log: Log;
  /** So many could not be kept. */
  readonly lost: (count: number) => void;
}

/** Those that wait to be written; what comes beyond them is lost, and counted. */
const WAITING_LIMIT = 256;
const BATCH = 64;
const SWEEP_MS = 10 * 60 * 1_000;
const SWEEP_LIMIT = 1_000;

/**
 * Keeps in the store what gateway threads send for their owner, for a time and up to a number. Taking never waits and
 * never throws: what the store does not take is lost, counted, and told to the log once for as long as that lasts.
 */
export class KeptSamples<T extends Timed> {
  readonly #kind: SampleKind<T>;
  readonly #options: SampleOptions;
  readonly #waiting = new Map<string, T>();
  readonly #sweeper: Timer;
  #writing: Promise<void> | null = null;
  #isFailing = false;

  constructor(kind: SampleKind<T>, options: SampleOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#sweeper = options.clock.every(SWEEP_MS, () => void this.#sweep());
  }

  take(id: string, sample: T): void {
    const before = this.#waiting.get(id);
    if (before === undefined && this.#waiting.size >= WAITING_LIMIT) {
      this.#options.lost(1);
      return;
    }
    this.#waiting.set(id, before === undefined ? sample : this.#merged(before, sample));
    this.#writing ??= this.#write();
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly Entry<T>[]> {
    await this.#writing;
    const found = await this.#collection.query({ orderBy: 'at', descending: true, limit });
    return found.filter(({ document }) => !this.#isOver(document));
  }

  /** Null where none was kept, or its time is over. */
  async find(id: string): Promise<T | null> {
    await this.#writing;
    const found = await this.#collection.get(id);
    return found === null || this.#isOver(found) ? null : found;
  }

  /** Resolves when what was taken has been written, or lost. */
  async close(): Promise<void> {
    this.#sweeper.cancel();
    await this.#writing;
  }

  get #collection(): Collection<T> {
    return this.#options.store.collection(this.#kind.declaration);
  }

  #isOver({ at }: Timed): boolean {
    return at <= this.#options.clock.now() - this.#kind.lifeMs;
  }

  /** Takes out those whose time is over. It never rejects. */
  async #sweep(): Promise<void> {
    try {
      const oldest = await this.#collection.query({ orderBy: 'at', limit: SWEEP_LIMIT });
      const over = oldest.filter(({ document }) => this.#isOver(document));
      if (over.length === 0) return;
      await this.#options.store.transaction(async (store) => {
        for (const { id } of over) await store.collection(this.#kind.declaration).delete(id);
      });
    } catch (fault) {
      this.#complain(fault);
    }
  }

  #merged(kept: T | null, next: T): T {
    const { merge } = this.#kind;
    return kept === null || merge === undefined || this.#isOver(kept) ? next : merge(kept, next);
  }

  async #write(): Promise<void> {
    // Behind whatever else comes in this turn of the loop.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, BATCH);
      // What comes meanwhile is added to what will have been written.
      for (const [id] of batch) this.#waiting.delete(id);
      try {
        await this.#options.store.transaction((store) => this.#writeBatch(store, batch));
        this.#isFailing = false;
      } catch (fault) {
        this.#options.lost(batch.length);
        this.#complain(fault);
      }
    }
    this.#writing = null;
  }

  async #writeBatch(store: Store, batch: readonly (readonly [id: string, sample: T])[]): Promise<void> {
    const { declaration, limit, merge } = this.#kind;
    const collection = store.collection(declaration);
    for (const [id, sample] of batch)
      await collection.put(id, merge === undefined ? sample : this.#merged(await collection.get(id), sample));
    const excess = (await collection.count()) - limit;
    if (excess <= 0) return;
    for (const { id } of await collection.query({ orderBy: 'at', limit: Math.min(excess, SWEEP_LIMIT) }))
      await collection.delete(id);
  }

  #complain(fault: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const error = fault instanceof Error ? fault.message : 'unknown fault';
    const { event, message } = this.#kind.failure;
    this.#options.log.write('error', event, message, { error });
  }
}
