import type { Expression } from '../../../rules/index.ts';

/** A condition that requests of an operation must meet. `expression` was read from `text`; `path` is its key path. */
export interface ConditionRule {
  readonly text: string;
  readonly expression: Expression;
  /** What clients are told where it is not met; null for nothing. */
  readonly message: string | null;
  readonly path: string;
}

/**
 * Values with a name, or where they come from: a file that was gathered under its path, as the JSON text of a list.
 * A file of numbers says them as numbers.
 */
export type ValuesSource =
  | { readonly kind: 'list'; readonly list: readonly (string | number)[] }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  | { readonly kind: 'file'; readonly file: string; readonly of: 'texts' | 'numbers' };

/** The conditions of an API. `operations` is by operation name; names are the author's, as those of `values`. */
export interface ConditionsConfig {
  /** `helpful` tells clients the messages of what is not met. */
  readonly errors: 'plain' | 'helpful';
  readonly operations: Readonly<Record<string, readonly ConditionRule[]>>;
  readonly values: Readonly<Record<string, ValuesSource>>;
}
