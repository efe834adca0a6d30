import { type LeakAction, stricter } from './action.ts';

/** Something that must not leave, as it may be told of: never what it says. */
export interface Hit {
  /** The class: one of ours, an operator's own, or `fields` for a field that is named. */
  readonly kind: string;
  /** What it looks like. */
  readonly form: string;
  readonly action: LeakAction;
  /** Where it stands, in words that may be recorded. */
  readonly place: string;
}

/** So many are told one by one. */
const TOLD_LIMIT = 1_000;

/** What was found in one reply: how many in all, the strictest thing that becomes of one, and the first of them. */
export class Tally {
  readonly hits: Hit[] = [];
  count = 0;
  strictest: LeakAction | null = null;

  /** Takes one up; `place` is asked only where it is told. */
  add(hit: Omit<Hit, 'place'>, place: () => string): void {
    this.count++;
    this.strictest = this.strictest === null ? hit.action : stricter(this.strictest, hit.action);
    if (this.hits.length < TOLD_LIMIT) this.hits.push({ ...hit, place: place() });
  }
}
