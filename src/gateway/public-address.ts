import { authorityOf } from '../config/compiled.ts';

/** Where the paths of an upstream begin, there and in public; each empty or like `/v1`. */
export interface PathPlaces {
  readonly pathPrefix: string;
  readonly basePath: string;
}

/** What addresses in replies become. */
export interface AddressRules extends PathPlaces {
  /** Host and port of each target, as `host:port`. */
  readonly upstreams: ReadonlySet<string>;
  /** Whether targets are found while the gateway runs: then one that only a private network has is the upstream's too. */
  readonly isPrivate: (host: string) => boolean;
  /** Where else redirects may lead, as origins and schemes; null for anywhere. */
  readonly allow: ReadonlySet<string> | null;
}

/** The host and port that the request named. */
export interface PublicHost {
  readonly host: string;
  readonly port: number | null;
}

/** An address that browsers may read in another way than whoever wrote it, or that leads where it may not. */
export const REFUSED: unique symbol = Symbol('refused');

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Browsers take these out, or read them as slashes. */
const AMBIGUOUS = /[\x00-\x1f\x7f]|^[^?#]*\\/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const AUTHORITY = /^(?:([A-Za-z]+):)?\/\/([^/?#]*)/;
const NAME_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^:@[\]]+)(?::([0-9]{0,5}))?$/;
/** What runs in the page, or reads files. */
const NEVER = /^(?:javascript|vbscript|data|file|blob|about|view-source|filesystem)$/;

/**
 * An address from a reply as clients may have it: one of the upstream's own, or of this host, becomes a path here; one that
 * leads elsewhere stays as it is. `REFUSED` where it is ambiguous or may not lead there.
 */
export function publicAddress(text: string, rules: AddressRules, to: PublicHost): string | typeof REFUSED {
  // Browsers leave out blanks around it, which may stand in quotes and brackets.
  const address = text.trim();
  if (AMBIGUOUS.test(address)) return REFUSED;
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase() ?? null;
  if (scheme !== null && scheme !== 'http' && scheme !== 'https') return foreignScheme(scheme, address, rules);
  const authority = AUTHORITY.exec(address);
  if (authority === null) {
    // `https:evil.example` is a host to some and a path to others.
    if (scheme !== null) return REFUSED;
    return address.startsWith('/') ? withPath(address, rules) : address;
  }
  const place = NAME_AND_PORT.exec(authority[2] ?? '');
  if (place === null) return REFUSED;
  const host = (place[1] as string).toLowerCase().replace(/\.$/, '');
  const port = place[2] === undefined || place[2] === '' ? null : Number(place[2]);
  const rest = address.slice(authority[0].length);
  const own = isOwn({ host, port }, scheme, to);
  if (own && scheme === 'https' && mapPath(pathOf(rest), rules) === pathOf(rest)) return address;
  if (own || isUpstreams({ host, port }, scheme, rules)) return withPath(rest, rules);
  // Without a scheme it is what a path becomes that a client has begun with a slash more.
  if (scheme === null) return REFUSED;
  const origin = `${scheme}://${port === null ? host : authorityOf(scheme, { host: host.replace(/^\[|\]$/g, ''), port })}`;
  return rules.allow === null || rules.allow.has(origin) ? address : REFUSED;
}

function foreignScheme(scheme: string, address: string, { allow }: AddressRules): string | typeof REFUSED {
  if (NEVER.test(scheme)) return REFUSED;
  return allow === null || allow.has(`${scheme}:`) ? address : REFUSED;
}

/** Whether it names the host that the request named, by whatever scheme. */
function isOwn({ host, port }: PublicHost, scheme: string | null, to: PublicHost): boolean {
  const own = to.host.includes(':') && !to.host.startsWith('[') ? `[${to.host}]` : to.host;
  if (host !== own) return false;
  return port === to.port || port === null || (scheme !== null && port === DEFAULT_PORTS[scheme] && to.port === null);
}

function isUpstreams({ host, port }: PublicHost, scheme: string | null, rules: AddressRules): boolean {
  const ports = port === null ? (scheme === null ? [80, 443] : [DEFAULT_PORTS[scheme] ?? 0]) : [port];
  return ports.some((each) => rules.upstreams.has(`${host}:${each}`)) || rules.isPrivate(host);
}

/** Path and query in their public place; a path that would be taken for a host is refused. */
function withPath(rest: string, places: PathPlaces): string | typeof REFUSED {
  const path = pathOf(rest);
  const mapped = mapPath(path, places) + (rest.startsWith('/') ? rest.slice(path.length) : rest);
  return mapped.startsWith('//') ? REFUSED : mapped;
}

/** The path of what stands behind an authority. */
function pathOf(rest: string): string {
  const path = /^[^?#]*/.exec(rest)?.[0] ?? '';
  return path === '' ? '/' : path;
}

/**
 * A path of the upstream in its public place: its own prefix is taken off and the public one put before. What bears the
 * public one already stays as it is, for the upstream knows of it, and so does what lies beside its own.
 */
export function mapPath(path: string, { pathPrefix, basePath }: PathPlaces): string {
  if (basePath !== '' && isBelow(path, basePath)) return path;
  if (!isBelow(path, pathPrefix)) return path;
  const behind = path.slice(pathPrefix.length);
  return `${basePath}${behind}` === '' ? '/' : `${basePath}${behind}`;
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/' || prefix === '');
}

/**
 * A Link field with addresses as clients may have them (RFC 8288 §3); what stands in quotes is none. Nobody goes there
 * unasked, so others stay.
 */
export function publicLinks(value: string, rules: AddressRules, to: PublicHost): string {
  let text = '';
  let from = 0;
  let closes = true;
  for (let at = 0; at < value.length; at++) {
    const mark = value[at];
    if (mark === '"' && closes) {
      const end = endOfQuotes(value, at);
      // Quotes that don't end are none, and are not looked for again.
      if (end < 0) closes = false;
      else at = end;
    } else if (mark === '<') {
      const end = value.indexOf('>', at);
      if (end < 0) break;
      const address = publicAddress(value.slice(at + 1, end), rules, to);
      if (address !== REFUSED) {
        text += value.slice(from, at + 1) + address;
        from = end;
      }
      at = end;
    }
  }
  return text + value.slice(from);
}

/** Where quotes end that begin here; -1 where they don't. */
function endOfQuotes(value: string, from: number): number {
  for (let at = from + 1; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === '"') return at;
  }
  return -1;
}

/** A Refresh field, which is a redirect after a time (HTML Standard, shared declarative refresh steps). */
export function publicRefresh(value: string, rules: AddressRules, to: PublicHost): string | typeof REFUSED {
  const [time = ''] = /^[0-9. \t]*[;,]?/.exec(value) ?? [];
  const named = value.slice(time.length).trimStart();
  const [name = ''] = /^url[ \t]*=/i.exec(named) ?? [];
  const behind = named.slice(name.length).trimStart();
  const quote = behind.startsWith('"') || behind.startsWith("'") ? behind.charAt(0) : '';
  const address = quote === '' ? behind : (behind.slice(1).split(quote, 1)[0] ?? '');
  if (address === '') return value;
  const led = publicAddress(address, rules, to);
  return led === REFUSED ? REFUSED : value.slice(0, value.length - behind.length) + quote + led + quote;
}
