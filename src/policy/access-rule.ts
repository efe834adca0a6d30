import type { Expression } from '../rules/index.ts';

/**
 * A condition on who may do what. `expression` was read from `text`; `id` names it in records and answers, and `path` is
 * its key path.
 */
export interface AccessRule {
  readonly id: string;
  readonly text: string;
  readonly expression: Expression;
  /** What clients are told where it refuses them; null for nothing. */
  readonly message: string | null;
  readonly path: string;
}
