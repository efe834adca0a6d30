import type { GraphQLNamedType, OperationDefinitionNode, VariableValues } from 'graphql';
import { err, ok, type Result } from '../base/index.ts';
import { type AllowList, hashOf } from './allow-list.ts';
import { type CostRules, DOCUMENT_LIMIT_CHARACTERS, type DocumentBounds } from './bounds.ts';
import { type BoundedDocument, readDocument } from './document.ts';
import { fault, type GraphqlFault } from './fault.ts';
import { FieldCosts } from './field-costs.ts';
import { KnownDocuments } from './known-documents.ts';
import { graphqlLibrary } from './library.ts';
import { NamedFields } from './named-fields.ts';
import type { SentOperation } from './request.ts';
import type { ReadSchema } from './schema.ts';
import { type Scales, weigh } from './typed-walk.ts';
import { validityFault } from './validity.ts';

/** What requests of an API are held against. */
export interface GraphqlRules {
  readonly bounds: DocumentBounds;
  /** Null where costs are not counted. */
  readonly cost: CostRules | null;
  readonly allowList: AllowList | null;
  /** Whether documents pass that the list does not have. */
  readonly others: boolean;
  readonly subscriptions: boolean;
  /** The fields that are operations by themselves, as `Type.field`. */
  readonly named: readonly string[];
}

/** Who asks, and how. */
export interface Asking {
  /** Whether the request may only read: it came by GET. */
  readonly readsOnly: boolean;
  readonly mayIntrospect: boolean;
}

/** What a request asks for. */
export interface AskedOfServer {
  /** Each named field, and how often. */
  readonly fields: ReadonlyMap<string, number>;
  /** Whether a reply may come in parts: it is a subscription, or defers or streams something. */
  readonly streams: boolean;
}

const NO_VARIABLES: VariableValues = { sources: {}, coerced: {} };
const NO_COST: CostRules = { limit: Number.POSITIVE_INFINITY, object: 0, scalar: 0, list: 1, fields: {} };

/** Judges operations of one API. What it takes is valid for its schema, and within its bounds. */
export class GraphqlJudge {
  readonly #schema: ReadSchema;
  readonly #rules: GraphqlRules;
  readonly #scales: Scales;
  readonly #limit: number;
  readonly #known = new KnownDocuments<BoundedDocument>();

  constructor(schema: ReadSchema, rules: GraphqlRules) {
    this.#schema = schema;
    this.#rules = rules;
    const cost = rules.cost ?? NO_COST;
    this.#limit = cost.limit;
    this.#scales = { schema, costs: new FieldCosts(schema, cost), named: new NamedFields(schema, rules.named) };
  }

