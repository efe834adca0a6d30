import type { PolicyKind } from '../policy/index.ts';

/** The kinds of policy there are. The name of a kind's policies is the key they stand under. */
export type KindTable = ReadonlyMap<string, PolicyKind<unknown>>;

type AnyKind = Omit<PolicyKind<never>, 'schema'> & { readonly schema: PolicyKind<unknown>['schema'] };

/** A kind's own type of options is its own business. */
export function kindTable(kinds: readonly AnyKind[]): KindTable {
  return new Map(kinds.map((kind) => [kind.kind, kind as unknown as PolicyKind<unknown>]));
}
