import type { Problem, RecordedVerdict } from '../base/index.ts';

/** Who decided what of a request. */
export interface Ruling {
  readonly verdict: RecordedVerdict;
  readonly policy: string | null;
  readonly rule: string | null;
  /** What a policy that only observes would have refused. */
  readonly noted: Problem | null;
}

/** Nobody objects. */
export const PASSED: Ruling = { verdict: 'pass', policy: null, rule: null, noted: null };

/** Somebody decided. */
export function decided(verdict: RecordedVerdict, policy: string | null, rule: string | null): Ruling {
  return { verdict, policy, rule, noted: null };
}

/** A policy that only observes would have refused: the first is what is recorded, of a request that passes. */
export function observed(last: Ruling, problem: Problem, policy: string, rule: string | null): Ruling {
  return last === PASSED ? { verdict: 'observed', policy, rule, noted: problem } : last;
}

/** Who decided on a request that was refused or cut for a problem, or (null) was not: who only noted another did neither. */
export function deciderOf(ruling: Ruling, problem: Problem | null): Pick<Ruling, 'policy' | 'rule'> {
  return problem !== null && ruling.noted !== null ? PASSED : ruling;
}
