import { type Cleaning, READS_NOTHING, type Step, type Steps } from '../policy/index.ts';
import { plannedStep, type RequestStep } from './planned-step.ts';

const READS_BODY = { request: 'parsed', response: 'none' } as const;

/** A policy and what it does to the requests of an operation. */
interface PolicySteps {
  readonly policy: string;
  readonly steps: Steps;
  readonly observed: boolean;
}

/**
 * What cleans requests, as steps: all that is done to queries first, then what is done to bodies, so that all heads behind
 * it are judged by cleaned queries before any body is collected.
 */
export function cleaningSteps(policies: readonly PolicySteps[]): readonly RequestStep[] {
  return [...stepsOf(policies, 'query'), ...stepsOf(policies, 'body')];
}

function stepsOf(policies: readonly PolicySteps[], part: keyof Cleaning): readonly RequestStep[] {
  return policies.flatMap(({ policy, observed, steps: { clean } }) => {
    const run = clean?.[part]?.bind(clean);
    if (run === undefined) return [];
    const head = part === 'query' && clean?.body !== undefined;
    // The runner knows this verdict of steps that are cleaning; types of stages do not.
    const step = { reads: part === 'body' ? READS_BODY : READS_NOTHING, run } as unknown as Step<'inspect'>;
    return [plannedStep({ stage: 'inspect', policy, observed, head, cleans: true }, step)];
  });
}
