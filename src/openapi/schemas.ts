import { quoted, type Report } from './issue-log.ts';
import { children, isObject, member, type ObjectSite, own, type PlainObject, pointerTo, type Site } from './pointer.ts';
import type { Reading } from './reading.ts';
import { isReference } from './reference.ts';
import { findLoops, type SchemaGraph } from './schema-loops.ts';

/** What stands behind a keyword, and whether it judges the same value as the schema it is in, or a part of it. */
interface Keyword {
  readonly holds: 'schema' | 'schema or list' | 'list' | 'map';
  readonly same: boolean;
}

/** The keywords that hold schemas. `items` was a list before 2020-12, and is still written so. */
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['allOf', { holds: 'list', same: true }],
  ['anyOf', { holds: 'list', same: true }],
  ['oneOf', { holds: 'list', same: true }],
  ['not', { holds: 'schema', same: true }],
  ['if', { holds: 'schema', same: true }],
  ['then', { holds: 'schema', same: true }],
  ['else', { holds: 'schema', same: true }],
  ['dependentSchemas', { holds: 'map', same: true }],
  ['properties', { holds: 'map', same: false }],
  ['patternProperties', { holds: 'map', same: false }],
  ['additionalProperties', { holds: 'schema', same: false }],
  ['unevaluatedProperties', { holds: 'schema', same: false }],
  ['propertyNames', { holds: 'schema', same: false }],
  ['items', { holds: 'schema or list', same: false }],
  ['prefixItems', { holds: 'list', same: false }],
  ['additionalItems', { holds: 'schema', same: false }],
  ['unevaluatedItems', { holds: 'schema', same: false }],
  ['contains', { holds: 'schema', same: false }],
  ['contentSchema', { holds: 'schema', same: false }],
  ['$defs', { holds: 'map', same: false }],
  ['definitions', { holds: 'map', same: false }],
]);

/** In 3.0 the siblings of a `$ref` are ignored; these change no verdict, or count all the same as `readOnly` does. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$comment',
  'default',
  'deprecated',
  'description',
  'example',
  'examples',
  'externalDocs',
  'readOnly',
  'summary',
  'title',
  'writeOnly',
  'xml',
]);

/**
 * Checks that every schema an operation comes to is one, that its references lead to something, and that no schema is
 * defined by itself alone. The rest of `components.schemas` is checked too, but what is wrong there can't weaken
 * anything, so it is told as warnings. What the keywords of a schema mean is the business of its validator.
 */
export function checkSchemas(reading: Reading, components: ObjectSite | null): void {
  const graph: SchemaGraph = new Map();
  visitAll(reading, graph, reading.schemas, reading.issues.error);
  const used = graph.size;
  const all = components === null ? [] : children(member(components, 'schemas'));
  const named = all.filter(({ value, pointer }) => isObject(value) || !pointer.startsWith('/components/schemas/x-'));
  visitAll(reading, graph, named, reading.issues.warn);
  for (const loop of findLoops(graph)) {
    const report = loop.index < used ? reading.issues.error : reading.issues.warn;
    report(loop.pointer, loop.message);
  }
}

function visitAll(reading: Reading, graph: SchemaGraph, sites: readonly Site[], report: Report): void {
  const waiting = sites.map((site) => ({ site, identified: false }));
  for (let next = 0; next < waiting.length; next += 1) {
    const { site, identified } = waiting[next] as (typeof waiting)[number];
    if (isObject(site.value)) {
      if (graph.has(site.value)) continue;
      const below = visit(reading, graph, { value: site.value, pointer: site.pointer }, { report, identified });
      for (const child of below.sites) waiting.push({ site: child, identified: below.identified });
      if (below.target !== null) waiting.push({ site: below.target, identified: false });
    } else if (typeof site.value !== 'boolean' || (reading.specification === '3.0' && !mayBeBoolean(site.pointer))) {
      report(site.pointer, 'must be a schema, an object');
    }
  }
}

/** In 3.0 only `additionalProperties` may be true or false (OpenAPI 3.0 §4.7.24.1). */
function mayBeBoolean(pointer: string): boolean {
  return pointer.endsWith('/additionalProperties');
}

interface Below {
  readonly sites: readonly Site[];
  readonly target: Site | null;
  /** Whether an `$id` here or above gives references another base. */
  readonly identified: boolean;
}

