import type { ParameterStyle } from '../description.ts';
import { parseMediaRange } from '../media-range.ts';
import { isObject, own, pointerTo, valueAt } from '../pointer.ts';
import { type XmlRoot, xmlPartOf } from '../xml/xml-shape.ts';
import { isXmlType } from '../xml/xml-type.ts';
import { knownStyle } from './form-object.ts';
import { isJsonType } from './json-text.ts';
import { type MediaRange, readMediaRange } from './media-range-choice.ts';
import type { PartReading } from './part-reader.ts';
import { type ShapeSource, shapeOf, type ValueShape } from './value-shape.ts';

/** How the parts of one property are written. */
export interface PartEncoding {
  /** `styled`: as the fields of a URL-encoded form are, which needs text. `unreadable`: as nobody here reads them. */
  readonly use: 'parts' | 'styled' | 'unreadable';
  readonly style: ParameterStyle;
  readonly explode: boolean;
  /** The content types that they may have; null where any will do that their schema has room for. */
  readonly ranges: PartReading['ranges'];
  /** How they are written where they are XML; null where none is read as that. */
  readonly xml: XmlRoot | null;
}

/** A property of the schema of a form, and what kinds of value it has room for. */
export interface FormProperty {
  readonly form: unknown;
  readonly name: string;
  readonly shape: ValueShape;
}

/** Reads an Encoding Object (OpenAPI 3.2 §4.15.1), or undefined where there is none. In 3.0 styles are not for parts. */
export function readPartEncoding(encoding: unknown, property: FormProperty, source: ShapeSource): PartEncoding {
  const { shape } = property;
  const entry = isObject(encoding) ? encoding : {};
  const style = knownStyle(own(entry, 'style'));
  const explode = own(entry, 'explode');
  const isStyled =
    source.specification !== '3.0' &&
    ['style', 'explode', 'allowReserved'].some((name) => own(entry, name) !== undefined);
  const ranges = rangesOf(own(entry, 'contentType'), shape);
  const xml = ranges === 'unreadable' ? null : xmlAmong(ranges, property, source);
  const isFit = ranges !== 'unreadable' && (xml !== null || fits(ranges, shape));
  const isUnreadable = (isStyled && style === null) || !isFit;
  return {
    use: isUnreadable ? 'unreadable' : isStyled ? 'styled' : 'parts',
    style: style ?? 'form',
    explode: typeof explode === 'boolean' ? explode : (style ?? 'form') === 'form',
    ranges: ranges === 'unreadable' ? null : ranges,
    xml,
  };
}

/** The pointers of properties of a form whose parts are refused whatever they hold, each with its name. */
export function unreadableParts(
  source: ShapeSource,
  mediaTypePointer: string,
): readonly { readonly name: string; readonly pointer: string }[] {
  const mediaType = valueAt(source.document, mediaTypePointer);
  if (!isObject(mediaType)) return [];
  const encodings = own(mediaType, 'encoding');
  const form = own(mediaType, 'schema');
  const shape = shapeOf(source, form);
  if (!isObject(encodings)) return [];
  return [...(shape?.object?.properties ?? [])].flatMap(([name, part]) => {
    const { use } = readPartEncoding(own(encodings, name), { form, name, shape: part }, source);
    return use === 'unreadable' ? [{ name, pointer: pointerTo(pointerTo(mediaTypePointer, 'encoding'), name) }] : [];
  });
}

function rangesOf(contentType: unknown, shape: ValueShape): PartEncoding['ranges'] | 'unreadable' {
  const bytes = shape?.bytes ?? shape?.array?.items?.bytes ?? null;
  const text = contentType ?? (bytes === null || bytes === '*/*' ? undefined : bytes);
  if (text === undefined) return null;
  if (typeof text !== 'string') return 'unreadable';
  const ranges: { readonly range: MediaRange }[] = [];
  for (const each of text.split(',')) {
    const range = parseMediaRange(each.trim());
    if (!range.ok) return 'unreadable';
    ranges.push({ range: readMediaRange(range.value) });
  }
  return ranges;
}

/** What has no parts, or may be text, is the text of its part, whatever that is called: XML is read for objects alone. */
function xmlAmong(
  ranges: PartEncoding['ranges'],
  { form, name, shape }: FormProperty,
  source: ShapeSource,
): XmlRoot | null {
  const one = shape?.array?.items ?? shape;
  if (one === null || one.object === null || one.bytes !== null || one.scalars.has('string')) return null;
  if (ranges === null || !ranges.some(({ range: { type, subtype } }) => isXmlType(`${type}/${subtype}`))) return null;
  const root = xmlPartOf(source, form, name);
  return root.fault === null ? root : null;
}

/** Whether a part of one of these types can be a value of the shape: objects come as JSON or as text that is JSON. */
function fits(ranges: PartEncoding['ranges'], shape: ValueShape): boolean {
  if (ranges === null || shape === null) return true;
  const items = shape.array?.items;
  const takesText = [shape, items].some((one) => one === null || one?.scalars.has('string') === true);
  return takesText || ranges.some(({ range }) => isRead(range));
}

function isRead({ type, subtype }: MediaRange): boolean {
  return (
    type === '*' || type === 'text' || subtype === '*' || subtype.endsWith('json') || isJsonType(`${type}/${subtype}`)
  );
}
