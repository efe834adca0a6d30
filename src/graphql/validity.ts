import type { GraphQLSchema, ValidationRule } from 'graphql';
import type { BoundedDocument } from './document.ts';
import { fault, type GraphqlFault } from './fault.ts';
import { type GraphqlLibrary, graphqlLibrary } from './library.ts';

/** What differs from the schema in a document that is within its bounds; null for nothing. */
export function validityFault(schema: GraphQLSchema, { ast }: BoundedDocument): GraphqlFault | null {
  const options = { maxErrors: 1, hideSuggestions: true };
  const [first] = graphqlLibrary().validate(schema, ast, rulesLeft(), options);
  return first === undefined ? null : fault('invalid', 'validation', first.message);
}

let left: readonly ValidationRule[] | null = null;

/**
 * The rules of the specification but those that every bounded document keeps: it has operations and fragments alone, each
 * fragment once, each used, each that is used, and none within itself (`readDocument`).
 */
function rulesLeft(): readonly ValidationRule[] {
  return (left ??= withoutKept(graphqlLibrary()));
}

function withoutKept(library: GraphqlLibrary): readonly ValidationRule[] {
  const kept: readonly ValidationRule[] = [
    library.ExecutableDefinitionsRule,
    library.UniqueFragmentNamesRule,
    library.KnownFragmentNamesRule,
    library.NoUnusedFragmentsRule,
    library.NoFragmentCyclesRule,
  ];
  return library.specifiedRules.filter((rule) => !kept.includes(rule));
}
