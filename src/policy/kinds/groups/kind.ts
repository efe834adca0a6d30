import { ok } from '../../../base/index.ts';
import type { GroupMapping } from '../../claims/config.ts';
import { rolesOfGroups } from '../../claims/mapped-roles.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Told } from '../../desk.ts';
import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { type PolicyKind, READS_NOTHING, type RoleTable, type Step } from '../../kind.ts';
import { Notebook } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { ABSTAIN, type AuthenticateVerdict, deny } from '../../verdict.ts';
import { adjustedBy } from '../overlay/adjusted.ts';
import { GROUPS_SUBJECT, type GroupsAnswer, type GroupsConfig, type GroupsQuestion, graphSource } from './config.ts';

/** So long a thread goes by an answer at most: groups change seldom, and a grant or a denial by hand is at once. */
const KEPT_LIMIT_MS = 5 * 60_000;
/** Two calls to Graph and a token for them; a step must be done within ten seconds. */
const ANSWER_LIMIT_MS = 8_000;

const REFUSED = deny(
  { code: 'access-denied', internal: 'the token leaves out groups of its bearer' },
  'groups-overage',
);
const UNAVAILABLE = deny({ code: 'groups-unavailable', headers: [['retry-after', '30']] }, 'groups-unavailable');

/** Tenants and objects of Entra are told by UUIDs; nothing else is put into a URL. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Kept {
  readonly untilMs: number;
  readonly verdict: AuthenticateVerdict;
}

/**
 * The kind that asks for groups which did not fit into a token: until they are known, nobody can say what the caller may
 * do, so it is refused, or waits for the control side, which asks Microsoft Graph. Callers whose token holds all of their
 * groups cost one comparison.
 */
export function createGroupsKind({ desk, clock }: Pick<KindPorts, 'desk' | 'clock'>): PolicyKind<GroupsConfig> {
  const steps = new WeakMap<RoleTable, Step<'authenticate'>>();
  return {
    kind: 'groups',
    summary: 'Groups of callers that did not fit into a token.',
    schema: null,
    sources: () => [],
    compile: (config, { operations, roles }) =>
      compileEach(operations, (operation) => {
        if (!(saidOf(config.operations, operation) ?? config.signIn)) return ok({});
        const step = steps.get(roles) ?? groupsStep(roles, { desk, clock });
        steps.set(roles, step);
        return ok({ authenticate: step });
      }),
  };
}

function groupsStep(roles: RoleTable, { desk, clock }: Pick<KindPorts, 'desk' | 'clock'>): Step<'authenticate'> {
  const known = new Notebook<Principal, Kept>();
  const ask = async (principal: Principal, groups: GroupMapping, question: GroupsQuestion) => {
    const answer = await desk.ask(GROUPS_SUBJECT, { ...question }, ANSWER_LIMIT_MS);
    const told = readAnswer(answer);
    // What could not be had is asked for again by the next request.
    if (told === null) return UNAVAILABLE;
    const verdict = verdictOf(principal, rolesOfGroups(told.groups, groups.map), roles);
    known.set(principal, { untilMs: Math.min(told.untilMs, clock.now() + KEPT_LIMIT_MS), verdict });
    return verdict;
  };
  return {
    reads: READS_NOTHING,
    run({ principal, startedAtMs }: Exchange): AuthenticateVerdict | Promise<AuthenticateVerdict> {
      const groups = principal?.moreGroups;
      if (principal === null || groups === undefined) return ABSTAIN;
      if (groups.overage === 'refuse') return REFUSED;
      const kept = known.get(principal);
      if (kept !== undefined && startedAtMs < kept.untilMs) return kept.verdict;
      const { tid: tenant, oid: object } = principal.claims;
      if (typeof tenant !== 'string' || typeof object !== 'string' || !ID.test(tenant) || !ID.test(object))
        return REFUSED;
      return ask(principal, groups, { source: graphSource(groups.overage), tenant, object });
    },
  };
}

function verdictOf(principal: Principal, added: readonly string[], roles: RoleTable): AuthenticateVerdict {
  const rule = { effect: 'add', roles: added, permissions: [], expiresAtMs: null } as const;
  return Object.freeze({ kind: 'adjusted', principal: adjustedBy(principal, [rule], roles) });
}

/** Null where it is none. */
function readAnswer(answer: Told): GroupsAnswer | null {
  if (typeof answer !== 'object' || answer === null || !('groups' in answer)) return null;
  const { groups, untilMs } = answer;
  const isList = Array.isArray(groups) && groups.every((group) => typeof group === 'string');
  return isList && typeof untilMs === 'number' ? { groups: groups as readonly string[], untilMs } : null;
}
