import type { ParameterStyle } from '../description.ts';
import { readScalar, type ReadingMode } from './scalar.ts';
import {
  BAD_ENCODING,
  BAD_STYLE,
  EMPTY_LIST,
  KEY_TWICE,
  NOT_SUPPORTED,
  type Reading,
  Unreadable,
} from './unreadable.ts';
import type { ValueShape } from './value-shape.ts';

/** As what a text is read: a value without parts, a list, or an object. */
export type ValueForm = 'scalar' | 'array' | 'object';

/** A value with a name, how it is written, and what kinds of value it may be. */
export interface Field {
  readonly name: string;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly shape: ValueShape;
}

/** Decodes a part of a text after it has been split; null where it can't be. */
export type Decoder = (raw: string) => string | null;

/** The forms that a shape has room for, in the order in which they are tried. */
export function formsOf(shape: ValueShape): readonly ValueForm[] {
  if (shape === null) return ['scalar'];
  const forms: ValueForm[] = [];
  if (shape.scalars.size > 0) forms.push('scalar');
  if (shape.array !== null) forms.push('array');
  if (shape.object !== null) forms.push('object');
  // A schema that nothing meets: the text goes to its validator, which says so.
  return forms.length === 0 ? ['scalar'] : forms;
}

/** Whether a single text is the one item of a list that may else be null, since it does not say null. */
export function isLoneItem(shape: ValueShape, text: string | null): boolean {
  const isListOrNull = shape !== null && shape.array !== null && shape.scalars.size === 1 && shape.scalars.has('null');
  return isListOrNull && text !== 'null';
}

/** The reading of one text in one form, and as which shape. */
export interface TextReading {
  readonly form: ValueForm;
  readonly mode: ReadingMode;
}

/**
 * Reads a value that is written in one text (OpenAPI 3.2 §4.12.2.2, RFC 6570). Delimiters are found before anything is
 * decoded, so an encoded comma is part of a value. Of `form`, what follows the name and its equals sign is given.
 */
export function readStyledText(raw: string, field: Field, decode: Decoder, how: TextReading): Reading {
  const text = withoutPrefix(raw, field, how.form);
  if (text === null) return BAD_STYLE;
  if (how.form === 'scalar') {
    const decoded = decode(text);
    return decoded === null ? BAD_ENCODING : readScalar(decoded, field.shape, how.mode);
  }
  if (text === '') return EMPTY_LIST;
  const pieces = splitPieces(text, field, how.form);
  if (pieces instanceof Unreadable) return pieces;
  if (how.form === 'array') return readList(pieces, field.shape, decode, how.mode);
  const read = field.explode ? readPairs : readAlternating;
  return read(pieces, field.shape, decode, how.mode);
}

/** The items of a list, each decoded and read for itself. */
export function readList(pieces: readonly string[], shape: ValueShape, decode: Decoder, mode: ReadingMode): Reading {
  const items: unknown[] = [];
  for (const piece of pieces) {
    const text = decode(piece);
    if (text === null) return BAD_ENCODING;
    items.push(readScalar(text, shape?.array?.items ?? null, mode));
  }
  return items;
}

/** The shape of a property: as described, or as for those that have no name; text stays text where neither is said. */
export function propertyShape(shape: ValueShape, name: string): ValueShape {
  const object = shape?.object;
  return object?.properties.get(name) ?? object?.others ?? null;
}

/**
 * `new Members()` is an object whose only ancestor is empty and frozen: whatever it is asked for, `__proto__` too, was sent
 * or is not there. To V8 it is an object like others, where one without any ancestor is a hash table.
 */
const Members = function () {} as unknown as new () => Record<string, unknown>;
Members.prototype = Object.freeze(Object.create(null) as object);

/** An object without members that inherits none. */
export function emptyObject(): Record<string, unknown> {
  return new Members();
}

/** What stands before the value in styles that begin with a mark; null where the mark is missing. */
function withoutPrefix(raw: string, field: Field, form: ValueForm): string | null {
  switch (field.style) {
    case 'label':
      return raw.startsWith('.') ? raw.slice(1) : null;
    case 'matrix':
      return withoutMatrixPrefix(raw, field, form);
    case 'simple':
    case 'form':
    case 'spaceDelimited':
    case 'pipeDelimited':
    case 'deepObject':
    case 'cookie':
      return raw;
  }
}

/** `;name=value`; of what is exploded only the first semicolon is taken off, since each part has its own name. */
function withoutMatrixPrefix(raw: string, { name, explode }: Field, form: ValueForm): string | null {
  if (!raw.startsWith(';')) return null;
  if (explode && form !== 'scalar') return raw.slice(1);
  if (raw === `;${name}`) return '';
  return raw.startsWith(`;${name}=`) ? raw.slice(name.length + 2) : null;
}

/** The parts of a text between its delimiters, or why it has none. */
function splitPieces(text: string, field: Field, form: ValueForm): readonly string[] | Unreadable {
  const { style, explode } = field;
  switch (style) {
    case 'simple':
      return text.split(',');
    case 'label':
      return text.split(explode ? '.' : ',');
    case 'matrix':
      if (!explode) return text.split(',');
      return form === 'array' ? matrixItems(text.split(';'), field.name) : text.split(';');
    case 'form':
    case 'cookie':
      return explode ? NOT_SUPPORTED : text.split(',');
    case 'spaceDelimited':
      return text.split(/\+|%20/);
    case 'pipeDelimited':
      return text.split(/\||%7C/i);
    case 'deepObject':
      return NOT_SUPPORTED;
  }
}

/** Of `color=blue;color=black` the values. */
function matrixItems(pieces: readonly string[], name: string): readonly string[] | Unreadable {
  const prefix = `${name}=`;
  const named = pieces.every((piece) => piece.startsWith(prefix));
  return named ? pieces.map((piece) => piece.slice(prefix.length)) : BAD_STYLE;
}

/** `R=100,G=200` */
function readPairs(pieces: readonly string[], shape: ValueShape, decode: Decoder, mode: ReadingMode): Reading {
  const parts: string[] = [];
  for (const piece of pieces) {
    const equals = piece.indexOf('=');
    if (equals < 0) return BAD_STYLE;
    parts.push(piece.slice(0, equals), piece.slice(equals + 1));
  }
  return readAlternating(parts, shape, decode, mode);
}

/** `R,100,G,200` */
function readAlternating(parts: readonly string[], shape: ValueShape, decode: Decoder, mode: ReadingMode): Reading {
  if (parts.length % 2 !== 0) return BAD_STYLE;
  const object = emptyObject();
  for (let at = 0; at < parts.length; at += 2) {
    const name = decode(parts[at] as string);
    const text = decode(parts[at + 1] as string);
    if (name === null || text === null) return BAD_ENCODING;
    if (name === '') return BAD_STYLE;
    if (Object.hasOwn(object, name)) return KEY_TWICE;
    object[name] = readScalar(text, propertyShape(shape, name), mode);
  }
  return object;
}

/** Whether a reading failed. */
export function isUnreadable(reading: Reading): reading is Unreadable {
  return reading instanceof Unreadable;
}
