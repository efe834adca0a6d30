import type { FieldRules } from '../../field-rules.ts';

/** Which fields of replies callers get, by operation name. Names are the author's. */
export interface FieldsConfig {
  readonly operations: Readonly<Record<string, FieldRules>>;
}
