import type { PlainObject } from '../pointer.ts';
import { LOOK_STEPS } from './limits.ts';
import type { Matcher } from './pattern.ts';
import { cut, fail, failAt, goesOn, matchesWithin, type Run, type Seen } from './run.ts';
import type { CutReason } from './cuts.ts';
import type { Part } from './schema-node.ts';

/** Judges the members of an object. */
export type MembersCheck = (object: PlainObject, run: Run, seen: Seen | null) => boolean;

/** What judges which member; a property that may not be sent has a part that always fails. */
export interface Members {
  readonly properties: ReadonlyMap<string, Part>;
  readonly patterns: readonly { readonly matcher: Matcher; readonly part: Part }[];
  readonly additional: Part | null;
  readonly names: Part | null;
  /** Whether the schema says which properties there are. */
  readonly described: boolean;
  /** Whether a member that nothing else judges is refused. */
  readonly closed: boolean;
}

/** What judges a property that may not be sent in this direction. */
export const EXCUSED: Part = { location: (_value, run) => fail(run, 'may not be sent'), hides: () => true };

/** What judges a list whose items may not be sent in this direction: without any it is a list as others. */
export function emptyList(list: Part): Part {
  const hides = (value: unknown): boolean => !Array.isArray(value) || value.length > 0;
  return { location: (value, run) => (hides(value) ? EXCUSED : list).location(value, run), hides };
}

/** What is said of a member that no schema describes. */
export const UNDESCRIBED = 'is not described';

/** The check of `properties`, `patternProperties`, `additionalProperties` and `propertyNames`, in one walk. */
export function membersCheck(members: Members): MembersCheck {
  const { additional, names, described } = members;
  return (object, run, seen) => {
    if (seen !== null) {
      seen.described ||= described;
      seen.all ||= additional !== null;
    }
    let holds = true;
    // Objects of JSON inherit nothing; a name from elsewhere would be judged like those sent, so it lets nothing pass.
    for (const name in object) {
      run.steps += LOOK_STEPS;
      const verdict =
        names === null || judge(names, name, name, run) ? judgeMember(members, object, name, run) : FAILED;
      if (verdict === JUDGED) seen?.names.add(name);
      if (verdict !== FAILED) continue;
      if (!goesOn(run)) return false;
      holds = false;
    }
    return holds;
  };
}

/** Judges a part of a value, in the explaining pass with its place noted. */
export function judge(part: Part, value: unknown, token: string | number, run: Run): boolean {
  run.steps += LOOK_STEPS;
  if (run.trail === null) return part.location(value, run);
  run.trail.path.push(token);
  const holds = part.location(value, run);
  run.trail.path.pop();
  return holds;
}

type Verdict = typeof FAILED | typeof PASSED | typeof JUDGED;
const FAILED = 0;
/** Nothing judges the member. */
const PASSED = 1;
const JUDGED = 2;

function judgeMember(members: Members, object: PlainObject, name: string, run: Run): Verdict {
  const { properties, patterns, additional, closed } = members;
  const property = properties.get(name);
  let judged = property !== undefined;
  if (property !== undefined && !judgeOrCut(property, object, name, run)) return FAILED;
  for (const { matcher, part } of patterns) {
    if (!matchesWithin(matcher, name, run)) continue;
    judged = true;
    if (!judgeOrCut(part, object, name, run)) return FAILED;
  }
  if (judged) return JUDGED;
  if (additional !== null) return judgeOrCut(additional, object, name, run) ? JUDGED : FAILED;
  if (!closed) return PASSED;
  if (cut(run, object, name, 'undescribed')) return PASSED;
  failAt(run, name, UNDESCRIBED);
  return FAILED;
}

/** Judges a member. One that nobody may have there is taken out instead, where that is done. */
export function judgeOrCut(part: Part, object: PlainObject, name: string, run: Run): boolean {
  const reason = run.cuts === null ? null : refusalOf(part, object[name]);
  if (reason !== null && cut(run, object, name, reason)) return true;
  return judge(part, object[name], name, run);
}

/** Why a part refuses a value whatever else it is; null where it asks that. */
function refusalOf(part: Part, value: unknown): CutReason | null {
  if (part.hides?.(value) === true) return 'hidden';
  return 'value' in part && part.value === false ? 'undescribed' : null;
}
