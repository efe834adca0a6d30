import { numberOf } from './value.ts';

/** Values that the configuration gives a name: a list of texts and numbers, or all numbers from one to another. */
export type NamedValues =
  | { readonly kind: 'list'; readonly list: readonly (string | number)[]; readonly known: ReadonlySet<unknown> }
  | { readonly kind: 'range'; readonly from: number; readonly to: number };

/** A list that is asked for one of its values in the same time, however long it is. */
export function namedList(list: readonly (string | number)[]): NamedValues {
  return { kind: 'list', list, known: new Set<unknown>(list) };
}

/** Whether a value is on the list. Of values that are no text and no number none is. */
export function isNamed(known: ReadonlySet<unknown>, value: unknown): boolean {
  return known.has(typeof value === 'string' ? value : numberOf(value));
}
