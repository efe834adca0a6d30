import { ok, type Result } from '../../base/index.ts';
import type { JwtClaims } from '../../credential/index.ts';
import { claimAt, namesIn } from './claim-texts.ts';
import type { ClaimMapping, ClaimPath, RoleMap, RoleNames } from './config.ts';

const NONE: readonly string[] = Object.freeze([]);

/** The roles that claims stand for: those named, in the words of the configuration, and those of groups. */
export function mappedRoles(claims: JwtClaims, mapping: ClaimMapping): Result<readonly string[], 'claims'> {
  const { roleNames, groups } = mapping;
  const named = textsAt(claims, mapping.roles);
  if (!named.ok) return named;
  const roles = roleNames === undefined ? named.value : translated(named.value, roleNames);
  if (groups === undefined) return ok(roles);
  const held = textsAt(claims, groups.path);
  return held.ok ? ok(together(roles, rolesOfGroups(held.value, groups.map))) : held;
}

/** The roles of these groups; groups that nobody has named stand for none. */
export function rolesOfGroups(groups: readonly string[], map: RoleMap): readonly string[] {
  return Object.freeze([...new Set(groups.flatMap((group) => rolesOf(group, map)))]);
}

/** Each role once, in their order. */
function together(roles: readonly string[], others: readonly string[]): readonly string[] {
  return others.length === 0 ? roles : Object.freeze([...new Set([...roles, ...others])]);
}

/** The names at a path; none where the claim is not there. */
export function textsAt(claims: JwtClaims, path: ClaimPath | null): Result<readonly string[], 'claims'> {
  if (path === null) return ok(NONE);
  const value = claimAt(claims, path);
  const names = value.ok ? namesIn(value.value) : value;
  return names.ok ? ok(names.value ?? NONE) : names;
}

function translated(names: readonly string[], { prefix, map }: RoleNames): readonly string[] {
  const own = names.flatMap((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : []));
  return Object.freeze([...new Set(map === null ? own : own.flatMap((name) => rolesOf(name, map)))]);
}

/** Names are the issuer's: what every object has is none of the map's. */
function rolesOf(name: string, map: RoleMap): readonly string[] {
  return Object.hasOwn(map, name) ? (map[name] ?? NONE) : NONE;
}
