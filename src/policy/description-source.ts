import { DEFAULT_BODY_LIMITS, parseBody, type XmlElement } from '../body/index.ts';
import type { SchemaSource, Specification } from '../openapi/index.ts';

/** The schemas of a document by which operations are described; only documents of known versions describe any. */
export function schemaSource(document: unknown): SchemaSource {
  return { document, specification: specificationOf(document) };
}

function specificationOf(document: unknown): Specification {
  const text = typeof document === 'object' && document !== null && 'openapi' in document ? document.openapi : null;
  const found = (['3.0', '3.1', '3.2'] as const).find(
    (known) => typeof text === 'string' && text.startsWith(`${known}.`),
  );
  if (found === undefined) throw new Error('an operation is described without an OpenAPI document');
  return found;
}

/** Reads JSON inside parameters, header fields and forms, which is held to the rules of JSON bodies; undefined for what is none. */
export function readJsonText(text: string): unknown {
  const read = parseBody('application/json', Buffer.from(text));
  return read.ok && read.value.kind === 'json' ? read.value.value : undefined;
}

/** Reads XML inside forms, which is held to the rules of XML bodies; undefined for what is none, or has more nodes. */
export function readXmlPart(bytes: Uint8Array, nodes: number): XmlElement | undefined {
  const { xml } = DEFAULT_BODY_LIMITS;
  const read = parseBody('application/xml', bytes, { ...DEFAULT_BODY_LIMITS, xml: { ...xml, nodes } });
  return read.ok && read.value.kind === 'xml' ? read.value.root : undefined;
}
