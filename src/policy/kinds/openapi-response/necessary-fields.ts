import { RESERVED_FIELDS } from '../../written-fields.ts';

/**
 * The fields without which a reply can't be understood, stored, or answered to, and those that only protect whoever gets it. They
 * pass also where others must be described.
 */
const NECESSARY: ReadonlySet<string> = new Set([
  // What the body is (RFC 9110 §8).
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
  'content-disposition',
  'etag',
  'last-modified',
  'accept-ranges',
  // What may be stored (RFC 9111 §5).
  'age',
  'cache-control',
  'expires',
  'vary',
  // What a status means nothing without (RFC 9110 §10.2, §11.6.1, §15.5.6).
  'allow',
  'location',
  'retry-after',
  'www-authenticate',
  // What browsers are told to refuse.
  'content-security-policy',
  'content-security-policy-report-only',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'permissions-policy',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-frame-options',
]);

/** Whether a field, its name in lower case, passes although nothing describes it. */
export function isNecessary(name: string): boolean {
  return NECESSARY.has(name) || RESERVED_FIELDS.replies.has(name);
}
