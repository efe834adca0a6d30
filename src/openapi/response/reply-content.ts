import { type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedContent } from '../description.ts';
import { own, siteAt } from '../pointer.ts';
import { type SentBody, takesForms, takesParts } from '../request/body-judge.ts';
import { createFormObject, type FormObject } from '../request/form-object.ts';
import { isJsonType } from '../request/json-text.ts';
import type { MediaRange, SentMediaType } from '../request/media-range-choice.ts';
import { compileMultipart, type FormContext, type MultipartObject } from '../request/multipart-object.ts';
import { asItStands } from '../request/query.ts';
import { hasRoomForParts, plainMeaning, useOf } from '../request/readable-content.ts';
import { type Judged, judgeReadings } from '../request/two-readings.ts';
import {
  compileSchema,
  compileSieve,
  type CutMembers,
  type SchemaSource,
  type Sieve,
  type Validator,
  type Violation,
} from '../validate/validator.ts';
import { type XmlRoot, xmlRootOf } from '../xml/xml-shape.ts';
import { sieveXml, type XmlCuts } from '../xml/xml-sieve.ts';
import { isXmlType } from '../xml/xml-type.ts';
import { REPLY_VALIDATION } from './reply-headers.ts';

/**
 * What is done with a body under one media type: `unread` it passes, since its description asks nothing of it; `read` it
 * is held against its schema; `unreadable` it can't be, and is refused.
 */
export type BodyTreatment = 'unread' | 'read' | 'unreadable';

/** Why a body does not hold. With `cuts` it would without these members, or elements and attributes, and only then. */
export type ReplyBodyFault =
  | { readonly reason: 'missing' | 'unreadable' }
  | { readonly reason: 'differs'; readonly violations: readonly Violation[] }
  | { readonly reason: 'cuts'; readonly cuts: CutMembers }
  | { readonly reason: 'xml-cuts'; readonly cuts: XmlCuts };

/** The bodies under one media range. */
export interface ReplyContent {
  readonly range: MediaRange;
  /** Whether there are types under it whose bodies are read. */
  readonly reads: boolean;
  readonly treatment: (mediaType: SentMediaType) => BodyTreatment;
  /** What is wrong with a body that has to be read; null where it holds. */
  readonly judge: (body: SentBody, mediaType: SentMediaType) => ReplyBodyFault | null;
}

/** Compiles what bodies under one media range are held against. */
export function compileReplyContent(
  source: SchemaSource,
  content: DescribedContent,
  { readJson, readXml }: Pick<FormContext, 'readJson' | 'readXml'>,
): Result<ReplyContent, readonly Issue[]> {
  const schema = siteAt(source.document, content.schemaPointer);
  const validator = schema === null ? ok(null) : compileSchema(source, schema, REPLY_VALIDATION);
  if (!validator.ok) return validator;
  const sieve = schema === null ? ok(null) : compileSieve(source, schema, REPLY_VALIDATION.direction);
  if (!sieve.ok) return sieve;
  const use = useOf(source, content, schema?.value);
  const { range } = use;
  const asks = use.sequence ? 'more' : asksOf(source, schema?.value);
  const form = asks !== 'nothing' && takesForms(range) ? createFormObject(source, content.pointer, readJson) : null;
  const multipart =
    asks !== 'nothing' && takesParts(range)
      ? compileMultipart(content.pointer, { source, readJson, readXml, validation: REPLY_VALIDATION })
      : ok(null);
  if (!multipart.ok) return multipart;
  // The shape of a schema takes several kilobytes, which no other type asks for.
  const takesMultipart = takesParts(range) && hasRoomForParts(source, schema?.value);
  const xml = schema === null ? null : () => xmlRootOf(source, schema.value, schema.pointer);
  const treatment = (mediaType: Pick<SentMediaType, 'type' | 'essence'>): BodyTreatment => {
    if (use.sequence) return 'unreadable';
    if (asks === 'nothing') return 'unread';
    const format = formatOf(mediaType);
    if (format === 'json' || format === 'form') return 'read';
    if (format === 'multipart') return takesMultipart ? 'read' : use.takesBinary ? 'unread' : 'unreadable';
    if (format === 'xml') return use.takesAnyXml ? 'unread' : xml?.().fault === null ? 'read' : 'unreadable';
    if (format === 'opaque') return use.takesBinary ? 'unread' : 'unreadable';
    if (!use.takesText) return 'unreadable';
    return asks === 'text' ? 'unread' : 'read';
  };
  return ok({
    range,
    reads: isSingle(range) ? treatment(typeOf(range)) === 'read' : !use.sequence && asks !== 'nothing',
    treatment,
    judge: judgeOf({ validate: validator.value, sieve: sieve.value, form, multipart: multipart.value, xml }),
  });
}

