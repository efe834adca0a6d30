import type { Collection } from '../ports/index.ts';
import { type Revision, revisionId } from './revisions.ts';

/** A revision without its text. */
export type RevisionSummary = Omit<Revision, 'text'>;

/**
 * What the history holds: a thousand configurations that were in force are years of changes, refused ones only show what
 * was tried lately, and all texts together stay small beside the rest of the data folder.
 */
export const HISTORY_LIMITS = { installed: 1_000, refused: 200, bytes: 64 * 1024 * 1024 } as const;

/** Texts have up to 1 MiB each. */
const PAGE = 20;

interface Kept {
  readonly outcome: Revision['outcome'];
  readonly bytes: number;
}

/** The history of configurations, by number. Where the collection can't be read or written, these reject. */
export class History {
  readonly #revisions: Collection<Revision>;
  /** The newest number given out. */
  #newest = 0;
  /** What is kept, oldest first; null before it is first needed. */
  #kept: Map<number, Kept> | null = null;

  constructor(revisions: Collection<Revision>) {
    this.#revisions = revisions;
  }

  /** Gives out the next number; they go on from the newest that is kept, and none is given twice. */
  async nextNumber(): Promise<number> {
    if (this.#newest === 0) {
      const [newest] = await this.list(1);
      this.#newest = newest?.revision ?? 0;
    }
    this.#newest++;
    return this.#newest;
  }

  /** The revision of this number, or null. */
  async find(revision: number): Promise<Revision | null> {
    return await this.#revisions.get(revisionId(revision));
  }

  /** The newest one before `below` that was in force with another text than this, or null. */
  async previous(below: number, text: string): Promise<Revision | null> {
    const kept = await this.#all();
    for (const [number, { outcome }] of [...kept].toReversed()) {
      if (number >= below || outcome !== 'installed') continue;
      const found = await this.find(number);
      if (found !== null && found.text !== text) return found;
    }
    return null;
  }

  /** The newest ones, newest first. */
  async list(limit: number): Promise<readonly RevisionSummary[]> {
    const newest = await this.#revisions.query({ orderBy: 'revision', descending: true, limit });
    return newest.map(({ document: { text: _text, ...rest } }) => rest);
  }

  /** Keeps one, and lets the oldest go where there are too many or too much text; the one given stays in any case. */
  async keep(revision: Revision): Promise<void> {
    const all = await this.#all();
    await this.#revisions.put(revisionId(revision.revision), revision);
    all.set(revision.revision, keptOf(revision));
    let bytes = 0;
    const counts = { installed: 0, refused: 0 };
    for (const [number, kept] of [...all].toReversed()) {
      bytes += kept.bytes;
      counts[kept.outcome]++;
      const isTooMuch = counts[kept.outcome] > HISTORY_LIMITS[kept.outcome] || bytes > HISTORY_LIMITS.bytes;
      if (!isTooMuch || number === revision.revision) continue;
      await this.#revisions.delete(revisionId(number));
      all.delete(number);
    }
  }

  async #all(): Promise<Map<number, Kept>> {
    if (this.#kept !== null) return this.#kept;
    const all = new Map<number, Kept>();
    for (let afterId: string | undefined; ; ) {
      const page = await this.#revisions.query({ limit: PAGE, ...(afterId === undefined ? {} : { afterId }) });
      for (const { document } of page) all.set(document.revision, keptOf(document));
      afterId = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    this.#kept = all;
    return all;
  }
}

function keptOf({ outcome, text }: Revision): Kept {
  return { outcome, bytes: Buffer.byteLength(text) };
}
