import { isObject, own, type PlainObject } from '../pointer.ts';
import { isReference, type References } from '../reference.ts';
import { type ShapeSource, referencesOf } from '../request/value-shape.ts';

/** What of XML a schema stands for. `none` is nothing by itself: what is inside stands right in the element around. */
export type NodeType = 'element' | 'attribute' | 'text' | 'none';

/** How a value is written in XML: what the XML Objects of its schema say (OpenAPI 3.2 §4.26). */
export interface XmlNode {
  /** Null where none is said and none can be told. */
  readonly name: string | null;
  /** Null where none is said: then it is that around, of an attribute none. */
  readonly namespace: string | null;
  /** With a prefix, the namespace does not reach what is inside. */
  readonly hasPrefix: boolean;
  /** Null where nothing is said, and the kind of the value decides. */
  readonly type: NodeType | null;
}

/** Why a schema can't be read as XML, in words. */
export class Unmeant {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const NODE_TYPES: ReadonlyMap<unknown, NodeType> = new Map<unknown, NodeType>([
  ['element', 'element'],
  ['attribute', 'attribute'],
  ['text', 'text'],
  ['cdata', 'text'],
  ['none', 'none'],
]);

/** References from one to the next, or parts of parts. */
const CHAIN = 64;

/**
 * How a schema says it is written. Its own words count first, then those of the schema that it refers to, or that is the
 * only one in its `allOf`. `inferred` is the name of its property, or of the component that it is. From 3.2 on a reference
 * is nothing by itself, so that the name of the component counts and not that of the property; but not of an `isAlternative`
 * of a schema that is one already.
 */
export function nodeOf(
  source: ShapeSource,
  schema: unknown,
  inferred: string | null,
  isAlternative = false,
): XmlNode | Unmeant {
  return new NodeReader(source, isAlternative).read(schema, inferred, CHAIN);
}

/** The name of the component that a pointer leads to; null where it leads elsewhere. */
export function componentName(pointer: string): string | null {
  const name = /^\/components\/schemas\/([^/]+)$/.exec(pointer)?.[1];
  return name === undefined ? null : name.replaceAll('~1', '/').replaceAll('~0', '~');
}

class NodeReader {
  readonly #references: References;
  readonly #source: ShapeSource;
  readonly #isAlternative: boolean;

  constructor(source: ShapeSource, isAlternative: boolean) {
    this.#source = source;
    this.#isAlternative = isAlternative;
    this.#references = referencesOf(source.document);
  }

  read(schema: unknown, inferred: string | null, left: number): XmlNode | Unmeant {
    if (!isObject(schema) || left === 0) return bare(inferred);
    const { specification } = this.#source;
    const text = own(schema, '$ref');
    if (!isReference(schema) || typeof text !== 'string') return this.#joined(schema, inferred, left);
    const target = this.#references.target(text);
    const component = target === null ? null : componentName(target.pointer);
    if (specification !== '3.2') {
      const behind = this.read(target?.value, inferred, left - 1);
      return specification === '3.0' ? behind : over(ownNode(schema), behind);
    }
    const said = ownNode(schema);
    if (said instanceof Unmeant) return said;
    if (said.type !== null && said.type !== 'none') return new Unmeant('has a `nodeType` beside a `$ref`');
    return this.read(target?.value, this.#isAlternative ? inferred : (component ?? inferred), left - 1);
  }

  #joined(schema: PlainObject, inferred: string | null, left: number): XmlNode | Unmeant {
    const said = ownNode(schema);
    const parts = own(schema, 'allOf');
    const isWrapper = Array.isArray(parts) && parts.length === 1 && own(schema, 'properties') === undefined;
    const behind = isWrapper ? this.read((parts as readonly unknown[])[0], inferred, left - 1) : bare(inferred);
    return over(said, behind);
  }
}

function bare(name: string | null): XmlNode {
  return { name, namespace: null, hasPrefix: false, type: null };
}

function ownNode(schema: PlainObject): XmlNode | Unmeant {
  const said = own(schema, 'xml');
  if (said === undefined) return bare(null);
  if (!isObject(said)) return new Unmeant('has an `xml` that is no object');
  const name = own(said, 'name');
  const namespace = own(said, 'namespace');
  const prefix = own(said, 'prefix');
  if (![name, namespace, prefix].every((text) => text === undefined || typeof text === 'string'))
    return new Unmeant('has an `xml` whose names are no texts');
  const type = ownType(said);
  if (type instanceof Unmeant) return type;
  return {
    name: (name as string | undefined) ?? null,
    namespace: (namespace as string | undefined) ?? null,
    hasPrefix: prefix !== undefined && prefix !== '',
    type,
  };
}

function ownType(said: PlainObject): NodeType | Unmeant | null {
  const written = own(said, 'nodeType');
  const attribute = own(said, 'attribute');
  const wrapped = own(said, 'wrapped');
  if (![attribute, wrapped].every((flag) => flag === undefined || typeof flag === 'boolean'))
    return new Unmeant('has an `xml` with a flag that is neither true nor false');
  if (written === undefined) return attribute === true ? 'attribute' : wrapped === true ? 'element' : null;
  if (attribute !== undefined || wrapped !== undefined)
    return new Unmeant('has a `nodeType` beside what it stands for');
  return NODE_TYPES.get(written) ?? new Unmeant('has a `nodeType` that is not known');
}

function over(said: XmlNode | Unmeant, behind: XmlNode | Unmeant): XmlNode | Unmeant {
  if (said instanceof Unmeant) return said;
  if (behind instanceof Unmeant) return behind;
  const named = said.namespace === null ? behind : said;
  return {
    name: said.name ?? behind.name,
    namespace: named.namespace,
    hasPrefix: named.hasPrefix || said.hasPrefix,
    type: said.type ?? behind.type,
  };
}
