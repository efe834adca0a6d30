import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { err, ok, type Result } from '../base/index.ts';
import { DOCUMENT_LIMIT_CHARACTERS, type DocumentBounds, NESTING_LIMIT } from './bounds.ts';
import { fault, type GraphqlFault } from './fault.ts';
import { graphqlLibrary } from './library.ts';

/** A document within its bounds. Whether it is as the schema says is not known yet. */
export interface BoundedDocument {
  readonly ast: DocumentNode;
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Whether it asks for a reply in parts, by `@defer` or `@stream`. */
  readonly incremental: boolean;
  /** Its words and marks, and its characters. */
  readonly tokens: number;
  readonly characters: number;
}

const INCREMENTAL: ReadonlySet<string> = new Set(['defer', 'stream']);

/**
 * What readers of GraphQL take in several ways, so that one finds fields where another finds a comment or a text: controls and
 * separators of lines (comments end there for graphql-java), returns without a feed (there they go on for graphql-ruby), byte
 * order marks (skipped everywhere, at the beginning or nowhere), and quotes in a row or escaped, of which blocks of text have
 * three (graphql-ruby ends some elsewhere).
 */
const READ_IN_WAYS = /[^\P{Cc}\t\n\r]|[\u2028\u2029\ufeff]|\r(?!\n)|\\"""|""""/u;

/** How deep and wide what a server gives about its own schema may be asked for: the usual tools ask for less. */
const INTROSPECTION_BOUNDS = { depth: 20, fields: 400 };

/**
 * Reads a document, and counts what it asks for before anybody looks closer: whatever works on it behind this does so on
 * a document whose every fragment, written out wherever it is used, makes no more than the bounds say. Only operations
 * and fragments are taken, each fragment is used, and none within itself.
 */
export function readDocument(text: string, bounds: DocumentBounds): Result<BoundedDocument, GraphqlFault> {
  if (text.length > DOCUMENT_LIMIT_CHARACTERS) return err(fault('complex', 'size', 'the document is too long'));
  if (READ_IN_WAYS.test(text))
    return err(fault('invalid', 'syntax', 'the document holds characters that not all read alike'));
  const tokens = mayBeBeyond(text, bounds) ? tokensFault(text, bounds) : null;
  if (tokens !== null) return err(tokens);
  let ast: DocumentNode;
  try {
    ast = graphqlLibrary().parse(text, { noLocation: true, maxTokens: bounds.tokens });
  } catch (thrown) {
    return err(tokensFault(text, bounds) ?? unreadable(thrown));
  }
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of ast.definitions) {
    if (definition.kind === 'OperationDefinition') operations.push(definition);
    else if (definition.kind !== 'FragmentDefinition') {
      return err(fault('invalid', 'definition', 'only operations and fragments can be sent'));
    } else if (fragments.has(definition.name.value)) {
      return err(fault('invalid', 'fragment', 'two fragments have the same name'));
    } else fragments.set(definition.name.value, definition);
  }
  const extent = new Extent(fragments, bounds);
  const asked = extent.faultOf(operations);
  if (asked !== null) return err(asked);
  const { tokenCount = bounds.tokens } = ast;
  const size = { tokens: tokenCount, characters: text.length };
  return ok({ ast, operations, fragments, incremental: extent.incremental, ...size });
}

/**
 * Whether a document may have more brackets within each other, or more directives, than it should: it has at least as many of
 * their marks, in texts and comments too. Few have, and of the others the tokens need not be looked at twice.
 */
function mayBeBeyond(text: string, { directives }: DocumentBounds): boolean {
  let opened = 0;
  let marked = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BRACE || code === BRACKET || code === PARENTHESIS) opened++;
    else if (code === AT_SIGN) marked++;
  }
  return opened > NESTING_LIMIT || marked > directives;
}

const BRACE = 0x7b;
const BRACKET = 0x5b;
const PARENTHESIS = 0x28;
const AT_SIGN = 0x40;

