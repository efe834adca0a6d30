import { err, type Issue, ok, type Result } from '../../base/index.ts';
import { isObject, own, pointerTo, type Site, valueAt } from '../pointer.ts';
import type { Violation } from '../validate/validator.ts';
import type { SentElement, XmlReader } from '../xml/sent-element.ts';
import { Misread } from '../xml/xml-value.ts';
import { readField } from './field.ts';
import { createOwnership, type NamedField, type Ownership } from './field-names.ts';
import { formSent } from './form-object.ts';
import { type FormProperty, type PartEncoding, readPartEncoding } from './part-encoding.ts';
import { compilePartHeaders, NO_PART_HEADERS, type PartHeaderContext, type PartHeaderJudge } from './part-headers.ts';
import { holdsList, type PartReading, type PartXml, readPart, type SentPart, textOf } from './part-reader.ts';
import { asItStands, type Fields } from './query.ts';
import { isAmbiguous } from './scalar.ts';
import { emptyObject, formsOf, isLoneItem, isUnreadable, propertyShape } from './styled-text.ts';
import type { TwoReadings } from './two-readings.ts';
import { BAD_STYLE, NOT_SUPPORTED, NOT_TEXT, type Reading, SENT_TWICE, type Unreadable } from './unreadable.ts';
import { shapeOf, type ValueShape } from './value-shape.ts';

/** Reads the parts of a multipart form into an object that a validator can judge. */
export type MultipartObject = TwoReadings<readonly SentPart[]>;

/** What a form is compiled with. */
export interface FormContext extends PartHeaderContext {
  readonly readXml: XmlReader;
}

/** A property of a form. */
interface Property extends NamedField, PartEncoding {
  readonly headers: PartHeaderJudge;
}

/** Elements and attributes of all XML in one form: as many as a body of XML has. */
const XML_NODES = 10_000;

/**
 * How the parts of a form are read under one media type: each property by its own part, a list by as many as it has
 * items, in the content types that `encoding` names or the schema says (OpenAPI 3.2 §4.15). Parts that no property
 * describes become what `additionalProperties` says, under their own names; the validator refuses those that nothing
 * describes. A file that was not chosen, without name and content, is none.
 */
export function compileMultipart(
  mediaTypePointer: string,
  context: FormContext,
): Result<MultipartObject, readonly Issue[]> {
  const { source, readJson } = context;
  const mediaType = valueAt(source.document, mediaTypePointer);
  const form = isObject(mediaType) ? own(mediaType, 'schema') : undefined;
  const shape = shapeOf(source, form);
  const encodings = isObject(mediaType) ? own(mediaType, 'encoding') : undefined;
  const issues: Issue[] = [];
  const properties: Property[] = [];
  for (const [name, part] of shape?.object?.properties ?? []) {
    const value = isObject(encodings) ? own(encodings, name) : undefined;
    const encoding = { value, pointer: pointerTo(pointerTo(mediaTypePointer, 'encoding'), name) };
    const property = describeProperty({ form, name, shape: part }, encoding, context);
    if (property.ok) properties.push(property.value);
    else issues.push(...property.error);
  }
  if (issues.length > 0) return err(issues);
  const isOwned = createOwnership(properties);
  const styledNames = new Set(properties.flatMap(({ use, name }) => (use === 'styled' ? [name] : [])));
  return ok({
    ambiguous: isAmbiguous(shape) || properties.some(({ xml }) => xml?.ambiguous === true),
    read(parts, mode) {
      const sent = byName(parts);
      const fields = styledNames.size === 0 ? NO_FIELDS : textFields(sent, properties);
      const readXml = boundedReader(context.readXml);
      const object = emptyObject();
      for (const property of properties) {
        const value = readProperty(property, { sent, fields, isOwned, mode, readJson, readXml });
        if (isUnreadable(value)) return err(violation(property.name, value));
        if (value !== undefined) object[property.name] = value;
      }
      for (const [name, own] of sent) {
        if (isOwned(name)) continue;
        if (styledNames.has(name)) return err(violation(name, BAD_STYLE));
        const value = readOthers(own, propertyShape(shape, name), { ranges: null, mode, readJson, xml: null });
        if (isUnreadable(value)) return err({ pointer: '', message: value.message });
        object[name] = value;
      }
      return ok(object);
    },
  });
}

/** Reads XML as long as all of it together is within its bound. */
function boundedReader(readXml: XmlReader): PartXml['read'] {
  let left = XML_NODES;
  return (bytes) => {
    const sent = readXml(bytes, left);
    if (sent !== undefined) left -= nodesOf(sent);
    return sent;
  };
}

function nodesOf({ attributes, elements }: SentElement): number {
  let count = 1 + attributes.length;
  for (const element of elements) count += nodesOf(element);
  return count;
}

type PartsByName = ReadonlyMap<string, readonly SentPart[]>;