  /**
   * Judges what was sent together. Its costs are added up, and so are the sizes of its documents: reading and validating
   * many takes no longer than one that is as large as one may be.
   */
  judge(sent: readonly SentOperation[], asking: Asking): Result<AskedOfServer, GraphqlFault> {
    const fields = new Map<string, number>();
    let streams = false;
    let cost = 0;
    let [tokens, characters] = [0, 0];
    for (const each of sent) {
      const document = this.#documentOf(each);
      if (!document.ok) return document;
      tokens += document.value.tokens;
      characters += document.value.characters;
      if (tokens > this.#rules.bounds.tokens) return err(TOKENS_TOGETHER);
      if (characters > DOCUMENT_LIMIT_CHARACTERS) return err(SIZE_TOGETHER);
      const chosen = this.#chosen(document.value, each, asking);
      if (!chosen.ok) return chosen;
      const variables = this.#variables(chosen.value.operation, each);
      if (!variables.ok) return variables;
      const weighed = weigh(chosen.value, document.value.fragments, variables.value, this.#scales);
      cost += weighed.cost;
      if (!(cost <= this.#limit)) return err(fault('complex', 'cost', `the request costs more than ${this.#limit}`));
      for (const [name, count] of weighed.named) fields.set(name, (fields.get(name) ?? 0) + count);
      streams ||= document.value.incremental || chosen.value.operation.operation === 'subscription';
    }
    return ok({ fields, streams });
  }

  /** What is wrong with a document by itself, whoever sends it; null for nothing. For allow-lists, when they are read. */
  faultIn(text: string): GraphqlFault | null {
    const read = this.#validated(text);
    return read.ok ? null : read.error;
  }

  #documentOf({ query, hash }: SentOperation): Result<BoundedDocument, GraphqlFault> {
    const { allowList, others } = this.#rules;
    if (query !== null) {
      const mustMatch = hash !== null || !others;
      const real = mustMatch ? hashOf(query) : null;
      if (hash !== null && hash !== real)
        return err(fault('invalid', 'request', 'sha256Hash is that of another document'));
      if (!others && (real === null || allowList?.has(real) !== true)) return err(UNLISTED);
      return this.#read(query);
    }
    // What the server calls by this hash is whatever somebody has sent it before.
    const listed = hash === null ? undefined : allowList?.get(hash);
    return listed === undefined ? err(UNLISTED) : this.#read(listed);
  }

  #read(text: string): Result<BoundedDocument, GraphqlFault> {
    const known = this.#known.get(text);
    if (known !== undefined) return ok(known);
    const read = this.#validated(text);
    if (read.ok) this.#known.set(text, read.value);
    return read;
  }

  #validated(text: string): Result<BoundedDocument, GraphqlFault> {
    const read = readDocument(text, this.#rules.bounds);
    if (!read.ok) return read;
    const found = validityFault(this.#schema.schema, read.value);
    return found === null ? read : err(found);
  }

  /** The one operation that is asked for. A document with several says by name which. */
  #chosen(
    { operations, fragments }: BoundedDocument,
    { operationName }: SentOperation,
    { readsOnly, mayIntrospect }: Asking,
  ): Result<{ readonly operation: OperationDefinitionNode; readonly value: GraphQLNamedType }, GraphqlFault> {
    const named = operations.filter(({ name }) => operationName === null || name?.value === operationName);
    const [operation] = named;
    if (operation === undefined) return err(fault('invalid', 'operation', 'the document has no such operation'));
    if (named.length > 1) return err(fault('invalid', 'operation', 'operationName must say which operation is meant'));
    if (operation.operation === 'subscription' && !this.#rules.subscriptions)
      return err(fault('forbidden', 'subscription', 'subscriptions are not taken'));
    if (readsOnly && operation.operation !== 'query')
      return err(fault('method', 'method', 'only queries can be asked for by GET'));
    if (!mayIntrospect && introspects({ operations, fragments }))
      return err(fault('forbidden', 'introspection', 'the schema can not be asked for'));
    const value = this.#schema.schema.getRootType(operation.operation);
    if (value === null || value === undefined) return err(fault('invalid', 'operation', 'the schema has no such type'));
    return ok({ operation, value });
  }

  #variables(
    { variableDefinitions = [] }: OperationDefinitionNode,
    { variables }: SentOperation,
  ): Result<VariableValues, GraphqlFault> {
    if (variableDefinitions.length === 0) return ok(NO_VARIABLES);
    const { getVariableValues } = graphqlLibrary();
    const options = { maxErrors: 1, hideSuggestions: true };
    const read = getVariableValues(this.#schema.schema, variableDefinitions, variables, options);
    if (read.errors === undefined) return ok(read.variableValues);
    // Its words repeat what was sent.
    const name = /^Variable "\$(\w+)"/.exec(read.errors[0]?.message ?? '')?.[1];
    return err(
      fault('invalid', 'variables', name === undefined ? 'a variable differs' : `the variable ${name} differs`),
    );
  }
}

const TOKENS_TOGETHER = fault('complex', 'tokens', 'the documents have more tokens together than one may have');
const SIZE_TOGETHER = fault('complex', 'size', 'the documents are too long together');
const UNLISTED = fault('forbidden', 'operations', 'the document is not one of those that are taken');

/** Whether a document asks about the schema, in any of its operations and fragments. */
function introspects({ operations, fragments }: Pick<BoundedDocument, 'operations' | 'fragments'>): boolean {
  const pending = [...operations, ...fragments.values()].map(({ selectionSet }) => selectionSet);
  for (let set = pending.pop(); set !== undefined; set = pending.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === 'Field' && /^__(?:schema|type)$/.test(selection.name.value)) return true;
      if (selection.kind !== 'FragmentSpread' && selection.selectionSet !== undefined)
        pending.push(selection.selectionSet);
    }
  }
  return false;
}
