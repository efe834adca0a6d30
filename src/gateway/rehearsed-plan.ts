import { Bitset, type ProblemCode, type ProblemError } from '../base/index.ts';
import type { CallerConfig } from '../config/compiled.ts';
import {
  type AuthenticateVerdict,
  type CleaningVerdict,
  type Exchange,
  GIVEN_OWNER,
  Notes,
  type Principal,
  READS_NOTHING,
  type ReplyVerdict,
  type RoleTable,
  type Stage,
  type Step,
} from '../policy/index.ts';
import type { MessageStep } from './message-steps.ts';
import type { Plan } from './plan.ts';
import { type PlannedStep, plannedStep, type RequestStep } from './planned-step.ts';
import { ReplySteps } from './reply-steps.ts';

/** Whatever a step may say. */
type StepVerdict = AuthenticateVerdict | CleaningVerdict | ReplyVerdict;

/** What one step said in a rehearsal. `why` is for the operator: it may tell what clients are not told. */
export interface RehearsedStep {
  readonly stage: Stage;
  readonly policy: string;
  /** Whether its refusals are only noted. */
  readonly observed: boolean;
  /** Whether it was asked about the head alone, before the body was collected. */
  readonly head: boolean;
  /** `fault`: it threw, and the request is refused for it. `undecided`: whom it would ask whose the object is, nobody has given. */
  readonly verdict: Exclude<StepVerdict['kind'], 'note'> | 'fault' | 'undecided';
  readonly code: ProblemCode | null;
  readonly rule: string | null;
  readonly why: string | null;
  readonly errors: readonly ProblemError[];
}

/** Who hears what steps say, and of which request. */
export interface Heard {
  readonly trail: RehearsedStep[];
  /** What an owner service says, undefined where nobody knows. None is asked. */
  readonly owner: unknown;
  exchange: Exchange | null;
}

/** Stands for the issuer of a caller who was given, and for the policy that identified them. */
const GIVEN_CALLER = 'given caller';

/**
 * The plan that traffic walks, with two differences: what each step says is noted in `trail`, and where the caller is
 * given, that stands for the steps that would identify them. Nobody is identified where traffic has no such step.
 * `isAnswered`: it gets a reply of an upstream, of which steps may say something too.
 */
export function rehearsedPlan(plan: Plan, caller: Principal | null, heard: Heard, isAnswered = false): Plan {
  const { trail } = heard;
  const identifies = plan.signInNeeded || plan.request.some(({ stage }) => stage === 'authenticate');
  const request = caller === null || !identifies ? plan.request : withCaller(plan.request, caller);
  const messages = plan.messages.request.map((step) => notedMessage(step, trail));
  return {
    ...plan,
    request: request.map((planned) => noted(planned, heard)),
    messages: { ...plan.messages, request: messages },
    respond: isAnswered ? new ReplySteps(plan.respond.all.map((planned) => notedReply(planned, trail))) : plan.respond,
  };
}

/** A step of `respond` that tells what it says of a reply. */
function notedReply(planned: PlannedStep<'respond'>, trail: RehearsedStep[]): PlannedStep<'respond'> {
  const { step } = planned;
  const told = (verdict: ReplyVerdict): ReplyVerdict => {
    trail.push(said({ ...planned, observed: planned.observed || verdict.kind === 'note' }, verdict));
    return verdict;
  };
  const failed = failing(planned, trail);
  const run: typeof step.run = (...input) => {
    try {
      const verdict = step.run(...input);
      return verdict instanceof Promise ? verdict.then(told, failed) : told(verdict);
    } catch (fault) {
      return failed(fault);
    }
  };
  return { ...planned, step: { ...boundTo(step), run } };
}

/** All that a step of `respond` has, for one that runs in its place. */
function boundTo(step: Step<'respond'>): Omit<Step<'respond'>, 'run'> {
  const { reads, rare, withholds, standing, preflights } = step;
  return {
    reads,
    ...(rare === undefined ? {} : { rare }),
    ...(withholds === undefined ? {} : { withholds }),
    ...(standing === undefined ? {} : { standing }),
    ...(preflights === undefined ? {} : { preflights }),
    ...(step.concerns === undefined ? {} : { concerns: step.concerns.bind(step) }),
    ...(step.concernsBody === undefined ? {} : { concernsBody: step.concernsBody.bind(step) }),
    ...(step.replyHead === undefined ? {} : { replyHead: step.replyHead.bind(step) }),
    ...(step.message === undefined ? {} : { message: step.message.bind(step) }),
    ...(step.release === undefined ? {} : { release: step.release.bind(step) }),
  };
}

function failing(planned: PlannedStep<Stage>, trail: RehearsedStep[]): (fault: unknown) => never {
  return (fault) => {
    trail.push({ ...said(planned, null), why: fault instanceof Error ? fault.message : null });
    throw fault;
  };
}

/** The same, of a message: that it passes says nothing, beside what its policy said of the head. */
function notedMessage(step: MessageStep, trail: RehearsedStep[]): MessageStep {
  return {
    ...step,
    judge(exchange, message) {
      const verdict = step.judge(exchange, message);
      if (verdict.kind === 'deny') trail.push(said({ ...step, head: false }, { ...verdict, kind: 'deny' }));
      return verdict;
    },
  };
}

