import { ok } from '../../../base/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import { compileEach } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step } from '../../kind.ts';
import { meetsDemand } from '../../../credential/index.ts';
import type { Operation } from '../../operation.ts';
import type { Assurance, Principal } from '../../principal.ts';
import { type StepUp, stepUpOffer } from '../../step-up.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { AssuranceConfig, AssuranceRules } from './config.ts';

/** How far the clock of who says nothing of it may be ahead of ours: what lies further in the future was never a sign-in. */
const CLOCK_SKEW_MS = 30_000;

/**
 * The kind that asks how sure it is who calls (RFC 9470): by which authentication context and methods they signed in,
 * how long ago, and whether their credential is bound to a key. What is missing is asked for by a challenge, or, of
 * somebody who has a session, by sending them to sign in again. Who has no such claims has none of it.
 */
export function createAssuranceKind(): PolicyKind<AssuranceConfig> {
  return {
    kind: 'assurance',
    summary: 'Asks how, and how long ago, callers have signed in.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => {
        const rules = rulesFor(config, operation);
        return ok(rules === null ? {} : { authorize: authorizeStep(rules, operation) });
      }),
  };
}

/** What is asked of callers of an operation; null for nothing. */
function rulesFor({ api, operations }: AssuranceConfig, { name }: Operation): AssuranceRules | null {
  return Object.hasOwn(operations, name) ? (operations[name] ?? null) : api;
}

/** What of the rules a caller lacks: the name of it, for the record. */
type Lack = 'acr' | 'amr' | 'max-age' | 'proof';

function authorizeStep(rules: AssuranceRules, { api }: Operation): Step<'authorize'> {
  const wanted: StepUp = {
    acrValues: rules.acr,
    maxAgeS: rules.maxAgeMs === null ? null : Math.floor(rules.maxAgeMs / 1_000),
  };
  const stranger = deny({ code: 'unauthenticated', headers: bearerChallenge(api) });
  const refusals = new Map<string, Verdict>();
  const refusal = (scheme: Scheme, lack: Lack): Verdict => {
    const key = `${scheme} ${lack}`;
    const known = refusals.get(key);
    if (known !== undefined) return known;
    const made = lack === 'proof' ? unbound(rules, api) : deny(stepUpProblem(scheme, api, wanted), lack);
    refusals.set(key, made);
    return made;
  };
  return {
    reads: READS_NOTHING,
    run(exchange: Exchange): Verdict {
      const { principal } = exchange;
      if (principal === null) return stranger;
      const lack = lackOf(principal, rules, exchange.startedAtMs);
      if (lack === null) return PASS;
      if (lack !== 'proof') {
        const response = exchange.slot(stepUpOffer).answer?.(exchange, wanted) ?? null;
        if (response !== null) return { kind: 'reply', response, rule: lack };
      }
      return refusal((principal.confirmation?.key ?? null) !== null ? 'DPoP' : 'Bearer', lack);
    },
  };
}

function lackOf(principal: Principal, rules: AssuranceRules, nowMs: number): Lack | null {
  const { acr, amr } = principal.assurance;
  if (rules.acr.length > 0 && (acr === null || !rules.acr.includes(acr))) return 'acr';
  for (const method of rules.amr) if (!amr.includes(method)) return 'amr';
  if (rules.maxAgeMs !== null && !isFresh(principal.assurance, rules.maxAgeMs, nowMs)) return 'max-age';
  return meetsDemand(principal.confirmation, rules.proof ?? 'none') ? null : 'proof';
}

/** By when the caller signed in, never by when the token was made: a refreshed token is as old as its sign-in. */
function isFresh({ authTimeMs, skewMs = CLOCK_SKEW_MS }: Assurance, maxAgeMs: number, nowMs: number): boolean {
  if (authTimeMs === null) return false;
  const ageMs = nowMs - authTimeMs;
  return ageMs <= maxAgeMs && ageMs >= -skewMs;
}

type Scheme = 'Bearer' | 'DPoP';

/** RFC 9470 §3: the values are of the characters that a quoted string takes as they are, as the configuration sees to. */
function stepUpProblem(scheme: Scheme, api: string, { acrValues, maxAgeS }: StepUp) {
  const parameters = [
    `realm="${api}"`,
    'error="insufficient_user_authentication"',
    ...(acrValues.length === 0 ? [] : [`acr_values="${acrValues.join(' ')}"`]),
    ...(maxAgeS === null ? [] : [`max_age="${maxAgeS}"`]),
  ];
  const challenge = `${scheme} ${parameters.join(', ')}`;
  return { code: 'insufficient-authentication', headers: [['www-authenticate', challenge]] } as const;
}

/** No sign-in would help: the client must ask its issuer for a token that is bound to a key. */
function unbound({ proof }: AssuranceRules, api: string): Verdict {
  const scheme = proof === 'mtls' ? 'Bearer' : 'DPoP';
  const challenge = `${scheme} realm="${api}", error="invalid_token"`;
  return deny({ code: 'credential-unbound', headers: [['www-authenticate', challenge]] }, 'proof');
}
