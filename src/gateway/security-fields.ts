import { readHttpDate } from '../cache/index.ts';
import type { SecurityHeadersConfig } from '../config/compiled.ts';
import { type HeaderFields, PRESENCE } from '../wire/index.ts';
import { hasAdded } from './added-fields.ts';

/** What decides which security fields a reply gets. */
export interface ReplySetting {
  readonly status: number;
  /** The upstream's fields, or null for a reply of the gateway's own. */
  readonly fields: HeaderFields | null;
  /** Whether it goes out over TLS, and whether by a certificate that others trust. */
  readonly tls: boolean;
  readonly strictTransport: boolean;
  /** Whether it answers somebody who is known. */
  readonly authenticated: boolean;
  /** The time of day, in milliseconds. */
  readonly wallMs: number;
}

/** On which replies a field is said that they lack. */
type When = 'always' | 'strict' | 'tls' | 'known' | 'no page';

interface SecurityField {
  readonly name: string;
  readonly value: string;
  readonly when: When;
}

/** An API's reply loads nothing. A page does, and says itself what. */
const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";
/**
 * Two years, as browsers ask of hosts they are to know of beforehand. Hosts below this one may be others' (RFC 6797
 * §6.1.2), so they are left out.
 */
const STRICT_TRANSPORT = 'max-age=63072000';

/** What replies get where nothing else is said. What is said to somebody who is known is for nobody else to keep. */
const STANDARD: readonly SecurityField[] = [
  { name: 'x-content-type-options', value: 'nosniff', when: 'always' },
  { name: 'x-frame-options', value: 'DENY', when: 'always' },
  { name: 'referrer-policy', value: 'no-referrer', when: 'always' },
  { name: 'strict-transport-security', value: STRICT_TRANSPORT, when: 'strict' },
  { name: 'cache-control', value: 'no-store', when: 'known' },
  { name: 'content-security-policy', value: CONTENT_POLICY, when: 'no page' },
];

const PAGE = /^(?:text\/html|application\/xhtml\+xml)(?![^\s;])/i;
const NOT_MODIFIED = 304;

/** What decides the fields, as bits: the first eight of `PRESENCE`, these four, and one for each field it does not name. */
const SECURITY_BITS = 255;
const STRICT = 256;
const KNOWN = 512;
const PAGE_MARK = 1_024;
const TLS = 2_048;
const MARKS = 4_096;
/** Replies of an API need few texts, unless its upstream means harm. */
const CLOSINGS_LIMIT = 1_024;

const WANTED = { always: 0, strict: STRICT, tls: TLS, known: KNOWN, 'no page': 0 } as const satisfies Record<
  When,
  number
>;

/** The same, and the bits that must be there for it, and must not. */
interface MarkedField extends SecurityField {
  readonly wanted: number;
  readonly unwanted: number;
}

/** Bits by name, as a map: a property of that name would be looked up among all texts first. */
const BITS: ReadonlyMap<string, number> = new Map(Object.entries(PRESENCE));

/**
 * The security fields of one API's replies: each reply gets those that it lacks, so none stands twice, and what the
 * upstream or a policy says stays as it is.
 */
export class SecurityFields {
  readonly #fields: readonly MarkedField[];
  /** Those that `PRESENCE` does not name, whose bits follow on `MARKS`. */
  readonly #others: readonly string[];
  readonly #asksTls: boolean;
  /** The text for each set of marks, made when first needed. */
  readonly #closings = new Map<number, string>();