interface Held {
  readonly validate: Validator | null;
  readonly sieve: Sieve | null;
  readonly form: FormObject | null;
  readonly multipart: MultipartObject | null;
  readonly xml: (() => XmlRoot) | null;
}

function judgeOf({ validate, sieve, form, multipart, xml }: Held): ReplyContent['judge'] {
  return (body, mediaType) => {
    if (validate === null || sieve === null) return null;
    switch (body.kind) {
      case 'json': {
        const found = sieve(body.value);
        if (found === null) return null;
        if ('violations' in found) return { reason: 'differs', violations: found.violations };
        return { reason: 'cuts', cuts: found.cuts };
      }
      case 'form':
        if (form === null) return UNREADABLE;
        return faultOf(judgeReadings(form, { values: body.fields, encoded: false, decode: asItStands }, validate));
      case 'text':
        return differs(validate(body.text));
      case 'xml': {
        if (xml === null) return UNREADABLE;
        const found = sieveXml(xml(), body.root, { validate, sieve });
        if (found === null) return null;
        return 'violations' in found ? differs(found.violations) : { reason: 'xml-cuts', cuts: found.cuts };
      }
      case 'empty':
        // Of text and of a form nothing at all may be meant; it is no JSON.
        if (formatOf(mediaType) === 'text') return differs(validate(''));
        return MISSING;
      case 'multipart':
        if (multipart === null || body.mediaType.subtype !== 'form-data') return UNREADABLE;
        return faultOf(judgeReadings(multipart, body.parts, validate));
      case 'opaque':
        return UNREADABLE;
    }
  };
}

const MISSING: ReplyBodyFault = { reason: 'missing' };
const UNREADABLE: ReplyBodyFault = { reason: 'unreadable' };

function faultOf(judged: Judged): ReplyBodyFault | null {
  return 'violations' in judged ? differs(judged.violations) : null;
}

function differs(violations: readonly Violation[] | null): ReplyBodyFault | null {
  return violations === null ? null : { reason: 'differs', violations };
}

/**
 * What a schema asks of bodies: nothing, where there is none, where it asks nothing, or where it says that they are bytes; `text`,
 * where it says no more than that they are text.
 */
function asksOf(source: SchemaSource, schema: unknown): 'nothing' | 'text' | 'more' {
  if (schema === undefined) return 'nothing';
  const meant = plainMeaning(source, schema);
  if (meant === null || meant === true) return meant === true ? 'nothing' : 'more';
  const type = own(meant, 'type');
  const format = own(meant, 'format');
  if (['contentMediaType', 'contentEncoding'].some((keyword) => own(meant, keyword) !== undefined)) return 'more';
  if (format === 'binary') return 'nothing';
  if (format !== undefined) return 'more';
  if (type === undefined) return 'nothing';
  return type === 'string' ? 'text' : 'more';
}

/** Whether a range is one type. */
function isSingle({ type, subtype }: MediaRange): boolean {
  return type !== '*' && !subtype.includes('*');
}

function typeOf({ type, subtype }: MediaRange): Pick<SentMediaType, 'type' | 'essence'> {
  return { type, essence: `${type}/${subtype}` };
}

type Format = 'json' | 'form' | 'multipart' | 'text' | 'xml' | 'opaque';

/** The format that bodies of a type are read in. */
function formatOf({ type, essence }: Pick<SentMediaType, 'type' | 'essence'>): Format {
  if (isJsonType(essence)) return 'json';
  if (essence === 'application/x-www-form-urlencoded') return 'form';
  if (essence === 'multipart/form-data') return 'multipart';
  if (isXmlType(essence)) return 'xml';
  return type === 'text' ? 'text' : 'opaque';
}
