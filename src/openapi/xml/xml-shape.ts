import { isObject, own, type PlainObject } from '../pointer.ts';
import { isReference, type References } from '../reference.ts';
import { type ScalarType, type ShapeSource, referencesOf, typesOf, type ValueShape } from '../request/value-shape.ts';
import { componentName, nodeOf, Unmeant, type XmlNode } from './xml-node.ts';

/** How an element, or the value of an attribute, becomes a value that a schema judges. */
export interface XmlShape {
  kind: 'scalar' | 'object' | 'list' | 'any-object' | 'anything' | 'unreadable';
  /** Why it is `unreadable`, in words. */
  reason: string;
  /** Where it is a scalar: what its text may be. */
  scalar: ValueShape;
  /** Whether it may be null, which only `xsi:nil` says. */
  nullable: boolean;
  /** Where it is an object: what is described by name. */
  attributes: Map<string, XmlMember[]>;
  elements: Map<string, XmlMember[]>;
  text: XmlMember | null;
  /** The names of all its properties: nothing else goes by one. */
  names: Set<string>;
  /** What is not described by name; null where nothing may be there that is not. */
  others: XmlShape | null;
  /** Where it is a list in an element of its own: its items. */
  item: XmlMember | null;
}

/** A property or an item, and how it is written. */
export interface XmlMember {
  readonly property: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly hasPrefix: boolean;
  /** Whether it is a list whose items stand right in the element around. */
  readonly isRepeated: boolean;
  readonly shape: XmlShape;
}

/** The root of a body. */
export interface XmlRoot {
  readonly member: XmlMember;
  /** Why it can't be read in some part that is described; null where it can. */
  readonly fault: string | null;
  /** Whether a text may have two readings somewhere in it. */
  readonly ambiguous: boolean;
}

/** Schemas looked at for one root: alternatives of alternatives must not take the time of a compile. */
const SCHEMAS = 20_000;
const SCALARS: ReadonlySet<string> = new Set(['string', 'integer', 'number', 'boolean']);

const roots = new WeakMap<object, Map<string, XmlRoot>>();

/** How bodies of a schema are written; `pointer` leads to the schema. Worked out once for each schema of a document. */
export function xmlRootOf(source: ShapeSource, schema: unknown, pointer: string): XmlRoot {
  if (!isObject(schema)) return new ShapeBuilder(source).root(schema, pointer);
  const text = Object.keys(schema).length === 1 ? own(schema, '$ref') : undefined;
  const target = typeof text === 'string' ? referencesOf(source.document).target(text) : null;
  // Many operations refer to one component. One that refers on, perhaps in a circle, is left to the builder.
  if (target !== null && isObject(target.value) && !isReference(target.value) && componentName(target.pointer) !== null)
    return xmlRootOf(source, target.value, target.pointer);
  const known = roots.get(schema) ?? new Map<string, XmlRoot>();
  const key = `${source.specification} ${pointer}`;
  const root = known.get(key) ?? new ShapeBuilder(source).root(schema, pointer);
  known.set(key, root);
  roots.set(schema, known);
  return root;
}

/**
 * How the parts of a form are written that hold one of its properties: as an element of it is, each an item where the
 * property is a list without an element of its own.
 */
export function xmlPartOf(source: ShapeSource, form: unknown, property: string): XmlRoot {
  return new ShapeBuilder(source).part(form, property);
}

type Schemas = readonly unknown[];

class ShapeBuilder {
  readonly #source: ShapeSource;
  readonly #references: References;
  readonly #shapes = new Map<string, XmlShape>();
  readonly #numbers = new Map<unknown, number>();
  #left = SCHEMAS;
  /** What needs shapes that were begun, and may not be made yet: schemas refer to one another in circles. */
  readonly #later: (() => void)[] = [];
  #fault: string | null = null;
  #ambiguous = false;

  constructor(source: ShapeSource) {
    this.#source = source;
    this.#references = referencesOf(source.document);
  }

