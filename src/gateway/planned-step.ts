import type { BodyUse, REQUEST_STAGES, Stage, Step } from '../policy/index.ts';

/** A step with the policy it belongs to. */
export interface PlannedStep<S extends Stage> {
  readonly stage: S;
  readonly policy: string;
  /** Whether its refusals are only noted. */
  readonly observed: boolean;
  /** Whether this is the head of a step, which is asked before the body is collected. */
  readonly head: boolean;
  /** Whether it may give the request another query or body. */
  readonly cleans: boolean;
  /** What the step reads of the request's body, and whether it has a release: told here, for steps are of many shapes. */
  readonly reads: BodyUse;
  readonly releases: boolean;
  readonly step: Step<S>;
}

/** A step of one of the stages before the upstream. */
export type RequestStep = { [S in (typeof REQUEST_STAGES)[number]]: PlannedStep<S> }[(typeof REQUEST_STAGES)[number]];

/** A step of any stage. */
export type AnyStep = { [S in Stage]: PlannedStep<S> }[Stage];

/** A step in its place. All are of one shape, since every request reads them. */
export function plannedStep<S extends Stage>(
  place: Pick<PlannedStep<S>, 'stage' | 'policy' | 'observed' | 'head'> & { readonly cleans?: boolean },
  step: Step<S>,
): PlannedStep<S> {
  const { stage, policy, observed, head, cleans = false } = place;
  const releases = step.release !== undefined;
  return { stage, policy, observed, head, cleans, reads: step.reads.request, releases, step };
}