function withCaller(steps: readonly RequestStep[], principal: Principal): readonly RequestStep[] {
  const given = plannedStep(
    { stage: 'authenticate', policy: GIVEN_CALLER, observed: false, head: false },
    { reads: READS_NOTHING, run: () => ({ kind: 'identified', principal }) },
  );
  const admitting = steps.filter(({ stage }) => stage === 'admit');
  return [...admitting, given, ...steps.filter(({ stage }) => stage !== 'admit' && stage !== 'authenticate')];
}

/**
 * Somebody as a known issuer would vouch for them. What they may do is what their roles permit and what is given
 * besides, narrowed by scopes where there are any. Their sign-in is as old as is said, as of `nowMs`.
 */
export function principalOf(
  caller: Extract<CallerConfig, { kind: 'known' }>,
  roles: RoleTable,
  nowMs: number,
): Principal {
  const { acr, amr, authAgeMs, proof } = caller.assurance;
  const granted = [roles.permissionsOf(caller.roles), roles.named(caller.permissions)];
  const narrowing = caller.scopes === null ? null : roles.named(caller.scopes);
  const numbers = Array.from({ length: roles.permissionCount }, (_, number) => number);
  const held = numbers.filter((number) => granted.some((set) => set.has(number)) && (narrowing?.has(number) ?? true));
  return {
    kind: 'user',
    issuer: GIVEN_CALLER,
    subject: caller.subject,
    clientId: caller.clientId,
    credentialId: null,
    sessionId: null,
    tenant: caller.tenant,
    roles: caller.roles,
    scopes: caller.scopes,
    permissions: Bitset.of(roles.permissionCount, held),
    claims: caller.claims,
    ...(caller.attributes === undefined ? {} : { attributes: caller.attributes }),
    assurance: { acr, amr, authTimeMs: authAgeMs === null ? null : nowMs - authAgeMs },
    confirmation: proof === null ? null : CONFIRMATIONS[proof],
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    notes: new Notes(),
  };
}

const CONFIRMATIONS = { dpop: { key: '', certificate: null }, mtls: { key: null, certificate: '' } } as const;

/** The same step, which tells what it says. */
function noted(planned: RequestStep, heard: Heard): RequestStep {
  const { trail } = heard;
  // What goes in and comes out differs by stage, and passes through here as it is.
  const step = planned.step as Step<'authenticate'>;
  const told = (verdict: AuthenticateVerdict): AuthenticateVerdict => {
    const step = said(planned, verdict);
    trail.push(
      lacksOwner(heard.exchange) && !planned.observed ? { ...step, verdict: 'undecided', why: UNASKED } : step,
    );
    return verdict;
  };
  const failed = failing(planned as PlannedStep<Stage>, trail);
  const run: typeof step.run = (...input) => {
    [heard.exchange] = input;
    giveOwner(input[0], heard.owner);
    try {
      const verdict = step.run(...input);
      return verdict instanceof Promise ? verdict.then(told, failed) : told(verdict);
    } catch (fault) {
      return failed(fault);
    }
  };
  const { reads } = step;
  const release = step.release === undefined ? {} : { release: step.release.bind(step) };
  return { ...planned, step: { reads, run, ...release } } as RequestStep;
}

/** From here nobody is asked whose an object is, whatever ports the Snapshot was made with. */
function giveOwner(exchange: Exchange, owner: unknown): void {
  const given = exchange.slot(GIVEN_OWNER);
  given.from = owner === undefined ? 'nobody' : 'given';
  given.value = owner ?? null;
  given.missed = false;
}

function lacksOwner(exchange: Exchange | null): boolean {
  return exchange?.slot(GIVEN_OWNER).missed === true;
}

const UNASKED = 'the owner service would be asked, and nobody has said what it says';

type Place = Pick<RehearsedStep, 'stage' | 'policy' | 'observed' | 'head'>;

/** What a verdict says, in words that can be shown; null where there is none. */
function said({ stage, policy, observed, head }: Place, verdict: StepVerdict | null): RehearsedStep {
  const place = { stage, policy, observed, head };
  const nothing = { code: null, rule: null, why: null, errors: [] };
  switch (verdict?.kind) {
    case 'note':
    case 'deny': {
      const { code, internal, detail, errors = [] } = verdict.problem;
      const rule = verdict.rule ?? null;
      const why = internal ?? detail ?? null;
      return { ...place, verdict: 'deny', code, rule, why: why === rule ? null : why, errors };
    }
    case 'reply':
    case 'cleaned':
      return { ...place, ...nothing, verdict: verdict.kind, rule: verdict.rule ?? null };
    case 'pass':
    case 'abstain':
    case 'identified':
    case 'adjusted':
    case 'wait':
      return { ...place, ...nothing, verdict: verdict.kind };
    case undefined:
    default:
      // The types forbid any other, and it must not pass for a verdict all the same.
      return { ...place, ...nothing, verdict: 'fault' };
  }
}
