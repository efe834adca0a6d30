import { z } from 'zod';
import { err, ok, type OriginalEntry } from '../base/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';
import { KeptSamples, type SampleKind, type SampleOptions } from './kept-samples.ts';

/** As it lies in the store, below the id of its request. */
type Original = Omit<OriginalEntry, 'id'>;

/** One of a list, without its text. */
export type OriginalSummary = Omit<OriginalEntry, 'text'>;

/** So long an original is kept. */
export const ORIGINAL_LIFE_MS = 7 * 24 * 60 * 60 * 1_000;
/** So many are kept at most: the oldest go first. */
export const ORIGINAL_LIMIT = 5_000;
/** A text has some 10 KiB, and more only where its body is of odd characters. */
const TEXT_LIMIT_CHARACTERS = 128 * 1024;

const ORIGINAL = z.strictObject({
  at: z.number(),
  api: z.string(),
  operation: z.string(),
  status: z.int(),
  text: z.string().max(TEXT_LIMIT_CHARACTERS),
  hash: z.string(),
});

/** By the id of their requests; what is kept of the reply lies encrypted. */
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

const KIND: SampleKind<Original> = {
  declaration: ORIGINALS,
  lifeMs: ORIGINAL_LIFE_MS,
  limit: ORIGINAL_LIMIT,
  failure: { event: 'upstream-errors.not-kept', message: 'originals of replaced errors could not be kept' },
};

/** Keeps originals in the store, for seven days and 5,000 at most. */
export class Originals {
  readonly #kept: KeptSamples<Original>;
  readonly #lost: SampleOptions['lost'];

  constructor(options: SampleOptions) {
    this.#kept = new KeptSamples(KIND, options);
    this.#lost = options.lost;
  }

  take({ id, ...original }: OriginalEntry): void {
    if (original.text.length > TEXT_LIMIT_CHARACTERS) this.#lost(1);
    else this.#kept.take(id, original);
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly OriginalSummary[]> {
    const found = await this.#kept.list(limit);
    return found.map(({ id, document: { text: _text, ...summary } }) => ({ id, ...summary }));
  }

  /** That of one request; null where none was kept, or its time is over. */
  async find(id: string): Promise<OriginalEntry | null> {
    const found = await this.#kept.find(id);
    return found === null ? null : { id, ...found };
  }

  /** Resolves when what was taken has been written, or lost. */
  async close(): Promise<void> {
    await this.#kept.close();
  }
}
