import { type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedParameter } from '../description.ts';
import { siteAt } from '../pointer.ts';
import { compileSchema, type SchemaSource, type Validator, type ValidatorOptions } from '../validate/validator.ts';
import type { Cookies } from './cookies.ts';
import { readField } from './field.ts';
import type { NamedField } from './field-names.ts';
import { isJsonType, type JsonReader, readDocument } from './json-text.ts';
import type { PlainParameter } from './plain-parameters.ts';
import { asItStands, decodeFormText, decodePercent, type Fields } from './query.ts';
import { isAmbiguous, readScalar } from './scalar.ts';
import { type Field, formsOf, isUnreadable, readStyledText, type TextReading } from './styled-text.ts';
import { BAD_ENCODING, NOT_SUPPORTED, type Reading, SENT_TWICE } from './unreadable.ts';
import { shapeOf, type ValueShape } from './value-shape.ts';
import { wholeNumbersOf } from './whole-numbers.ts';

/** The fields of a head, names in lower case. */
export interface SentHeaders {
  get(name: string): string | null;
  all(name: string): readonly string[];
}

/** What was sent, split into named texts; a part that no parameter reads is empty. */
export interface OpenedRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly fields: Fields;
  readonly cookies: Cookies;
  readonly headers: SentHeaders;
}

/** Tells what is wrong with one parameter of a request: nothing, or words that repeat nothing of it. */
export type ParameterCheck = (opened: OpenedRequest) => readonly string[] | null;

/** A parameter that has been compiled. */
export interface CompiledParameter {
  readonly check: ParameterCheck;
  /** What a check at a glance goes by; null where a value may be written in several ways, or in parts. */
  readonly plain: PlainParameter | null;
}

/** What parameters are compiled with. `isOwned` tells names of the query that other parameters go by. */
export interface ParameterContext {
  readonly source: SchemaSource;
  readonly readJson: JsonReader;
  readonly isOwned: (name: string) => boolean;
  /** How its schema is read; as of requests where nothing is said. */
  readonly validation?: ValidatorOptions;
}

/** The options of every validator of requests. */
export const REQUEST_VALIDATION = { closed: true, direction: 'request' } as const;

/**
 * Compiles one parameter of the path, the query, a header or a cookie. Where its schema has room for several forms of
 * value they are tried in this order: without parts, list, object; and each first with numbers and truth values read
 * as such, then, if it has room for text, as text. The first that is valid counts.
 */
export function compileParameter(
  parameter: DescribedParameter,
  context: ParameterContext,
): Result<CompiledParameter, readonly Issue[]> {
  const compiled = compileValue(parameter, context);
  if (!compiled.ok) return compiled;
  const { value, validate, schema } = compiled.value;
  const { source } = context;
  const plain =
    parameter.contentMediaType === null ? plainParameter(parameter, value, validate, { source, schema }) : null;
  return ok({ check: createCheck(parameter, value, validate), plain });
}

/** What a parameter is read and judged by. */
interface CompiledValue {
  readonly value: ParameterValue;
  readonly validate: Validator | null;
  readonly schema: unknown;
}

function compileValue(
  parameter: DescribedParameter,
  context: ParameterContext,
): Result<CompiledValue, readonly Issue[]> {
  const { schemaPointer, contentMediaType } = parameter;
  const { source } = context;
  const site = siteAt(source.document, schemaPointer);
  const schema = site?.value;
  const validator = site === null ? ok(null) : compileSchema(source, site, context.validation ?? REQUEST_VALIDATION);
  if (!validator.ok) return validator;
  const value =
    contentMediaType === null
      ? styledValue(parameter, schema, context)
      : {
          takesEmpty: parameter.allowEmptyValue,
          read: contentReader(parameter, contentMediaType, context),
          ways: ONE_WAY,
          shape: null,
        };
  return ok({ value, validate: validator.value, schema });
}

/**
 * What reads one parameter as it is judged: the value of the first reading that is valid, undefined where nothing was
 * sent, or null where nothing of what was sent is valid.
 */