  root(schema: unknown, pointer: string): XmlRoot {
    const component = componentName(pointer);
    const shape = this.#shapeOf([schema], component);
    const node = this.#nodeOf([schema], component ?? this.#referredName(schema));
    const member = this.#member('', node, shape);
    for (const link of this.#later) link();
    const type = node instanceof Unmeant ? null : node.type;
    const isList = this.#source.specification === '3.2' && shape.kind === 'list';
    if (member.name === '') this.#fault ??= 'has no name for its root: write `xml: { name: … }`';
    else if (type === null ? isList : type !== 'element') this.#fault ??= 'has a root that is no element';
    return { member, fault: this.#fault, ambiguous: this.#ambiguous };
  }

  part(form: unknown, property: string): XmlRoot {
    const around = emptyShape();
    this.#property(around, property, propertiesOf(this.#joined([form])).get(property) ?? []);
    for (const link of this.#later) link();
    const [member] = [...around.elements.values()].flat();
    if (member === undefined) this.#fault ??= 'has a part that is no element';
    return { member: member ?? NO_MEMBER, fault: this.#fault, ambiguous: this.#ambiguous };
  }

  #referredName(schema: unknown): string | null {
    if (!isReference(schema)) return null;
    const text = own(schema, '$ref');
    const target = typeof text === 'string' ? this.#references.target(text) : null;
    return target === null ? null : componentName(target.pointer);
  }

  #member(property: string, node: XmlNode | Unmeant, shape: XmlShape, isRepeated = false): XmlMember {
    const plain = node instanceof Unmeant ? null : node;
    if (node instanceof Unmeant) this.#unreadable(shape, node.message);
    const name = plain?.name ?? property;
    const namespace = plain?.namespace ?? null;
    return { property, name, namespace, hasPrefix: plain?.hasPrefix ?? false, isRepeated, shape };
  }

  /** The shape that several schemas of one value have together; `name` is what items of a list in it go by. */
  #shapeOf(schemas: Schemas, name: string | null): XmlShape {
    const key = `${name ?? ''}/${schemas.map((schema) => this.#numberOf(schema)).join(' ')}`;
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const shape = emptyShape();
    this.#shapes.set(key, shape);
    const joined = this.#joined(schemas);
    const kinds = this.#kindsOf(joined);
    shape.nullable = kinds.delete('null');
    const scalars = new Set([...kinds].filter((kind) => SCALARS.has(kind))) as ReadonlySet<ScalarType>;
    const others = [...kinds].filter((kind) => !SCALARS.has(kind));
    if (others.length + Math.min(1, scalars.size) > 1) this.#unreadable(shape, 'takes values of several kinds');
    else if (scalars.size > 0) this.#scalar(shape, scalars);
    else if (others[0] === 'object') this.#object(shape, joined);
    else if (others[0] === 'array') this.#list(shape, joined, name);
    return shape;
  }

  #numberOf(schema: unknown): number {
    const known = this.#numbers.get(schema) ?? this.#numbers.size;
    this.#numbers.set(schema, known);
    return known;
  }

