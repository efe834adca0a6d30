import type { AccessRule } from '../../access-rule.ts';
import type { ValuesSource } from '../conditions/config.ts';

/**
 * What nobody may do (`deny`, of the gateway and of the API, and by operation name besides) and what must hold of requests
 * of an operation (`when`). Names are the author's, as those of `values`.
 */
export interface AccessRulesConfig {
  /** `helpful` tells clients the messages of the rules that refuse them. */
  readonly errors: 'plain' | 'helpful';
  /** Whether all rules are asked, and not only those up to the first that refuses: what only observes tells of each. */
  readonly all?: true;
  readonly deny: readonly AccessRule[];
  readonly operations: Readonly<
    Record<string, { readonly deny: readonly AccessRule[]; readonly when: readonly AccessRule[] }>
  >;
  /** Operations that anybody may call, by name, and those that not, where `openByDefault` says otherwise of the rest. */
  readonly open: readonly string[];
  readonly closed: readonly string[];
  readonly openByDefault: boolean;
  readonly values: Readonly<Record<string, ValuesSource>>;
}
