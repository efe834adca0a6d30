import type { AccessRule } from '../../access-rule.ts';
import type { ValuesSource } from '../conditions/config.ts';

/** Whose objects a caller may reach by an operation. */
export interface ObjectRule extends AccessRule {
  /** What a caller is told of an object that is not theirs: that there is none, or that they may not. */
  readonly otherwise: 'not-found' | 'forbidden';
}

/** The rules on objects of an API, by operation name. Names are the author's, as those of `values`. */
export interface ObjectConfig {
  readonly operations: Readonly<Record<string, ObjectRule>>;
  readonly values: Readonly<Record<string, ValuesSource>>;
}
