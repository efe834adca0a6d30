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
  readonly #sizes = new Map<object, Map<Multiplier, number | null>>();

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
    const value = this.#valueOf(written, multiplier.type);
    if (typeof value !== 'object' || value === null) return sizeIn(value, multiplier.way, assumed);
    const known = this.#sizes.get(value) ?? new Map<Multiplier, number | null>();
    const size = known.get(multiplier) ?? sizeIn(value, multiplier.way, assumed);
    this.#sizes.set(value, known.set(multiplier, size));
    return size;
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

/**
 * How many a value asks for: the largest number that it leads to; null for none. Of a list of objects it is the sum of what
 * each says, or is taken to say; a list of anything else asks for as many as it has.
 */
export function sizeIn(value: unknown, way: WayToSize, assumed: number): number | null {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (way === 'itself') return items.length;
    return items.reduce<number>((sum, item) => sum + (larger(null, sizeIn(item, way, assumed)) ?? assumed), 0);
  }
  if (way === 'itself') return numberIn(value);
  if (typeof value !== 'object' || value === null) return null;
  let asked: number | null = null;
  for (const [member, inner] of way) {
    asked = larger(asked, sizeIn((value as Record<string, unknown>)[member], inner, assumed));
  }
  return asked;
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
