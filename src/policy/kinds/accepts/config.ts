import type { FieldRules } from '../../field-rules.ts';

/** Which fields of requests callers may set, by operation name. Names are the author's. */
export interface AcceptsConfig {
  readonly operations: Readonly<Record<string, FieldRules>>;
}
