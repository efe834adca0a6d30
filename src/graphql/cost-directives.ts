import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { graphqlLibrary } from './library.ts';

/** The directives of the Cost Directives Specification that are read here, as far as they are. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  cost: 'directive @cost(weight: String!) on FIELD_DEFINITION | OBJECT',
  listSize:
    'directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION',
};

/** A schema that uses the directives of costs without defining them, as servers that know them let it. */
export function withCostDirectives(ast: DocumentNode): DocumentNode {
  const defined = new Set(
    ast.definitions.flatMap((each) => (each.kind === 'DirectiveDefinition' ? [each.name.value] : [])),
  );
  const missing = Object.keys(DEFINITIONS).filter((name) => !defined.has(name));
  if (missing.length === 0) return ast;
  const added = graphqlLibrary().parse(missing.map((name) => DEFINITIONS[name]).join('\n'), { noLocation: true });
  return { ...ast, definitions: [...ast.definitions, ...added.definitions] };
}

/** What one of them says of a field or type. */
export interface SaidCost {
  readonly weight: number | null;
  readonly assumed: number | null;
  readonly slicing: readonly string[] | null;
  readonly sized: readonly string[] | null;
}

/** What directives say of a field or an object; nulls where they say nothing. */
export function saidCost(
  node: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined,
): SaidCost {
  const directives = node?.directives ?? [];
  const cost = directives.find(({ name }) => name.value === 'cost');
  const size = directives.find(({ name }) => name.value === 'listSize');
  const weight = cost === undefined ? null : valueOf(cost, 'weight');
  const assumed = size === undefined ? null : valueOf(size, 'assumedSize');
  return {
    weight: weight === null ? null : Number(weight),
    assumed: typeof assumed === 'number' ? assumed : null,
    slicing: size === undefined ? null : namesOf(valueOf(size, 'slicingArguments')),
    sized: size === undefined ? null : namesOf(valueOf(size, 'sizedFields')),
  };
}

function namesOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

function valueOf(directive: ConstDirectiveNode, name: string): unknown {
  const found = directive.arguments?.find((argument) => argument.name.value === name);
  return found === undefined ? null : graphqlLibrary().valueFromASTUntyped(found.value);
}

/** A directive of costs that would be read by nobody, for what nobody enforces must not be written. */
export function directiveFault(ast: DocumentNode): { readonly message: string; readonly offset: number } | null {
  for (const definition of ast.definitions) {
    for (const { node, owner } of directivesIn(definition as Owner)) {
      const message = wordsOf(node, owner);
      if (message !== null) return { message, offset: node.loc?.start ?? 0 };
    }
  }
  return null;
}

interface Placed {
  readonly node: ConstDirectiveNode;
  /** What it stands at. */
  readonly owner: Owner;
}

interface Owner {
  readonly kind: string;
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
  /** Of a field: what it can be asked with. */
  readonly arguments?: readonly { readonly name: { readonly value: string } }[] | undefined;
}

/** The directives of a definition and of all that stands within: fields, their arguments, values. */
function directivesIn(owner: Owner): readonly Placed[] {
  const { directives = [], ...parts } = owner;
  const own = directives.map((directive) => ({ node: directive, owner }));
  const inner = Object.values(parts)
    .filter((part) => Array.isArray(part))
    .flatMap((list) => (list as readonly Owner[]).flatMap(directivesIn));
  return [...own, ...inner];
}

function wordsOf(node: ConstDirectiveNode, owner: Owner): string | null {
  const { weight, assumed, slicing, sized } = saidCost({ directives: [node] });
  if (node.name.value === 'cost') {
    if (owner.kind !== 'FieldDefinition' && owner.kind !== 'ObjectTypeDefinition')
      return '@cost is read of fields and objects only';
    return weight === null || !(weight >= 0 && weight <= 1_000_000) ? '@cost needs a weight from 0 to 1000000' : null;
  }
  if (node.name.value !== 'listSize') return null;
  if (owner.kind !== 'FieldDefinition') return '@listSize is read of fields only';
  if (assumed !== null && !(assumed >= 0)) return '@listSize needs an assumedSize from 0';
  if ([...(slicing ?? []), ...(sized ?? [])].some((name) => name.includes('.'))) {
    return '@listSize names arguments and fields, no parts of them';
  }
  const takes = new Set(owner.arguments?.map((argument) => argument.name.value));
  if (slicing?.some((name) => !takes.has(name)) === true) return '@listSize names an argument that the field has not';
  return null;
}