  /** The schemas themselves, and all that judge the same value with them, or may. */
  #joined(schemas: Schemas): readonly PlainObject[] {
    const found = new Set<PlainObject>();
    const waiting: unknown[] = [...schemas];
    for (const schema of waiting) {
      if (!isObject(schema) || found.has(schema)) continue;
      if (--this.#left < 0) break;
      found.add(schema);
      const reference = isReference(schema) ? own(schema, '$ref') : own(schema, '$dynamicRef');
      if (typeof reference === 'string') waiting.push(this.#references.target(reference)?.value);
      // In 3.0 nothing beside a reference counts.
      if (isReference(schema) && this.#source.specification === '3.0') found.delete(schema);
      else waiting.push(...partsOf(schema));
    }
    if (this.#left < 0) this.#fault ??= 'is made of too many schemas';
    return [...found];
  }

  #kindsOf(joined: readonly PlainObject[]): Set<string> {
    const kinds = new Set<string>();
    for (const schema of joined) {
      for (const kind of typesOf(schema, this.#source.specification === '3.0') ?? []) kinds.add(kind);
      if (own(schema, 'patternProperties') !== undefined) kinds.add('object');
    }
    return kinds;
  }

  #scalar(shape: XmlShape, scalars: ReadonlySet<ScalarType>): void {
    shape.kind = 'scalar';
    shape.scalar = { bytes: null, scalars, array: null, object: null };
    if (scalars.has('string') && scalars.size > 1) this.#ambiguous = true;
  }

  #object(shape: XmlShape, joined: readonly PlainObject[]): void {
    const others: unknown[] = [];
    let isOpen = false;
    for (const schema of joined) {
      for (const keyword of ['additionalProperties', 'unevaluatedProperties']) {
        const rest = own(schema, keyword);
        if (isObject(rest)) others.push(rest);
        else if (rest === true) isOpen = true;
      }
      if (own(schema, 'patternProperties') !== undefined) isOpen = true;
    }
    const isDescribed = joined.some((schema) => DESCRIBING.some((keyword) => own(schema, keyword) !== undefined));
    if (!isDescribed) {
      shape.kind = 'any-object';
      return;
    }
    shape.kind = 'object';
    if (isOpen) shape.others = emptyShape();
    else if (others.length > 0) shape.others = this.#shapeOf(others, null);
    for (const [name, schemas] of propertiesOf(joined)) {
      shape.names.add(name);
      this.#property(shape, name, schemas);
    }
  }

  #property(around: XmlShape, property: string, schemas: Schemas): void {
    const node = this.#nodeOf(schemas, property);
    const shape = this.#shapeOf(schemas, property);
    if (node instanceof Unmeant) return this.#unreadable(around, node.message);
    if (shape.kind === 'unreadable') return this.#unreadable(around, shape.reason);
    const kind = node.type ?? (shape.kind === 'list' ? 'none' : 'element');
    switch (kind) {
      case 'attribute':
      case 'text':
        if (shape.kind !== 'scalar')
          return this.#unreadable(around, `has ${kind === 'text' ? 'a text' : 'an attribute'} that is no plain value`);
        if (kind === 'attribute') return this.#add(around, 'attributes', this.#member(property, node, shape));
        if (around.text !== null) return this.#unreadable(around, 'has two texts in one element');
        around.text = this.#member(property, node, shape);
        return;
      case 'element':
        return this.#add(around, 'elements', this.#member(property, node, shape));
      case 'none': {
        if (shape.kind !== 'list') return this.#unreadable(around, 'has a property that is no node of its own');
        this.#later.push(() => {
          if (shape.item !== null) this.#add(around, 'elements', { ...shape.item, property, isRepeated: true });
        });
        return;
      }
    }
  }

  #add(around: XmlShape, place: 'attributes' | 'elements', member: XmlMember): void {
    const members = around[place].get(member.name) ?? [];
    // An element that names no namespace is in that around it, which may be any; an attribute is in none.
    const isAny =
      place === 'elements' && (member.namespace === null || members.some(({ namespace }) => namespace === null));
    if (members.some(({ namespace }) => isAny || namespace === member.namespace))
      return this.#unreadable(around, 'has two properties of one name');
    members.push(member);
    around[place].set(member.name, members);
  }

  #list(shape: XmlShape, joined: readonly PlainObject[], inferred: string | null): void {
    const items = joined.map((schema) => own(schema, 'items')).filter((schema) => isObject(schema));
    if (joined.some((schema) => own(schema, 'prefixItems') !== undefined))
      return this.#unreadable(shape, 'has a list whose items differ by their place');
    shape.kind = 'list';
    const node = this.#nodeOf(items, this.#nameOfItems(joined, items, inferred));
    const item = this.#shapeOf(items, null);
    const type = node instanceof Unmeant ? null : node.type;
    if (node instanceof Unmeant) this.#unreadable(shape, node.message);
    else if (node.name === null) this.#unreadable(shape, 'has a list whose items have no name');
    else if (item.kind === 'unreadable') this.#unreadable(shape, item.reason);
    else if (type === 'attribute' || type === 'text' || (item.kind === 'list' && type !== 'element'))
      this.#unreadable(shape, 'has a list whose items are no elements');
    shape.item = this.#member('', node, item, true);
  }

  /** Up to 3.1 the items of a list in an element of its own go by its name, where they have none. */
  #nameOfItems(joined: readonly PlainObject[], items: Schemas, inferred: string | null): string | null {
    if (this.#source.specification === '3.2') return inferred ?? this.#referredName(items[0]);
    const said = joined.map((schema) => own(schema, 'xml')).find((xml) => isObject(xml));
    const name = isObject(said) && own(said, 'wrapped') === true ? own(said, 'name') : undefined;
    return typeof name === 'string' ? name : (inferred ?? this.#referredName(items[0]));
  }

  /** How a value is written that several schemas describe: they must agree. */
  #nodeOf(schemas: Schemas, inferred: string | null): XmlNode | Unmeant {
    let agreed: XmlNode | null = null;
    for (const schema of schemas) {
      const node = nodeOf(this.#source, schema, inferred);
      if (node instanceof Unmeant) return node;
      if (agreed !== null && !isSameNode(agreed, node)) return DISAGREEING;
      agreed = node;
      for (const alternative of this.#alternativesOf(schema)) {
        const other = nodeOf(this.#source, alternative, node.name, true);
        if (other instanceof Unmeant) return other;
        if (!isSameNode(node, other)) return DISAGREEING;
      }
    }
    return agreed ?? { name: inferred, namespace: null, hasPrefix: false, type: null };
  }

  /** The schemas that a value may follow instead of one another, at any depth. */
  #alternativesOf(schema: unknown): ReadonlySet<unknown> {
    const alternatives = new Set<unknown>();
    for (const joined of this.#joined([schema])) {
      for (const keyword of ['anyOf', 'oneOf']) for (const one of listOf(own(joined, keyword))) alternatives.add(one);
    }
    return alternatives;
  }

  #unreadable(shape: XmlShape, reason: string): void {
    shape.kind = 'unreadable';
    shape.reason = reason;
    this.#fault ??= reason;
  }
}

