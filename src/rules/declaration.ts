import type { Type } from './type.ts';
import type { NamedValues } from './named-values.ts';

/**
 * What a name stands for. A `value` is read of what the condition is asked of; `undefined` means that it is not there,
 * and nothing that it gives is ever changed. A `group` holds other names and is no value itself; of one that it does not
 * have it gives null, perhaps with a word on why.
 */
export type Declaration<Input> =
  | { readonly kind: 'value'; readonly type: Type; readonly read: (input: Input) => unknown }
  | {
      readonly kind: 'group';
      readonly find: (name: string) => Declaration<Input> | Missing;
      readonly names: readonly string[];
    }
  | { readonly kind: 'named'; readonly values: NamedValues };

/** A name that a group does not have. `fix` is null where the names that it has say enough. */
export interface Missing {
  readonly kind: 'missing';
  readonly message: string;
  readonly fix: string | null;
}

/** A group whose names are all known. */
export function groupOf<Input>(members: Readonly<Record<string, Declaration<Input>>>): Declaration<Input> {
  const known = new Map(Object.entries(members));
  return {
    kind: 'group',
    names: [...known.keys()],
    find: (name) => known.get(name) ?? { kind: 'missing', message: 'there is nothing of this name', fix: null },
  };
}
