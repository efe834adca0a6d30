import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import {
  type Exchange,
  type OperationId,
  PASS,
  READS_NOTHING,
  REQUEST_STAGES,
  type Stage,
  STAGES,
  type Step,
  type Steps,
  type Verdict,
} from '../policy/index.ts';
import { type BodyNeed, isWhole, needOf } from './body-need.ts';
import { type MessageSteps, messageStepsOf } from './message-steps.ts';
import { type AnyStep, type PlannedStep, plannedStep, type RequestStep } from './planned-step.ts';
import { cleaningSteps } from './cleaning-steps.ts';
import { ReplySteps } from './reply-steps.ts';

/** What is done with the requests of one operation: its steps in the order of the stages, and what they read. */
export interface Plan {
  readonly request: readonly RequestStep[];
  readonly respond: ReplySteps;
  readonly record: readonly PlannedStep<'record'>[];
  /** Whether a caller that nobody could identify is refused. */
  readonly signInNeeded: boolean;
  readonly readsRequest: BodyNeed;
  /** What judges the messages of a gRPC call. */
  readonly messages: MessageSteps;
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
 * `inspected` runs when all of `inspect` have passed. In plain loops, since every plan of a configuration is built when it is verified.
 */
export function makePlan(
  operation: OperationId,
  policies: readonly PolicySteps[],
  signInNeeded: boolean,
  inspected: RequestStep | null = null,
): Result<Plan, readonly Issue[]> {
  const issues: Issue[] = [];
  for (const given of policies) issues.push(...issuesOf(given, operation));
  if (issues.length > 0) return err(issues);
  const inStages: RequestStep[] = [];
  for (const stage of REQUEST_STAGES) {
    if (stage === 'inspect') inStages.push(...cleaningSteps(policies));
    inStages.push(...(stepsOf(policies, stage) as readonly RequestStep[]));
    if (stage === 'inspect' && inspected !== null) inStages.push(inspected);
  }
  const request = withHeads(inStages);
  const respond = withReplyHeads(stepsOf(policies, 'respond'));
  const record = stepsOf(policies, 'record');
  const all: readonly AnyStep[] = [...request, ...respond, ...record];
  return ok({
    request,
    respond: new ReplySteps(respond),
    record,
    signInNeeded,
    readsRequest: needOf(all, 'request'),
    messages: messageStepsOf(all),
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
  const head = { reads: READS_NOTHING, run } as Step<RequestStep['stage']>;
  return [plannedStep({ stage, policy, observed, head: true }, head) as RequestStep];
}

/** The steps of `respond` with their heads, each before its step. A head is about replies of the upstream's alone. */
function withReplyHeads(steps: readonly PlannedStep<'respond'>[]): readonly PlannedStep<'respond'>[] {
  return steps.flatMap((planned) => {
    const { policy, observed, step } = planned;
    if (step.replyHead === undefined) return [planned];
    const head: Step<'respond'> = {
      reads: READS_NOTHING,
      concerns: (_exchange, { source }) => source === 'upstream',
      run: (exchange, reply, editor) => step.replyHead?.(exchange, reply, editor) ?? PASS,
    };
    return [plannedStep({ stage: 'respond', policy, observed, head: true }, head), planned];
  });
}

const STAGE_BY_NAME: ReadonlyMap<string, Stage> = new Map(STAGES.map((stage) => [stage, stage]));

/** Stages in which the body has not been read yet, so that a stranger can't make the gateway collect one. */
const BEFORE_BODY: readonly Stage[] = ['admit', 'authenticate', 'authorize', 'limit'];

function issuesOf({ policy, path, steps }: PolicySteps, operation: OperationId): readonly Issue[] {
  const issues: Issue[] = [];
  const complain = (message: string): void => void issues.push(errorIssue(path, `${message} (${operation})`));
  for (const key of Object.keys(steps)) {
    if (key === 'clean') continue;
    const stage = STAGE_BY_NAME.get(key);
    // A step that no stage runs would protect nothing.
    if (stage === undefined) complain(`${policy} has a step for the stage ${key}, which there is not`);
    const step = stage === undefined ? undefined : steps[stage];
    if (stage === undefined || step === undefined) continue;
    const { reads } = step;
    if (step.message !== undefined && stage !== 'inspect' && stage !== 'decide' && stage !== 'respond') {
      complain(`${policy} judges messages in ${stage}, where none come by`);
    }
    if (stage !== 'respond' && step.withholds !== undefined) {
      complain(`${policy} keeps parts of replies back in ${stage}, where there are none`);
    }
    if (stage !== 'respond' && (step.concerns !== undefined || step.concernsBody !== undefined || step.rare === true)) {
      complain(`${policy} chooses replies in ${stage}, where there are none`);
    }
    if (stage !== 'respond' && step.replyHead !== undefined) {
      complain(`${policy} judges heads of replies in ${stage}, where there are none`);
    }
    if ((stage === 'respond' || stage === 'record') && step.head !== undefined) {
      complain(`${policy} judges the head in ${stage}, where the request has long passed`);
    }
    if (isWhole(reads.request)) {
      if (BEFORE_BODY.includes(stage)) complain(`${policy} reads the body in ${stage}, before it may be collected`);
      // A request refused early has no body here, and a record must be made of it all the same.
      if (stage === 'record') complain(`${policy} reads the whole body in record, which may be without one`);
    }
    if (reads.request === 'start') complain(`${policy} reads the start of a request, which only replies have`);
    if (step.concernsBody !== undefined && !isWhole(reads.response)) {
      complain(`${policy} chooses bodies that it does not read whole`);
    }
    if ((reads.response === 'start' || step.concernsBody !== undefined) && step.concerns === undefined) {
      complain(`${policy} reads the start of every reply, so that none would go on as it comes`);
    }
    if (reads.response !== 'none' && stage !== 'respond') {
      complain(`${policy} reads the reply in ${stage}, where there is none to see`);
    }
  }
  return issues;
}

/** Whether a step must read a reply whole, and does not only observe: then none without an end can pass. */
export function mustReadReply({ whole, wholeObserver }: BodyNeed): boolean {
  return whole && wholeObserver === null;
}