export function compileReader(
  parameter: DescribedParameter,
  context: ParameterContext,
): Result<(opened: OpenedRequest) => { readonly value: unknown } | null, readonly Issue[]> {
  const compiled = compileValue(parameter, context);
  if (!compiled.ok) return compiled;
  const { value, validate } = compiled.value;
  return ok((opened) => {
    let sent = false;
    for (const how of value.ways) {
      const read = value.read(opened, how);
      if (read === undefined) continue;
      sent = true;
      if (!isUnreadable(read) && (validate === null || validate(read) === null)) return { value: read };
    }
    return sent ? null : { value: undefined };
  });
}

/** A text that stands as it is in one of these styles, and is read in one way only. */
const PLAIN_STYLES: readonly DescribedParameter['style'][] = ['simple', 'form', 'spaceDelimited', 'pipeDelimited'];

function plainParameter(
  { in: place, name, required, style }: DescribedParameter,
  { ways, shape }: ParameterValue,
  validate: Validator | null,
  { source, schema }: { readonly source: SchemaSource; readonly schema: unknown },
): PlainParameter | null {
  if ((place !== 'path' && place !== 'query') || !PLAIN_STYLES.includes(style)) return null;
  if (shape !== null && (shape.array !== null || shape.object !== null)) return null;
  const [way] = ways;
  const oneWay = ways.length === 1 && way?.form === 'scalar' && way.mode === 'typed';
  if (!oneWay) return null;
  const wholeNumbers = wholeNumbersOf(source, schema);
  return { in: place, name, required, shape, validate, ...(wholeNumbers === null ? {} : { wholeNumbers }) };
}

interface ParameterValue {
  /** Whether an empty text passes unjudged: never where parts of the value may stand elsewhere in the query. */
  readonly takesEmpty: boolean;
  readonly read: (opened: OpenedRequest, how: TextReading) => Reading;
  readonly ways: readonly TextReading[];
  readonly shape: ValueShape;
}

const ONE_WAY: readonly TextReading[] = [{ form: 'scalar', mode: 'typed' }];

function createCheck(
  parameter: DescribedParameter,
  { takesEmpty, read, ways }: ParameterValue,
  validate: Validator | null,
): ParameterCheck {
  const { name, required } = parameter;
  return (opened) => {
    if (takesEmpty && isEmpty(opened.fields.values.get(name))) return null;
    let faults: readonly string[] | null = null;
    for (const how of ways) {
      const value = read(opened, how);
      if (value === undefined) continue;
      if (isUnreadable(value)) {
        faults ??= [value.message];
        continue;
      }
      const violations = validate === null ? null : validate(value);
      if (violations === null) return null;
      faults ??= violations.map(({ message }) => message);
    }
    return faults ?? (required ? MISSING : null);
  };
}

const MISSING: readonly string[] = ['is required'];

function isEmpty(sent: readonly string[] | undefined): boolean {
  return sent?.length === 1 && sent[0] === '';
}

function styledValue(parameter: DescribedParameter, schema: unknown, context: ParameterContext): ParameterValue {
  const shape = shapeOf(context.source, schema);
  const field: Field = { name: parameter.name, style: parameter.style, explode: parameter.explode, shape };
  const modes = isAmbiguous(shape) ? (['typed', 'text'] as const) : (['typed'] as const);
  const ways = formsOf(shape).flatMap((form) => modes.map((mode) => ({ form, mode })));
  const inParts = field.style === 'deepObject' || (field.explode && formsOf(shape).includes('object'));
  const takesEmpty = parameter.allowEmptyValue && !inParts;
  return { takesEmpty, read: styledReader(parameter, field, context), ways, shape };
}

