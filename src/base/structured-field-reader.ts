import { err, ok, type Result } from './result.ts';
import {
  type BareItem,
  type FieldDictionary,
  type FieldItem,
  type FieldList,
  type FieldMember,
  type FieldParameters,
  type InnerList,
} from './structured-field.ts';

/** Where a field stops being one, counted in characters. */
export interface FieldFault {
  readonly offset: number;
}

/**
 * Reads a field that is one item (RFC 9651 §4.2), in the one way it can be read. A field that comes several times is
 * given as its lines joined by `, `. Where the RFC leaves it to the reader, less is taken: base64 needs its padding, and
 * no bits behind its end.
 */
export function readFieldItem(text: string): Result<FieldItem, FieldFault> {
  return readWhole(text, readItem);
}

/** Reads a field that is a list (RFC 9651 §4.2.1); the empty text is the empty list. */
export function readFieldList(text: string): Result<FieldList, FieldFault> {
  return readWhole(text, readList);
}

/** Reads a field that is a dictionary (RFC 9651 §4.2.2); of a key that stands twice the last value counts. */
export function readFieldDictionary(text: string): Result<FieldDictionary, FieldFault> {
  return readWhole(text, readDictionary);
}

/** A text and how far it was read. */
interface Cursor {
  readonly text: string;
  at: number;
}

/** Thrown where the text is no field; it never leaves this file. */
class Unreadable extends Error {}

/** More than any head may have; a format of bodies is held to it too. */
const LENGTH_LIMIT = 65_536;

function readWhole<T>(text: string, read: (cursor: Cursor) => T): Result<T, FieldFault> {
  if (text.length > LENGTH_LIMIT) return err({ offset: LENGTH_LIMIT });
  const cursor: Cursor = { text, at: 0 };
  try {
    skip(cursor, SPACES);
    const value = read(cursor);
    skip(cursor, SPACES);
    return cursor.at === text.length ? ok(value) : err({ offset: cursor.at });
  } catch (fault) {
    if (fault instanceof Unreadable) return err({ offset: cursor.at });
    throw fault;
  }
}

const SPACES = / */y;
const WHITESPACE = /[ \t]*/y;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const NUMBER = /-?(?:(\d{1,12})\.(\d{1,3})|\d{1,15})(?![\d.])/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y;
const BOOLEAN = /\?([01])/y;
const DATE = /@(-?\d{1,15})(?![\d.])/y;
const DISPLAY = /%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"/y;

function readList(cursor: Cursor): FieldList {
  const members: FieldMember[] = [];
  if (cursor.at === cursor.text.length) return members;
  do members.push(readMember(cursor));
  while (another(cursor));
  return members;
}

function readDictionary(cursor: Cursor): FieldDictionary {
  const members = new Map<string, FieldMember>();
  if (cursor.at === cursor.text.length) return members;
  do {
    const key = take(cursor, KEY)[0];
    members.set(key, follows(cursor, '=') ? readMember(cursor) : valueless(cursor));
  } while (another(cursor));
  return members;
}

/** Whether a comma leads to another member. One that leads nowhere makes the field unreadable. */
function another(cursor: Cursor): boolean {
  skip(cursor, WHITESPACE);
  if (!follows(cursor, ',')) {
    if (cursor.at < cursor.text.length) throw new Unreadable();
    return false;
  }
  skip(cursor, WHITESPACE);
  if (cursor.at === cursor.text.length) throw new Unreadable();
  return true;
}

function valueless(cursor: Cursor): FieldItem {
  return { kind: 'item', item: TRUE, parameters: readParameters(cursor) };
}

const TRUE: BareItem = { kind: 'boolean', value: true };

function readMember(cursor: Cursor): FieldMember {
  return cursor.text[cursor.at] === '(' ? readInnerList(cursor) : readItem(cursor);
}

function readInnerList(cursor: Cursor): InnerList {
  const items: FieldItem[] = [];
  cursor.at += 1;
  for (;;) {
    skip(cursor, SPACES);
    if (follows(cursor, ')')) return { kind: 'inner-list', items, parameters: readParameters(cursor) };
    items.push(readItem(cursor));
    if (cursor.text[cursor.at] !== ' ' && cursor.text[cursor.at] !== ')') throw new Unreadable();
  }
}

function readItem(cursor: Cursor): FieldItem {
  return { kind: 'item', item: readBareItem(cursor), parameters: readParameters(cursor) };
}

function readParameters(cursor: Cursor): FieldParameters {
  const parameters = new Map<string, BareItem>();
  while (follows(cursor, ';')) {
    skip(cursor, SPACES);
    const key = take(cursor, KEY)[0];
    parameters.set(key, follows(cursor, '=') ? readBareItem(cursor) : TRUE);
  }
  return parameters;
}

function readBareItem(cursor: Cursor): BareItem {
  const first = cursor.text[cursor.at] ?? '';
  switch (first) {
    case '"':
      return { kind: 'string', value: take(cursor, STRING)[1]!.replace(/\\(.)/g, '$1') };
    case ':':
      return { kind: 'bytes', value: readBytes(cursor) };
    case '?':
      return { kind: 'boolean', value: take(cursor, BOOLEAN)[1] === '1' };
    case '@':
      return { kind: 'date', value: Number(take(cursor, DATE)[1]) + 0 };
    case '%':
      return { kind: 'display-string', value: readDisplay(cursor) };
    default:
      break;
  }
  if (/[-0-9]/.test(first)) return readNumber(cursor);
  return { kind: 'token', value: take(cursor, TOKEN)[0] };
}

function readNumber(cursor: Cursor): BareItem {
  const found = take(cursor, NUMBER);
  // There is no minus zero.
  return { kind: found[1] === undefined ? 'integer' : 'decimal', value: Number(found[0]) + 0 };
}

function readBytes(cursor: Cursor): Uint8Array {
  const text = take(cursor, BYTES)[1]!;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Unreadable();
  return bytes;
}

function readDisplay(cursor: Cursor): string {
  const text = take(cursor, DISPLAY)[1]!;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Unreadable();
  }
}

function follows(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function take(cursor: Cursor, sticky: RegExp): RegExpExecArray {
  sticky.lastIndex = cursor.at;
  const found = sticky.exec(cursor.text);
  if (found === null) throw new Unreadable();
  cursor.at = sticky.lastIndex;
  return found;
}

function skip(cursor: Cursor, sticky: RegExp): void {
  take(cursor, sticky);
}
