import type { FieldNode, GraphQLField, GraphQLOutputType, ValueNode } from 'graphql';
import type { CostRules } from './bounds.ts';
import { saidCost } from './cost-directives.ts';
import { graphqlLibrary } from './library.ts';
import { type FieldsType, isFieldsType, type ReadSchema } from './schema.ts';

/** What is known of a field's cost before a request. */
export interface FieldCost {
  /** For asking at all. */
  readonly own: number;
  /** Of each object or value that it gives. */
  readonly each: number;
  /** How many lists within each other it gives; 0 for none. */
  readonly lists: number;
  /** How many elements a list has where no argument says it. */
  readonly assumed: number;
  /** The arguments that say how many. */
  readonly multipliers: readonly string[];
  /** The fields of what it gives whose number those arguments say, where it gives no list itself; as with connections. */
  readonly sized: ReadonlySet<string>;
}

/** Arguments of which the field knows no other meaning than how many elements are wanted. */
const USUAL_MULTIPLIERS = ['first', 'last', 'limit', 'pageSize', 'take'];
/** What connections call their lists. */
const USUAL_LISTS = ['edges', 'nodes', 'items'];

/** The costs of the fields of a schema, each worked out when it is first asked for. */
export class FieldCosts {
  readonly #schema: ReadSchema;
  readonly #rules: CostRules;
  readonly #known = new Map<string, FieldCost>();

  constructor(schema: ReadSchema, rules: CostRules) {
    this.#schema = schema;
    this.#rules = rules;
  }

  /** Of a field as it is asked of a type. Of an interface it is that of its dearest object. */
  of(type: FieldsType, field: GraphQLField<unknown, unknown>): FieldCost {
    const coordinate = `${type.name}.${field.name}`;
    const known = this.#known.get(coordinate) ?? this.#work(type, field);
    this.#known.set(coordinate, known);
    return known;
  }

  #work(type: FieldsType, field: GraphQLField<unknown, unknown>): FieldCost {
    const own = this.#single(type, field);
    if (!graphqlLibrary().isInterfaceType(type)) return own;
    const others = this.#schema.schema.getPossibleTypes(type).flatMap((object) => {
      const same = object.getFields()[field.name];
      return same === undefined ? [] : [this.#single(object, same)];
    });
    return others.reduce(
      (dearest, each) => ({
        own: Math.max(dearest.own, each.own),
        each: Math.max(dearest.each, each.each),
        lists: dearest.lists,
        assumed: Math.max(dearest.assumed, each.assumed),
        multipliers: [...new Set([...dearest.multipliers, ...each.multipliers])],
        sized: new Set([...dearest.sized, ...each.sized]),
      }),
      own,
    );
  }

  #single(type: FieldsType, field: GraphQLField<unknown, unknown>): FieldCost {
    const { isLeafType, getNamedType } = graphqlLibrary();
    const { object, scalar, list, fields } = this.#rules;
    const coordinate = `${type.name}.${field.name}`;
    const rule = Object.hasOwn(fields, coordinate) ? fields[coordinate] : undefined;
    const said = saidCost(field.astNode);
    const given = getNamedType(field.type);
    const { lists } = unwrapped(field.type);
    const multipliers = rule?.multipliers ?? said.slicing ?? usualMultipliers(field);
    return {
      own: rule?.cost ?? said.weight ?? 0,
      each: isLeafType(given) ? scalar : (saidCost(given.astNode).weight ?? object),
      lists,
      assumed: said.assumed ?? list,
      multipliers,
      sized: lists > 0 ? new Set() : new Set(said.sized ?? usualLists(given)),
    };
  }
}

/** Those that say it themselves, as `first`, and those of an object that is given to the field, as `page.first`. */
function usualMultipliers({ args }: GraphQLField<unknown, unknown>): readonly string[] {
  const { getNamedType, isInputObjectType } = graphqlLibrary();
  return args.flatMap(({ name, type }) => {
    const given = getNamedType(type);
    if (!isInputObjectType(given)) return isCount(type) && USUAL_MULTIPLIERS.includes(name) ? [name] : [];
    const fields = given.getFields();
    return USUAL_MULTIPLIERS.flatMap((field) =>
      Object.hasOwn(fields, field) && isCount(fields[field]?.type) ? [`${name}.${field}`] : [],
    );
  });
}

