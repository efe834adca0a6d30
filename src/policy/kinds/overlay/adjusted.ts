import type { Bitset } from '../../../base/index.ts';
import type { RoleTable } from '../../kind.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { type OverlayRow, type OverlayRule, overlayKey } from './config.ts';

/** What is said of a caller now, and until when that holds if nothing is changed. */
export interface Said {
  readonly rules: readonly OverlayRule[];
  readonly untilMs: number;
}

/** All that is said of a caller, by whichever of its names: what has run out is left out. */
export function saidOf(principal: Principal, rows: ReadonlyMap<string, OverlayRow>, nowMs: number): Said {
  const { issuer, subject, clientId, tenant } = principal;
  const named = [
    { kind: 'subject', name: subject },
    { kind: 'client', name: clientId },
    { kind: 'tenant', name: tenant },
  ] as const;
  const rules: OverlayRule[] = [];
  let untilMs = Number.POSITIVE_INFINITY;
  for (const { kind, name } of named) {
    if (name === null) continue;
    for (const rule of rows.get(overlayKey({ kind, issuer, name })) ?? []) {
      if (rule.expiresAtMs !== null && rule.expiresAtMs <= nowMs) continue;
      rules.push(rule);
      untilMs = Math.min(untilMs, rule.expiresAtMs ?? Number.POSITIVE_INFINITY);
    }
  }
  return { rules, untilMs };
}

/** Whether it is kept out whole. */
export function isKeptOut(rules: readonly OverlayRule[]): boolean {
  return rules.some(({ effect, roles, permissions }) => effect === 'deny' && roles.length + permissions.length === 0);
}

/**
 * The caller with the rights that rules leave it: its own roles and those that are added, without those that are denied,
 * whichever of its roles includes them; what these permit, within the scopes of its credential, and what it is permitted without roles, without the permissions
 * that are denied. Who denies wins over who adds, wherever either stands.
 */
export function adjustedBy(principal: Principal, rules: readonly OverlayRule[], table: RoleTable): Principal {
  const denied = rules.filter(({ effect }) => effect === 'deny');
  const withoutRoles = new Set(denied.flatMap(({ roles }) => roles));
  const added = rules.flatMap(({ effect, roles }) => (effect === 'add' ? roles : []));
  const roles = [...new Set([...principal.roles, ...added])].filter((role) => !withoutRoles.has(role));
  const ofItself = principal.permissions.without(table.permissionsOf(principal.roles));
  const granted = narrowed(table.permissionsOf(roles, [...withoutRoles]), principal, table).union(ofItself);
  const permissions = granted.without(table.named(denied.flatMap((rule) => rule.permissions)));
  return Object.freeze({
    ...principal,
    roles: Object.freeze(roles),
    ...(withoutRoles.size === 0 ? {} : { deniedRoles: Object.freeze([...withoutRoles].toSorted()) }),
    permissions,
    // What a caller came by may end before its time, such as a session.
    get expiresAtMs() {
      return principal.expiresAtMs;
    },
    notes: new Notes(),
  });
}

/** What is granted here goes no further than a token may be used for: the client has no more of it than its user gave. */
function narrowed(granted: Bitset, { scopes, scopesNarrow }: Principal, table: RoleTable): Bitset {
  return scopes === null || scopesNarrow === false ? granted : granted.intersect(table.named(scopes));
}
