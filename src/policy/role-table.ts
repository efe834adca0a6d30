import { Bitset } from '../base/index.ts';
import type { RoleTable } from './kind.ts';

/** A role as it is given: the permissions it grants itself, and the roles whose permissions it grants too. */
export interface RoleGrants {
  readonly name: string;
  readonly can: readonly string[];
  readonly includes: readonly string[];
}

/**
 * Numbers the permissions that roles grant and that operations need. Includes hold through any number of roles, and a
 * cycle of them ends. Unknown roles, also as includes, permit nothing. Names are any text: none has a meaning of its own.
 */
export function createRoleTable(roles: readonly RoleGrants[], needed: readonly string[]): RoleTable {
  const numbers = new Map<string, number>();
  for (const name of [...roles.flatMap(({ can }) => can), ...needed]) {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
  }
  const byName = new Map(roles.map((role) => [role.name, role]));
  const bitsOf = (members: Iterable<number>): Bitset => Bitset.of(numbers.size, members);
  const granted = roles.map(({ name }) => bitsOf(numbersOf(grantsOf(name, byName), numbers)));
  const roleNumbers = new Map(roles.map(({ name }, number) => [name, number]));
  const byRoles = shareSets((held) => held.reduce((all, number) => all.union(granted[number] as Bitset), bitsOf([])));
  const byNames = shareSets(bitsOf);
  const rolesOf = shareReached(byName);
  const leftTo = (names: readonly string[], denied: readonly string[]): Bitset =>
    byNames(numbersOf(new Set([...rolesOf(names, denied)].flatMap((each) => byName.get(each)?.can ?? [])), numbers));
  return {
    permissionCount: numbers.size,
    permission: (name) => numbers.get(name) ?? null,
    permissionsOf: (names, denied = NO_NAMES) =>
      denied.length === 0 ? byRoles(numbersOf(names, roleNumbers)) : leftTo(names, denied),
    named: (names) => byNames(numbersOf(names, numbers)),
    rolesOf,
    names: () => roles.map(({ name }) => name),
  };
}

const NO_NAMES: readonly string[] = [];
/** Sets that are kept to be shared: more than there are kinds of callers. Beyond, callers get sets of their own. */
const SHARED_SETS_LIMIT = 1_000;
/** More roles or permissions than one caller is given; so all that is kept takes two megabytes at 2,000 permissions. */
const SHARED_NAMES_LIMIT = 100;

/**
 * Sets never change, so callers of whom the same was said get the same one, and what is found out about it holds for all
 * of them.
 */
function shareSets(make: (numbers: readonly number[]) => Bitset): (numbers: readonly number[]) => Bitset {
  const sets = new Map<string, Bitset>();
  return (numbers) => {
    if (numbers.length > SHARED_NAMES_LIMIT) return make(numbers);
    const key = numbers.join();
    const known = sets.get(key);
    if (known !== undefined) return known;
    const made = make(numbers);
    if (sets.size < SHARED_SETS_LIMIT) sets.set(key, made);
    return made;
  };
}

/** All that a role grants by itself and through others; each role is visited once. */
function grantsOf(name: string, byName: ReadonlyMap<string, RoleGrants>): ReadonlySet<string> {
  const reached = reachedFrom([name], byName);
  return new Set([...reached].flatMap((each) => byName.get(each)?.can ?? []));
}

/** Callers of one kind have the same roles, and what they reach by them is found out once. */
function shareReached(byName: ReadonlyMap<string, RoleGrants>): RoleTable['rolesOf'] {
  const known = new Map<string, ReadonlySet<string>>();
  return (given, denied = NO_NAMES) => {
    // Tokens may hold any names: those that are no roles would fill what is kept.
    const names = given.filter((name) => byName.has(name));
    const key = names.length + denied.length > SHARED_NAMES_LIMIT ? null : JSON.stringify([names, denied]);
    const shared = key === null ? undefined : known.get(key);
    if (shared !== undefined) return shared;
    const reached = reachedFrom(names, byName, denied);
    if (key !== null && known.size < SHARED_SETS_LIMIT) known.set(key, reached);
    return reached;
  };
}

/** Roles and all that they include, however deep; those that are none are left out. */
function reachedFrom(
  names: Iterable<string>,
  byName: ReadonlyMap<string, RoleGrants>,
  denied: readonly string[] = NO_NAMES,
): ReadonlySet<string> {
  const reached = new Set<string>();
  const mayReach = (name: string): boolean => byName.has(name) && !denied.includes(name);
  for (const name of names) if (mayReach(name)) reached.add(name);
  // A Set that grows while it is walked goes on to what was added.
  for (const each of reached) {
    for (const included of byName.get(each)?.includes ?? []) if (mayReach(included)) reached.add(included);
  }
  return reached;
}

function numbersOf(names: Iterable<string>, numbers: ReadonlyMap<string, number>): readonly number[] {
  const found: number[] = [];
  for (const name of names) {
    const number = numbers.get(name);
    if (number !== undefined) found.push(number);
  }
  return found;
}
