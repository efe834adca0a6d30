import { pointerTo } from '../pointer.ts';
import type { CutReason, Cuts } from './cuts.ts';
import { CUT_STEPS, PATTERN_WORK_LIMIT, VIOLATION_LIMIT } from './limits.ts';
import type { Matcher } from './pattern.ts';
import type { Violation } from './validator-types.ts';

/**
 * The state of one judgement. A validator owns one and uses it for each value in turn: judging is synchronous and
 * never comes back to itself. Without a `trail` nothing is written down, which is the fast pass.
 */
export interface Run {
  steps: number;
  depth: number;
  /** True once the work or the depth went past its bound; the value is then refused whatever else was found. */
  exhausted: boolean;
  /** Work of patterns so far (`PATTERN_WORK_LIMIT`). */
  patternWork: number;
  /** Verdicts of schemas on parts of the value, kept once a value proves laborious. */
  memo: Map<object, Map<object, boolean>> | null;
  /** What schemas would have go of parts of the value, null where they would not hold even so; kept as the verdicts are. */
  cutMemo: Map<object, Map<object, Cuts | null>> | null;
  trail: Trail | null;
  /** What is noted instead of refused, where members may be taken out; null where they may not. */
  cuts: Cuts | null;
}

/** Where the explaining pass is, and what it found. */
export interface Trail {
  readonly path: (string | number)[];
  readonly violations: Violation[];
}

/** Judges a value or a part of it; what it evaluates is noted in `seen` where somebody has to know. */
export type Check = (value: unknown, run: Run, seen: Seen | null) => boolean;

/** What schemas that apply to one object or array have evaluated of it (JSON Schema 2020-12 §11). */
export interface Seen {
  /** Whether any of them describes properties, and whether one decided on all the rest. */
  described: boolean;
  all: boolean;
  readonly names: Set<string>;
  /** Elements before this index are evaluated, and those in `indexes`. */
  items: number;
  readonly indexes: Set<number>;
}

/** The state for a new judgement. */
export function createRun(): Run {
  return { steps: 0, depth: 0, exhausted: false, patternWork: 0, memo: null, cutMemo: null, trail: null, cuts: null };
}

/** Nothing evaluated yet. */
export function createSeen(): Seen {
  return { described: false, all: false, names: new Set(), items: 0, indexes: new Set() };
}

/** Adds what one schema evaluated to what others did. */
export function mergeSeen(into: Seen, from: Seen): void {
  into.described ||= from.described;
  into.all ||= from.all;
  into.items = Math.max(into.items, from.items);
  for (const name of from.names) into.names.add(name);
  for (const index of from.indexes) into.indexes.add(index);
}

/** Says that the value at hand is wrong; always false, so that a check can return it. */
export function fail(run: Run, message: string): false {
  const { trail } = run;
  if (trail !== null && trail.violations.length < VIOLATION_LIMIT) {
    trail.violations.push({ pointer: trail.path.reduce<string>(pointerTo, ''), message });
  }
  return false;
}

/** Says that a part of the value at hand is wrong; always false. */
export function failAt(run: Run, token: string | number, message: string): false {
  if (run.trail === null) return false;
  run.trail.path.push(token);
  fail(run, message);
  run.trail.path.pop();
  return false;
}

/** Has a member go, where members may; false where they may not, which is then a failure. */
export function cut(run: Run, object: object, name: string, reason: CutReason): boolean {
  if (run.cuts === null) return false;
  run.steps += CUT_STEPS;
  run.cuts.cut(object, name, reason);
  return true;
}

/**
 * Whether a text matches a pattern. One that would take more work than is left for the value is not judged: the value is
 * then refused, whatever else is asked of it.
 */
export function matchesWithin({ workOn, matches }: Matcher, text: string, run: Run): boolean {
  run.patternWork += workOn(text.length);
  if (run.patternWork <= PATTERN_WORK_LIMIT) return matches(text);
  run.exhausted = true;
  return fail(run, TOO_LONG);
}

/** What is said of a text whose pattern would take too long. */
export const TOO_LONG = 'is too long for its pattern';

/** Whether to go on after a failure: only while explaining, and while there is room for more. */
export function goesOn(run: Run): boolean {
  return run.trail !== null && run.trail.violations.length < VIOLATION_LIMIT && !run.exhausted;
}

/** Whether a check holds of the value as it is, with nothing written down. */
export function holdsQuietly(check: Check, value: unknown, run: Run, seen: Seen | null): boolean {
  return holdsWith(check, value, run, { seen, cuts: null });
}

/** Whether a check holds once what goes into `cuts` is taken out, with nothing else written down. */
export function holdsWith(
  check: Check,
  value: unknown,
  run: Run,
  noting: { readonly seen: Seen | null; readonly cuts: Cuts | null },
): boolean {
  const { trail, cuts } = run;
  run.trail = null;
  run.cuts = noting.cuts;
  const holds = check(value, run, noting.seen);
  run.trail = trail;
  run.cuts = cuts;
  return holds;
}
