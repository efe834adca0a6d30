import { ok } from '../../../base/index.ts';
import { compileEach, saidOf as ownOf } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type RoleTable, type Step } from '../../kind.ts';
import { Notebook } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { ABSTAIN, type AuthenticateVerdict, deny } from '../../verdict.ts';
import type { TableVersion } from '../../../ports/index.ts';
import { adjustedBy, isKeptOut, saidOf } from './adjusted.ts';
import { OVERLAY_TABLE, type OverlayConfig, type OverlayRow } from './config.ts';

const KEPT_OUT = deny({ code: 'access-denied', internal: 'the operator keeps this caller out' }, 'denied');

/** What was said of a caller, by these rows, up to that time. */
interface Kept {
  readonly rows: ReadonlyMap<string, OverlayRow>;
  readonly untilMs: number;
  readonly verdict: AuthenticateVerdict;
}

/**
 * The kind that knows more of a caller than its issuer: what the operator has granted or denied here, which wins over the
 * credential. It is last of `authenticate`, whichever way the caller was told. Where nothing is said of anybody, nothing
 * is looked up; what is said of a caller is worked out once for each version of the table.
 */
export function createOverlayKind(): PolicyKind<OverlayConfig> {
  // A role table is made for one Snapshot, and what is noted of a caller is numbered by it.
  const steps = new WeakMap<RoleTable, Step<'authenticate'>>();
  return {
    kind: 'overlay',
    summary: 'What the operator grants and denies callers, besides what issuers say.',
    schema: null,
    sources: () => [{ kind: 'table', declaration: OVERLAY_TABLE }],
    compile: (config, { operations, roles }, got) =>
      compileEach(operations, (operation) => {
        if (!(ownOf(config.operations, operation) ?? config.signIn)) return ok({});
        const step = steps.get(roles) ?? overlayStep(roles, got.table<OverlayRow>(OVERLAY_TABLE.name));
        steps.set(roles, step);
        return ok({ authenticate: step });
      }),
  };
}

function overlayStep(roles: RoleTable, table: () => TableVersion<OverlayRow>): Step<'authenticate'> {
  const known = new Notebook<Principal, Kept>();
  return {
    reads: READS_NOTHING,
    run({ principal, startedAtMs }: Exchange): AuthenticateVerdict {
      if (principal === null) return ABSTAIN;
      const { rows } = table();
      if (rows.size === 0) return ABSTAIN;
      const kept = known.get(principal);
      if (kept !== undefined && kept.rows === rows && startedAtMs < kept.untilMs) return kept.verdict;
      const said = saidOf(principal, rows, startedAtMs);
      const verdict = verdictOf(principal, said.rules, roles);
      known.set(principal, { rows, untilMs: said.untilMs, verdict });
      return verdict;
    },
  };
}

function verdictOf(
  principal: Principal,
  rules: ReturnType<typeof saidOf>['rules'],
  roles: RoleTable,
): AuthenticateVerdict {
  if (rules.length === 0) return ABSTAIN;
  if (isKeptOut(rules)) return KEPT_OUT;
  return Object.freeze({ kind: 'adjusted', principal: adjustedBy(principal, rules, roles) });
}