function styledReader(parameter: DescribedParameter, field: Field, context: ParameterContext): ParameterValue['read'] {
  switch (parameter.in) {
    case 'path':
      return ({ params }, how) => {
        const text = Object.hasOwn(params, field.name) ? params[field.name] : undefined;
        return text === undefined ? undefined : readStyledText(text, field, asItStands, how);
      };
    case 'query':
      return ({ fields }, how) => readField(fields, field, how, context.isOwned);
    case 'header': {
      const name = field.name.toLowerCase();
      const decode = (text: string): string => text.trim();
      return ({ headers }, how) => {
        const sent = headers.all(name);
        if (sent.length === 0) return undefined;
        if (how.form === 'scalar' && sent.length > 1) return SENT_TWICE;
        return readStyledText(sent.length === 1 ? (sent[0] as string) : sent.join(','), field, decode, how);
      };
    }
    case 'cookie':
      return cookieReader(field);
    case 'querystring':
      return () => NOT_SUPPORTED;
  }
}

/**
 * Cookies of style `form` are percent-encoded, those of `cookie` stand as they are. An exploded list is one cookie of
 * the one style (`color=blue&color=black`), several of the other.
 */
function cookieReader(field: Field): ParameterValue['read'] {
  const decode = field.style === 'form' ? decodePercent : asItStands;
  return ({ cookies }, how) => {
    const sent = cookies.get(field.name);
    const oneCookie = field.style === 'form' && field.explode && how.form === 'array';
    if (!oneCookie || sent === undefined) {
      return readField({ values: cookies, encoded: true, decode }, field, how, () => true);
    }
    if (sent.length > 1) return SENT_TWICE;
    const values = new Map([[field.name, (sent[0] as string).split(`&${field.name}=`)]]);
    return readField({ values, encoded: true, decode }, field, how, () => true);
  };
}

/** A parameter of the query as a field that goes by names. */
export function queryField(source: SchemaSource, parameter: DescribedParameter): NamedField {
  const { name, style, explode, schemaPointer, contentMediaType } = parameter;
  const schema = siteAt(source.document, schemaPointer)?.value;
  return { name, style, explode, shape: shapeOf(source, schema), isDocument: contentMediaType !== null };
}

/** Whether the gateway reads parameters of this media type, in this place. */
export function isReadableText(place: DescribedParameter['in'], mediaType: string): boolean {
  const essence = mediaType.split(';', 1)[0] as string;
  if (isJsonType(essence)) return true;
  return place === 'querystring' ? essence === 'application/x-www-form-urlencoded' : essence.startsWith('text/');
}

/** Reads a parameter whose text is a document of its own (OpenAPI 3.2 §4.12.2.3). */
function contentReader(
  parameter: DescribedParameter,
  mediaType: string,
  { source, readJson }: ParameterContext,
): ParameterValue['read'] {
  const essence = mediaType.split(';', 1)[0] as string;
  const sentTexts = textsOf(parameter);
  const decode = CONTENT_DECODERS[parameter.in];
  const shape = shapeOf(source, siteAt(source.document, parameter.schemaPointer)?.value);
  const isJson = isJsonType(essence);
  if (!isReadableText(parameter.in, mediaType)) return (opened) => sentTexts(opened) && NOT_SUPPORTED;
  return (opened) => {
    const sent = sentTexts(opened);
    if (sent === undefined) return undefined;
    if (sent.length > 1) return SENT_TWICE;
    const text = decode(sent[0] as string);
    if (text === null) return BAD_ENCODING;
    return isJson ? readDocument(text, readJson) : readScalar(text, shape, 'typed');
  };
}

const CONTENT_DECODERS = {
  path: asItStands,
  query: decodeFormText,
  querystring: decodePercent,
  header: asItStands,
  cookie: decodePercent,
} satisfies Record<DescribedParameter['in'], (raw: string) => string | null>;

/** The texts sent for a parameter, undefined where there are none. */
function textsOf({ in: place, name }: DescribedParameter): (opened: OpenedRequest) => readonly string[] | undefined {
  switch (place) {
    case 'path':
      return ({ params }) => (Object.hasOwn(params, name) ? [params[name] as string] : undefined);
    case 'query':
      return ({ fields }) => fields.values.get(name);
    case 'header': {
      const lower = name.toLowerCase();
      return ({ headers }) => {
        const sent = headers.all(lower);
        return sent.length === 0 ? undefined : sent;
      };
    }
    case 'cookie':
      return ({ cookies }) => cookies.get(name);
    case 'querystring':
      return () => undefined;
  }
}