function isCount(type: unknown): boolean {
  return String(type).replace('!', '') === 'Int';
}

function usualLists(type: ReturnType<ReadSchema['schema']['getType']>): readonly string[] {
  if (!isFieldsType(type)) return [];
  const fields = type.getFields();
  return USUAL_LISTS.filter((name) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return field !== undefined && unwrapped(field.type).lists > 0;
  });
}

function unwrapped(type: GraphQLOutputType): { readonly lists: number } {
  const { isListType, isNonNullType } = graphqlLibrary();
  let lists = 0;
  let inner: unknown = type;
  while (isListType(inner) || isNonNullType(inner)) {
    if (isListType(inner)) lists++;
    inner = inner.ofType;
  }
  return { lists };
}

/**
 * How many elements the arguments of a field ask for: the largest number that one of its multipliers has; null where none
 * has one. What asks for none or fewer asks for all at some servers, and counts as if it were not there.
 */
export function askedSize(
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  { multipliers }: FieldCost,
  variables: Readonly<Record<string, unknown>>,
): number | null {
  let asked: number | null = null;
  for (const multiplier of multipliers) {
    const [name = '', member] = multiplier.split('.');
    const written = node.arguments?.find((argument) => argument.name.value === name)?.value;
    const value =
      member === undefined
        ? plainNumber(written, variables, defaultOf(field, name))
        : memberOf(written, variables, { field, name, member });
    if (value !== null && value >= 1) asked = Math.max(asked ?? 0, value);
  }
  return asked;
}

function plainNumber(
  written: ValueNode | undefined,
  variables: Readonly<Record<string, unknown>>,
  otherwise: number | null,
): number | null {
  return written === undefined ? otherwise : numberOf(written, variables, otherwise);
}

function numberOf(
  node: ValueNode,
  variables: Readonly<Record<string, unknown>>,
  otherwise: number | null,
): number | null {
  if (node.kind === 'IntValue' || node.kind === 'FloatValue') return Number(node.value);
  // A custom scalar may be written as text.
  if (node.kind === 'StringValue') return finite(Number(node.value));
  if (node.kind !== 'Variable') return null;
  const name = node.name.value;
  if (!Object.hasOwn(variables, name)) return otherwise;
  const value = variables[name];
  return typeof value === 'number' || typeof value === 'string' ? finite(Number(value)) : null;
}

/** A multiplier within an object. */
interface Member {
  readonly field: GraphQLField<unknown, unknown>;
  readonly name: string;
  readonly member: string;
}

/** The number that a member of an object has, as it is written, in a variable, or by default. */
function memberOf(
  written: ValueNode | undefined,
  variables: Readonly<Record<string, unknown>>,
  { field, name, member }: Member,
): number | null {
  const { getNamedType, isInputObjectType } = graphqlLibrary();
  const argument = field.args.find((each) => each.name === name);
  const type = argument === undefined ? undefined : getNamedType(argument.type);
  const usual = isInputObjectType(type) ? type.getFields()[member]?.astNode?.defaultValue : undefined;
  const otherwise = usual === undefined ? null : numberOf(usual, {}, null);
  const given = written?.kind === 'Variable' && !Object.hasOwn(variables, written.name.value) ? undefined : written;
  const node = given ?? argument?.astNode?.defaultValue;
  if (node?.kind === 'Variable') {
    const value = variables[node.name.value];
    const held = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[member] : undefined;
    return typeof held === 'number' ? finite(held) : null;
  }
  if (node?.kind !== 'ObjectValue') return null;
  const own = node.fields.find((each) => each.name.value === member)?.value;
  return plainNumber(own, variables, otherwise);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function defaultOf({ args }: GraphQLField<unknown, unknown>, name: string): number | null {
  const node = args.find((argument) => argument.name === name)?.astNode?.defaultValue;
  return node === undefined ? null : numberOf(node, {}, null);
}
