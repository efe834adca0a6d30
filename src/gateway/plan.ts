import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import {
  type BodyUse,
  type Exchange,
  type OperationId,
  REQUEST_STAGES,
  type Stage,
  STAGES,
  type Step,
  type Steps,
  type Verdict,
} from '../policy/index.ts';

/** A step with the policy it belongs to. */
export interface PlannedStep<S extends Stage> {
  readonly stage: S;
  readonly policy: string;
  /** Whether its refusals are only noted. */
  readonly observed: boolean;
  /** Whether this is the head of a step, which is asked before the body is collected. */
  readonly head: boolean;
  /** What the step reads of the request's body, and whether it has a release: told here, for steps are of many shapes. */
  readonly reads: BodyUse;
  readonly releases: boolean;
  readonly step: Step<S>;
}

/** A step of one of the stages before the upstream. */
export type RequestStep = { [S in (typeof REQUEST_STAGES)[number]]: PlannedStep<S> }[(typeof REQUEST_STAGES)[number]];

/** A step of any stage. */
export type AnyStep = { [S in Stage]: PlannedStep<S> }[Stage];

/** What is done with the requests of one operation: its steps in the order of the stages, and what they read. */
export interface Plan {
  readonly request: readonly RequestStep[];
  readonly respond: readonly PlannedStep<'respond'>[];
  readonly record: readonly PlannedStep<'record'>[];
  /** Whether a caller that nobody could identify is refused. */
  readonly signInNeeded: boolean;
  readonly readsRequest: BodyNeed;
  readonly readsResponse: BodyNeed;
}

/** What the steps together want of a body. */
export interface BodyNeed {
  /** It must be there whole before a step runs. */
  readonly whole: boolean;
  readonly parsed: boolean;
  /** The policy that asks for it parsed, where all that do only observe: then one that can't be read passes. Else null. */
  readonly parsedObserver: string | null;
  /** The policy that asks for it whole, where all that do only observe: then one whose coding can't be undone passes. Else null. */
  readonly wholeObserver: string | null;
  readonly tap: boolean;
}

/** The steps one policy gives an operation, and the key path of the policy. */
export interface PolicySteps {
  readonly policy: string;
  readonly path: string;
  readonly steps: Steps;
  /** Whether it only observes. */
  readonly observed: boolean;
}

/**
 * Puts the steps of an operation's policies into the order of the stages; within a stage, in the order of the policies.
 * In plain loops, since every plan of a configuration is built when it is verified.
 */
export function makePlan(
  operation: OperationId,
  policies: readonly PolicySteps[],
  signInNeeded: boolean,
): Result<Plan, readonly Issue[]> {
  const issues: Issue[] = [];
  for (const given of policies) issues.push(...issuesOf(given, operation));
  if (issues.length > 0) return err(issues);
  const inStages: RequestStep[] = [];
  for (const stage of REQUEST_STAGES) inStages.push(...(stepsOf(policies, stage) as readonly RequestStep[]));
  const request = withHeads(inStages);
  const respond = stepsOf(policies, 'respond');
  const record = stepsOf(policies, 'record');
  const all: readonly AnyStep[] = [...request, ...respond, ...record];
  return ok({
    request,
    respond,
    record,
    signInNeeded,
    readsRequest: needOf(all, 'request'),
    readsResponse: needOf(respond, 'response'),
  });
}

function stepsOf<S extends Stage>(policies: readonly PolicySteps[], stage: S): readonly PlannedStep<S>[] {
  const planned: PlannedStep<S>[] = [];
  for (const { policy, steps, observed } of policies) {
    const step: Step<S> | undefined = steps[stage];
    if (step !== undefined) planned.push(plannedStep({ stage, policy, observed, head: false }, step));
  }
  return planned;
}

/** A step in its place. All are of one shape, since every request reads them. */
export function plannedStep<S extends Stage>(
  { stage, policy, observed, head }: Pick<PlannedStep<S>, 'stage' | 'policy' | 'observed' | 'head'>,
  step: Step<S>,
): PlannedStep<S> {
  return { stage, policy, observed, head, reads: step.reads.request, releases: step.release !== undefined, step };
}

