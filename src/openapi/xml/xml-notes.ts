import type { SentAttribute, SentElement } from './sent-element.ts';
import type { XmlShape } from './xml-shape.ts';

/** The element that an object was read of, and how. */
export interface MadeObject {
  readonly sent: SentElement;
  readonly shape: XmlShape;
  readonly inherited: string;
}

/** What a reader of XML notes where something may be taken out. */
export class XmlNotes {
  /** Elements and attributes that are not described. */
  readonly undescribed = new Set<SentElement | SentAttribute>();
  /** Of each object that was read, what it is in XML. */
  readonly made = new Map<object, MadeObject>();
}