  constructor(fields: readonly SecurityField[]) {
    this.#others = fields.flatMap(({ name }) => ((BITS.get(name) ?? 0) & SECURITY_BITS ? [] : [name]));
    this.#asksTls = fields.some(({ when }) => when === 'tls');
    this.#fields = fields.map((field) => ({
      ...field,
      wanted: WANTED[field.when],
      unwanted: this.#bitOf(field.name) | (field.when === 'no page' ? PAGE_MARK : 0),
    }));
  }

  #bitOf(name: string): number {
    const other = this.#others.indexOf(name);
    return other < 0 ? (BITS.get(name) ?? 0) : MARKS << other;
  }

  /** Those that a reply lacks, names and values in turn. */
  lacking(added: readonly string[], present: number, setting: ReplySetting): readonly string[] {
    return this.#lackingBy(this.#marksOf(added, present, setting));
  }

  /**
   * The same as field lines, each with its CRLF, behind the CRLF that ends the line before them. `added` is what is sent
   * besides, and `present` what `presenceOf` says of the reply.
   */
  closing(added: readonly string[], present: number, setting: ReplySetting): string {
    const marks = this.#marksOf(added, present, setting);
    const before = this.#closings.get(marks);
    if (before !== undefined) return before;
    const text = closingOf(this.#lackingBy(marks));
    if (this.#closings.size < CLOSINGS_LIMIT) this.#closings.set(marks, text);
    return text;
  }

  #marksOf(added: readonly string[], present: number, setting: ReplySetting): number {
    const { status, fields, strictTransport, authenticated, tls } = setting;
    let marks = present & SECURITY_BITS;
    if (strictTransport) marks |= STRICT;
    if (tls && this.#asksTls) marks |= TLS;
    if (authenticated && !((present & EXPIRES) !== 0 && staysFresh(setting, added))) marks |= KNOWN;
    if (mayBePage(status, fields, added)) marks |= PAGE_MARK;
    for (let at = 0; at < this.#others.length; at++) {
      const name = this.#others[at] as string;
      if (hasAdded(added, name) || (fields !== null && isForwarded(fields, name))) marks |= MARKS << at;
    }
    return marks;
  }

  #lackingBy(marks: number): readonly string[] {
    const lacking: string[] = [];
    for (const { name, value, wanted, unwanted } of this.#fields)
      if ((marks & wanted) === wanted && (marks & unwanted) === 0) lacking.push(name, value);
    return lacking;
  }
}

/** Whether the upstream says until when the reply may be kept, in the way of HTTP/1.0: what is over already says nothing (RFC 9111 §5.3). */
function staysFresh({ fields, wallMs }: ReplySetting, added: readonly string[]): boolean {
  const at = added.indexOf('expires');
  const said = at >= 0 && at % 2 === 0 ? (added[at + 1] as string) : (fields?.get('expires') ?? null);
  const untilMs = said === null ? null : readHttpDate(said, wallMs);
  return untilMs !== null && untilMs > wallMs;
}

/** A field that was taken out is still there to be read. */
function isForwarded(fields: HeaderFields, name: string): boolean {
  if (!fields.has(name)) return false;
  for (const [kept] of fields.kept()) if (kept === name) return true;
  return false;
}

/** As one piece, since it is written with every reply. */
function closingOf(fields: readonly string[]): string {
  const lines = fields.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  return Buffer.from(`\r\n${lines.join('')}`, 'latin1').toString('latin1');
}

/** Those where nothing else is said; all APIs of which that holds share them. */
export const STANDARD_SECURITY_FIELDS: SecurityFields = new SecurityFields(STANDARD);

/** The fields by what the configuration says; null where there are none. */
export function securityFieldsOf(config: SecurityHeadersConfig | null): SecurityFields | null {
  if (config === null) return null;
  const { said } = config;
  const names = Object.keys(said);
  if (names.length === 0) return STANDARD_SECURITY_FIELDS;
  const standard = STANDARD.filter(({ name }) => !Object.hasOwn(said, name));
  const own = names.flatMap((name): SecurityField[] => {
    const value = said[name] ?? null;
    return value === null ? [] : [{ name, value, when: whenOf(name) }];
  });
  return new SecurityFields([...standard, ...own]);
}

/** What is written down holds for every reply, but for two: a promise of TLS is given over TLS, and who is not known gets what may be kept. */
function whenOf(name: string): When {
  if (name === 'strict-transport-security') return 'tls';
  return name === 'cache-control' ? 'known' : 'always';
}

/** The names of those that take the place of what the upstream says. */
export function overridingFields(config: SecurityHeadersConfig | null): readonly string[] {
  if (config === null || !config.override) return [];
  return Object.keys(config.said).filter((name) => config.said[name] !== null);
}

/** Adds the standard fields that a reply lacks to `added`, names and values in turn. */
export function addSecurityFields(added: string[], setting: ReplySetting): void {
  added.push(...STANDARD_SECURITY_FIELDS.lacking(added, presenceOf(setting.fields, added), setting));
}

/** Those of a reply that is no page, such as a redirect of the plain port, over a connection that promises nothing. */
export const PLAIN_SECURITY_FIELDS: readonly string[] = STANDARD.flatMap(({ name, value, when }) =>
  when === 'always' || when === 'no page' ? [name, value] : [],
);

const { expires: EXPIRES } = PRESENCE;

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
