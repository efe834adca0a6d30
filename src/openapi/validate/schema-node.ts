import type { Issue } from '../../base/index.ts';
import type { PlainObject } from '../pointer.ts';
import type { Matcher } from './pattern.ts';
import type { Rules } from './rules.ts';
import type { Check, Run } from './run.ts';

/**
 * How a schema is read. `strict`: as the options say, closed. `open`: not closed, but read-only and write-only
 * properties count. `plain`: as JSON Schema has it and nothing more, for what `not`, `if` and `contains` ask.
 */
export type Mode = 'strict' | 'open' | 'plain';

/** A schema that takes the place of a property or an element. */
export interface Part {
  /** Judges a value that is a whole of its own: what no schema describes there is refused where the mode is strict. */
  location: (value: unknown, run: Run) => boolean;
  /** Whether a value may not be sent in this direction; not there where any may. */
  readonly hides?: (value: unknown) => boolean;
}

/** An alternative of a `oneOf`: closing must not make fewer of them match, so each is also there unclosed. */
export interface Alternative {
  readonly node: SchemaNode;
  readonly open: SchemaNode;
}

/** What tells by one property which schema a value is meant to follow (OpenAPI 3.2 §4.25). */
export interface Discriminator {
  readonly property: string;
  /** By the value of the property; null for a name that leads to no schema of the document. */
  readonly mapping: ReadonlyMap<string, SchemaNode | null>;
  /** What a value follows that has no such property, or one that names nothing (from 3.2 on). */
  readonly otherwise: SchemaNode | null;
  /** Where no alternatives are listed: the named schemas that take this one up by `allOf`, near or far. */
  readonly heirs: readonly SchemaNode[];
}

/** The schemas inside a schema, by the keyword that holds them. */
export interface Inner {
  /** What `$ref` and `$dynamicRef` lead to. */
  targets: SchemaNode[];
  allOf: SchemaNode[];
  anyOf: SchemaNode[];
  oneOf: Alternative[];
  not: SchemaNode | null;
  if: SchemaNode | null;
  whenTrue: SchemaNode | null;
  whenFalse: SchemaNode | null;
  dependent: Map<string, SchemaNode>;
  properties: Map<string, SchemaNode> | null;
  patterns: { readonly matcher: Matcher; readonly node: SchemaNode }[] | null;
  additional: SchemaNode | null;
  unevaluatedProperties: SchemaNode | null;
  propertyNames: SchemaNode | null;
  prefixItems: SchemaNode[];
  items: SchemaNode | null;
  contains: SchemaNode | null;
  unevaluatedItems: SchemaNode | null;
  discriminator: Discriminator | null;
}

/**
 * A schema of the document read in one mode. Nodes are made first and linked to checks afterwards, since schemas may
 * refer to one another in circles.
 */
export interface SchemaNode extends Part {
  readonly value: PlainObject | boolean;
  readonly pointer: string;
  readonly mode: Mode;
  /** `NOTHING_INSIDE` where there is nothing. */
  inner: Inner;
  /** Null for `true` and `false`. */
  rules: Rules | null;
  /** Properties that the schema around this one, which holds it in an `allOf`, says may not be sent. */
  excused: ReadonlySet<string>;
  /** Judges a value that other schemas may describe too. */
  check: Check;
  /** What is wrong with it; null before it is read. */
  issues: readonly Issue[] | null;
  /** Over how many others it judges one value; null before it is known to be well. */
  height: number | null;
  /** Whether it has its checks. */
  linked: boolean;
}

/** The schemas inside most schemas: one for all, since a document has tens of thousands of them. It stays empty. */
export const NOTHING_INSIDE: Inner = createInner();

/** A node that has not been linked. */
export function createNode(value: PlainObject | boolean, pointer: string, mode: Mode): SchemaNode {
  return {
    ...{ value, pointer, mode, inner: NOTHING_INSIDE, rules: null, excused: NO_NAMES },
    check: unlinked,
    location: unlinked,
    ...{ issues: null, height: null, linked: false },
  };
}

const NO_NAMES: ReadonlySet<string> = new Set();

function unlinked(): never {
  throw new Error('a schema was used before it was linked');
}

/** The schemas that judge the same value as the schema itself. */
export function sameValue({ inner }: SchemaNode): SchemaNode[] {
  const nodes = [...inner.targets, ...inner.allOf, ...inner.anyOf, ...inner.dependent.values()];
  for (const { node, open } of inner.oneOf) nodes.push(node, open);
  for (const node of [inner.not, inner.if, inner.whenTrue, inner.whenFalse]) if (node !== null) nodes.push(node);
  return nodes;
}

/** The schemas that judge parts of the value. */
export function parts({ inner }: SchemaNode): SchemaNode[] {
  const nodes = [...(inner.properties?.values() ?? []), ...(inner.patterns ?? []).map(({ node }) => node)];
  const single = [
    inner.additional,
    inner.unevaluatedProperties,
    inner.propertyNames,
    inner.items,
    inner.contains,
    inner.unevaluatedItems,
  ];
  for (const node of single) if (node !== null) nodes.push(node);
  return [...nodes, ...inner.prefixItems];
}

/** All schemas that a discriminator leads to. */
export function discriminated(discriminator: Discriminator | null): readonly SchemaNode[] {
  if (discriminator === null) return [];
  const { mapping, otherwise, heirs } = discriminator;
  return [...mapping.values(), otherwise, ...heirs].filter((node) => node !== null);
}

/** A place for the schemas inside a schema, empty. */
export function createInner(): Inner {
  return {
    targets: [],
    allOf: [],
    anyOf: [],
    oneOf: [],
    not: null,
    if: null,
    whenTrue: null,
    whenFalse: null,
    dependent: new Map(),
    properties: null,
    patterns: null,
    additional: null,
    unevaluatedProperties: null,
    propertyNames: null,
    prefixItems: [],
    items: null,
    contains: null,
    unevaluatedItems: null,
    discriminator: null,
  };
}

/** A schema and those it joins by `$ref` and `allOf`. */
export function conjunctsOf(node: SchemaNode): readonly SchemaNode[] {
  const found = new Set([node]);
  for (const { inner } of found) for (const joined of [...inner.targets, ...inner.allOf]) found.add(joined);
  return [...found];
}

/** Whether a discriminator names schemas that take this one up, and no alternatives of it. */
export function hasHeirs({ discriminator, oneOf, anyOf }: Inner): boolean {
  return discriminator !== null && oneOf.length + anyOf.length === 0;
}
