import { problemCatalogue, type ProblemCode, problemStatus } from '../base/index.ts';
import { type DecisionReason, refusalReason } from './decision-sentence.ts';
import type { RuleBook } from './rule-place.ts';

/** A refusal as the ledger holds it. */
export interface RecordedRefusal {
  /** An earlier version of this program may have had other codes. */
  readonly problem: string | null;
  readonly policy: string | null;
  readonly rule: string | null;
  /** `API/OPERATION`; null where the request led to none. */
  readonly operation: string | null;
  /** Whether it was known who called. Records hold nothing else of callers that a sentence could name. */
  readonly isKnown: boolean;
  /** Whether the rule only observes. */
  readonly isObserved: boolean;
}

/**
 * Says why a recorded request was refused, or would have been. `book` is the configuration that was in force then; where it
 * can't be had, `missing` says why, and the sentence has no more than the record.
 */
export function recordedReason(
  told: RecordedRefusal,
  found: { readonly book: RuleBook } | { readonly missing: string },
): DecisionReason {
  const { problem, policy, rule, operation, isKnown, isObserved } = told;
  const came = isObserved ? 'Would have been refused' : 'Refused';
  const code = knownCode(problem);
  const words = problem === null ? came : `${came} (${code === null ? '' : `${problemStatus(code)} `}${problem})`;
  if (code !== null && policy === null) {
    const reason = { rule, policy, file: null, line: null };
    return { sentence: `${words}: ${lowered(problemCatalogue[code].cause)}`, ...reason };
  }
  if (code !== null && operation !== null && 'book' in found) {
    const who = isKnown ? 'the caller' : 'somebody unknown';
    const refusal = { status: problemStatus(code), code, policy, rule, operation, why: null };
    return refusalReason(refusal, who, found.book, came);
  }
  const by = [policy, rule].filter((part) => part !== null).join(': ');
  const why = 'missing' in found ? ` ${found.missing}` : '';
  return { sentence: `${words}${by === '' ? '' : ` by ${by}`}.${why}`, rule, policy, file: null, line: null };
}

function knownCode(problem: string | null): ProblemCode | null {
  return problem !== null && Object.hasOwn(problemCatalogue, problem) ? (problem as ProblemCode) : null;
}

function lowered(words: string): string {
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}
