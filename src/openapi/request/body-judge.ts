import { err, type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedContent, DescribedRequestBody } from '../description.ts';
import { isObject, own, type PlainObject, valueAt } from '../pointer.ts';
import { isReference } from '../reference.ts';
import { compileValidator, type SchemaSource, type Validator, type Violation } from '../validate/validator.ts';
import { createFormObject, type FormObject, judgeForm } from './form-object.ts';
import type { JsonReader } from './json-text.ts';
import { chooseMediaRange, type MediaRange, readMediaRange, type SentMediaType } from './media-range-choice.ts';
import { REQUEST_VALIDATION } from './parameter.ts';
import { asItStands } from './query.ts';
import { referencesOf, shapeOf } from './value-shape.ts';

/** A body as the gateway has read it; `opaque` is a format that nobody here reads. */
export type SentBody =
  | { readonly kind: 'empty' | 'opaque' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'text'; readonly text: string };

/** Why a body is refused. `violations` are there where it `differs` from its schema. */
export type BodyFault =
  | { readonly reason: 'missing' | 'undescribed' | 'media-type' | 'media-type-not-readable' }
  | { readonly reason: 'differs'; readonly violations: readonly Violation[] };

/** Judges a body and its media type, null where it names none; null where both hold. */
export type BodyJudge = (body: SentBody, mediaType: SentMediaType | null) => BodyFault | null;

/**
 * Compiles the body of an operation, null where none is described: then any body is refused. No bytes at all are no
 * body, which is refused where one is required. Else the most specific media range counts, and under it:
 * JSON and forms are held against the schema; text too, where the schema has room for a value without parts; what
 * nobody here reads passes only where the schema says no more than that it is binary; below a range that takes any type, bytes
 * of every format do. Anything else described can't be
 * held, and is refused as `media-type-not-readable`: passing it would call unchecked what looks checked.
 */
export function compileBody(
  source: SchemaSource,
  described: DescribedRequestBody | null,
  readJson: JsonReader,
): Result<BodyJudge, readonly Issue[]> {
  if (described === null) return ok((body) => (body.kind === 'empty' ? null : UNDESCRIBED));
  const issues: Issue[] = [];
  const entries: Entry[] = [];
  for (const content of described.content) {
    const entry = compileEntry(source, content, readJson);
    if (entry.ok) entries.push(entry.value);
    else issues.push(...entry.error);
  }
  if (issues.length > 0) return err(issues);
  const { required } = described;
  return ok((body, mediaType) => {
    if (body.kind === 'empty') return required ? MISSING : null;
    const entry = mediaType === null ? null : chooseMediaRange(entries, mediaType);
    return entry === null ? MEDIA_TYPE : judgeBody(entry, body);
  });
}

const UNDESCRIBED: BodyFault = { reason: 'undescribed' };
const MISSING: BodyFault = { reason: 'missing' };
const MEDIA_TYPE: BodyFault = { reason: 'media-type' };
const NOT_READABLE: BodyFault = { reason: 'media-type-not-readable' };

/** One media range and what is held against its schema; `validate` is null where it has none. */
interface Entry {
  readonly range: MediaRange;
  readonly validate: Validator | null;
  /** Null where no form comes under the range. */
  readonly form: FormObject | null;
  readonly takesText: boolean;
  readonly takesBinary: boolean;
  /** Whether the schema is one of items in a sequence, which nobody here takes apart. */
  readonly sequence: boolean;
}

function compileEntry(
  source: SchemaSource,
  content: DescribedContent,
  readJson: JsonReader,
): Result<Entry, readonly Issue[]> {
  const { schemaPointer, itemSchemaPointer, mediaRange } = content;
  const schema = schemaPointer === null ? undefined : valueAt(source.document, schemaPointer);
  const validator = schemaPointer === null ? ok(null) : compileValidator(source, schemaPointer, REQUEST_VALIDATION);
  if (!validator.ok) return validator;
  const range = readMediaRange(mediaRange);
  return ok({
    range,
    validate: validator.value,
    form: takesForms(range) ? createFormObject(source, content.pointer, readJson) : null,
    takesText: range.type !== 'application' && hasRoomForText(source, schema),
    takesBinary: schema === undefined || isBinary(source, schema),
    sequence: itemSchemaPointer !== null,
  });
}

/** Shapes are worked out only where they are needed: most bodies are JSON, and need none. */
function takesForms({ type, subtype }: MediaRange): boolean {
  return type === '*' || (type === 'application' && (subtype === '*' || subtype === 'x-www-form-urlencoded'));
}

function hasRoomForText(source: SchemaSource, schema: unknown): boolean {
  const shape = shapeOf(source, schema);
  return shape === null || shape.scalars.has('string');
}

function judgeBody(entry: Entry, body: SentBody): BodyFault | null {
  const { validate } = entry;
  if (entry.sequence) return NOT_READABLE;
  if (validate === null || (entry.takesBinary && entry.range.subtype.includes('*'))) return null;
  switch (body.kind) {
    case 'json':
      return differs(validate(body.value));
    case 'form':
      if (entry.form === null) return NOT_READABLE;
      return differs(judgeForm(entry.form, { values: body.fields, encoded: false, decode: asItStands }, validate));
    case 'text':
      return entry.takesText ? differs(validate(body.text)) : NOT_READABLE;
    case 'opaque':
      return entry.takesBinary ? null : NOT_READABLE;
    case 'empty':
      return null;
  }
}

function differs(violations: readonly Violation[] | null): BodyFault | null {
  return violations === null ? null : { reason: 'differs', violations };
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
  if (schema === true) return true;
  const end = isReference(schema)
    ? referencesOf(source.document).follow({ value: schema, pointer: '' }, () => {})
    : null;
  const meant = end === null ? schema : end.value;
  if (!isObject(meant) || isReference(meant)) return meant === true;
  const says = Object.keys(meant).filter((keyword) => !keyword.startsWith('x-'));
  if (!says.every((keyword) => BINARY_KEYWORDS.has(keyword))) return false;
  if (isReference(schema) && source.specification !== '3.0' && Object.keys(schema).length > 1) return false;
  return saysBytes(meant);
}

function saysBytes(schema: PlainObject): boolean {
  const type = own(schema, 'type');
  const format = own(schema, 'format');
  if (type === undefined) return format === undefined || format === 'binary';
  const encoded = own(schema, 'contentEncoding') !== undefined;
  return type === 'string' && !encoded && (format === 'binary' || own(schema, 'contentMediaType') !== undefined);
}