/** The steps with their heads: each before its step, and all of them before the first step that reads the body. */
function withHeads(steps: readonly RequestStep[]): readonly RequestStep[] {
  if (steps.every(({ step }) => step.head === undefined)) return steps;
  const found = steps.findIndex(({ step }) => isWhole(step.reads.request));
  const reader = found < 0 ? steps.length : found;
  const early = steps.slice(0, reader).flatMap((planned) => [...headOf(planned), planned]);
  const late = steps.slice(reader);
  return [...early, ...late.flatMap(headOf), ...late];
}

function headOf(planned: RequestStep): readonly RequestStep[] {
  const { step } = planned;
  if (step.head === undefined) return [];
  const run = (exchange: Exchange): Verdict | undefined => step.head?.(exchange);
  const { stage, policy, observed } = planned;
  const head = { reads: NO_BODY, run } as Step<RequestStep['stage']>;
  return [plannedStep({ stage, policy, observed, head: true }, head) as RequestStep];
}

const NO_BODY = { request: 'none', response: 'none' } as const;

const STAGE_BY_NAME: ReadonlyMap<string, Stage> = new Map(STAGES.map((stage) => [stage, stage]));

/** Stages in which the body has not been read yet, so that a stranger can't make the gateway collect one. */
const BEFORE_BODY: readonly Stage[] = ['admit', 'authenticate', 'authorize', 'limit'];

function issuesOf({ policy, path, steps }: PolicySteps, operation: OperationId): readonly Issue[] {
  const issues: Issue[] = [];
  const complain = (message: string): void => void issues.push(errorIssue(path, `${message} (${operation})`));
  for (const key of Object.keys(steps)) {
    const stage = STAGE_BY_NAME.get(key);
    // A step that no stage runs would protect nothing.
    if (stage === undefined) complain(`${policy} has a step for the stage ${key}, which there is not`);
    const step = stage === undefined ? undefined : steps[stage];
    if (stage === undefined || step === undefined) continue;
    const { reads } = step;
    if ((stage === 'respond' || stage === 'record') && step.head !== undefined) {
      complain(`${policy} judges the head in ${stage}, where the request has long passed`);
    }
    if (isWhole(reads.request)) {
      if (BEFORE_BODY.includes(stage)) complain(`${policy} reads the body in ${stage}, before it may be collected`);
      // A request refused early has no body here, and a record must be made of it all the same.
      if (stage === 'record') complain(`${policy} reads the whole body in record, which may be without one`);
    }
    if (reads.response !== 'none' && stage !== 'respond') {
      complain(`${policy} reads the reply in ${stage}, where there is none to see`);
    }
  }
  return issues;
}

/** Whether this use of a body needs all of it. */
export function isWhole(use: BodyUse): boolean {
  return use === 'parsed' || use === 'raw';
}

/** Whether a step must read the reply whole, and does not only observe: then none without an end can pass. */
export function mustReadReply({ readsResponse }: Plan): boolean {
  return readsResponse.whole && readsResponse.wholeObserver === null;
}

function needOf(planned: readonly AnyStep[], side: 'request' | 'response'): BodyNeed {
  let tap = false;
  let parsing: AnyStep | null = null;
  let binding = false;
  let reading: AnyStep | null = null;
  let readingBinds = false;
  for (const each of planned) {
    const use = each.step.reads[side];
    if (isWhole(use)) {
      reading ??= each;
      readingBinds ||= !each.observed;
    }
    tap ||= use === 'tap';
    if (use !== 'parsed') continue;
    parsing ??= each;
    binding ||= !each.observed;
  }
  const parsedObserver = parsing === null || binding ? null : parsing.policy;
  const wholeObserver = reading === null || readingBinds ? null : reading.policy;
  return { whole: reading !== null, parsed: parsing !== null, parsedObserver, wholeObserver, tap };
}
