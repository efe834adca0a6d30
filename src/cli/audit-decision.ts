import { parseObject } from '../audit/index.ts';
import type { ChangeRecord } from '../base/index.ts';

/** A decision for another program, as its record tells of it. `why` is what decided; `id` is the one that its answer bore. */
export interface RecordedDecision {
  readonly verdict: 'permit' | 'deny';
  readonly why: string;
  readonly who: string;
  readonly id: string;
}

/** Null for a change of another kind, or a record that holds no such decision. */
export function decisionOf({ action, before, after }: ChangeRecord): RecordedDecision | null {
  const verdict = (['permit', 'deny'] as const).find((each) => action === `decision.${each}`);
  const said = after === null ? null : parseObject(after);
  if (verdict === undefined || said === null) return null;
  const texts = ['code', 'policy', 'rule'].map((name) => said[name]).filter((text) => typeof text === 'string');
  const id = said['id'];
  return { verdict, why: texts.join(' '), who: before ?? '-', id: typeof id === 'string' ? id : '-' };
}
