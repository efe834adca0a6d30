import type { FieldRules } from '../../field-rules.ts';

/** Which fields of replies callers get, by operation name. Names are the author's. */
export interface FieldsConfig {
  readonly operations: Readonly<Record<string, FieldRules>>;
  /** The names of operations where it only observes: then nothing is told of what it would have changed. */
  readonly observed: readonly string[];
}
