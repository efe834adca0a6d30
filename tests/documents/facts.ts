import type { Chance } from '../sim/chance.ts';

/** A schema as it stands in a document. */
export type Schema = Readonly<Record<string, unknown>> | boolean;

/** Why no value can be made: the schema contradicts itself, or asks what is not tried here. It is no fault of a judge. */
export class Unbuildable extends Error {}

/** Where schemas stand. */
export interface Home {
  readonly document: unknown;
  readonly specification: '3.0' | '3.1' | '3.2';
  readonly hidden: 'readOnly' | 'writeOnly';
}

/** What all schemas that apply to one value ask of it together. */
export interface Facts {
  /** Null where any type is right. */
  types: readonly string[] | null;
  values: readonly unknown[] | null;
  readonly least: { bound: number; excluded: boolean }[];
  readonly most: { bound: number; excluded: boolean }[];
  readonly multiples: number[];
  minLength: number;
  maxLength: number;
  readonly patterns: string[];
  readonly formats: string[];
  minItems: number;
  maxItems: number;
  unique: boolean;
  readonly items: Schema[];
  readonly prefixItems: Schema[][];
  readonly properties: Map<string, Schema[]>;
  readonly required: Set<string>;
  /** Properties that say which schema is meant, and so are there. */
  readonly telling: Set<string>;
  readonly additional: Schema[];
  minProperties: number;
  maxProperties: number;
  described: boolean;
  /** Whether the schemas say themselves which other properties there may be. */
  saysRest: boolean;
  /** Whether the value may not be sent in this direction. */
  hidden: boolean;
  /** Whether an alternative was chosen here, so that a value may be wrong for it and right for another. */
  chosen: boolean;
  /** Schemas that were laid together, so that a circle is seen. */
  readonly joined: Set<Schema>;
}

/** Lays all schemas that apply to a value together; of alternatives, one is chosen. */
export function factsOf(schemas: readonly Schema[], home: Home, chance: Chance): Facts {
  const facts: Facts = {
    ...{ types: null, values: null, least: [], most: [], multiples: [] },
    ...{ minLength: 0, maxLength: Infinity, patterns: [], formats: [] },
    ...{ minItems: 0, maxItems: Infinity, unique: false, items: [], prefixItems: [] },
    ...{
      properties: new Map(),
      required: new Set(),
      telling: new Set(),
      additional: [],
      minProperties: 0,
      maxProperties: Infinity,
    },
    ...{ described: false, saysRest: false, hidden: false, chosen: false, joined: new Set() },
  };
  for (const schema of schemas) lay(facts, schema, { home, chance });
  return facts;
}

interface Around {
  readonly home: Home;
  readonly chance: Chance;
}

function lay(facts: Facts, schema: Schema, around: Around): void {
  if (schema === true) return;
  if (!isObject(schema)) throw new Unbuildable('nothing is right');
  if (facts.joined.has(schema)) return;
  facts.joined.add(schema);
  const { home, chance } = around;
  // Beside a reference of 3.0 nothing else counts but this.
  facts.hidden ||= schema[home.hidden] === true;
  if (typeof schema.$ref === 'string') {
    lay(facts, targetOf(home.document, schema.$ref), around);
    if (home.specification === '3.0') return;
  }
  layValues(facts, schema, home);
  layPlain(facts, schema);
  // It is checked as the format is that it took the place of.
  if (schema.contentEncoding === 'base64' && home.specification !== '3.0') facts.formats.push('byte');
  layObject(facts, schema);
  layList(facts, schema);
  for (const part of listOf(schema.allOf)) lay(facts, part, around);
  for (const keyword of ['oneOf', 'anyOf']) {
    const alternatives = listOf(schema[keyword]);
    if (alternatives.length === 0) continue;
    facts.chosen = true;
    const chosen = chance.oneOf(alternatives);
    lay(facts, chosen, around);
    nameAlternative(facts, schema, chosen);
  }
  nameHeir(facts, schema, around);
  if (['not', 'if', 'dependentSchemas', 'dependencies', '$dynamicRef'].some((keyword) => keyword in schema)) {
    facts.chosen = true;
  }
}

