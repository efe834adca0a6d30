/** An attribute; `namespace` is `''` where it is in none. Declarations of namespaces are not among attributes. */
export interface XmlAttribute {
  readonly local: string;
  readonly namespace: string;
  readonly value: string;
}

/** An element; `namespace` is `''` where it is in none. Comments are gone, prefixes too: they mean nothing of their own. */
export interface XmlElement {
  readonly local: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  /** The elements right inside, in their order. */
  readonly elements: readonly XmlElement[];
  /** The text right inside; of an element with elements inside it is `''` where it is only white space. */
  readonly text: string;
}

/** Bounds on the shape of an XML text; the caller bounds its bytes. A text exactly at a bound is read. */
export interface XmlLimits {
  /** Elements open at once: `<a/>` has depth 1. */
  readonly depth: number;
  /** Elements and attributes of the text together, declarations of namespaces too. */
  readonly nodes: number;
  /** Attributes of one element, declarations of namespaces too. */
  readonly attributes: number;
  /** UTF-16 code units of one name with its prefix, or of the name of a namespace. */
  readonly name: number;
}

/**
 * Depth 64 and 10,000 nodes: as JSON has it, for whoever judges a value walks one made of this, and nodes cost what
 * members do. 128 attributes: they are compared with one another, and no format comes near. 1,024 of a name: namespaces
 * are addresses of the web, and no longer ones are in use.
 */
export const DEFAULT_XML_LIMITS: XmlLimits = { depth: 64, nodes: 10_000, attributes: 128, name: 1_024 };

/** Why a text is not read. */
export type XmlFaultCode =
  | 'invalid-utf8'
  | 'invalid-character'
  | 'unexpected-end'
  | 'unexpected-character'
  | 'document-type'
  | 'processing-instruction'
  | 'declaration'
  | 'encoding'
  | 'name'
  | 'undeclared-prefix'
  | 'reserved-namespace'
  | 'spaced-namespace'
  | 'duplicate-attribute'
  | 'attribute-line'
  | 'wrong-end-tag'
  | 'entity'
  | 'character-reference'
  | 'section-end'
  | 'comment'
  | 'text-in-pieces'
  | 'text-outside'
  | 'no-element'
  | 'second-element'
  | 'too-deep'
  | 'too-many-nodes'
  | 'too-many-attributes'
  | 'too-long-name';

/** The first thing found wrong with a text, and the offset in bytes where it stands. */
export interface XmlFault {
  readonly code: XmlFaultCode;
  readonly offset: number;
}

/** What a reader throws within itself: the place is in UTF-16 code units. It never leaves `parseXml`. */
export class XmlRefusal extends Error {
  readonly code: XmlFaultCode;
  readonly at: number;

  constructor(code: XmlFaultCode, at: number) {
    super(code);
    this.code = code;
    this.at = at;
  }
}
