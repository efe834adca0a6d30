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
  readonly observer: string | null;
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

/** Puts the steps of an operation's policies into the order of the stages; within a stage, in the order of the policies. */
export function makePlan(
  operation: OperationId,
  policies: readonly PolicySteps[],
  signInNeeded: boolean,
): Result<Plan, readonly Issue[]> {
  const issues = policies.flatMap((given) => issuesOf(given, operation));
  if (issues.length > 0) return err(issues);
  const request = withHeads(REQUEST_STAGES.flatMap((stage) => stepsOf(policies, stage) as readonly RequestStep[]));
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
  return policies.flatMap(({ policy, steps, observed }) => {
    const step: Step<S> | undefined = steps[stage];
    return step === undefined ? [] : [plannedStep({ stage, policy, observed, head: false }, step)];
  });
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

/** Stages in which the body has not been read yet, so that a stranger can't make the gateway collect one. */
const BEFORE_BODY: readonly Stage[] = ['admit', 'authenticate', 'authorize', 'limit'];

function issuesOf({ policy, path, steps }: PolicySteps, operation: OperationId): readonly Issue[] {
  const issue = (message: string): Issue => errorIssue(path, `${message} (${operation})`);
  return Object.keys(steps).flatMap((key) => {
    const stage = STAGES.find((name) => name === key);
    // A step that no stage runs would protect nothing.
    if (stage === undefined) return [issue(`${policy} has a step for the stage ${key}, which there is not`)];
    const reads = steps[stage]?.reads;
    if (reads === undefined) return [];
    const issues: Issue[] = [];
    if ((stage === 'respond' || stage === 'record') && steps[stage]?.head !== undefined) {
      issues.push(issue(`${policy} judges the head in ${stage}, where the request has long passed`));
    }
    if (isWhole(reads.request)) {
      if (BEFORE_BODY.includes(stage))
        issues.push(issue(`${policy} reads the body in ${stage}, before it may be collected`));
      // A request refused early has no body here, and a record must be made of it all the same.
      if (stage === 'record') issues.push(issue(`${policy} reads the whole body in record, which may be without one`));
    }
    if (reads.response !== 'none' && stage !== 'respond') {
      issues.push(issue(`${policy} reads the reply in ${stage}, where there is none to see`));
    }
    return issues;
  });
}

/** Whether this use of a body needs all of it. */
export function isWhole(use: BodyUse): boolean {
  return use === 'parsed' || use === 'raw';
}

function needOf(planned: readonly AnyStep[], side: 'request' | 'response'): BodyNeed {
  const uses = planned.map(({ step }) => step.reads[side]);
  const parsing = planned.filter(({ step }) => step.reads[side] === 'parsed');
  return {
    whole: uses.some(isWhole),
    parsed: parsing.length > 0,
    observer: parsing.every(({ observed }) => observed) ? (parsing[0]?.policy ?? null) : null,
    tap: uses.includes('tap'),
  };
}
