import type { AccessRule, FieldRules, ObjectRule } from '../policy/index.ts';
import type { PolicyMode } from './policy-mode.ts';

/** A rule that refuses, or only records what it would have refused. */
export interface ModedRule extends AccessRule {
  readonly mode: PolicyMode;
}

/** Keys of an operation that may be told to observe only. */
export type ObservedKey = 'needs' | 'assurance' | 'object' | 'fields' | 'accepts';

/** What an operation says of who may do what, besides the permissions that it needs. */
export interface OperationAccess {
  /** Requests of which one of these holds are refused, whatever else permits them. */
  readonly deny: readonly ModedRule[];
  /** What must hold of requests. */
  readonly when: readonly ModedRule[];
  /** Whose objects a caller may reach; null for any. */
  readonly object: ObjectRule | null;
  /** The fields of replies that callers get; null for all. */
  readonly fields: FieldRules | null;
  /** The fields of requests that callers may set; null for all. */
  readonly accepts: FieldRules | null;
  /** Which of its keys only record what they would have refused. */
  readonly observe: readonly ObservedKey[];
}
