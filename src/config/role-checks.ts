import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import type { RoleConfig } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** Beyond this many, names that nothing knows get no suggestion: each is compared with all roles there are. */
const SUGGESTION_LIMIT = 20;

/** Roles that include what is no role, or themselves. */
export function roleIssues(roles: readonly RoleConfig[], places: Places): Issue[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  return [...strangerIssues(roles, byName, places), ...cycleIssues(roles, byName, places)];
}

type ByName = ReadonlyMap<string, RoleConfig>;

function strangerIssues(roles: readonly RoleConfig[], byName: ByName, places: Places): Issue[] {
  const found = roles.flatMap(({ path, includes }) =>
    includes.flatMap((name, index) => (byName.has(name) ? [] : [{ name, path: `${path}.includes[${index}]` }])),
  );
  return found.map(({ name, path }, index) => {
    const fix = index < SUGGESTION_LIMIT ? didYouMean(name, byName.keys()) : undefined;
    return errorIssue(path, 'there is no role of this name', {
      place: placeOf(places, path),
      ...(fix === undefined ? {} : { fix }),
    });
  });
}

/** At least one cycle where there are any, at the role by which it was come to; mending it shows the next. */
function cycleIssues(roles: readonly RoleConfig[], byName: ByName, places: Places): Issue[] {
  const done = new Set<string>();
  return roles.flatMap((role) => {
    const cycle = done.has(role.name) ? null : findCycle(role.name, byName, done);
    if (cycle === null) return [];
    const path = `${byName.get(cycle[0] ?? '')?.path ?? role.path}.includes`;
    const message = `these roles include each other: ${cycle.join(' → ')}`;
    return [errorIssue(path, message, { place: placeOf(places, path), fix: 'take one of them away' })];
  });
}

/** Walks down from a role without recursion; `done` are roles from which no new cycle can be found. */
function findCycle(start: string, byName: ByName, done: Set<string>): readonly string[] | null {
  const trail: { readonly name: string; next: number }[] = [{ name: start, next: 0 }];
  let cycle: readonly string[] | null = null;
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const name = byName.get(top.name)?.includes[top.next++];
    if (name === undefined) {
      done.add(top.name);
      trail.pop();
      continue;
    }
    const begins = trail.findIndex((step) => step.name === name);
    if (begins >= 0) cycle ??= [...trail.slice(begins).map((step) => step.name), name];
    else if (!done.has(name)) trail.push({ name, next: 0 });
  }
  return cycle;
}

function placeOf(places: Places, path: string): Place | null {
  return placeAt(places, path);
}
