import { isObject, own, type PlainObject } from '../pointer.ts';
import { createReferences, isReference, type References } from '../reference.ts';
import type { Specification } from '../description.ts';

/** The kinds of value that have no parts. */
export type ScalarType = 'string' | 'integer' | 'number' | 'boolean' | 'null';

/**
 * What kinds of value a schema has room for, which is what text must be known to become before it can be judged. It
 * judges nothing itself. Null where the schema says nothing of kinds: then text stays text.
 */
export type ValueShape = {
  /** The media type of the bytes that text stands for: any type for `format: binary`. Null where it stands for none. */
  readonly bytes: string | null;
  readonly scalars: ReadonlySet<ScalarType>;
  readonly array: { readonly items: ValueShape } | null;
  /**
   * `others` says what properties with no name of their own are; undefined where the schema has no room for such.
   * `described` is false where the schema says nothing of properties at all.
   */
  readonly object: {
    readonly properties: ReadonlyMap<string, ValueShape>;
    readonly others: ValueShape | undefined;
    readonly described: boolean;
  } | null;
} | null;

/** The schemas of one document. */
export interface ShapeSource {
  readonly document: unknown;
  readonly specification: Specification;
}

type TypedShape = NonNullable<ValueShape>;

/** A form holds an object, of objects or lists, of values: what lies deeper comes as JSON, which needs no shape. */
const LEVELS = 4;
/** References and alternatives on one way down; a schema with more is read as text, which its validator then refuses. */
const DEPTH = 64;
/** Schemas looked at for one shape, so that alternatives of alternatives can't take the time of a compile. */
const SCHEMAS = 10_000;

const SCALARS: ReadonlySet<string> = new Set(['string', 'integer', 'number', 'boolean', 'null']);
const NO_SCALARS: ReadonlySet<ScalarType> = new Set();

const referencesByDocument = new WeakMap<object, References>();

/** The references of a document, looked up once for all its operations. */
export function referencesOf(document: unknown): References {
  if (!isObject(document)) return createReferences(document);
  const known = referencesByDocument.get(document) ?? createReferences(document);
  referencesByDocument.set(document, known);
  return known;
}

/**
 * The shape of a schema. `allOf` and what stands beside it narrow each other, `anyOf` and `oneOf` widen; types that are
 * not written are taken from `enum`, `const`, `properties` and `items`. `not` and conditions say nothing of kinds.
 */
export function shapeOf(source: ShapeSource, schema: unknown): ValueShape {
  if (!isObject(schema) || !isObject(source.document)) return new ShapeReader(source).read(schema, LEVELS, DEPTH);
  const known = shapesByDocument.get(source.document) ?? {};
  const shapes = (known[source.specification] ??= new Map<object, ValueShape>());
  shapesByDocument.set(source.document, known);
  const before = shapes.get(schema);
  if (before !== undefined) return before;
  const shape = new ShapeReader(source).read(schema, LEVELS, DEPTH);
  shapes.set(schema, shape);
  return shape;
}

/** Many operations share a parameter. An entry goes with its document. */
const shapesByDocument = new WeakMap<object, Partial<Record<Specification, Map<object, ValueShape>>>>();

class ShapeReader {
  readonly #references: References;
  readonly #nullable: boolean;
  #left = SCHEMAS;

  constructor(source: ShapeSource) {
    this.#references = referencesOf(source.document);
    this.#nullable = source.specification === '3.0';
  }

