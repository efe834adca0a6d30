import { isObject, pointerTo, type Site } from '../pointer.ts';
import type { KeywordReader } from './keyword-reader.ts';
import type { Mode, SchemaNode } from './schema-node.ts';

/** Makes or finds the node of a schema; null, and an issue, where there is no schema. */
export type NodeOf = (site: Site, mode: Mode) => SchemaNode | null;

/**
 * Reads the schemas inside a schema (JSON Schema 2020-12 §10 and §11) into its node. The old forms mean what they meant:
 * a list of `items` with `additionalItems`, and `dependencies`.
 */
export function readInner(node: SchemaNode, reader: KeywordReader, nodeOf: NodeOf): void {
  const shelf: Shelf = { node, reader, nodeOf };
  readSameValue(shelf);
  readProperties(shelf);
  readItems(shelf);
}

interface Shelf {
  readonly node: SchemaNode;
  readonly reader: KeywordReader;
  readonly nodeOf: NodeOf;
}

function readSameValue(shelf: Shelf): void {
  const { inner, mode } = shelf.node;
  inner.allOf = list(shelf, 'allOf', mode);
  inner.anyOf = list(shelf, 'anyOf', mode);
  const strict = list(shelf, 'oneOf', mode);
  const open = mode === 'strict' ? list(shelf, 'oneOf', 'open') : strict;
  inner.oneOf = strict.map((alternative, index) => ({ node: alternative, open: open[index] ?? alternative }));
  inner.not = single(shelf, 'not', 'plain');
  inner.if = single(shelf, 'if', 'plain');
  if (inner.if !== null) {
    inner.whenTrue = single(shelf, 'then', mode);
    inner.whenFalse = single(shelf, 'else', mode);
  }
  for (const name of ['dependentSchemas', 'dependencies'] as const) {
    for (const [key, site] of entries(shelf, name)) {
      if (name === 'dependencies' && Array.isArray(site.value)) continue;
      const dependent = shelf.nodeOf(site, mode);
      if (dependent !== null) inner.dependent.set(key, dependent);
    }
  }
}

function readProperties(shelf: Shelf): void {
  const { inner, mode } = shelf.node;
  if (shelf.reader.value('properties') !== undefined) {
    inner.properties = new Map();
    for (const [name, site] of entries(shelf, 'properties')) {
      const property = shelf.nodeOf(site, mode);
      if (property !== null) inner.properties.set(name, property);
    }
  }
  if (shelf.reader.value('patternProperties') !== undefined) {
    inner.patterns = [];
    for (const [pattern, site] of entries(shelf, 'patternProperties')) {
      const matcher = shelf.reader.matcher('patternProperties', pattern);
      const property = shelf.nodeOf(site, mode);
      if (matcher !== null && property !== null) inner.patterns.push({ matcher, node: property });
    }
  }
  inner.additional = single(shelf, 'additionalProperties', mode);
  inner.unevaluatedProperties = single(shelf, 'unevaluatedProperties', mode);
  inner.propertyNames = single(shelf, 'propertyNames', mode);
}

function readItems(shelf: Shelf): void {
  const { inner, mode } = shelf.node;
  const listed = Array.isArray(shelf.reader.value('items'));
  if (listed && shelf.reader.value('prefixItems') !== undefined) {
    shelf.reader.fault('items', 'is a list beside `prefixItems`', 'write one schema for the items after the first');
  }
  inner.prefixItems = list(shelf, listed ? 'items' : 'prefixItems', mode);
  // Without a list of `items`, `additionalItems` never judged anything.
  inner.items = listed ? single(shelf, 'additionalItems', mode) : single(shelf, 'items', mode);
  inner.contains = single(shelf, 'contains', 'plain');
  inner.unevaluatedItems = single(shelf, 'unevaluatedItems', mode);
}

function single({ node, reader, nodeOf }: Shelf, name: string, mode: Mode): SchemaNode | null {
  const value = reader.value(name);
  return value === undefined ? null : nodeOf({ value, pointer: pointerTo(node.pointer, name) }, mode);
}

function list(shelf: Shelf, name: string, mode: Mode): SchemaNode[] {
  const { node, reader, nodeOf } = shelf;
  const value = reader.value(name);
  if (value === undefined) return [];
  const oldItems = name === 'items' || name === 'prefixItems';
  if (!Array.isArray(value) || (value.length === 0 && !oldItems)) {
    reader.fault(name, 'must be an array of schemas, and not an empty one');
    return [];
  }
  const pointer = pointerTo(node.pointer, name);
  return value.flatMap((schema: unknown, index) => {
    const inner = nodeOf({ value: schema, pointer: pointerTo(pointer, index) }, mode);
    return inner === null ? [] : [inner];
  });
}

function entries({ node, reader }: Shelf, name: string): [name: string, site: Site][] {
  const value = reader.value(name);
  if (value === undefined) return [];
  if (!isObject(value)) {
    reader.fault(name, 'must be an object of schemas');
    return [];
  }
  const pointer = pointerTo(node.pointer, name);
  return Object.keys(value).map((key) => [key, { value: value[key], pointer: pointerTo(pointer, key) }]);
}
