import { isIP } from 'node:net';
import { setsOwnCookie } from './own-cookies.ts';
import { mapPath, type PathPlaces } from './public-address.ts';

/** What an operator knows better of cookies, and whose names no client has. */
export interface CookieRules {
  /** Cookies that scripts must read. */
  readonly readable: ReadonlySet<string>;
  /** Cookies that pages of other sites send. */
  readonly crossSite: ReadonlySet<string>;
  /** Names of the upstream's hosts. */
  readonly upstreamHosts: ReadonlySet<string>;
  readonly places: PathPlaces;
}

/** To whom a cookie goes. */
export interface CookieSetting {
  /** The host that the request named, in lower case. */
  readonly host: string;
  readonly tls: boolean;
}

/** A browser takes none that is larger, and no attribute that is longer (draft-ietf-httpbis-rfc6265bis-22 §5.6). */
const COOKIE_LIMIT = 4_096;
const ATTRIBUTE_LIMIT = 1_024;

const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The attributes that are judged; others pass as they are. */
type Known = 'domain' | 'path' | 'secure' | 'httponly' | 'samesite';

/** A cookie in its parts. */
interface Cookie {
  readonly name: string;
  readonly pair: string;
  /** What is not judged, in order. */
  readonly others: readonly string[];
  /** Of several of one name the last counts. */
  readonly known: Partial<Record<Known, string>>;
}

/**
 * The value of a Set-Cookie field as clients get it: read as browsers read it, and with HttpOnly, Secure and SameSite where
 * it lacks them. Null for one that no browser would take, that only some would, or that has a name of the gateway's own: it
 * is taken out.
 */
export function hardenCookie(value: string, rules: CookieRules, setting: CookieSetting): string | null {
  const cookie = readCookie(value);
  if (cookie === null) return null;
  const { name, pair, others, known } = cookie;
  if (setsOwnCookie(value)) return null;
  const domain = domainOf(known.domain, rules, setting);
  if (domain === 'refused') return null;
  const secure = known.secure !== undefined || setting.tls;
  const demands = demandsOf(name);
  const httpOnly = demands.httpOnly || known.httponly !== undefined || !rules.readable.has(name);
  if (demands.secure && !secure) return null;
  if (demands.host && (known.domain !== undefined || known.path !== '/')) return null;
  const path = known.path?.startsWith('/') === true ? publicPath(known.path, rules.places) : null;
  const site = siteOf(known.samesite, rules.crossSite.has(name), secure);
  const parts = [pair, ...others];
  if (domain !== null) parts.push(`Domain=${domain}`);
  if (path !== null) parts.push(`Path=${path}`);
  if (httpOnly) parts.push('HttpOnly');
  if (secure) parts.push('Secure');
  parts.push(`SameSite=${site}`);
  return parts.join('; ');
}

function readCookie(value: string): Cookie | null {
  if (CONTROLS.test(value)) return null;
  const [first = '', ...rest] = value.split(';');
  const equals = first.indexOf('=');
  const name = trimmed(first.slice(0, equals));
  const text = trimmed(first.slice(equals + 1));
  // One without a name is sent as its value alone, which may look like another one.
  if (equals < 0 || name === '' || name.length + text.length > COOKIE_LIMIT) return null;
  const others: string[] = [];
  const known: Partial<Record<Known, string>> = {};
  for (const attribute of rest) {
    const at = attribute.indexOf('=');
    const key = trimmed(at < 0 ? attribute : attribute.slice(0, at));
    const said = at < 0 ? '' : trimmed(attribute.slice(at + 1));
    if (said.length > ATTRIBUTE_LIMIT || key === '') continue;
    const lower = key.toLowerCase();
    if (isKnown(lower)) known[lower] = said;
    else others.push(at < 0 ? key : `${key}=${said}`);
  }
  return { name, pair: `${name}=${text}`, others, known };
}

function isKnown(name: string): name is Known {
  return name === 'domain' || name === 'path' || name === 'secure' || name === 'httponly' || name === 'samesite';
}

/** What a name promises to servers that read the cookie (rfc6265bis-22 §5.7), in whatever case. */
function demandsOf(name: string): { readonly secure: boolean; readonly host: boolean; readonly httpOnly: boolean } {
  const lower = name.toLowerCase();
  const host = lower.startsWith('__host-');
  const httpOnly = lower.startsWith('__http-') || lower.startsWith('__host-http-');
  return { host, httpOnly, secure: host || httpOnly || lower.startsWith('__secure-') };
}

/**
 * The Domain that goes on; null where it goes to the request's own host alone. One that does not cover that host is the
 * upstream's own name, or is refused. A single label is nobody's own domain, but for a host of that name.
 */
function domainOf(said: string | undefined, { upstreamHosts }: CookieRules, { host }: CookieSetting): string | null {
  if (said === undefined) return null;
  const domain = (said.startsWith('.') ? said.slice(1) : said).toLowerCase();
  if (domain === '' || domain === host) return domain.includes('.') && isIP(host) === 0 ? domain : null;
  const covers = isIP(host) === 0 && domain.includes('.') && host.endsWith(`.${domain}`);
  if (covers && /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(domain)) return domain;
  return upstreamHosts.has(domain) ? null : 'refused';
}

/** The upstream's place for a path; one that names all of it names all of the host. */
function publicPath(path: string, places: PathPlaces): string | null {
  return path === '/' ? path : mapPath(path, places);
}

function siteOf(said: string | undefined, crossSite: boolean, secure: boolean): 'Strict' | 'Lax' | 'None' {
  const lower = said?.toLowerCase();
  if (lower === 'strict') return 'Strict';
  // Browsers refuse None without Secure.
  if (lower === 'none' || (lower !== 'lax' && crossSite)) return secure ? 'None' : 'Lax';
  return 'Lax';
}

/** Without spaces and tabs at its ends; a pattern would look at long ones again and again. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