  read(schema: unknown, levels: number, depth: number): ValueShape {
    if (!isObject(schema) || depth === 0 || --this.#left < 0) return null;
    const target = isReference(schema) ? this.#target(own(schema, '$ref')) : undefined;
    const behind = target === undefined ? null : this.read(target, levels, depth - 1);
    // In 3.0 nothing beside a reference counts.
    if (target !== undefined && this.#nullable) return behind;
    let shape = intersection(behind, this.#own(schema, levels, depth));
    for (const part of listOf(schema, 'allOf')) shape = intersection(shape, this.read(part, levels, depth - 1));
    for (const keyword of ['anyOf', 'oneOf']) {
      const parts = listOf(schema, keyword).map((part) => this.read(part, levels, depth - 1));
      if (parts.length > 0) shape = intersection(shape, parts.reduce(union));
    }
    return shape;
  }

  #target(text: unknown): unknown {
    return typeof text === 'string' ? this.#references.target(text)?.value : undefined;
  }

  #own(schema: PlainObject, levels: number, depth: number): ValueShape {
    const types = typesOf(schema, this.#nullable);
    if (types === null) return null;
    const scalars = new Set([...types].filter((type) => SCALARS.has(type))) as ReadonlySet<ScalarType>;
    return {
      bytes: types.has('string') ? bytesOf(schema, this.#nullable) : null,
      scalars,
      array: types.has('array') ? { items: this.#below(own(schema, 'items'), levels, depth) } : null,
      object: types.has('object') ? this.#object(schema, levels, depth) : null,
    };
  }

  #object(schema: PlainObject, levels: number, depth: number): TypedShape['object'] {
    const described = own(schema, 'properties');
    const names = isObject(described) ? Object.keys(described) : [];
    const properties = new Map(
      names.map((name) => [name, this.#below(own(described as PlainObject, name), levels, depth)] as const),
    );
    const others = own(schema, 'additionalProperties') ?? own(schema, 'unevaluatedProperties');
    if (isObject(others)) return { properties, others: this.#below(others, levels, depth), described: true };
    const open = others === true || isObject(own(schema, 'patternProperties'));
    const isDescribed = open || others === false || isObject(described);
    return { properties, others: open || !isDescribed ? null : undefined, described: isDescribed };
  }

  #below(schema: unknown, levels: number, depth: number): ValueShape {
    return levels === 0 ? null : this.read(schema, levels - 1, depth - 1);
  }
}

function listOf(schema: PlainObject, keyword: string): readonly unknown[] {
  const list = own(schema, keyword);
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}

/** The types a schema names, or else lets see; null where it does neither. */
export function typesOf(schema: PlainObject, nullable: boolean): ReadonlySet<string> | null {
  const type = own(schema, 'type');
  const types = new Set<string>(
    (Array.isArray(type) ? type : [type]).filter((name: unknown) => typeof name === 'string'),
  );
  if (types.size > 0 && nullable && own(schema, 'nullable') === true) types.add('null');
  if (types.size > 0) return types;
  const values = Object.hasOwn(schema, 'const') ? [own(schema, 'const')] : listOf(schema, 'enum');
  if (values.length > 0) return new Set(values.map(typeOf));
  if (isObject(own(schema, 'properties')) || own(schema, 'additionalProperties') !== undefined) types.add('object');
  if (own(schema, 'items') !== undefined || own(schema, 'prefixItems') !== undefined) types.add('array');
  return types.size > 0 ? types : null;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** From 3.1 on `contentMediaType` says bytes too, where they are not encoded as text. */
function bytesOf(schema: PlainObject, isOld: boolean): string | null {
  const format = own(schema, 'format');
  const mediaType = own(schema, 'contentMediaType');
  if (own(schema, 'contentEncoding') !== undefined) return null;
  if (!isOld && typeof mediaType === 'string') return mediaType.toLowerCase();
  return format === 'binary' ? ANY_TYPE : null;
}

const ANY_TYPE = '*/*';

function intersection(one: ValueShape, other: ValueShape): ValueShape {
  if (one === null || other === null) return one ?? other;
  return {
    bytes: one.bytes === null || one.bytes === ANY_TYPE ? (other.bytes ?? one.bytes) : one.bytes,
    scalars: commonScalars(one.scalars, other.scalars),
    array:
      one.array === null || other.array === null ? null : { items: intersection(one.array.items, other.array.items) },
    object: one.object === null || other.object === null ? null : bothObjects(one.object, other.object, intersection),
  };
}

function commonScalars(one: ReadonlySet<ScalarType>, other: ReadonlySet<ScalarType>): ReadonlySet<ScalarType> {
  const common = new Set([...one].filter((type) => other.has(type)));
  // Every integer is a number.
  if ((one.has('integer') && other.has('number')) || (one.has('number') && other.has('integer'))) common.add('integer');
  return common.size === 0 ? NO_SCALARS : common;
}

function union(one: ValueShape, other: ValueShape): ValueShape {
  if (one === null || other === null) return null;
  const { array, object } = one;
  return {
    bytes: widerBytes(one.bytes, other.bytes),
    scalars: new Set([...one.scalars, ...other.scalars]),
    array:
      array === null || other.array === null
        ? (array ?? other.array)
        : { items: union(array.items, other.array.items) },
    object:
      object === null || other.object === null ? (object ?? other.object) : bothObjects(object, other.object, union),
  };
}

function widerBytes(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one === other ? one : ANY_TYPE;
}

/** The properties of both; what both name is what `merge` makes of it. One that says nothing of properties adds nothing. */
function bothObjects(
  one: NonNullable<TypedShape['object']>,
  other: NonNullable<TypedShape['object']>,
  merge: (one: ValueShape, other: ValueShape) => ValueShape,
): TypedShape['object'] {
  if (!one.described || !other.described) return one.described ? one : other;
  const properties = new Map(one.properties);
  for (const [name, shape] of other.properties) {
    const before = properties.get(name);
    properties.set(name, before === undefined ? shape : merge(before, shape));
  }
  if (one.others === undefined) return { properties, others: other.others, described: true };
  const others = other.others === undefined ? one.others : merge(one.others, other.others);
  return { properties, others, described: true };
}
