import { z } from 'zod';
import { err, ok } from '../base/index.ts';
import type { Clock, Collection, CollectionDeclaration, Log, Store, Timer } from '../ports/index.ts';

/** When a key was used last, wall time in milliseconds. */
interface ApiKeyUse {
  readonly at: number;
}

const USE = z.strictObject({ at: z.number() });

/** By the id of the key. */
const USES: CollectionDeclaration<ApiKeyUse> = {
  name: 'api-key-uses',
  version: 1,
  parse: (document) => {
    const parsed = USE.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: [],
  secrets: [],
  migrations: [],
};

const WRITE_MS = 60_000;
/** The store has other work; what is left over is written a minute later. */
const WRITES_AT_ONCE = 2_000;
const PAGE = 1_000;

/** What keeping takes. */
export interface ApiKeyUsesOptions {
  readonly store: Store;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Log;
}

/**
 * When each key was used last: in memory at once, in the store within minutes. A node that dies knows a use of its last
 * minute no more.
 */
export class ApiKeyUses {
  readonly #options: ApiKeyUsesOptions;
  readonly #last = new Map<string, number>();
  readonly #unwritten = new Set<string>();
  readonly #writer: Timer;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(options: ApiKeyUsesOptions) {
    this.#options = options;
    this.#writer = options.clock.every(WRITE_MS, () => void this.write());
  }

  /** Reads what earlier runs have kept. */
  async load(): Promise<void> {
    for (let afterId = ''; ; ) {
      const page = await this.#collection.query({ limit: PAGE, ...(afterId === '' ? {} : { afterId }) });
      for (const { id, document } of page) this.#last.set(id, document.at);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      afterId = last.id;
    }
  }

  /** A key was used; only for keys that there are. */
  take(id: string, atMs: number): void {
    if (atMs <= (this.#last.get(id) ?? 0)) return;
    this.#last.set(id, atMs);
    this.#unwritten.add(id);
  }

  /** Wall time; null where it was never used. */
  lastOf(id: string): number | null {
    return this.#last.get(id) ?? null;
  }

  /** The key is no more. */
  async forget(id: string): Promise<void> {
    this.#unwritten.delete(id);
    if (this.#last.delete(id)) await this.#collection.delete(id);
  }

  /** Writes what the store does not have yet, as much as it takes at once. It never rejects. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Resolves when all is written, or can't be. */
  async close(): Promise<void> {
    this.#writer.cancel();
    await this.write();
  }

  async #write(): Promise<void> {
    const ids = [...this.#unwritten].slice(0, WRITES_AT_ONCE);
    if (ids.length === 0) return;
    for (const id of ids) this.#unwritten.delete(id);
    try {
      await this.#options.store.transaction(async (store) => {
        for (const id of ids) await store.collection(USES).put(id, { at: this.#last.get(id) ?? 0 });
      });
      this.#isFailing = false;
    } catch (fault) {
      for (const id of ids) this.#unwritten.add(id);
      this.#complain(fault);
    }
  }

  #complain(fault: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const error = fault instanceof Error ? fault.message : 'unknown fault';
    this.#options.log.write('error', 'api-keys.use-not-kept', 'when API keys were used last could not be written', {
      error,
    });
  }

  get #collection(): Collection<ApiKeyUse> {
    return this.#options.store.collection(USES);
  }
}
