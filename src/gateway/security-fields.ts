import { type HeaderFields, PRESENCE } from '../wire/index.ts';

/** What decides which security fields a reply gets. */
export interface ReplySetting {
  readonly status: number;
  /** The upstream's fields, or null for a reply of the gateway's own. */
  readonly fields: HeaderFields | null;
  /** Whether it goes out over TLS, by a certificate that others trust. */
  readonly strictTransport: boolean;
  /** Whether it answers somebody who is known. */
  readonly authenticated: boolean;
}

/** What every reply gets, whatever it holds. */
const ALWAYS: readonly (readonly [name: keyof typeof PRESENCE, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
];
/** An API's reply loads nothing. A page does, and says itself what. */
const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";
/**
 * Two years, as browsers ask of hosts they are to know of beforehand. Hosts below this one may be others' (RFC 6797
 * §6.1.2), so they are left out.
 */
const STRICT_TRANSPORT = 'max-age=63072000';

const PAGE = /^(?:text\/html|application\/xhtml\+xml)(?![^\s;])/i;
const NOT_MODIFIED = 304;

/**
 * Adds the security fields that a reply lacks to `added`, names and values in turn: none stands twice, and what the
 * upstream or a policy says stays as it is.
 */
export function addSecurityFields(added: string[], setting: ReplySetting): void {
  const { status, fields, strictTransport, authenticated } = setting;
  const present = (fields === null ? 0 : fields.present) | presenceOf(added);
  for (const [name, value] of ALWAYS) if ((present & PRESENCE[name]) === 0) added.push(name, value);
  if (strictTransport && (present & PRESENCE['strict-transport-security']) === 0)
    added.push('strict-transport-security', STRICT_TRANSPORT);
  // What is said to somebody who is known is for nobody else to keep.
  if (authenticated && (present & PRESENCE['cache-control']) === 0) added.push('cache-control', 'no-store');
  if ((present & PRESENCE['content-security-policy']) === 0 && !mayBePage(status, fields, added))
    added.push('content-security-policy', CONTENT_POLICY);
}

/** Those of a reply that is no page, such as a redirect of the plain port, over a connection that promises nothing. */
export const PLAIN_SECURITY_FIELDS: readonly string[] = [...ALWAYS.flat(), 'content-security-policy', CONTENT_POLICY];

function presenceOf(added: readonly string[]): number {
  let present = 0;
  for (let at = 0; at < added.length; at += 2) {
    const name = added[at] as string;
    if (Object.hasOwn(PRESENCE, name)) present |= PRESENCE[name as keyof typeof PRESENCE];
  }
  return present;
}

/** Of what a 304 speaks of nobody here knows whether it is a page, and its fields take the place of the kept ones (RFC 9111 §3.2). */
function mayBePage(status: number, fields: HeaderFields | null, added: readonly string[]): boolean {
  if (status === NOT_MODIFIED) return true;
  for (let at = 0; at < added.length; at += 2)
    if (added[at] === 'content-type') return PAGE.test(added[at + 1] as string);
  const type = fields === null ? null : fields.get('content-type');
  return type !== null && PAGE.test(type);
}
