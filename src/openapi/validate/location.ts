import { isObject, type PlainObject } from '../pointer.ts';
import { Cuts } from './cuts.ts';
import { CUT_STEPS, KEPT_CUTS_LIMIT, LOOK_STEPS, MEMO_STEPS } from './limits.ts';
import { UNDESCRIBED } from './members.ts';
import type { Matcher } from './pattern.ts';
import { type Check, createSeen, cut, failAt, goesOn, matchesWithin, type Run } from './run.ts';
import type { Part } from './schema-node.ts';
import type { Shape } from './shape.ts';

type Location = Part['location'];

/** Judges a value by a check that refuses objects and arrays: there is nothing to close, and no verdict worth keeping. */
export function plainLocation(check: Check): Location {
  return (value, run) => check(value, run, null);
}

/** Judges a value by a check alone. */
export function openLocation(check: Check): Location {
  return remembering(plainLocation(check));
}

/**
 * Judges a value by a check, and of an object refuses what no schema that applied has described, if any describes
 * properties and none decides on the rest.
 */
export function closedLocation(check: Check, shape: Shape): Location {
  const judgeClosed = shape.conditional ? tracked(check) : known(check, shape.names, [...shape.patterns]);
  return remembering((value, run) => (isObject(value) ? judgeClosed(value, run) : check(value, run, null)));
}

/** What is described is known before any value is. */
function known(check: Check, names: ReadonlySet<string>, patterns: readonly Matcher[]): Judge {
  return (object, run) => {
    const holds = check(object, run, null);
    if (!holds && !goesOn(run)) return false;
    return (
      refuseOthers(
        object,
        run,
        (name) => names.has(name) || patterns.some((matcher) => matchesWithin(matcher, name, run)),
      ) && holds
    );
  };
}

/** What is described depends on which alternatives hold. */
function tracked(check: Check): Judge {
  return (object, run) => {
    const seen = createSeen();
    const holds = check(object, run, seen);
    // Of an object that no alternative holds for nobody can say what is described.
    if (!holds || seen.all || !seen.described) return holds;
    return refuseOthers(object, run, (name) => seen.names.has(name));
  };
}

type Judge = (object: PlainObject, run: Run) => boolean;

function refuseOthers(object: PlainObject, run: Run, isDescribed: (name: string) => boolean): boolean {
  let holds = true;
  for (const name in object) {
    run.steps += LOOK_STEPS;
    if (isDescribed(name) || cut(run, object, name, 'undescribed')) continue;
    failAt(run, name, UNDESCRIBED);
    if (!goesOn(run)) return false;
    holds = false;
  }
  return holds;
}

/**
 * Keeps verdicts on objects and arrays once a value proves laborious. A location's verdict depends on the schema and
 * the value alone, so alternatives that each hold the same recursive schema cost their sum and not their product.
 */
function remembering(location: Location): Location {
  return (value, run) => {
    if (typeof value !== 'object' || value === null) return location(value, run);
    if (run.cuts !== null) {
      if (!Array.isArray(value)) run.cuts.visit(value);
      // Outside alternatives most is asked but once, so that to keep it would cost more than to judge again what is not.
      if (run.steps < MEMO_STEPS || !run.cuts.isTrial) return location(value, run);
      return rememberedCuts(location, value, run, run.cuts);
    }
    if (run.steps < MEMO_STEPS) return location(value, run);
    const verdicts = keptOf((run.memo ??= new Map<object, Map<object, boolean>>()), value);
    const before = verdicts.get(location);
    // While explaining, what is wrong has to be found again.
    if (before === true || (before === false && run.trail === null)) return before;
    const holds = location(value, run);
    if (!run.exhausted) verdicts.set(location, holds);
    return holds;
  };
}

/** The same where members may go: what would is kept with the verdict, and noted each time. */
function rememberedCuts(location: Location, value: object, run: Run, cuts: Cuts): boolean {
  const verdicts = keptOf((run.cutMemo ??= new Map<object, Map<object, Cuts | null>>()), value);
  const before = verdicts.get(location);
  // Nothing is explained of an alternative while it is tried.
  if (before !== undefined) return before !== null && note(before, cuts, run);
  const own = new Cuts(true);
  run.cuts = own;
  const holds = location(value, run);
  run.cuts = cuts;
  if (run.exhausted) return false;
  if (holds && own.size > KEPT_CUTS_LIMIT) {
    cuts.add(own);
    return true;
  }
  verdicts.set(location, holds ? own : null);
  return holds && note(own, cuts, run);
}

function note(known: Cuts, cuts: Cuts, run: Run): true {
  run.steps += CUT_STEPS * known.size;
  cuts.include(known);
  return true;
}

function keptOf<T>(memo: Map<object, Map<object, T>>, value: object): Map<object, T> {
  let kept = memo.get(value);
  if (kept === undefined) memo.set(value, (kept = new Map<object, T>()));
  return kept;
}
