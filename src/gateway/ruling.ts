import {
  type Observations,
  OBSERVED_RULES_LIMIT,
  type ObservedRule,
  type Problem,
  type RecordedVerdict,
} from '../base/index.ts';

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

/** What rules that only observe would have refused of one request: made with the first. */
export class ObservedRules {
  readonly #seen: ObservedRule[] = [];
  #told = 0;
  #more = 0;

  /** A rule that is asked again says nothing new. What is beyond the limit is counted, and not looked for any more. */
  add({ rule, policy, noted }: Note): void {
    const problem = noted.code;
    const isSame = (each: ObservedRule): boolean =>
      each.rule === rule && each.policy === policy && each.problem === problem;
    if (this.#seen.some(isSame)) return;
    if (this.#seen.length < OBSERVED_RULES_LIMIT) this.#seen.push({ problem, policy, rule });
    else this.#more++;
  }

  /** What no record has told, for the one that does now. */
  take(): Observations {
    const observed = this.#seen.slice(this.#told);
    const observedMore = this.#more;
    this.#told = this.#seen.length;
    this.#more = 0;
    return { ...(observed.length === 0 ? {} : { observed }), ...(observedMore === 0 ? {} : { observedMore }) };
  }
}

/** Who decided on a request that was refused or cut for a problem, or (null) was not: who only noted another did neither. */
export function deciderOf(ruling: Ruling, problem: Problem | null): Pick<Ruling, 'policy' | 'rule'> {
  return problem !== null && ruling.noted !== null ? PASSED : ruling;
}
