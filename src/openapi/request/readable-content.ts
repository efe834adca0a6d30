import type { DescribedContent } from '../description.ts';
import { isObject, own, type PlainObject, siteAt, valueAt } from '../pointer.ts';
import { isReference } from '../reference.ts';
import type { SchemaSource } from '../validate/validator.ts';
import { isJsonType } from './json-text.ts';
import { xmlRootOf } from '../xml/xml-shape.ts';
import { isXmlType } from '../xml/xml-type.ts';
import { type MediaRange, readMediaRange } from './media-range-choice.ts';
import { referencesOf, shapeOf } from './value-shape.ts';

/** What of the bodies under one media range can be held against their schema. */
export interface ContentUse {
  readonly range: MediaRange;
  readonly takesText: boolean;
  readonly takesBinary: boolean;
  /** Whether any XML will do that is well-formed: the schema says no more than that it is bytes, or text. */
  readonly takesAnyXml: boolean;
  /** Whether items or parts are described by their place in a sequence, which nobody here takes apart. */
  readonly sequence: boolean;
  /** Whether any body at all can pass under this range. */
  readonly readable: boolean;
}

/** What of a described body can be judged: where nothing can, every request with it is refused. */
export function contentUse(source: SchemaSource, content: DescribedContent): ContentUse {
  return useOf(source, content, siteAt(source.document, content.schemaPointer)?.value);
}

/** The same where its schema was found before; undefined where it has none. */
export function useOf(source: SchemaSource, content: DescribedContent, schema: unknown): ContentUse {
  const range = readMediaRange(content.mediaRange);
  const takesText = range.type !== 'application' && hasRoomForText(source, schema);
  const takesBinary = schema === undefined || isBinary(source, schema);
  const takesAnyXml = takesBinary || isAnyText(source, schema);
  const sequence = content.itemSchemaPointer !== null || hasPartsByPlace(source, content.pointer, range);
  const use = { range, takesText, takesBinary, takesAnyXml, sequence };
  return { ...use, readable: !sequence && (takesBinary || isReadable(source, content, { ...use, schema })) };
}

/** Whether parts are encoded by their place, and not by their names (OpenAPI 3.2 §4.14.5). */
function hasPartsByPlace({ document, specification }: SchemaSource, pointer: string, { type }: MediaRange): boolean {
  const mediaType = specification === '3.2' && type === 'multipart' ? valueAt(document, pointer) : null;
  if (!isObject(mediaType)) return false;
  return own(mediaType, 'prefixEncoding') !== undefined || own(mediaType, 'itemEncoding') !== undefined;
}

/** Whether there are bodies under a range that can be held against a schema which asks more than that they are bytes. */
function isReadable(
  source: SchemaSource,
  { schemaPointer }: DescribedContent,
  {
    schema,
    range,
    takesText,
    takesAnyXml,
  }: Pick<ContentUse, 'range' | 'takesText' | 'takesAnyXml'> & { schema: unknown },
): boolean {
  const essence = `${range.type}/${range.subtype}`;
  if (essence === 'multipart/form-data') return hasRoomForParts(source, schema);
  if (isXmlType(essence)) return takesAnyXml || xmlRootOf(source, schema, schemaPointer ?? '').fault === null;
  return hasReadableFormat(range, takesText);
}

/** The formats that the gateway reads, as far as a range names one of them or leaves room for it. */
function hasReadableFormat({ type, subtype }: MediaRange, takesText: boolean): boolean {
  if (type === '*' || isJsonType(`${type}/${subtype}`)) return true;
  if (type === 'text') return takesText || subtype === '*';
  // Under `image/*`, say, `image/vnd.example+json` is JSON.
  if (subtype === '*') return true;
  return type === 'application' && subtype === 'x-www-form-urlencoded';
}

/** Whether a schema says no more than `type: string`. */
function isAnyText(source: SchemaSource, schema: unknown): boolean {
  const meant = plainMeaning(source, schema);
  if (meant === null || meant === true) return meant === true;
  return (
    own(meant, 'type') === 'string' && own(meant, 'format') === undefined && own(meant, 'contentEncoding') === undefined
  );
}

function hasRoomForText(source: SchemaSource, schema: unknown): boolean {
  const shape = shapeOf(source, schema);
  return shape === null || shape.scalars.has('string');
}

/** Whether a schema has room for an object, which is what a form of parts is. */
export function hasRoomForParts(source: SchemaSource, schema: unknown): boolean {
  const shape = shapeOf(source, schema);
  return shape === null || shape.object !== null;
}

/** What may stand in a schema that says no more than that a body is bytes. */
const BINARY_KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'format',
  'contentMediaType',
  'contentEncoding',
  'title',
  'description',
  'example',
  'examples',
  'deprecated',
  'externalDocs',
  'nullable',
  'default',
  '$comment',
]);

/** Whether a schema is `{}`, true, or text of format `binary`; from 3.1 on also text with a `contentMediaType`. */
function isBinary(source: SchemaSource, schema: unknown): boolean {
  const meant = plainMeaning(source, schema);
  return meant === true || (meant !== null && saysBytes(meant));
}

/**
 * The schema that is meant, behind its references, where it says no more than such a one may; true where it asks nothing
 * at all, null where it says more.
 */
export function plainMeaning(source: SchemaSource, schema: unknown): PlainObject | true | null {
  if (schema === true) return true;
  const end = isReference(schema)
    ? referencesOf(source.document).follow({ value: schema, pointer: '' }, () => {})
    : null;
  const meant = end === null ? schema : end.value;
  if (!isObject(meant) || isReference(meant)) return meant === true ? true : null;
  const says = Object.keys(meant).filter((keyword) => !keyword.startsWith('x-'));
  if (!says.every((keyword) => BINARY_KEYWORDS.has(keyword))) return null;
  if (isReference(schema) && source.specification !== '3.0' && Object.keys(schema).length > 1) return null;
  return meant;
}

function saysBytes(schema: PlainObject): boolean {
  const type = own(schema, 'type');
  const format = own(schema, 'format');
  if (type === undefined) return format === undefined || format === 'binary';
  const encoded = own(schema, 'contentEncoding') !== undefined;
  return type === 'string' && !encoded && (format === 'binary' || own(schema, 'contentMediaType') !== undefined);
}
