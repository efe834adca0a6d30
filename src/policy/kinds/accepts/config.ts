import type { FieldRules } from '../../field-rules.ts';

/** Which fields of requests callers may set, by operation name. Names are the author's. */
export interface AcceptsConfig {
  /** Whether clients are told which fields are refused. */
  readonly errors: 'plain' | 'helpful';
  readonly operations: Readonly<Record<string, FieldRules>>;
}
