import type { ClaimMapping, RoleMap } from '../policy/index.ts';
import { type ChangeEffect, sameData } from './config-change.ts';

type Told = readonly [effect: ChangeEffect, words: string];

/** What differs in what the claims of an issuer say. */
export function claimChanges(old: ClaimMapping, next: ClaimMapping): readonly Told[] {
  const changes: Told[] = [
    ...mapChanges('the name', old.roleNames?.map ?? null, next.roleNames?.map ?? null),
    ...mapChanges('the group', old.groups?.map ?? {}, next.groups?.map ?? {}),
  ];
  if (!sameData(old.roleNames?.prefix ?? '', next.roleNames?.prefix ?? ''))
    changes.push(['loosens', 'names of roles are told by another prefix']);
  if (!sameData(plain(old), plain(next))) changes.push(['changes', 'other claims say who the caller is']);
  const [was, is] = [old.groups?.overage ?? 'refuse', next.groups?.overage ?? 'refuse'];
  if (!sameData(was, is)) {
    const words = 'callers whose token leaves out groups are refused';
    changes.push(
      is === 'refuse' ? ['tightens', words] : ['changes', 'Microsoft Graph is asked for groups, or otherwise'],
    );
  }
  return changes;
}

/** What says where things stand, without what names stand for. */
function plain({ roles, tenant, permissions, subject, scopes, attributes, groups }: ClaimMapping): object {
  return { roles, tenant, permissions, subject, scopes, attributes, groups: groups?.path };
}

/** Without a map a name is the role itself. */
function mapChanges(what: string, old: RoleMap | null, next: RoleMap | null): readonly Told[] {
  if (next === null) return old === null ? [] : [['loosens', `${what} of any role stands for it`]];
  if (old === null) return [['changes', `${what} of a role stands for another`]];
  const missing = (from: RoleMap, others: RoleMap): readonly (readonly [name: string, role: string])[] =>
    Object.entries(others).flatMap(([name, roles]) => {
      const known = Object.hasOwn(from, name) ? (from[name] ?? []) : [];
      return roles.filter((role) => !known.includes(role)).map((role) => [name, role] as const);
    });
  return [
    ...missing(old, next).map(([name, role]): Told => ['loosens', `${what} ${name} stands for ${role}`]),
    ...missing(next, old).map(([name, role]): Told => ['tightens', `${what} ${name} no longer stands for ${role}`]),
  ];
}
