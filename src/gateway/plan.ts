import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { type BodyUse, type OperationId, REQUEST_STAGES, type Stage, type Step, type Steps } from '../policy/index.ts';

/** A step with the policy it belongs to. */
export interface PlannedStep<S extends Stage> {
  readonly stage: S;
  readonly policy: string;
  readonly step: Step<S>;
}

/** A step of one of the stages before the upstream. */
export type RequestStep = { [S in (typeof REQUEST_STAGES)[number]]: PlannedStep<S> }[(typeof REQUEST_STAGES)[number]];

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
  readonly tap: boolean;
}

/** The steps one policy gives an operation. */
export interface PolicySteps {
  readonly policy: string;
  readonly steps: Steps;
}

/** Stages in which the body has not been read yet, so that a stranger can't make the gateway collect one. */
const BEFORE_BODY: readonly Stage[] = ['admit', 'authenticate', 'authorize', 'limit'];

/** Puts the steps of an operation's policies into the order of the stages; within a stage, in the order of the policies. */
export function makePlan(operation: OperationId, policies: readonly PolicySteps[], signInNeeded: boolean): Result<Plan, readonly Issue[]> {
  const issues: Issue[] = [];
  const request: RequestStep[] = [];
  for (const stage of REQUEST_STAGES) {
    for (const { policy, steps } of policies) {
      const step = steps[stage];
      if (step === undefined) continue;
      if (BEFORE_BODY.includes(stage) && isWhole(step.reads.request)) {
        issues.push(errorIssue(operation, `policy ${policy} reads the body in ${stage}, before it may be collected`));
      }
      request.push({ stage, policy, step } as RequestStep);
    }
  }
  const respond = policies.flatMap(({ policy, steps }) => (steps.respond === undefined ? [] : [{ stage: 'respond' as const, policy, step: steps.respond }]));
  const record = policies.flatMap(({ policy, steps }) => (steps.record === undefined ? [] : [{ stage: 'record' as const, policy, step: steps.record }]));
  if (issues.length > 0) return err(issues);
  const all = [...request, ...respond, ...record];
  return ok({
    request,
    respond,
    record,
    signInNeeded,
    readsRequest: needOf(all.map((planned) => planned.step.reads.request)),
    readsResponse: needOf(all.map((planned) => planned.step.reads.response)),
  });
}

/** Whether this use of a body needs all of it. */
export function isWhole(use: BodyUse): boolean {
  return use === 'parsed' || use === 'raw';
}

function needOf(uses: readonly BodyUse[]): BodyNeed {
  return { whole: uses.some(isWhole), tap: uses.includes('tap') };
}
