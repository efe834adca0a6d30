import { isAscii } from 'node:buffer';
import { err, ok, type ProblemCode, type Result } from '../base/index.ts';
import { DEFAULT_FORM_LIMITS, type FormFields, type FormLimits, parseForm } from './form.ts';
import { parseJson } from './json.ts';
import { DEFAULT_JSON_LIMITS, type JsonLimits, type JsonValue } from './json-value.ts';
import { charsetOf, type MediaType, parseMediaType } from './media-type.ts';
import {
  DEFAULT_MULTIPART_LIMITS,
  isReadMultipart,
  type MultipartLimits,
  parseMultipart,
  type Part,
} from './multipart.ts';
import { parseText } from './text.ts';
import { parseXml } from './xml.ts';
import { DEFAULT_XML_LIMITS, type XmlElement, type XmlLimits } from './xml-tree.ts';

/**
 * A whole body, read in one way for everybody. `opaque` is a format that nobody here reads: its bytes as they came,
 * never a part of them understood.
 */
export type ParsedBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'form'; readonly fields: FormFields }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'multipart'; readonly mediaType: MediaType; readonly parts: readonly Part[] }
  | { readonly kind: 'xml'; readonly root: XmlElement; readonly bytes: Uint8Array }
  | { readonly kind: 'opaque'; readonly mediaType: MediaType; readonly bytes: Uint8Array };

/** Why a body is refused: the problem for the client, and for the log what was wrong and where. It quotes no body. */
export interface BodyFault {
  readonly problem: Extract<ProblemCode, 'malformed-body' | 'unsupported-media-type'>;
  readonly internal: string;
}

/** Bounds on what a body may hold; its size is bounded by whoever collects it. */
export interface BodyLimits {
  readonly json: JsonLimits;
  readonly form: FormLimits;
  readonly multipart: MultipartLimits;
  readonly xml: XmlLimits;
}

/** The bounds of every format; their reasons stand with each. */
export const DEFAULT_BODY_LIMITS: BodyLimits = {
  json: DEFAULT_JSON_LIMITS,
  form: DEFAULT_FORM_LIMITS,
  multipart: DEFAULT_MULTIPART_LIMITS,
  xml: DEFAULT_XML_LIMITS,
};

/**
 * Reads a body as the one format its Content-Type names: JSON for `application/json`, `text/json` and every `+json`
 * (the JSON types of WHATWG MIME Sniffing §4.6), XML for `application/xml`, `text/xml` and the `+xml` types of both trees,
 * URL-encoded forms, the parts of `multipart/form-data`, `mixed` and `related`, other `text/*` as UTF-8; anything else is
 * opaque, pictures written in XML too.
 * A Content-Type that has no single reading is refused even without a body, and a body without Content-Type is never
 * guessed at (RFC 9110 §8.3). Zero bytes are `empty` whatever the type, JSON too: whether that will do is the
 * operation's to say. An opaque body and parts share the memory of `bytes`.
 */
export function parseBody(
  contentType: string | undefined,
  bytes: Uint8Array,
  limits: BodyLimits = DEFAULT_BODY_LIMITS,
): Result<ParsedBody, BodyFault> {
  if (contentType === undefined) return bytes.length === 0 ? ok({ kind: 'empty' }) : unsupported('missing');
  const mediaType = parseMediaType(contentType);
  if (!mediaType.ok) return unsupported(mediaType.error);
  if (bytes.length === 0) return ok({ kind: 'empty' });
  const format = formatOf(mediaType.value);
  if (format === 'opaque') return ok({ kind: 'opaque', mediaType: mediaType.value, bytes });
  if (format === 'multipart') return multipart(mediaType.value, bytes, limits.multipart);
  if (charsetOf(mediaType.value) === 'us-ascii' && !isAscii(bytes)) return malformed(format, 'not us-ascii');
  return parsers[format](bytes, limits);
}

type Format = 'json' | 'form' | 'text' | 'xml';

function formatOf(mediaType: MediaType): Format | 'multipart' | 'opaque' {
  const { type, suffix, essence } = mediaType;
  if (suffix === 'json' || essence === 'application/json' || essence === 'text/json') return 'json';
  if (essence === 'application/x-www-form-urlencoded') return 'form';
  if (isReadMultipart(mediaType)) return 'multipart';
  if (isXmlType(mediaType)) return 'xml';
  return type === 'text' ? 'text' : 'opaque';
}

/** Pictures and models in XML are files, and held to what they may hold by `signatureFault`. */
function isXmlType({ type, suffix, essence }: Pick<MediaType, 'type' | 'suffix' | 'essence'>): boolean {
  if (type !== 'application' && type !== 'text') return false;
  return suffix === 'xml' || essence === 'application/xml' || essence === 'text/xml';
}

const parsers = {
  json(bytes, limits) {
    const read = parseJson(bytes, limits.json);
    return read.ok ? ok({ kind: 'json', value: read.value }) : malformed('json', describe(read.error));
  },
  form(bytes, limits) {
    const read = parseForm(bytes, limits.form);
    return read.ok ? ok({ kind: 'form', fields: read.value }) : malformed('form', describe(read.error));
  },
  text(bytes) {
    const read = parseText(bytes);
    return read.ok ? ok({ kind: 'text', text: read.value }) : malformed('text', describe(read.error));
  },
  xml(bytes, limits) {
    const read = parseXml(bytes, limits.xml);
    return read.ok ? ok({ kind: 'xml', root: read.value, bytes }) : malformed('xml', describe(read.error));
  },
} satisfies Record<Format, (bytes: Uint8Array, limits: BodyLimits) => Result<ParsedBody, BodyFault>>;

function multipart(mediaType: MediaType, bytes: Uint8Array, limits: MultipartLimits): Result<ParsedBody, BodyFault> {
  const read = parseMultipart(mediaType, bytes, limits);
  return read.ok
    ? ok({ kind: 'multipart', mediaType, parts: read.value })
    : malformed('multipart', describe(read.error));
}

function describe(fault: { readonly code: string; readonly offset: number }): string {
  return `${fault.code} at byte ${fault.offset}`;
}

function malformed(format: Format | 'multipart', what: string): Result<never, BodyFault> {
  return err({ problem: 'malformed-body', internal: `${format}: ${what}` });
}

function unsupported(what: string): Result<never, BodyFault> {
  return err({ problem: 'unsupported-media-type', internal: `content-type: ${what}` });
}