function visit(
  reading: Reading,
  graph: SchemaGraph,
  schema: ObjectSite,
  at: { readonly report: Report; readonly identified: boolean },
): Below {
  const identified = at.identified || (reading.specification !== '3.0' && typeof own(schema.value, '$id') === 'string');
  const target = isReference(schema.value) ? readTarget(reading, schema, { ...at, identified }) : null;
  if (reading.specification === '3.0' && isReference(schema.value)) {
    graph.set(schema.value, { pointer: schema.pointer, next: objectsOf([target]) });
    warnOfSiblings(reading, schema);
    return { sites: [], target, identified };
  }
  const parts: Site[] = [];
  const same: Site[] = [];
  for (const name of Object.keys(schema.value)) {
    const keyword = KEYWORDS.get(name);
    if (keyword === undefined) continue;
    const held = heldBy(member(schema, name), keyword, at.report);
    for (const site of held) (keyword.same ? same : parts).push(site);
  }
  graph.set(schema.value, { pointer: schema.pointer, next: objectsOf([target, ...same]) });
  checkMapping(reading, schema);
  checkDynamic(reading, schema, at.report);
  return { sites: [...same, ...parts], target, identified };
}

function readTarget(
  reading: Reading,
  schema: ObjectSite,
  at: { readonly report: Report; readonly identified: boolean },
): Site | null {
  const text = own(schema.value, '$ref');
  if (at.identified && typeof text === 'string') {
    at.report(
      pointerTo(schema.pointer, '$ref'),
      `refers to ${quoted(text)} from inside a schema with an \`$id\`, so it may mean two places`,
      'remove the `$id`',
    );
    return null;
  }
  if (reading.references.follow(schema, at.report) === null || typeof text !== 'string') return null;
  return reading.references.target(text);
}

/** Where a `$dynamicRef` leads is known only with a value at hand (JSON Schema 2020-12 §8.2.3.2), but it must lead somewhere. */
function checkDynamic(reading: Reading, schema: ObjectSite, report: Report): void {
  if (reading.specification === '3.0' || !Object.hasOwn(schema.value, '$dynamicRef')) return;
  const { value, pointer } = member(schema, '$dynamicRef');
  if (value === undefined) return;
  if (typeof value !== 'string' || reading.references.target(value) === null) {
    report(pointer, 'refers to nothing in the document');
  }
}

function heldBy(site: Site, { holds }: Keyword, report: Report): readonly Site[] {
  const { value, pointer } = site;
  if (value === undefined) return [];
  if (holds === 'schema' || (holds === 'schema or list' && !Array.isArray(value))) return [site];
  if (holds === 'map' ? isObject(value) : Array.isArray(value)) return children(site);
  report(pointer, holds === 'map' ? 'must be an object of schemas' : 'must be an array of schemas');
  return [];
}

function objectsOf(sites: readonly (Site | null)[]): readonly PlainObject[] {
  return sites.flatMap((site) => (site !== null && isObject(site.value) ? [site.value] : []));
}

function warnOfSiblings(reading: Reading, schema: ObjectSite): void {
  const siblings = Object.keys(schema.value).filter(
    (key) => key !== '$ref' && !key.startsWith('x-') && !ANNOTATIONS.has(key),
  );
  if (siblings.length === 0) return;
  const named = siblings.slice(0, 5).map(quoted).join(', ');
  reading.issues.warn(
    schema.pointer,
    `has ${named} beside \`$ref\`, which OpenAPI 3.0 ignores`,
    'put both in an `allOf`',
  );
}

/** A name that leads nowhere lets nothing pass but what a schema itself says of it: that is a warning. */
function checkMapping(reading: Reading, schema: ObjectSite): void {
  if (!isObject(own(schema.value, 'discriminator'))) return;
  const discriminator = member(schema, 'discriminator');
  if (!isObject(discriminator.value)) return;
  const mapping = member({ value: discriminator.value, pointer: discriminator.pointer }, 'mapping');
  for (const { value, pointer } of isObject(mapping.value) ? children(mapping) : []) {
    const wrong = typeof value !== 'string' || (value.startsWith('#') && reading.references.target(value) === null);
    if (wrong) reading.issues.warn(pointer, 'must name a schema or refer to one in the document');
  }
}
