import { err, ok } from '../../base/index.ts';
import type { ParameterStyle } from '../description.ts';
import { isObject, own, pointerTo, valueAt } from '../pointer.ts';
import type { Violation } from '../validate/validator.ts';
import { readField } from './field.ts';
import { createOwnership, type Ownership } from './field-names.ts';
import { isJsonType, type JsonReader, readDocument } from './json-text.ts';
import type { Fields } from './query.ts';
import { isAmbiguous, readScalar, type ReadingMode } from './scalar.ts';
import {
  emptyObject,
  type Field,
  formsOf,
  isLoneItem,
  isUnreadable,
  propertyShape,
  type ValueForm,
} from './styled-text.ts';
import type { TwoReadings } from './two-readings.ts';
import { BAD_ENCODING, NOT_SUPPORTED, type Reading, SENT_TWICE } from './unreadable.ts';
import { type ShapeSource, shapeOf, type ValueShape } from './value-shape.ts';

/** Reads the fields of a form into an object that a validator can judge. */
export type FormObject = TwoReadings<Fields>;

/** A property of a form: `content` says that its text is a document of its own. */
interface Property extends Field {
  readonly content: 'none' | 'json' | 'unreadable';
}

/**
 * How forms are read under one media type: each property in the style its `encoding` names, else exploded `form`; one
 * that is an object, and has no style, as JSON (OpenAPI 3.2 §4.15). Fields that no property describes become text, or
 * what `additionalProperties` says, under their own names; the validator refuses those that nothing describes.
 * `mediaTypePointer` leads to the Media Type Object.
 */
export function createFormObject(source: ShapeSource, mediaTypePointer: string, readJson: JsonReader): FormObject {
  const mediaType = valueAt(source.document, mediaTypePointer);
  const shape = isObject(mediaType) ? shapeOf(source, own(mediaType, 'schema')) : null;
  const encodings = isObject(mediaType) ? own(mediaType, 'encoding') : undefined;
  const properties = [...(shape?.object?.properties ?? [])].map(([name, part]) =>
    describeProperty(name, part, isObject(encodings) ? own(encodings, name) : undefined),
  );
  const isOwned = createOwnership(
    properties.map((property) => ({ ...property, isDocument: property.content !== 'none' })),
  );
  return {
    ambiguous: isAmbiguous(shape),
    read(fields, mode) {
      const object = emptyObject();
      for (const property of properties) {
        const value = readProperty(fields, property, { mode, isOwned, readJson });
        if (isUnreadable(value)) return err({ pointer: pointerTo('', property.name), message: value.message });
        if (value !== undefined) object[property.name] = value;
      }
      const fault = addOthers(object, fields, { shape, mode, isOwned });
      return fault === null ? ok(object) : err(fault);
    },
  };
}

/** What the reading of one property rests on besides the fields. */
interface PropertyReading {
  readonly mode: ReadingMode;
  readonly isOwned: Ownership;
  readonly readJson: JsonReader;
}

function readProperty(fields: Fields, property: Property, { mode, isOwned, readJson }: PropertyReading): Reading {
  if (property.content === 'none') {
    return readField(fields, property, { form: formSent(fields, property), mode }, isOwned);
  }
  const sent = fields.values.get(property.name);
  if (sent === undefined) return undefined;
  if (property.content === 'unreadable') return NOT_SUPPORTED;
  if (sent.length > 1) return SENT_TWICE;
  const text = fields.decode(sent[0] as string);
  return text === null ? BAD_ENCODING : readDocument(text, readJson);
}

/** The form in which a property was sent, where it may have several: repeated it is a list, in brackets an object. */
export function formSent({ values, decode }: Fields, { name, shape, style }: Field): ValueForm {
  const forms = formsOf(shape);
  const [first = 'scalar'] = forms;
  if (forms.length === 1) return first;
  const [text = '', ...more] = values.get(name) ?? [];
  const sent = values.has(name) ? 1 + more.length : 0;
  if (sent === 1) return style !== 'deepObject' && isLoneItem(shape, decode(text)) ? 'array' : first;
  if (sent > 1) return forms.includes('array') ? 'array' : first;
  if (style === 'deepObject' && values.has(`${name}[]`) && forms.includes('array')) return 'array';
  return forms.includes('object') ? 'object' : first;
}

function addOthers(
  object: Record<string, unknown>,
  fields: Fields,
  at: { readonly shape: ValueShape; readonly mode: ReadingMode; readonly isOwned: Ownership },
): Violation | null {
  for (const [name, sent] of fields.values) {
    if (at.isOwned(name)) continue;
    const texts = sent.map((raw) => fields.decode(raw));
    const shape = propertyShape(at.shape, name);
    const values = texts.map((text) => (text === null ? null : readScalar(text, shape, at.mode)));
    if (texts.includes(null)) return { pointer: '', message: BAD_ENCODING.message };
    object[name] = values.length === 1 ? values[0] : values;
  }
  return null;
}

function describeProperty(name: string, shape: ValueShape, encoding: unknown): Property {
  const entry = isObject(encoding) ? encoding : {};
  const style = own(entry, 'style');
  const explode = own(entry, 'explode');
  const styled = style !== undefined || explode !== undefined || own(entry, 'allowReserved') !== undefined;
  const contentType = own(entry, 'contentType');
  const known = knownStyle(style);
  return {
    name,
    shape,
    style: known ?? 'form',
    explode: typeof explode === 'boolean' ? explode : (known ?? 'form') === 'form',
    content: known === null ? 'unreadable' : styled ? 'none' : contentOf(contentType, shape),
  };
}

/** The style of an encoding, `form` where it names none; null for one that forms do not have. */
export function knownStyle(style: unknown): ParameterStyle | null {
  switch (style) {
    case undefined:
      return 'form';
    case 'form':
    case 'spaceDelimited':
    case 'pipeDelimited':
    case 'deepObject':
      return style;
    default:
      return null;
  }
}

function contentOf(contentType: unknown, shape: ValueShape): Property['content'] {
  if (contentType === undefined) {
    const onlyObject = shape !== null && shape.object !== null && shape.array === null && shape.scalars.size === 0;
    return onlyObject ? 'json' : 'none';
  }
  if (typeof contentType !== 'string') return 'unreadable';
  const essence = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (isJsonType(essence)) return 'json';
  return essence.startsWith('text/') ? 'none' : 'unreadable';
}
