import { z } from 'zod';
import { err, ok } from '../base/index.ts';
import type { Clock, CollectionDeclaration, Log, Store, Timer } from '../ports/index.ts';

/** What is kept of a reply of an upstream's that was replaced. Times are wall time in milliseconds. */
export interface Original {
  readonly at: number;
  readonly api: string;
  readonly operation: string;
  readonly status: number;
  /** JSON: status, fields, the start of the body, secrets masked. It lies encrypted. */
  readonly text: string;
  /** Its SHA-256, hexadecimal, which the ledger's record of the request has too. */
  readonly hash: string;
}

/** The same with the id of its request. */
export type OriginalEntry = Original & { readonly id: string };

/** One of a list, without its text. */
export type OriginalSummary = Omit<OriginalEntry, 'text'>;

/** So long an original is kept. */
export const ORIGINAL_LIFE_MS = 7 * 24 * 60 * 60 * 1_000;
/** So many are kept at most: the oldest go first. */
export const ORIGINAL_LIMIT = 5_000;
/** A text has some 10 KiB, and more only where its body is of odd characters. */
const TEXT_LIMIT_CHARACTERS = 128 * 1024;
/** Those that wait to be written; what comes beyond them is lost, and counted. */
const WAITING_LIMIT = 256;
const BATCH = 64;
const SWEEP_MS = 10 * 60 * 1_000;
const SWEEP_LIMIT = 1_000;

const ORIGINAL = z.strictObject({
  at: z.number(),
  api: z.string(),
  operation: z.string(),
  status: z.int(),
  text: z.string().max(TEXT_LIMIT_CHARACTERS),
  hash: z.string(),
});

/** By the id of their requests. */
export const ORIGINALS: CollectionDeclaration<Original> = {
  name: 'upstream-errors',
  version: 1,
  parse: (document) => {
    const parsed = ORIGINAL.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['at', 'api', 'operation'],
  secrets: ['text'],
  migrations: [],
};

/** What keeping takes. */
export interface OriginalsOptions {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now' | 'every'>;
  readonly log: Log;
  /** So many could not be kept. */
  readonly lost: (count: number) => void;
}

/**
 * Keeps originals in the store, for seven days and 5,000 at most. Taking never waits and never throws: what the store
 * does not take is lost, counted, and told to the log once for as long as that lasts.
 */
export class Originals {
  readonly #options: OriginalsOptions;
  readonly #waiting = new Map<string, Original>();
  readonly #sweeper: Timer;
  #writing: Promise<void> | null = null;
  #isFailing = false;

  constructor(options: OriginalsOptions) {
    this.#options = options;
    this.#sweeper = options.clock.every(SWEEP_MS, () => void this.sweep());
  }

  take({ id, ...original }: OriginalEntry): void {
    if (this.#waiting.size >= WAITING_LIMIT || original.text.length > TEXT_LIMIT_CHARACTERS) {
      this.#options.lost(1);
      return;
    }
    this.#waiting.set(id, original);
    this.#writing ??= this.#write();
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly OriginalSummary[]> {
    await this.#writing;
    const found = await this.#collection.query({ orderBy: 'at', descending: true, limit });
    return found
      .filter(({ document }) => !this.#isOver(document))
      .map(({ id, document: { text: _text, ...summary } }) => ({ id, ...summary }));
  }

  /** That of one request; null where none was kept, or its time is over. */
  async find(id: string): Promise<OriginalEntry | null> {
    await this.#writing;
    const found = await this.#collection.get(id);
    return found === null || this.#isOver(found) ? null : { id, ...found };
  }

  /** Takes out those whose time is over. It never rejects. */
  async sweep(): Promise<void> {
    try {
      const oldest = await this.#collection.query({ orderBy: 'at', limit: SWEEP_LIMIT });
      const over = oldest.filter(({ document }) => this.#isOver(document));
      if (over.length === 0) return;
      await this.#options.store.transaction(async (store) => {
        for (const { id } of over) await store.collection(ORIGINALS).delete(id);
      });
    } catch (fault) {
      this.#complain(fault);
    }
  }

  /** Resolves when what was taken has been written, or lost. */
  async close(): Promise<void> {
    this.#sweeper.cancel();
    await this.#writing;
  }

  get #collection() {
    return this.#options.store.collection(ORIGINALS);
  }

  #isOver({ at }: Original): boolean {
    return at <= this.#options.clock.now() - ORIGINAL_LIFE_MS;
  }

  async #write(): Promise<void> {
    // Behind whatever else comes in this turn of the loop.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, BATCH);
      try {
        await this.#options.store.transaction((store) => writeBatch(store, batch));
        this.#isFailing = false;
      } catch (fault) {
        this.#options.lost(batch.length);
        this.#complain(fault);
      }
      for (const [id] of batch) this.#waiting.delete(id);
    }
    this.#writing = null;
  }

  #complain(fault: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const error = fault instanceof Error ? fault.message : 'unknown fault';
    const message = 'originals of replaced errors could not be kept';
    this.#options.log.write('error', 'upstream-errors.not-kept', message, { error });
  }
}

async function writeBatch(store: Store, batch: readonly (readonly [id: string, original: Original])[]): Promise<void> {
  const collection = store.collection(ORIGINALS);
  for (const [id, original] of batch) await collection.put(id, original);
  const excess = (await collection.count()) - ORIGINAL_LIMIT;
  if (excess <= 0) return;
  for (const { id } of await collection.query({ orderBy: 'at', limit: Math.min(excess, SWEEP_LIMIT) }))
    await collection.delete(id);
}