/** Sets the property by which alternatives are told apart, where the alternative itself does not say what it is. */
function nameAlternative(facts: Facts, schema: Readonly<Record<string, unknown>>, chosen: Schema): void {
  const { discriminator } = schema;
  if (!isObject(discriminator) || typeof discriminator.propertyName !== 'string' || !isObject(chosen)) return;
  const reference = chosen.$ref;
  if (typeof reference !== 'string') return;
  const mapping = isObject(discriminator.mapping) ? Object.entries(discriminator.mapping) : [];
  const named = reference.slice(reference.lastIndexOf('/') + 1);
  const mapped = mapping.find(([, target]) => target === reference || target === named);
  tell(facts, discriminator.propertyName, mapped?.[0] ?? named);
}

/** Where schemas take another one up that has a discriminator, one of them is chosen, or the one that has led here. */
function nameHeir(facts: Facts, schema: Readonly<Record<string, unknown>>, around: Around): void {
  const { discriminator } = schema;
  if (!isObject(discriminator) || typeof discriminator.propertyName !== 'string') return;
  if (listOf(schema.oneOf).length + listOf(schema.anyOf).length > 0) return;
  const hidden = (facts.properties.get(discriminator.propertyName) ?? []).some(
    (one) => isObject(one) && one[around.home.hidden] === true,
  );
  // It can't be named where the name may not be sent.
  if (hidden) return;
  const { document } = around.home;
  const named = new Map(heirsOf(document, schema));
  if (named.size === 0 && !isObject(discriminator.mapping)) return;
  const own = Object.entries(componentsOf(document)).find(([, value]) => value === schema);
  if (own !== undefined) named.set(...own);
  for (const [name, target] of isObject(discriminator.mapping) ? Object.entries(discriminator.mapping) : []) {
    const text = String(target);
    const meant = componentsOf(document)[text] ?? (text.startsWith('#') ? targetOf(document, text) : undefined);
    if (meant !== undefined) named.set(name, meant);
  }
  const led = [...facts.joined].find((one) => one !== schema && [...named.values()].includes(one));
  const [name, chosen] =
    led === undefined ? around.chance.oneOf([...named]) : [...named].findLast(([, one]) => one === led)!;
  const { types } = facts;
  lay(facts, chosen, around);
  // What is no object names none of them, and is judged without them.
  facts.types = types;
  tell(facts, discriminator.propertyName, name);
}

/** Gives the property that tells schemas apart a value. */
function tell(facts: Facts, property: string, value: unknown): void {
  const held = facts.properties.get(property);
  if (held === undefined && facts.described && !facts.saysRest)
    throw new Unbuildable('what tells schemas apart is not described');
  facts.properties.set(property, [...(held ?? []), { enum: [value] }]);
  facts.telling.add(property);
}

function componentsOf(document: unknown): Readonly<Record<string, Schema>> {
  const components = isObject(document) && isObject(document.components) ? document.components.schemas : undefined;
  return isObject(components) ? (components as Readonly<Record<string, Schema>>) : {};
}

const families = new WeakMap<object, Map<Schema, [string, Schema][]>>();

/** What a component takes up by `allOf`. */
function basesOf(document: unknown, component: Schema): readonly Schema[] {
  return (isObject(component) ? listOf(component.allOf) : []).flatMap((part) => {
    const reference = isObject(part) ? part.$ref : undefined;
    return typeof reference === 'string' && reference.startsWith('#') ? [targetOf(document, reference)] : [];
  });
}

/** The components that take a schema up by `allOf`, near or far, by name. */
function heirsOf(document: unknown, schema: Schema): readonly [string, Schema][] {
  if (!isObject(document)) return [];
  let family = families.get(document);
  if (family === undefined) {
    families.set(document, (family = new Map<Schema, [string, Schema][]>()));
    for (const [name, value] of Object.entries(componentsOf(document))) {
      for (const base of basesOf(document, value)) family.set(base, [...(family.get(base) ?? []), [name, value]]);
    }
  }
  const found = [...(family.get(schema) ?? [])];
  for (const [, heir] of found) for (const next of family.get(heir) ?? []) if (!found.includes(next)) found.push(next);
  return found;
}

function layValues(facts: Facts, schema: Readonly<Record<string, unknown>>, home: Home): void {
  const written = schema.type;
  if (typeof written === 'string' || Array.isArray(written)) {
    const types = (Array.isArray(written) ? written : [written]) as string[];
    const nullable = home.specification === '3.0' && schema.nullable === true ? ['null'] : [];
    facts.types = common(facts.types, [...types, ...nullable]);
    if (facts.types.length === 0) throw new Unbuildable('no type is right');
  }
  if (Array.isArray(schema.enum)) facts.values = bothOf(facts.values, schema.enum);
  if (schema.const !== undefined) facts.values = bothOf(facts.values, [schema.const]);
}

