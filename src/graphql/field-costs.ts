import type { GraphQLArgument, GraphQLField, GraphQLInputType, GraphQLNamedType, GraphQLOutputType } from 'graphql';
import { type Multiplied, type Multiplier, sizeIn, type WayToSize } from './asked-size.ts';
import type { CostRules } from './bounds.ts';
import { saidCost } from './cost-directives.ts';
import { graphqlLibrary } from './library.ts';
import { type FieldsType, isFieldsType, type ReadSchema } from './schema.ts';

/** What is known of a field's cost before a request. */
export interface FieldCost extends Multiplied {
  /** For asking at all. */
  readonly own: number;
  /** Of each object or value that it gives. */
  readonly each: number;
  /** How many lists within each other it gives; 0 for none. */
  readonly lists: number;
  /** The fields of what it gives whose number those arguments say, where it gives no list itself; as with connections. */
  readonly sized: ReadonlySet<string>;
}

/** Names that mean how many elements are wanted, and nothing else. */
const USUAL_MULTIPLIERS = ['first', 'last', 'limit', 'pageSize', 'take'];
/** What connections call their lists. */
const USUAL_LISTS = ['edges', 'nodes', 'items'];
/** So many objects may stand around a number, counted from the argument. */
const OBJECTS_LIMIT = 2;

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
        // Its arguments may have other defaults than those of the interface, and some that the interface has not.
        multipliers: [...dearest.multipliers, ...each.multipliers],
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
    const assumed = said.assumed ?? list;
    const names = rule?.multipliers ?? said.slicing;
    return {
      own: rule?.cost ?? said.weight ?? 0,
      each: isLeafType(given) ? scalar : (saidCost(given.astNode).weight ?? object),
      lists,
      assumed,
      multipliers: multipliersOf(field, names, assumed),
      sized: new Set(lists > 0 ? [] : (said.sized ?? this.#usualLists(given))),
    };
  }

  /** The lists of a connection; it may be an interface or a union, and what is asked of it those of one of its objects. */
  #usualLists(given: GraphQLNamedType): readonly string[] {
    const { isAbstractType } = graphqlLibrary();
    const objects = isAbstractType(given) ? this.#schema.schema.getPossibleTypes(given) : [];
    return USUAL_LISTS.filter((name) => [given, ...objects].some((type) => hasList(type, name)));
  }
}

/** Those of these names, else those that are usually called so: by themselves, as `first`, or within an object, as `page.first`. */
function multipliersOf(
  { args }: GraphQLField<unknown, unknown>,
  names: readonly string[] | null,
  assumed: number,
): readonly Multiplier[] {
  return args.flatMap((argument) => {
    const { name, type, astNode } = argument;
    const way = names?.includes(name) === false ? null : wayIn(argument, names !== null, OBJECTS_LIMIT);
    if (way === null) return [];
    const literal = astNode?.defaultValue;
    const given = literal === undefined ? null : graphqlLibrary().coerceInputLiteral(literal, type);
    return [{ argument: name, type, way, byDefault: sizeIn(given, way, { assumed, sums: new Map() }) }];
  });
}

/** Where in an argument, or in a member of one, it stands how many; null for nowhere. `named`: it is said that it does. */
function wayIn(
  { name, type }: Pick<GraphQLArgument, 'name' | 'type'>,
  named: boolean,
  objectsLeft: number,
): WayToSize | null {
  const { getNamedType, isInputObjectType } = graphqlLibrary();
  const given = getNamedType(type);
  if (!isInputObjectType(given)) return named || (isCount(type) && USUAL_MULTIPLIERS.includes(name)) ? 'itself' : null;
  if (objectsLeft === 0) return null;
  const members = new Map<string, WayToSize>();
  for (const field of Object.values(given.getFields())) {
    const way = wayIn(field, false, objectsLeft - 1);
    if (way !== null) members.set(field.name, way);
  }
  return members.size === 0 ? null : members;
}

function isCount(type: GraphQLInputType): boolean {
  return String(type).replace('!', '') === 'Int';
}

function hasList(type: GraphQLNamedType, name: string): boolean {
  const fields = isFieldsType(type) ? type.getFields() : {};
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return field !== undefined && unwrapped(field.type).lists > 0;
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