/** What must be known before the parser calls itself for each bracket. Linear in the text. */
function tokensFault(text: string, bounds: DocumentBounds): GraphqlFault | null {
  const { Lexer, Source, TokenKind } = graphqlLibrary();
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  let directives = 0;
  try {
    for (let tokens = 0; ; tokens++) {
      const { kind } = lexer.advance();
      if (kind === TokenKind.EOF) return null;
      if (tokens === bounds.tokens) return fault('complex', 'tokens', `the document has more than ${tokens} tokens`);
      if (kind === TokenKind.AT && ++directives > bounds.directives) {
        return fault('complex', 'directives', `the document has more than ${bounds.directives} directives`);
      }
      if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) depth++;
      if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) depth--;
      if (depth > NESTING_LIMIT)
        return fault('complex', 'nesting', 'the document has too many brackets within another');
    }
  } catch (thrown) {
    return unreadable(thrown);
  }
}

function unreadable(thrown: unknown): GraphqlFault {
  const { GraphQLError } = graphqlLibrary();
  if (!(thrown instanceof GraphQLError)) throw thrown;
  return fault('invalid', 'syntax', thrown.message);
}

/**
 * What the operations of a document ask for, with every fragment written out where it is used. It stops at the first
 * bound, so that fragments which double each other, or use themselves, cost no more than others.
 */
class Extent {
  incremental = false;
  readonly #fragments: BoundedDocument['fragments'];
  readonly #bounds: DocumentBounds;
  readonly #used = new Set<string>();
  #fields = 0;
  #aliases = 0;
  #introspected = 0;

  constructor(fragments: BoundedDocument['fragments'], bounds: DocumentBounds) {
    this.#fragments = fragments;
    this.#bounds = bounds;
  }

  faultOf(operations: readonly OperationDefinitionNode[]): GraphqlFault | null {
    for (const { selectionSet } of operations) {
      const found = this.#selections(selectionSet, 1, false);
      if (found !== null) return found;
    }
    // Nobody has counted those, and whoever validates the document would look at them.
    return this.#used.size === this.#fragments.size
      ? null
      : fault('invalid', 'fragment', 'a fragment is not used by any operation');
  }

  /** `depth` is that of the fields of the set; `about`: they are about the schema itself. */
  #selections({ selections }: SelectionSetNode, depth: number, about: boolean): GraphqlFault | null {
    // New readers take `{}`, and those before them do not.
    if (selections.length === 0) return fault('invalid', 'syntax', 'braces hold no field');
    for (const selection of selections) {
      const counted = this.#count(about);
      if (counted !== null) return counted;
      this.incremental ||= selection.directives?.some(({ name }) => INCREMENTAL.has(name.value)) === true;
      let found: GraphqlFault | null = null;
      if (selection.kind === 'InlineFragment') found = this.#selections(selection.selectionSet, depth, about);
      else if (selection.kind === 'FragmentSpread') found = this.#spread(selection.name.value, depth, about);
      else {
        const name = selection.name.value;
        const isAbout = about || name === '__schema' || name === '__type';
        // What is about the schema has bounds of its own, and does not stand below anything else.
        const own = isAbout && !about ? 1 : depth;
        const limit = isAbout ? INTROSPECTION_BOUNDS.depth : this.#bounds.depth;
        if (own > limit) return fault('complex', 'depth', `fields stand more than ${limit} deep`);
        if (selection.alias !== undefined && ++this.#aliases > this.#bounds.aliases) {
          return fault('complex', 'aliases', `more than ${this.#bounds.aliases} aliases are asked for`);
        }
        const { selectionSet } = selection;
        if (selectionSet !== undefined) found = this.#selections(selectionSet, own + 1, isAbout);
      }
      if (found !== null) return found;
    }
    return null;
  }

  #count(about: boolean): GraphqlFault | null {
    const limit = about ? INTROSPECTION_BOUNDS.fields : this.#bounds.fields;
    const count = about ? ++this.#introspected : ++this.#fields;
    return count <= limit ? null : fault('complex', 'fields', `more than ${limit} fields are asked for`);
  }

  #spread(name: string, depth: number, about: boolean): GraphqlFault | null {
    const fragment = this.#fragments.get(name);
    if (fragment === undefined) return fault('invalid', 'fragment', 'a fragment is used that is not there');
    this.#used.add(name);
    return this.#selections(fragment.selectionSet, depth, about);
  }
}