function common(one: readonly string[] | null, other: readonly string[]): readonly string[] {
  if (one === null) return other;
  const whole =
    (one.includes('integer') && other.includes('number')) || (one.includes('number') && other.includes('integer'));
  const both = one.filter((type) => other.includes(type));
  return whole && !both.includes('integer') && !both.includes('number') ? [...both, 'integer'] : both;
}

function bothOf(one: readonly unknown[] | null, other: readonly unknown[]): readonly unknown[] {
  if (one === null) return other;
  const texts = new Set(other.map((value) => JSON.stringify(value)));
  return one.filter((value) => texts.has(JSON.stringify(value)));
}

function layPlain(facts: Facts, schema: Readonly<Record<string, unknown>>): void {
  const number = (name: string): number | null => (typeof schema[name] === 'number' ? schema[name] : null);
  const bounds = [
    [facts.least, 'minimum', 'exclusiveMinimum'],
    [facts.most, 'maximum', 'exclusiveMaximum'],
  ] as const;
  for (const [list, name, exclusive] of bounds) {
    const bound = number(name);
    const excluded = number(exclusive);
    if (bound !== null) list.push({ bound, excluded: schema[exclusive] === true });
    if (excluded !== null) list.push({ bound: excluded, excluded: true });
  }
  const multiple = number('multipleOf');
  if (multiple !== null) facts.multiples.push(multiple);
  facts.minLength = Math.max(facts.minLength, number('minLength') ?? 0);
  facts.maxLength = Math.min(facts.maxLength, number('maxLength') ?? Infinity);
  if (typeof schema.pattern === 'string') facts.patterns.push(schema.pattern);
  if (typeof schema.format === 'string') facts.formats.push(schema.format);
}

function layList(facts: Facts, schema: Readonly<Record<string, unknown>>): void {
  const { minItems, maxItems, items } = schema;
  if (typeof minItems === 'number') facts.minItems = Math.max(facts.minItems, minItems);
  if (typeof maxItems === 'number') facts.maxItems = Math.min(facts.maxItems, maxItems);
  facts.unique ||= schema.uniqueItems === true;
  if (Array.isArray(items)) facts.prefixItems.push(items as Schema[]);
  else if (isObject(items) || typeof items === 'boolean') facts.items.push(items);
  if (Array.isArray(schema.prefixItems)) facts.prefixItems.push(schema.prefixItems as Schema[]);
  if ('contains' in schema || 'unevaluatedItems' in schema) facts.chosen = true;
}

function layObject(facts: Facts, schema: Readonly<Record<string, unknown>>): void {
  const { minProperties, maxProperties, additionalProperties: rest } = schema;
  if (typeof minProperties === 'number') facts.minProperties = Math.max(facts.minProperties, minProperties);
  if (typeof maxProperties === 'number') facts.maxProperties = Math.min(facts.maxProperties, maxProperties);
  if (isObject(schema.properties)) {
    facts.described = true;
    for (const [name, property] of Object.entries(schema.properties)) {
      facts.properties.set(name, [...(facts.properties.get(name) ?? []), property as Schema]);
    }
  }
  if (Array.isArray(schema.required)) for (const name of schema.required) facts.required.add(String(name));
  if (isObject(rest)) facts.additional.push(rest);
  if (
    ['additionalProperties', 'unevaluatedProperties', 'patternProperties', 'propertyNames'].some((key) => key in schema)
  ) {
    facts.saysRest = true;
  }
}

function listOf(value: unknown): readonly Schema[] {
  return Array.isArray(value) ? (value as Schema[]) : [];
}

/** Whether a value is an object and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a JSON Pointer in a fragment leads to (RFC 6901 §6). */
export function targetOf(document: unknown, reference: string): Schema {
  let at: unknown = document;
  for (const token of decodeURIComponent(reference.slice(1)).split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    at = (at as Readonly<Record<string, unknown>> | undefined)?.[name];
  }
  if (!isObject(at) && typeof at !== 'boolean') throw new Unbuildable('a reference leads nowhere');
  return at;
}

/** The schema at a pointer. */
export function schemaAt({ document }: Home, pointer: string): Schema {
  return targetOf(document, `#${encodeURI(pointer).replaceAll('#', '%23')}`);
}
