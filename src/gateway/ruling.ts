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

/** A policy that only observes would have refused `noted`. */
type Note = Pick<Ruling, 'rule'> & { readonly policy: string; readonly noted: Problem };

/**
 * The ruling behind a note: of a request that passes the first is what its intent records, and the first behind that its
 * completion. `told`: what the intent has recorded, if it has.
 */
export function observed(last: Ruling, told: Ruling, note: Note): Ruling {
  const isFirst = last === PASSED || (last === told && last.noted !== null);
  return isFirst ? { verdict: 'observed', ...note } : last;
}

/** Who decided on a request that was refused or cut for a problem, or (null) was not: who only noted another did neither. */
export function deciderOf(ruling: Ruling, problem: Problem | null): Pick<Ruling, 'policy' | 'rule'> {
  return problem !== null && ruling.noted !== null ? PASSED : ruling;
}
