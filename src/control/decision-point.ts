import { canonicalAddress, err, ok, type Place, type ProblemCode, problemStatus, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import {
  givenPrincipal,
  type NamedCaller,
  type Rehearsal,
  rehearsalReason,
  rehearse,
  type RehearsalQuestion,
  type Snapshot,
} from '../gateway/index.ts';
import { type OverlayRow, overlaid, type Principal } from '../policy/index.ts';
import type { Clock } from '../ports/index.ts';
import { type Evaluation, member } from './decision-request.ts';
import { type AskedCaller, callerOf } from './decision-subject.ts';
import { asksOfAddress, asksOfNames } from './decision-needs.ts';
import { type AskedRequest, requestOf } from './decision-target.ts';

/** What decisions are made by: all of it in force at once. */
export interface DecisionScene {
  readonly config: Config;
  readonly snapshot: Snapshot;
  /** Where a key path of the configuration stands. */
  readonly place: (path: string) => Place | null;
  /** What the operator grants and denies callers. */
  readonly overlay: () => ReadonlyMap<string, OverlayRow>;
  readonly clock: Clock;
}

/** An answer, and why. What is null is not known, or was not decided by anything of the kind. */
export interface Decision {
  readonly permitted: boolean;
  /** `API/OPERATION` that it leads to. */
  readonly operation: string | null;
  readonly method: string | null;
  /** Who asks, for the ledger; null for nobody. */
  readonly subject: { readonly issuer: string; readonly subject: string } | null;
  /** The status that a request would be answered with where it is refused. */
  readonly status: number | null;
  readonly code: ProblemCode | null;
  readonly policy: string | null;
  readonly rule: string | null;
  /** For the operator. */
  readonly sentence: string;
  /** The rule that only observes, and would have refused it. */
  readonly observed: string | null;
}

/**
 * Answers a question as the gateway would a request: by a rehearsal on what is in force. What can't be asked of it, or
 * can't be decided, is denied.
 */
export async function decide(evaluation: Evaluation, scene: DecisionScene): Promise<Decision> {
  const asked = readAsked(evaluation, scene);
  if (!asked.ok) return undecided(`it can't be decided: ${asked.error}`);
  const { request, caller, nowMs, from } = asked.value;
  const subject = caller.kind === 'known' ? subjectOf(caller) : null;
  const who = { method: request.question.method, subject };
  const principal = caller.kind === 'anonymous' ? null : principalFor(caller, scene, nowMs);
  const { question, headers, body, reply, owner } = request;
  const told: RehearsalQuestion['caller'] =
    principal === null || principal === 'kept-out' ? { kind: 'anonymous' } : { kind: 'told', principal };
  const { clock, snapshot } = scene;
  const whole = { ...question, headers, body, reply, owner, caller: told, from, atMs: nowMs };
  const rehearsal = await rehearse(snapshot, whole, clock);
  const operation = rehearsal.route?.id ?? null;
  // Where nobody is asked who they are, nobody is kept out either.
  const isAsked = rehearsal.route !== null && wayIn(rehearsal.route, scene.config) !== 'public';
  if (principal === 'kept-out' && isAsked) {
    const by = { ...refusal('access-denied'), policy: 'overlay', rule: 'denied', sentence: KEPT_OUT };
    return { ...NOTHING, ...who, ...by, operation };
  }
  const against = objectionTo(rehearsal, asked.value, scene);
  if (against !== null) return { ...undecided(`it can't be decided: ${against}`), ...who, operation };
  const named: NamedCaller =
    told.kind === 'told' ? { ...told.principal, kind: 'known', permissions: [] } : { kind: 'anonymous' };
  const { sentence } = rehearsalReason(rehearsal, { ...scene, caller: named, reply: reply ?? null });
  return { ...decisionOf(rehearsal, sentence), ...who, operation };
}

/** What is said where nothing could be asked. */
export function undecided(sentence: string): Decision {
  return { ...NOTHING, sentence };
}

const NOTHING: Omit<Decision, 'sentence'> = {
  permitted: false,
  operation: null,
  method: null,
  subject: null,
  status: null,
  code: null,
  policy: null,
  rule: null,
  observed: null,
};
const KEPT_OUT = 'refused: the operator keeps this caller out';

interface Asked {
  readonly request: AskedRequest;
  readonly caller: AskedCaller;
  readonly nowMs: number;
  readonly from: string | null;
}

function readAsked(
  { context, ...evaluation }: Evaluation,
  { config, snapshot, clock }: DecisionScene,
): Result<Asked, string> {
  const caller = callerOf(evaluation.subject, config.issuers);
  if (!caller.ok) return caller;
  const request = requestOf(evaluation, { config, snapshot });
  if (!request.ok) return request;
  const nowMs = timeIn(context, clock.now());
  if (nowMs === null) return err('context.time is a time of RFC 3339');
  const address = member(context, 'address') ?? member(context, 'ip') ?? null;
  const from = typeof address === 'string' ? canonicalAddress(address) : null;
  if (address !== null && from === null) return err('context.address is an IP address');
  return ok({ request: request.value, caller: caller.value, nowMs, from });
}

const TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Null for what is no time. Examples of the specification leave the seconds out. */
function timeIn(context: Evaluation['context'], nowMs: number): number | null {
  const said = member(context, 'time');
  if (said === undefined) return nowMs;
  const at = typeof said === 'string' && TIME.test(said) ? Date.parse(said) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

type Known = Extract<AskedCaller, { readonly kind: 'known' }>;

/** Whoever vouches for a subject of whom it is not told. */
const UNTOLD_ISSUER = 'decision point';

function subjectOf({ issuer, told }: Known): NonNullable<Decision['subject']> {
  return { issuer: issuer?.identifier ?? UNTOLD_ISSUER, subject: told.subject };
}

/** The caller with what the operator says of them now, whatever time is asked about. */
function principalFor(
  known: Known,
  { config, snapshot, overlay, clock }: DecisionScene,
  nowMs: number,
): Principal | 'kept-out' {
  const { told, principalKind, issuer } = known;
  const { roles } = snapshot;
  const principal: Principal = {
    ...givenPrincipal(told, roles, nowMs),
    kind: principalKind,
    ...(issuer === null ? {} : { issuer: issuer.identifier }),
  };
  const issuers = issuer === null ? config.issuers.flatMap(identifiersOf) : [issuer.identifier];
  return overlaid(principal, issuers, { rows: overlay(), roles, nowMs: clock.now() }) ?? 'kept-out';
}

function identifiersOf({ issuer, tenants }: Config['issuers'][number]): readonly string[] {
  return tenants === null || tenants === undefined || tenants.length === 0
    ? [issuer]
    : tenants.map((tenant) => issuer.replace('{tenantid}', tenant));
}

/** Why an answer of the rehearsal would be none to what was asked; null where it is one. */
function objectionTo(
  { route, verdict }: Rehearsal,
  { request, caller, from }: Asked,
  { config, snapshot }: DecisionScene,
): string | null {
  if (route === null) return null;
  if (request.operation !== null && request.operation !== route.id) return `the path leads to ${route.id}`;
  if (request.api !== null && request.api !== route.api) return `the path leads to ${route.id}`;
  const auth = wayIn(route, config);
  if (caller.kind === 'known' && auth !== 'public' && !takes(auth, caller))
    return `${route.id} takes no callers of ${caller.issuer?.way ?? `the type ${caller.principalKind}`}`;
  if (verdict.kind === 'refused') return null;
  if (asksOfNames(config, route.api)) return 'it depends on names of addresses, which are not looked up here';
  if (from === null && asksOfAddress(config, route.api, snapshot))
    return 'it depends on the address of the client: context.address';
  if (verdict.kind === 'replied' || verdict.undecided.length === 0) return null;
  if (verdict.lacks.includes('owner'))
    return `it depends on whose the object is, by ${verdict.undecided.join(', ')}: resource.properties.owner`;
  return `it depends on the reply of the upstream, by ${verdict.undecided.join(', ')}: resource.properties.response`;
}

/** What an operation takes for a credential. */
function wayIn({ id, api: apiName }: NonNullable<Rehearsal['route']>, { apis }: Config): 'public' | readonly string[] {
  const api = apis.find(({ name }) => name === apiName);
  const name = id.slice(apiName.length + 1);
  const own = api !== undefined && Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
  return own?.auth ?? api?.auth ?? 'public';
}

/** Where it is not told who vouches for a caller, somebody must be able to who vouches for such callers. */
function takes(auth: readonly string[], { issuer, principalKind }: Known): boolean {
  if (principalKind === 'user' && auth.includes('session')) return true;
  if (issuer !== null) return auth.includes(issuer.way);
  return principalKind === 'certificate' ? auth.includes('mtls') : auth.some((way) => !NO_ISSUERS.has(way));
}

/** The words of `auth` that are no issuers of tokens. */
const NO_ISSUERS: ReadonlySet<string> = new Set(['api-key', 'mtls', 'session']);

function refusal(code: ProblemCode): Pick<Decision, 'permitted' | 'status' | 'code'> {
  return { permitted: false, status: problemStatus(code), code };
}

/** Where the request goes instead of a credential: whoever is sent to sign in is not let in yet. */
const SIGN_IN_STAGES: ReadonlySet<string> = new Set(['authenticate', 'authorize']);

function decisionOf({ verdict, trail }: Rehearsal, sentence: string): Decision {
  switch (verdict.kind) {
    case 'pass': {
      const { observed } = verdict;
      const rule = observed === null ? null : (observed.rule ?? observed.policy);
      return { ...NOTHING, permitted: true, observed: rule, sentence };
    }
    case 'replied': {
      const { status, policy, rule } = verdict;
      const isSentAway = trail.some((step) => step.verdict === 'reply' && SIGN_IN_STAGES.has(step.stage));
      return { ...NOTHING, permitted: status < 400 && !isSentAway, status, policy, rule, sentence };
    }
    case 'refused': {
      const { status, code, policy, rule } = verdict;
      return { ...NOTHING, status, code, policy, rule, sentence };
    }
  }
}
