import {
  isAddress4,
  isAddress6,
  isEmail,
  isHostname,
  isInternationalEmail,
  isInternationalHostname,
} from './format-name.ts';
import {
  isCharacter,
  isDecimal,
  isDecimal128,
  isFieldItem,
  isFieldNumber,
  isHttpDate,
  isLocalDateTime,
  isLocalTime,
  isMediaRange,
} from './format-registry.ts';
import { isDate, isDateTime, isDuration, isTime } from './format-time.ts';
import {
  isIri,
  isIriReference,
  isJsonPointer,
  isRelativeJsonPointer,
  isUri,
  isUriReference,
  isUriTemplate,
} from './format-uri.ts';

/** A format that is checked; values of the other kinds always hold. */
export type Format =
  | { readonly kind: 'string'; readonly holds: (value: string) => boolean; readonly message: string }
  | { readonly kind: 'number'; readonly holds: (value: number) => boolean; readonly message: string };

/**
 * The checked format of this name, or null where the name is an annotation (JSON Schema 2020-12 §7, and the registry
 * of OpenAPI formats). Every check takes time linear in the value.
 */
export function formatOf(name: string): Format | null {
  return FORMATS.get(name) ?? null;
}

/**
 * The check of a `contentEncoding` (JSON Schema 2020-12 §8.3), null where the name is an annotation. It is what became
 * of the format `byte` in OpenAPI 3.1, so it is checked as that is.
 */
export function encodingOf(name: string): Format | null {
  return ENCODINGS.get(name.toLowerCase()) ?? null;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const BASE64_URL = /^[A-Za-z0-9_-]*={0,2}$/;
const UUID = /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$/;

const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['date', text(isDate, 'must be a date such as 2026-01-31')],
  ['date-time', text(isDateTime, 'must be a time such as 2026-01-31T12:00:00Z')],
  ['time', text(isTime, 'must be a time of day such as 12:00:00Z')],
  ['duration', text(isDuration, 'must be a duration such as P1DT12H')],
  ['uuid', text((value) => value.length === 36 && UUID.test(value), 'must be a UUID')],
  ['email', text(isEmail, 'must be an email address')],
  ['idn-email', text(isInternationalEmail, 'must be an email address')],
  ['hostname', text(isHostname, 'must be a host name')],
  ['idn-hostname', text(isInternationalHostname, 'must be a host name')],
  ['ipv4', text(isAddress4, 'must be an IPv4 address')],
  ['ipv6', text(isAddress6, 'must be an IPv6 address')],
  ['uri', text(isUri, 'must be a URI')],
  ['uri-reference', text(isUriReference, 'must be a URI reference')],
  ['iri', text(isIri, 'must be an IRI')],
  ['iri-reference', text(isIriReference, 'must be an IRI reference')],
  ['uri-template', text(isUriTemplate, 'must be a URI template')],
  ['json-pointer', text(isJsonPointer, 'must be a JSON Pointer')],
  ['relative-json-pointer', text(isRelativeJsonPointer, 'must be a relative JSON Pointer')],
  ['regex', text(isRegularExpression, 'must be a regular expression')],
  ['byte', text(isBase64, 'must be in base64')],
  ['base64url', text(isBase64Url, 'must be in base64url')],
  ['int8', integer(-128, 127)],
  ['int16', integer(-32_768, 32_767)],
  ['int32', integer(-2_147_483_648, 2_147_483_647)],
  // Numbers were read as doubles, so the bounds are the doubles next to them; 2^63 itself is one, and too large.
  ['int64', integer(-(2 ** 63), 2 ** 63 - 1024)],
  ['uint8', integer(0, 255)],
  ['uint16', integer(0, 65_535)],
  ['uint32', integer(0, 4_294_967_295)],
  ['uint64', integer(0, 2 ** 64 - 2048)],
  ['double-int', integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)],
  ['char', text(isCharacter, 'must be one character')],
  ['decimal', text(isDecimal, 'must be a decimal such as 19.99')],
  ['decimal128', text(isDecimal128, 'must be a decimal of at most 34 digits')],
  ['http-date', text(isHttpDate, 'must be a time such as Sat, 31 Jan 2026 12:00:00 GMT')],
  ['time-local', text(isLocalTime, 'must be a time of day such as 12:00:00')],
  ['date-time-local', text(isLocalDateTime, 'must be a time such as 2026-01-31T12:00:00')],
  ['media-range', text(isMediaRange, 'must be a media range such as text/*')],
  ['sf-binary', text((value) => isFieldItem(value, 'bytes'), 'must be bytes of a structured field such as :AQ==:')],
  ['sf-boolean', text((value) => isFieldItem(value, 'boolean'), 'must be ?0 or ?1')],
  ['sf-string', text((value) => isFieldItem(value, 'string'), 'must be text of a structured field such as "a"')],
  ['sf-token', text((value) => isFieldItem(value, 'token'), 'must be a token of a structured field')],
  ['sf-integer', number((value) => isFieldNumber(value, 'integer'), 'must be a whole number of at most 15 digits')],
  [
    'sf-decimal',
    number(
      (value) => isFieldNumber(value, 'decimal'),
      'must be a decimal of at most 12 digits and three behind the point',
    ),
  ],
  ['float', { kind: 'number', holds: (value) => Number.isFinite(Math.fround(value)), message: 'must be a float' }],
]);

const ENCODINGS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['base64', text(isBase64, 'must be in base64')],
  ['base64url', text(isBase64Url, 'must be in base64url')],
  ['base16', text((value) => value.length % 2 === 0 && /^[0-9A-Fa-f]*$/.test(value), 'must be in base16')],
]);

function text(holds: (value: string) => boolean, message: string): Format {
  return { kind: 'string', holds, message };
}

function number(holds: (value: number) => boolean, message: string): Format {
  return { kind: 'number', holds, message };
}

function integer(least: number, most: number): Format {
  const holds = (value: number): boolean => Number.isInteger(value) && value >= least && value <= most;
  return { kind: 'number', holds, message: `must be a whole number from ${least} to ${most}` };
}

/** A group of four at a time would need the runtime's stack for long texts, so only the end is read by pattern. */
function isBase64(value: string): boolean {
  if (value.length % 4 !== 0) return false;
  return /^[A-Za-z0-9+/]*$/.test(value.slice(0, -4)) && BASE64.test(value.slice(-4));
}

function isBase64Url(value: string): boolean {
  const padding = value.indexOf('=');
  if (padding >= 0 && value.length % 4 !== 0) return false;
  return BASE64_URL.test(value) && (padding < 0 ? value.length : padding) % 4 !== 1;
}

/** Longer expressions than this are no patterns, and reading one costs time and memory. */
const EXPRESSION_LIMIT = 10_000;

function isRegularExpression(value: string): boolean {
  if (value.length > EXPRESSION_LIMIT) return false;
  try {
    return new RegExp(value, 'u').unicode;
  } catch {
    return false;
  }
}
