import { Cuts } from './cuts.ts';
import { createSeen, holdsWith, mergeSeen, type Run, type Seen } from './run.ts';
import type { SchemaNode } from './schema-node.ts';

/** An alternative, and a quick test that only values fail which it refuses. */
export interface Candidate {
  readonly node: SchemaNode;
  readonly maybe: (value: unknown) => boolean;
}

/** An alternative that would hold, what it would have go, and what it evaluates. */
interface Trial<T> {
  readonly candidate: T;
  readonly cuts: Cuts;
  readonly seen: Seen | null;
}

/**
 * Of several alternatives the one with room for most of the value, by which fewest of its members go; undefined where
 * none holds. What it would have go, goes.
 */
export function chooseOne<T extends Candidate>(
  candidates: readonly T[],
  value: unknown,
  run: Run,
  seen: Seen | null,
): T | undefined {
  const [best] = trialsOf(candidates, value, run, seen);
  if (best === undefined) return undefined;
  take(best, run, seen);
  return best.candidate;
}

/**
 * The same where several may hold together: that one, and those that would have nothing go which the ones before keep.
 * Whatever goes is what none of them has room for.
 */
export function chooseAll(candidates: readonly Candidate[], value: unknown, run: Run, seen: Seen | null): boolean {
  const [best, ...others] = trialsOf(candidates, value, run, seen);
  if (best === undefined) return false;
  for (const other of others) {
    // What is looked at here was judged before, yet once more at each level above it.
    run.steps += other.cuts.size;
    if (!best.cuts.agreesWith(other.cuts)) continue;
    best.cuts.add(other.cuts);
    if (best.seen !== null && other.seen !== null) mergeSeen(best.seen, other.seen);
  }
  take(best, run, seen);
  return true;
}

function take({ cuts, seen: own }: Trial<unknown>, run: Run, seen: Seen | null): void {
  run.cuts?.add(cuts);
  if (seen !== null && own !== null) mergeSeen(seen, own);
}

/** Those that would hold, the one first by which fewest members go. */
function trialsOf<T extends Candidate>(
  candidates: readonly T[],
  value: unknown,
  run: Run,
  seen: Seen | null,
): readonly Trial<T>[] {
  const trials: Trial<T>[] = [];
  for (const candidate of candidates) {
    if (!candidate.maybe(value)) continue;
    const trial = { candidate, cuts: new Cuts(true), seen: seen === null ? null : createSeen() };
    if (holdsWith(candidate.node.check, value, run, trial)) trials.push(trial);
  }
  return trials.toSorted((one, other) => one.cuts.count - other.cuts.count);
}
