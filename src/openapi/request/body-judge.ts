import { err, type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedContent, DescribedRequestBody } from '../description.ts';
import { siteAt } from '../pointer.ts';
import { readsNoXml, type SentElement, type XmlReader } from '../xml/sent-element.ts';
import { type XmlRoot, xmlRootOf } from '../xml/xml-shape.ts';
import { judgeXml } from '../xml/xml-value.ts';
import { compileSchema, type SchemaSource, type Validator, type Violation } from '../validate/validator.ts';
import { createFormObject, type FormObject } from './form-object.ts';
import type { JsonReader } from './json-text.ts';
import { chooseMediaRange, type MediaRange, type SentMediaType } from './media-range-choice.ts';
import { compileMultipart, type FormContext, type MultipartObject } from './multipart-object.ts';
import { REQUEST_VALIDATION } from './parameter.ts';
import type { SentPart } from './part-reader.ts';
import { asItStands } from './query.ts';
import { type ContentUse, useOf } from './readable-content.ts';
import { type Judged, judgeReadings } from './two-readings.ts';

/** A body as the gateway has read it; `opaque` is a format that nobody here reads. */
export type SentBody =
  | { readonly kind: 'empty' | 'opaque' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'multipart'; readonly mediaType: SentMediaType; readonly parts: readonly SentPart[] }
  | { readonly kind: 'xml'; readonly root: SentElement };

/** Why a body is refused. `violations` are there where it `differs` from its schema. */
export type BodyFault =
  | { readonly reason: 'missing' | 'undescribed' | 'media-type' | 'media-type-not-readable' }
  | { readonly reason: 'differs'; readonly violations: readonly Violation[] };

/** Judges the bodies of one operation. A request without a media type has null for it. */
export interface BodyJudge {
  /** What is wrong with the head of a request that has a body, before any of that is read; null where nothing is. */
  readonly announced: (mediaType: SentMediaType | null) => BodyFault | null;
  /** What is wrong with the whole body and its media type; null where both hold. */
  readonly whole: (body: SentBody, mediaType: SentMediaType | null) => BodyFault | null;
  /** The value that a body of XML, or a form of parts, is judged as; undefined for one that is not as described. */
  readonly valueOf: (body: SentBody, mediaType: SentMediaType | null) => unknown;
}

/**
 * Compiles the body of an operation, null where none is described: then any body is refused. No bytes at all are no
 * body, which is refused where one is required. Else the most specific media range counts, and under it:
 * JSON and forms, of parts too, are held against the schema; text too, where the schema has room for a value without parts; what
 * nobody here reads passes only where the schema says no more than that it is binary; below a range that takes any type, bytes
 * of every format do. Anything else described can't be
 * held, and is refused as `media-type-not-readable`: passing it would call unchecked what looks checked.
 */
export function compileBody(
  source: SchemaSource,
  described: DescribedRequestBody | null,
  readJson: JsonReader,
  readXml: XmlReader = readsNoXml,
): Result<BodyJudge, readonly Issue[]> {
  if (described === null) return ok(NO_BODY);
  const issues: Issue[] = [];
  const entries: Entry[] = [];
  for (const content of described.content) {
    const entry = compileEntry(source, content, { readJson, readXml });
    if (entry.ok) entries.push(entry.value);
    else issues.push(...entry.error);
  }
  if (issues.length > 0) return err(issues);
  const { required } = described;
  const entryOf = (mediaType: SentMediaType | null): Entry | null =>
    mediaType === null ? null : chooseMediaRange(entries, mediaType);
  return ok({
    announced(mediaType) {
      const entry = entryOf(mediaType);
      if (entry === null) return MEDIA_TYPE;
      return entry.readable ? null : NOT_READABLE;
    },
    whole(body, mediaType) {
      if (body.kind === 'empty') return required ? MISSING : null;
      const entry = entryOf(mediaType);
      return entry === null ? MEDIA_TYPE : judgeBody(entry, body);
    },
    valueOf(body, mediaType) {
      const entry = entryOf(mediaType);
      const judged = entry === null || entry.sequence ? null : judgedIn(entry, body);
      return judged !== null && 'value' in judged ? judged.value : undefined;
    },
  });
}

