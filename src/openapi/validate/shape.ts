import type { Matcher } from './pattern.ts';
import { hasHeirs, NOTHING_INSIDE, type SchemaNode } from './schema-node.ts';

/** Which properties of an object a schema evaluates, as far as that is known without a value. */
export interface Shape {
  readonly names: ReadonlySet<string>;
  readonly patterns: ReadonlySet<Matcher>;
  /** Whether properties are described at all, and whether the schema decides on all the rest. */
  readonly described: boolean;
  readonly all: boolean;
  /** Whether more of it depends on which alternatives match. */
  readonly conditional: boolean;
}

/** A shape while it is put together. */
interface GrowingShape {
  readonly names: Set<string>;
  readonly patterns: Set<Matcher>;
  described: boolean;
  all: boolean;
  conditional: boolean;
}

const NO_SHAPE: Shape = { names: new Set(), patterns: new Set(), described: false, all: false, conditional: false };

/**
 * The shape of a schema: its own, and that of what always applies with it. Schemas that judge the same value form no
 * circles here, and are not nested deep.
 */
export function shapeOf(node: SchemaNode, known: Map<SchemaNode, Shape>): Shape {
  const before = known.get(node);
  if (before !== undefined) return before;
  const { inner } = node;
  if (inner === NOTHING_INSIDE) return NO_SHAPE;
  const shape: GrowingShape = {
    names: new Set(inner.properties?.keys()),
    patterns: new Set(inner.patterns?.map(({ matcher }) => matcher)),
    described: inner.properties !== null || inner.patterns !== null,
    all: inner.additional !== null || inner.unevaluatedProperties !== null,
    conditional: false,
  };
  for (const joined of [...inner.targets, ...inner.allOf]) add(shape, shapeOf(joined, known));
  // Heirs take the schema up themselves, so their shapes are not looked at.
  shape.conditional ||= hasHeirs(inner);
  shape.conditional ||= alternativesOf(node).some((alternative) => contributes(shapeOf(alternative, known)));
  known.set(node, shape);
  return shape;
}

/** Whether a schema evaluates any properties, perhaps. */
function contributes({ described, all, conditional }: Shape): boolean {
  return described || all || conditional;
}

function add(into: GrowingShape, from: Shape): void {
  for (const name of from.names) into.names.add(name);
  for (const pattern of from.patterns) into.patterns.add(pattern);
  into.described ||= from.described;
  into.all ||= from.all;
  into.conditional ||= from.conditional;
}

function alternativesOf({ inner }: SchemaNode): SchemaNode[] {
  const single = [inner.if, inner.whenTrue, inner.whenFalse].filter((node) => node !== null);
  return [...inner.anyOf, ...inner.oneOf.map(({ node }) => node), ...single, ...inner.dependent.values()];
}
