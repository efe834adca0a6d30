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
  const bitsOf = (names: Iterable<string>): Bitset => Bitset.of(numbers.size, numbersOf(names, numbers));
  const granted = new Map(roles.map(({ name }) => [name, bitsOf(grantsOf(name, byName))]));
  const nothing = bitsOf([]);
  return {
    permissionCount: numbers.size,
    permission: (name) => numbers.get(name) ?? null,
    permissionsOf: (names) => unionOf(names, granted) ?? nothing,
    named: (names) => (names.length === 0 ? nothing : bitsOf(names)),
  };
}

/** All that a role grants by itself and through others; each role is visited once. */
function grantsOf(name: string, byName: ReadonlyMap<string, RoleGrants>): ReadonlySet<string> {
  const reached = new Set([name]);
  const permissions = new Set<string>();
  // A Set that grows while it is walked goes on to what was added.
  for (const each of reached) {
    const role = byName.get(each);
    for (const permission of role?.can ?? []) permissions.add(permission);
    for (const included of role?.includes ?? []) reached.add(included);
  }
  return permissions;
}

function numbersOf(names: Iterable<string>, numbers: ReadonlyMap<string, number>): readonly number[] {
  const found: number[] = [];
  for (const name of names) {
    const number = numbers.get(name);
    if (number !== undefined) found.push(number);
  }
  return found;
}

/** What these roles permit together, null where none of them is known. Sets never change, so callers of one role share its own. */
function unionOf(names: readonly string[], granted: ReadonlyMap<string, Bitset>): Bitset | null {
  let union: Bitset | null = null;
  for (const name of names) {
    const bits = granted.get(name);
    if (bits !== undefined) union = union === null ? bits : union.union(bits);
  }
  return union;
}
