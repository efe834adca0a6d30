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
  added.push(...lackingFields(replyMarks(added, presenceOf(setting.fields, added), setting)));
}

/** What decides the fields, as bits: those of `PRESENCE`, and these three. */
const STRICT = 256;
const KNOWN = 512;
const PAGE_MARK = 1_024;
const MARKS = 2_048;

function replyMarks(added: readonly string[], present: number, setting: ReplySetting): number {
  const { status, fields, strictTransport, authenticated } = setting;
  let marks = present;
  if (strictTransport) marks |= STRICT;
  if (authenticated) marks |= KNOWN;
  return mayBePage(status, fields, added) ? marks | PAGE_MARK : marks;
}

function lackingFields(marks: number): readonly string[] {
  const lacking: string[] = [];
  for (const [name, value] of ALWAYS) if ((marks & PRESENCE[name]) === 0) lacking.push(name, value);
  if ((marks & STRICT) !== 0 && (marks & PRESENCE['strict-transport-security']) === 0)
    lacking.push('strict-transport-security', STRICT_TRANSPORT);
  // What is said to somebody who is known is for nobody else to keep.
  if ((marks & KNOWN) !== 0 && (marks & PRESENCE['cache-control']) === 0) lacking.push('cache-control', 'no-store');
  if ((marks & PAGE_MARK) === 0 && (marks & PRESENCE['content-security-policy']) === 0)
    lacking.push('content-security-policy', CONTENT_POLICY);
  return lacking;
}

/** The text for each set of marks, made when first needed: replies of an API need few of them. */
const known: (string | undefined)[] = Array.from({ length: MARKS }, () => undefined);

/**
 * The same as field lines, each with its CRLF, behind the CRLF that ends the line before them. `added` is what is sent
 * besides, and `present` what `presenceOf` says of the reply.
 */
export function securityClosing(added: readonly string[], present: number, setting: ReplySetting): string {
  const marks = replyMarks(added, present, setting);
  return (known[marks] ??= closingOf(lackingFields(marks)));
}

/** As one piece, since it is written with every reply. */
function closingOf(fields: readonly string[]): string {
  const lines = fields.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  return Buffer.from(`\r\n${lines.join('')}`, 'latin1').toString('latin1');
}

/** Those of a reply that is no page, such as a redirect of the plain port, over a connection that promises nothing. */
export const PLAIN_SECURITY_FIELDS: readonly string[] = [...ALWAYS.flat(), 'content-security-policy', CONTENT_POLICY];

/** Bits by name, as a map: a property of that name would be looked up among all texts first. */
const BITS: ReadonlyMap<string, number> = new Map(Object.entries(PRESENCE));

/** Which of the fields that `PRESENCE` names a reply bears, as the sum of their bits. */
export function presenceOf(fields: HeaderFields | null, added: readonly string[]): number {
  let present = fields === null ? 0 : fields.present;
  for (let at = 0; at < added.length; at += 2) present |= BITS.get(added[at] as string) ?? 0;
  return present;
}

/** Of what a 304 speaks of nobody here knows whether it is a page, and its fields take the place of the kept ones (RFC 9111 §3.2). */
function mayBePage(status: number, fields: HeaderFields | null, added: readonly string[]): boolean {
  if (status === NOT_MODIFIED) return true;
  for (let at = 0; at < added.length; at += 2)
    if (added[at] === 'content-type') return PAGE.test(added[at + 1] as string);
  const type = fields === null ? null : fields.get('content-type');
  return type !== null && looksLikePage(type) && PAGE.test(type);
}

/** Whether the sixth or the thirteenth letter is that of the one or the other kind of page: nearly nothing else need be looked at closely. */
function looksLikePage(type: string): boolean {
  return (type.charCodeAt(5) | CASE) === LETTER_H || (type.charCodeAt(12) | CASE) === LETTER_X;
}

const CASE = 0x20;
const LETTER_H = 0x68;
const LETTER_X = 0x78;