const DISAGREEING = new Unmeant('has schemas that disagree on how it is written');

/** Keywords that say something of the properties of an object. */
const DESCRIBING = ['properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties'] as const;

function isSameNode(one: XmlNode, other: XmlNode): boolean {
  return (
    one.name === other.name &&
    one.namespace === other.namespace &&
    one.hasPrefix === other.hasPrefix &&
    one.type === other.type
  );
}

/** What schemas of one value say of its properties, by name. */
function propertiesOf(joined: readonly PlainObject[]): ReadonlyMap<string, Schemas> {
  const properties = new Map<string, unknown[]>();
  for (const schema of joined) {
    const described = own(schema, 'properties');
    for (const name of isObject(described) ? Object.keys(described) : []) {
      const schemas = properties.get(name) ?? [];
      schemas.push(own(described as PlainObject, name));
      properties.set(name, schemas);
    }
  }
  return properties;
}

/** The schemas in a schema that may judge the same value. */
function partsOf(schema: PlainObject): readonly unknown[] {
  const dependent = own(schema, 'dependentSchemas');
  return [
    ...['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => listOf(own(schema, keyword))),
    ...['if', 'then', 'else'].map((keyword) => own(schema, keyword)),
    ...(isObject(dependent) ? Object.keys(dependent).map((name) => own(dependent, name)) : []),
  ];
}

/** The shape of what nothing is said of. */
export const ANYTHING: XmlShape = emptyShape();

/** Stands for what is no element, which is a fault. */
const NO_MEMBER: XmlMember = {
  property: '',
  name: '',
  namespace: null,
  hasPrefix: false,
  isRepeated: false,
  shape: ANYTHING,
};

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function emptyShape(): XmlShape {
  return {
    kind: 'anything',
    reason: '',
    scalar: null,
    nullable: false,
    attributes: new Map(),
    elements: new Map(),
    text: null,
    names: new Set(),
    others: null,
    item: null,
  };
}
