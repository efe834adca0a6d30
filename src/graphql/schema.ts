import type { GraphQLField, GraphQLNamedType, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { err, ok, type Result } from '../base/index.ts';
import { directiveFault, withCostDirectives } from './cost-directives.ts';
import { graphqlLibrary } from './library.ts';

/** What is wrong with a schema, and where; line and column count from 1. */
export interface SchemaFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A type with fields that can be asked for. */
export type FieldsType = Extract<GraphQLNamedType, { getFields(): Record<string, GraphQLField<unknown, unknown>> }>;

/** A schema as operations are held against it. */
export interface ReadSchema {
  readonly schema: GraphQLSchema;
  /** The fields of its root types, as `Query.orders`, in the order of the schema. */
  readonly roots: readonly string[];
  /** Whether a type of this name has a field of this name: `Type.field`. */
  has(coordinate: string): boolean;
  /** Whether a field has an argument of this name. */
  takes(coordinate: string, argument: string): boolean;
}

/** Words and marks of a schema: ten times those of the largest that are public. */
const SCHEMA_LIMIT_TOKENS = 1_000_000;

/** Reads a schema in the Schema Definition Language; it must be valid by itself. */
export function readSchema(text: string): Result<ReadSchema, SchemaFault> {
  // Every place keeps the words around it, most of what a schema would take of memory: only a fault needs them.
  const read = readWith(text, { noLocation: true });
  return read.ok ? read : readWith(text, { noLocation: false });
}

function readWith(text: string, { noLocation }: { readonly noLocation: boolean }): Result<ReadSchema, SchemaFault> {
  const { buildASTSchema, GraphQLError, parse, validateSchema } = graphqlLibrary();
  try {
    const ast = withCostDirectives(parse(text, { maxTokens: SCHEMA_LIMIT_TOKENS, noLocation }));
    const cost = directiveFault(ast);
    if (cost !== null) return err(faultAt(text, cost.message, cost.offset));
    const schema = buildASTSchema(ast);
    const [first] = validateSchema(schema);
    return first === undefined ? ok(readOf(schema)) : err(schemaFault(text, first));
  } catch (thrown) {
    // What the SDL itself must be is told by a plain error, several in one text.
    if (thrown instanceof GraphQLError) return err(schemaFault(text, thrown));
    const words = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : 'unknown fault';
    return err(faultAt(text, words, placeOfNamed(text, words)));
  }
}

function readOf(schema: GraphQLSchema): ReadSchema {
  const fieldOf = (coordinate: string): GraphQLField<unknown, unknown> | undefined => {
    const [name = '', field = ''] = coordinate.split('.');
    const type = schema.getType(name);
    return isFieldsType(type) && Object.hasOwn(type.getFields(), field) ? type.getFields()[field] : undefined;
  };
  return {
    schema,
    roots: rootTypes(schema).flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)),
    has: (coordinate) => fieldOf(coordinate) !== undefined,
    takes: (coordinate, argument) => fieldOf(coordinate)?.args.some(({ name }) => name === argument) ?? false,
  };
}

function rootTypes(schema: GraphQLSchema): readonly GraphQLObjectType[] {
  const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return [...new Set(types.flatMap((type) => type ?? []))];
}

/** Whether fields can be asked for of a type: an object or an interface. */
export function isFieldsType(type: GraphQLNamedType | undefined): type is FieldsType {
  const { isInterfaceType, isObjectType } = graphqlLibrary();
  return isObjectType(type) || isInterfaceType(type);
}

interface LocatedError {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[] | undefined;
  readonly nodes?: readonly { readonly loc?: { readonly start: number } | undefined }[] | undefined;
}

function schemaFault(text: string, { message, locations, nodes }: LocatedError): SchemaFault {
  const [place] = locations ?? [];
  if (place !== undefined) return { message, line: place.line, column: place.column };
  return faultAt(text, message, nodes?.[0]?.loc?.start ?? 0);
}

/** Such an error names what it means in quotes, and not where it stands. */
function placeOfNamed(text: string, words: string): number {
  const name = /"@?([A-Za-z_]\w*)/.exec(words)?.[1];
  return name === undefined ? 0 : Math.max(0, text.indexOf(name));
}

function faultAt(text: string, message: string, offset: number): SchemaFault {
  const before = text.slice(0, offset).split('\n');
  return { message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
