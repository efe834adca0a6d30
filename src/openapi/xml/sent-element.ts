/** An element of XML as it was sent; what is in no namespace has `''` for it. */
export interface SentElement {
  readonly local: string;
  readonly namespace: string;
  readonly attributes: readonly SentAttribute[];
  readonly elements: readonly SentElement[];
  /** The text right inside; `''` where that is only white space between elements. */
  readonly text: string;
}

/** An attribute of it. */
export interface SentAttribute {
  readonly local: string;
  readonly namespace: string;
  readonly value: string;
}

/**
 * Reads XML inside a form by the rules that bodies have; undefined for what is none, or has more elements and attributes
 * than these.
 */
export type XmlReader = (bytes: Uint8Array, nodes: number) => SentElement | undefined;

/** Where nobody reads any. */
export const readsNoXml: XmlReader = () => undefined;
