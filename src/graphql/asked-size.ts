import type { FieldNode, GraphQLInputType, ValueNode, VariableValues } from 'graphql';
import { graphqlLibrary } from './library.ts';

/** Where in a value a number says how many: it is one itself, or some of its members lead to one. */
export type WayToSize = 'itself' | ReadonlyMap<string, WayToSize>;

/** An argument that says how many elements are wanted. */
export interface Multiplier {
  readonly argument: string;
  readonly type: GraphQLInputType;
  readonly way: WayToSize;
  /** How many where it is not given; null where it says none then. */
  readonly byDefault: number | null;
}

/** What a field is asked with, as far as it tells how many elements are wanted. */
export interface Multiplied {
  readonly multipliers: readonly Multiplier[];
  /** How many those of a list are taken to be that do not say it. */
  readonly assumed: number;
}

/**
 * How many elements the fields of one operation ask for. Each value is read once, however often fragments repeat it: what is
 * long costs no more for being asked for by many fields.
 */
export class AskedSizes {
  readonly #variables: VariableValues;
  readonly #given = new Map<ValueNode, unknown>();
  readonly #sums: KnownSums = new Map();

  constructor(variables: VariableValues) {
    this.#variables = variables;
  }

  /** The largest number that one of the multipliers has; null where none has one. */
  of(node: FieldNode, { multipliers, assumed }: Multiplied): number | null {
    let asked: number | null = null;
    for (const multiplier of multipliers) {
      asked = larger(asked, this.#sizeBy(node, multiplier, assumed));
    }
    return asked;
  }

  #sizeBy(node: FieldNode, multiplier: Multiplier, assumed: number): number | null {
    const written = node.arguments?.find(({ name }) => name.value === multiplier.argument)?.value;
    if (written === undefined || this.#isMissing(written)) return multiplier.byDefault;
    return sizeIn(this.#valueOf(written, multiplier.type), multiplier.way, { assumed, sums: this.#sums });
  }

  #isMissing(written: ValueNode): boolean {
    return written.kind === 'Variable' && !Object.hasOwn(this.#variables.coerced, written.name.value);
  }

  #valueOf(written: ValueNode, type: GraphQLInputType): unknown {
    if (this.#given.has(written)) return this.#given.get(written);
    const value = graphqlLibrary().coerceInputLiteral(written, type, this.#variables);
    this.#given.set(written, value);
    return value;
  }
}

/** What lists of objects were found to ask for: by the list, and by the way, which is that of one field. */
type KnownSums = Map<readonly unknown[], Map<WayToSize, number>>;

/** What is taken of those that do not say it, and what is known already. */
interface Reading {
  readonly assumed: number;
  readonly sums: KnownSums;
}

/**
 * How many a value asks for: the largest number that it leads to; null for none. Of a list of objects it is the sum of what
 * each says, or is taken to say; a list of anything else asks for as many as it has.
 */
export function sizeIn(value: unknown, way: WayToSize, reading: Reading): number | null {
  if (Array.isArray(value)) return way === 'itself' ? value.length : sumOf(value, way, reading);
  if (way === 'itself') return numberIn(value);
  if (typeof value !== 'object' || value === null) return null;
  let asked: number | null = null;
  for (const [member, inner] of way) {
    asked = larger(asked, sizeIn((value as Record<string, unknown>)[member], inner, reading));
  }
  return asked;
}

/** A list in a variable may be long, and stand in many values that are written anew each time. */
function sumOf(items: readonly unknown[], way: WayToSize, reading: Reading): number {
  const known = reading.sums.get(items) ?? new Map<WayToSize, number>();
  const sum =
    known.get(way) ??
    items.reduce<number>((all, item) => all + (larger(null, sizeIn(item, way, reading)) ?? reading.assumed), 0);
  reading.sums.set(items, known.set(way, sum));
  return sum;
}

/** A custom scalar may be written as text. What is beyond all numbers is not none. */
function numberIn(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

/** What asks for none or fewer asks for all at some servers, and counts as if it were not there. */
function larger(one: number | null, other: number | null): number | null {
  return other === null || other < 1 ? one : Math.max(one ?? 0, other);
}