function byName(parts: readonly SentPart[]): PartsByName {
  const sent = new Map<string, SentPart[]>();
  for (const part of parts) {
    const name = part.name ?? '';
    const before = sent.get(name);
    if (before === undefined) sent.set(name, [part]);
    else before.push(part);
  }
  return sent;
}

const NO_FIELDS: Fields = { values: new Map(), encoded: false, decode: asItStands };

/** The texts of those parts that are no property by themselves; what is none has no text, and can't be read. */
function textFields(sent: PartsByName, properties: readonly Property[]): Fields {
  const documents = new Set(properties.flatMap(({ use, name }) => (use === 'styled' ? [] : [name])));
  const values = new Map<string, readonly string[]>();
  for (const [name, parts] of sent) {
    if (!documents.has(name))
      values.set(
        name,
        parts.map((part) => fieldText(part) ?? NO_TEXT),
      );
  }
  return { values, encoded: false, decode: (raw) => (raw === NO_TEXT ? null : raw) };
}

/** No text of a part has a NUL. */
const NO_TEXT = '\0';

function fieldText(part: SentPart): string | null {
  const isField = part.fileName === null && part.mediaType.type === 'text' && part.headers.size === 0;
  return isField ? textOf(part) : null;
}

/** What the reading of one property rests on besides itself. */
interface PropertyReading extends Omit<PartReading, 'ranges' | 'xml'> {
  readonly readXml: PartXml['read'];
  readonly sent: PartsByName;
  readonly fields: Fields;
  readonly isOwned: Ownership;
}

function readProperty(property: Property, reading: PropertyReading): Reading {
  const { name, shape, ranges, use } = property;
  const { sent, fields, isOwned, mode, readJson, readXml } = reading;
  if (use === 'styled') {
    const value = readField(fields, property, { form: formSent(fields, property), mode }, isOwned);
    return isUnreadable(value) && holdsNoText(fields, name) ? NOT_TEXT : value;
  }
  const parts = sent.get(name)?.filter(isChosen);
  if (parts === undefined || parts.length === 0) return undefined;
  if (use === 'unreadable') return NOT_SUPPORTED;
  for (const { headers } of parts) {
    const fault = property.headers(headers);
    if (fault !== null) return fault;
  }
  const xml = property.xml === null ? null : { root: property.xml, read: readXml };
  return readParts(parts, shape, { ranges, mode, readJson, xml });
}

function holdsNoText({ values }: Fields, name: string): boolean {
  return values.get(name)?.includes(NO_TEXT) === true;
}

/** Of a place for a file in a browser's form where none was chosen, a part without name and content comes. */
function isChosen({ fileName, bytes }: SentPart): boolean {
  return fileName !== '' || bytes.length > 0;
}

/** The value of the parts of one name: a list where the shape has one, else that of a single part. */
function readParts(parts: readonly SentPart[], shape: ValueShape, how: PartReading): Reading {
  const [first, ...others] = parts;
  if (first === undefined) return undefined;
  const isList =
    shape !== null &&
    shape.array !== null &&
    (formsOf(shape)[0] === 'array' ||
      others.length > 0 ||
      (!holdsList(first, how) && isLoneItem(shape, textOf(first))));
  if (!isList || shape.array === null) return others.length > 0 ? SENT_TWICE : readPart(first, shape, how);
  const { items } = shape.array;
  const isItem = items !== null && (items.bytes !== null || items.array !== null);
  if (others.length === 0 && !isItem && holdsList(first, how)) {
    const whole = readPart(first, { ...shape, bytes: null, scalars: new Set() }, how);
    return isUnreadable(whole) || Array.isArray(whole) ? whole : [whole];
  }
  const values: unknown[] = [];
  for (const part of parts) {
    const value = readPart(part, items, how);
    if (isUnreadable(value)) return value;
    values.push(value);
  }
  return values;
}

function readOthers(parts: readonly SentPart[], shape: ValueShape, how: PartReading): Reading {
  for (const { headers } of parts) {
    const fault = NO_PART_HEADERS(headers);
    if (fault !== null) return fault;
  }
  if (shape !== null || parts.length === 1) return readParts(parts, shape, how);
  const values = parts.map((part) => readPart(part, null, how));
  return values.find(isUnreadable) ?? values;
}

function violation(name: string, fault: Unreadable): Violation {
  const inside = fault instanceof Misread ? fault.pointer : '';
  return { pointer: pointerTo('', name) + inside, message: fault.message };
}

function describeProperty(
  property: FormProperty,
  encoding: Site,
  context: PartHeaderContext,
): Result<Property, readonly Issue[]> {
  const headers = compilePartHeaders(encoding, context);
  if (!headers.ok) return headers;
  const written = readPartEncoding(encoding.value, property, context.source);
  const { name, shape } = property;
  return ok({ name, shape, ...written, isDocument: written.use !== 'styled', headers: headers.value });
}
