import { descend, isObject, member, own, pointerTo, type Site } from '../pointer.ts';
import type { References } from '../reference.ts';
import type { NodeOf } from './inner.ts';
import type { KeywordReader } from './keyword-reader.ts';
import type { Discriminator, SchemaNode } from './schema-node.ts';

/** Where names of schemas lead to. */
export interface SchemaNames {
  readonly document: unknown;
  readonly references: References;
}

/** Reads the `discriminator` of a schema, null where it has none or one that tells nothing apart. */
export function readDiscriminator(
  node: SchemaNode,
  reader: KeywordReader,
  names: SchemaNames,
  nodeOf: NodeOf,
): Discriminator | null {
  const written = reader.value('discriminator');
  // What `not`, `if` and `contains` ask is judged as JSON Schema has it, where this is no keyword.
  if (written === undefined || node.mode === 'plain') return null;
  const property = isObject(written) ? own(written, 'propertyName') : undefined;
  if (!isObject(written) || typeof property !== 'string') {
    reader.fault('discriminator', 'must be an object with the `propertyName` by which schemas are told apart');
    return null;
  }
  const found = (name: unknown): SchemaNode | null => {
    const site = typeof name === 'string' ? schemaNamed(name, names) : null;
    return site === null ? null : nodeOf(site, node.mode);
  };
  const mapped = own(written, 'mapping');
  const mapping = new Map(isObject(mapped) ? Object.keys(mapped).map((key) => [key, found(own(mapped, key))]) : []);
  const listed = node.inner.oneOf.length + node.inner.anyOf.length > 0;
  const heirs = listed ? [] : heirsOf(node.value, names).flatMap((site) => nodeOf(site, node.mode) ?? []);
  const otherwise = reader.dialect === '3.2' ? own(written, 'defaultMapping') : undefined;
  if (!listed && heirs.length === 0 && mapping.size === 0) return null;
  return { property, mapping, otherwise: otherwise === undefined ? null : found(otherwise), heirs };
}

/** A name stands for a component, or else for what a `$ref` of this text leads to. */
function schemaNamed(name: string, { document, references }: SchemaNames): Site | null {
  const value = descend(document, ['components', 'schemas', name]);
  if (value !== undefined) return { value, pointer: pointerTo('/components/schemas', name) };
  return name.startsWith('#') ? references.target(name) : null;
}

/** The components that take a schema up, by the schema that is taken up; found once for a document. */
const familiesByDocument = new WeakMap<object, ReadonlyMap<unknown, readonly Site[]>>();

/** The components that take a schema up by `allOf`, and those that take these up. */
function heirsOf(schema: unknown, names: SchemaNames): readonly Site[] {
  if (!isObject(names.document)) return [];
  const families = familiesByDocument.get(names.document) ?? familiesOf(names);
  familiesByDocument.set(names.document, families);
  const heirs = new Map<unknown, Site>();
  const waiting: unknown[] = [schema];
  for (const next of waiting) {
    for (const heir of families.get(next) ?? []) {
      if (heirs.has(heir.value) || heir.value === schema) continue;
      heirs.set(heir.value, heir);
      waiting.push(heir.value);
    }
  }
  return [...heirs.values()];
}

function familiesOf({ document, references }: SchemaNames): ReadonlyMap<unknown, readonly Site[]> {
  const families = new Map<unknown, Site[]>();
  const components = descend(document, ['components', 'schemas']);
  for (const name of isObject(components) ? Object.keys(components) : []) {
    const value = isObject(components) ? own(components, name) : undefined;
    const joined = isObject(value) ? member({ value, pointer: '' }, 'allOf').value : undefined;
    for (const part of Array.isArray(joined) ? (joined as readonly unknown[]) : []) {
      const text = isObject(part) ? own(part, '$ref') : undefined;
      const target = typeof text === 'string' ? references.target(text)?.value : undefined;
      if (target === undefined) continue;
      const family = families.get(target) ?? [];
      family.push({ value, pointer: pointerTo('/components/schemas', name) });
      families.set(target, family);
    }
  }
  return families;
}
