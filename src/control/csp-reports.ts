import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type CspReport, err, ok } from '../base/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';
import { KeptSamples, type SampleKind, type SampleOptions } from './kept-samples.ts';

/** How often browsers reported the same. Times are wall time in milliseconds. */
export interface CspSum extends CspReport {
  readonly count: number;
  /** When the first came. */
  readonly since: number;
  /** When the last came. */
  readonly at: number;
}

/** So long a sum is kept behind its last report. */
export const CSP_SUM_LIFE_MS = 30 * 24 * 60 * 60 * 1_000;
/** So many are kept at most: those that came longest ago go first. */
export const CSP_SUM_LIMIT = 1_000;

const SUM = z.strictObject({
  host: z.string(),
  directive: z.string(),
  blocked: z.string(),
  document: z.string(),
  count: z.int(),
  since: z.number(),
  at: z.number(),
});

/** By a hash of what was reported. */
export const CSP_REPORTS: CollectionDeclaration<CspSum> = {
  name: 'csp-reports',
  version: 1,
  parse: (document) => {
    const parsed = SUM.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['at'],
  secrets: [],
  migrations: [],
};

const KIND: SampleKind<CspSum> = {
  declaration: CSP_REPORTS,
  lifeMs: CSP_SUM_LIFE_MS,
  limit: CSP_SUM_LIMIT,
  merge: (kept, next) => ({ ...next, count: kept.count + next.count, since: kept.since }),
  failure: { event: 'csp-reports.not-kept', message: 'reports of content security policies could not be kept' },
};

/** Sums what browsers report, in the store: who reports the same again adds to a number. */
export class CspReports {
  readonly #kept: KeptSamples<CspSum>;
  readonly #clock: SampleOptions['clock'];

  constructor(options: SampleOptions) {
    this.#kept = new KeptSamples(KIND, options);
    this.#clock = options.clock;
  }

  take(reports: readonly CspReport[]): void {
    const at = this.#clock.now();
    for (const { host, directive, blocked, document } of reports) {
      const said = { host, directive, blocked, document };
      const id = createHash('sha256')
        .update(JSON.stringify([host, directive, blocked, document]))
        .digest('hex');
      this.#kept.take(id, { ...said, count: 1, since: at, at });
    }
  }

  /** Those that came last first. */
  async list(limit: number): Promise<readonly CspSum[]> {
    return (await this.#kept.list(limit)).map(({ document }) => document);
  }

  /** Resolves when what was taken has been written, or lost. */
  async close(): Promise<void> {
    await this.#kept.close();
  }
}
