import { OTHER_FIELD } from './field-names.ts';
import type { HeaderFields } from './header-fields.ts';

/**
 * Fields that mean something in a head only, besides those that the codec knows: routing, authentication, conditions of
 * caching, what a body is (RFC 9110 §6.5.1). A recipient that merges trailers into the head would take them for its own.
 */
const HEAD_ONLY: ReadonlySet<string> = new Set([
  'accept-ranges',
  'age',
  'alt-svc',
  'authentication-info',
  'clear-site-data',
  'content-disposition',
  'content-language',
  'content-location',
  'content-range',
  'expires',
  'last-modified',
  'link',
  'max-forwards',
  'origin-agent-cluster',
  'permissions-policy',
  'pragma',
  'refresh',
  'retry-after',
  'set-cookie2',
  'warning',
  'www-authenticate',
]);
const HEAD_ONLY_PREFIXES = ['access-control-', 'cross-origin-', 'sec-'];

/**
 * The trailers that a client may have of those an upstream sent, names in lower case and values, in turn. What the codec
 * knows by name is framing, a credential, a control of heads or the gateway's own to say: none of it is passed on.
 */
export function passedTrailers(fields: HeaderFields): readonly string[] {
  const passed: string[] = [];
  fields.eachKept({
    field(number, name, value) {
      if (number !== OTHER_FIELD || HEAD_ONLY.has(name)) return;
      if (!HEAD_ONLY_PREFIXES.some((prefix) => name.startsWith(prefix))) passed.push(name, value);
    },
  });
  return passed;
}