const UNDESCRIBED: BodyFault = { reason: 'undescribed' };
const MISSING: BodyFault = { reason: 'missing' };
const MEDIA_TYPE: BodyFault = { reason: 'media-type' };
const NOT_READABLE: BodyFault = { reason: 'media-type-not-readable' };
const NO_BODY: BodyJudge = {
  announced: () => UNDESCRIBED,
  whole: ({ kind }) => (kind === 'empty' ? null : UNDESCRIBED),
  valueOf: () => undefined,
};

/** One media range and what is held against its schema; `validate` is null where it has none. */
interface Entry extends ContentUse {
  readonly validate: Validator | null;
  /** Null where no form comes under the range. */
  readonly form: FormObject | null;
  /** Null where no form of parts comes under the range. */
  readonly multipart: MultipartObject | null;
  /** How XML under the range is written; null where it has no schema. */
  readonly xml: (() => XmlRoot) | null;
}

function compileEntry(
  source: SchemaSource,
  content: DescribedContent,
  { readJson, readXml }: Pick<FormContext, 'readJson' | 'readXml'>,
): Result<Entry, readonly Issue[]> {
  const { schemaPointer } = content;
  const schema = siteAt(source.document, schemaPointer);
  const validator = schema === null ? ok(null) : compileSchema(source, schema, REQUEST_VALIDATION);
  if (!validator.ok) return validator;
  const use = useOf(source, content, schema?.value);
  const form = takesForms(use.range) ? createFormObject(source, content.pointer, readJson) : null;
  const multipart = takesParts(use.range)
    ? compileMultipart(content.pointer, { source, readJson, readXml, validation: REQUEST_VALIDATION })
    : ok(null);
  if (!multipart.ok) return multipart;
  // Worked out for a type that takes other formats too only where XML comes.
  const xml = schema === null ? null : () => xmlRootOf(source, schema.value, schema.pointer);
  return ok({ ...use, validate: validator.value, form, multipart: multipart.value, xml });
}

/** Shapes are worked out only where they are needed: most bodies are JSON, and need none. */
export function takesForms({ type, subtype }: MediaRange): boolean {
  return type === '*' || (type === 'application' && (subtype === '*' || subtype === 'x-www-form-urlencoded'));
}

/** The same for forms of parts. */
export function takesParts({ type, subtype }: MediaRange): boolean {
  return type === '*' || (type === 'multipart' && (subtype === '*' || subtype === 'form-data'));
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
      return faultOf(judgeReadings(entry.form, { values: body.fields, encoded: false, decode: asItStands }, validate));
    case 'text':
      return entry.takesText ? differs(validate(body.text)) : NOT_READABLE;
    case 'multipart':
      return entry.takesBinary ? null : faultOf(judgedIn(entry, body));
    case 'xml':
      return entry.takesAnyXml ? null : faultOf(judgedIn(entry, body));
    case 'opaque':
      return entry.takesBinary ? null : NOT_READABLE;
    case 'empty':
      return null;
  }
}

/** The value of a body that has one only by its description; null where that can't be held against such a body. */
function judgedIn({ validate, multipart, xml }: Entry, body: SentBody): Judged | null {
  if (validate === null) return null;
  if (body.kind === 'multipart') {
    if (multipart === null || body.mediaType.subtype !== 'form-data') return null;
    return judgeReadings(multipart, body.parts, validate);
  }
  const root = body.kind === 'xml' && xml !== null ? xml() : null;
  return body.kind !== 'xml' || root === null || root.fault !== null ? null : judgeXml(root, body.root, validate);
}

function faultOf(judged: Judged | null): BodyFault | null {
  if (judged === null) return NOT_READABLE;
  return 'violations' in judged ? differs(judged.violations) : null;
}

function differs(violations: readonly Violation[] | null): BodyFault | null {
  return violations === null ? null : { reason: 'differs', violations };
}
