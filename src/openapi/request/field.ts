import { asItStands, type Fields } from './query.ts';
import { readScalar, type ReadingMode } from './scalar.ts';
import { emptyObject, type Field, propertyShape, readList, readStyledText, type TextReading } from './styled-text.ts';
import {
  BAD_ENCODING,
  BAD_STYLE,
  KEY_TWICE,
  NOT_SUPPORTED,
  type Reading,
  SENT_TWICE,
  Unreadable,
} from './unreadable.ts';
import type { ValueShape } from './value-shape.ts';

/** Keys within keys of a `deepObject`; the specification describes one. */
const BRACKETS_LIMIT = 4;

/**
 * Reads one field in one form: its value, undefined where nothing of it was sent in that form, or why it has no single
 * reading. `others` are the names that other fields go by, which an exploded object with room for any name leaves alone.
 */
export function readField(fields: Fields, field: Field, how: TextReading, others: (name: string) => boolean): Reading {
  if (field.style === 'deepObject') return readDeep(fields, field, how);
  const sent = fields.values.get(field.name);
  if (field.explode && field.shape !== null && field.shape.object !== null) {
    const object = readOwnNames(fields, field, how.mode, others);
    if (bothWays(field, sent, object)) return SENT_TWICE;
    if (how.form === 'object' || object instanceof Unreadable) return object;
  }
  if (sent === undefined) return undefined;
  if (how.form === 'array' && field.explode) return readList(sent, field.shape, fields.decode, how.mode);
  if (sent.length > 1) return SENT_TWICE;
  if (how.form !== 'scalar' && !fields.encoded) return NOT_SUPPORTED;
  return readStyledText(sent[0] as string, field, fields.decode, how);
}

/** Whether a value was sent under the field's name and also by its properties: one of the two would go unjudged. */
function bothWays(field: Field, sent: readonly string[] | undefined, object: Reading): boolean {
  return sent !== undefined && object !== undefined && !isPropertyName(field);
}

/** Whether the name of an exploded object is at most the name of one of its properties. */
function isPropertyName({ name, shape }: Field): boolean {
  if (shape === null || (shape.scalars.size === 0 && shape.array === null)) return true;
  return shape.object?.properties.has(name) === true;
}

/** An exploded object: each property is a field of its own (`R=100&G=200`). */
function readOwnNames(fields: Fields, field: Field, mode: ReadingMode, others: (name: string) => boolean): Reading {
  const described = field.shape?.object;
  if (described === null || described === undefined) return undefined;
  let object: Record<string, unknown> | undefined;
  for (const [name, sent] of fields.values) {
    if (!described.properties.has(name)) {
      if (described.others === undefined || others(name)) continue;
      if (name === field.name && !isPropertyName(field)) continue;
    }
    if (sent.length > 1) return SENT_TWICE;
    const text = fields.decode(sent[0] as string);
    if (text === null) return BAD_ENCODING;
    object ??= emptyObject();
    object[name] = readScalar(text, propertyShape(field.shape, name), mode);
  }
  return object;
}

/**
 * `filter[status]=open`. For lists, which the specification leaves open, `filter[]=a&filter[]=b` as clients write it;
 * for objects in objects, `filter[size][from]=1`. Where the shape has room for a value without parts, `filter=open` is one.
 */
function readDeep(fields: Fields, field: Field, how: TextReading): Reading {
  const plain = fields.values.get(field.name);
  const { length } = field.name;
  let value: Reading;
  for (const [name, sent] of fields.values) {
    if (name.length <= length || name[length] !== '[' || !name.startsWith(field.name)) continue;
    if (plain !== undefined) return SENT_TWICE;
    const path = readBrackets(name, length);
    if (path === null) return BAD_STYLE;
    const texts = decodeAll(fields, sent);
    if (texts === null) return BAD_ENCODING;
    value = put(value, 0, { path, texts, shape: field.shape, mode: how.mode });
    if (value instanceof Unreadable) return value;
  }
  // Whatever is there in brackets must be judged: a form it does not have is a fault, not its absence.
  if (value !== undefined && deepForm(value) !== how.form) return BAD_STYLE;
  if (plain === undefined) return how.form === 'scalar' ? undefined : value;
  // So must what is there without, where that is this field's.
  if (how.form !== 'scalar') return takesPlain(field) ? BAD_STYLE : undefined;
  if (plain.length > 1) return SENT_TWICE;
  return readStyledText(plain[0] as string, field, fields.decode, how);
}

/** Whether a value without parts stands under the name of a `deepObject` itself. */
function takesPlain({ shape }: Field): boolean {
  return shape === null || shape.scalars.size > 0;
}

function deepForm(value: Reading): TextReading['form'] {
  return Array.isArray(value) ? 'array' : 'object';
}

/** The keys of `[a][b]` from `at` to the end, the last of them perhaps empty; null for anything else. */
function readBrackets(name: string, at: number): readonly string[] | null {
  const keys: string[] = [];
  while (at < name.length) {
    const close = name.indexOf(']', at);
    if (name[at] !== '[' || close < 0 || keys.length === BRACKETS_LIMIT) return null;
    const key = name.slice(at + 1, close);
    if (key.includes('[') || (key === '' && close + 1 < name.length)) return null;
    keys.push(key);
    at = close + 1;
  }
  return keys;
}

function decodeAll({ decode }: Fields, sent: readonly string[]): readonly string[] | null {
  const texts: string[] = [];
  for (const raw of sent) {
    const text = decode(raw);
    if (text === null) return null;
    texts.push(text);
  }
  return texts;
}

/** What stands at the end of a path, and the shape of the value that is being put together. */
interface Leaf {
  readonly path: readonly string[];
  readonly texts: readonly string[];
  readonly shape: ValueShape;
  readonly mode: ReadingMode;
}

/** Puts texts where a path leads from its key number `at` on, and gives what it starts from. */
function put(holder: Reading, at: number, leaf: Leaf): Reading {
  const key = leaf.path[at];
  if (key === undefined) {
    if (holder !== undefined) return KEY_TWICE;
    return leaf.texts.length > 1 ? SENT_TWICE : readScalar(leaf.texts[0] as string, leaf.shape, leaf.mode);
  }
  if (key === '') {
    if (holder !== undefined) return KEY_TWICE;
    return readList(leaf.texts, leaf.shape, asItStands, leaf.mode);
  }
  const object = holder === undefined ? emptyObject() : holder;
  if (!isOwnObject(object)) return KEY_TWICE;
  const part = put(object[key], at + 1, { ...leaf, shape: propertyShape(leaf.shape, key) });
  if (part instanceof Unreadable) return part;
  object[key] = part;
  return object;
}

function isOwnObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
