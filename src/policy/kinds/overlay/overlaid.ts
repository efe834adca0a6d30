import type { RoleTable } from '../../kind.ts';
import type { Principal } from '../../principal.ts';
import { adjustedBy, isKeptOut, saidOf } from './adjusted.ts';
import type { OverlayRow, OverlayRule } from './config.ts';

/** What the operator says of callers, and as of when; `roles` are those that the caller's permissions are numbered by. */
export interface OverlayInForce {
  readonly rows: ReadonlyMap<string, OverlayRow>;
  readonly roles: RoleTable;
  readonly nowMs: number;
}

/**
 * A caller of whom somebody told, with what the operator has granted and denied them; null where they are kept out.
 * `issuers` are those who may vouch for them: where it is told which, that one; else what is denied under any of them
 * holds, and nothing is granted.
 */
export function overlaid(
  principal: Principal,
  issuers: readonly string[],
  { rows, roles, nowMs }: OverlayInForce,
): Principal | null {
  const said = issuers.flatMap((issuer) => saidOf({ ...principal, issuer }, rows, nowMs).rules);
  const rules = issuers.length === 1 ? said : said.filter(isDenial);
  if (rules.length === 0) return principal;
  return isKeptOut(rules) ? null : adjustedBy(principal, rules, roles);
}

function isDenial({ effect }: OverlayRule): boolean {
  return effect === 'deny';
}
