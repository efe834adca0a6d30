import { addressReach, BANNERS, parseAddress } from '../base/index.ts';
import type { ApiConfig, UpstreamConfig } from '../config/compiled.ts';
import { type CanonicalRequest, listedFields, PRESENCE, type ReplyHead } from '../wire/index.ts';
import { type AddressRules, publicAddress, publicLinks, publicRefresh, REFUSED } from './public-address.ts';
import { overridingFields } from './security-fields.ts';
import { setsOwnCookie } from './own-cookies.ts';
import { type CookieRules, hardenCookie } from './set-cookie.ts';

/** What of a request decides how the reply is cleaned. */
type Asked = Pick<CanonicalRequest, 'host' | 'port' | 'peer'>;

/** What a field becomes: another value, the one it has, or (null) none. */
type Cleaned = string | null | typeof REFUSED;

const ADDRESSES = PRESENCE.location | PRESENCE['content-location'] | PRESENCE.link | PRESENCE.refresh;

/** What a cleaned head may hold: cookies grow by what they lacked. */
const CLEAN_LIMIT_CHARACTERS = 32_768;

/**
 * What an upstream's replies are cleaned of before any policy sees them: addresses of the inside become public ones,
 * cookies are hardened and never the gateway's own, banners and what others take the place of are taken out. A reply that
 * has nothing of it is told by one look at bits, and stays the object it was.
 */
export class ReplyCleaning {
  readonly #cookies: CookieRules | null;
  readonly #addresses: AddressRules | null;
  readonly #options: { readonly limit: number; readonly unmarked: ReadonlySet<string> };
  readonly #gone: ReadonlySet<string>;
  /** Taken out of what somebody who is known gets. */
  readonly #goneIfKnown: boolean;
  /** The bits of fields that are to be looked at. */
  readonly #watched: number;
  /** Whether every reply must be looked at. */
  readonly #always: boolean;

  constructor({ output, upstream, basePath }: Pick<ApiConfig, 'output' | 'upstream' | 'basePath'>) {
    const { cookies, locations, banners } = output;
    const overriding = overridingFields(output.securityHeaders);
    const places = { pathPrefix: upstream.pathPrefix, basePath };
    this.#cookies = cookies && {
      readable: new Set(cookies.readable),
      crossSite: new Set(cookies.crossSite),
      upstreamHosts: new Set([...upstreamsOf(upstream)].map((each) => each.replace(/:[0-9]+$/, ''))),
      places: locations === null ? { pathPrefix: '', basePath: '' } : places,
    };
    this.#addresses = locations && {
      ...places,
      upstreams: upstreamsOf(upstream),
      isPrivate: upstream.discover === null ? () => false : isPrivateAddress,
      allow: locations.allow === null ? null : new Set(locations.allow),
    };
    const unmarked = new Set(banners.pass ? BANNERS : banners.keep);
    this.#options = { limit: CLEAN_LIMIT_CHARACTERS, unmarked };
    this.#goneIfKnown = overriding.includes('cache-control');
    this.#gone = new Set([...banners.also, ...overriding.filter((name) => name !== 'cache-control')]);
    this.#watched = (cookies === null ? 0 : PRESENCE['set-cookie']) | (locations === null ? 0 : ADDRESSES);
    this.#always = unmarked.size + this.#gone.size > 0 || this.#goneIfKnown;
  }

  /** The head as clients may have it; the same object where nothing is to be done. A text says why it is refused. */
  head(head: ReplyHead, asked: Asked, authenticated: boolean): ReplyHead | string {
    const { present } = head.fields;
    const isWatched = (present & this.#watched) !== 0 || ((present & PRESENCE['set-cookie']) !== 0 && givesOwn(head));
    return isWatched || this.#always ? this.#clean(head, asked, authenticated) : head;
  }

  /** `Link` fields of an interim reply, names and values in turn, as clients may have them; none where they would be too many. */
  hints(links: readonly string[], asked: Asked): readonly string[] {
    const rules = this.#addresses;
    if (rules === null) return links;
    const led = links.map((text, at) => (at % 2 === 0 ? text : publicLinks(text, rules, asked)));
    return led.join('').length > CLEAN_LIMIT_CHARACTERS ? [] : led;
  }

  #clean(head: ReplyHead, asked: Asked, authenticated: boolean): ReplyHead | string {
    const { fields } = head;
    const list: (readonly [string, string])[] = [];
    if (this.#addresses !== null && ['location', 'refresh'].some((name) => fields.all(name).length > 1))
      return 'more than one Location or Refresh';
    for (const [name, value] of fields.remaining()) {
      if (this.#gone.has(name) || (this.#goneIfKnown && name === 'cache-control' && authenticated)) continue;
      const cleaned = this.#field(name, value, asked);
      if (cleaned === REFUSED) return `${name} leads where it must not, or can be read in two ways`;
      if (cleaned === null) continue;
      list.push([name, cleaned]);
    }
    return withinLimit(() => ({ ...head, fields: listedFields(list, this.#options) }));
  }

  #field(name: string, value: string, asked: Asked): Cleaned {
    if (name === 'set-cookie') {
      if (this.#cookies === null) return setsOwnCookie(value) ? null : value;
      return hardenCookie(value, this.#cookies, { host: asked.host, tls: asked.peer.tls !== null });
    }
    const rules = this.#addresses;
    if (rules === null) return value;
    switch (name) {
      case 'location':
        return publicAddress(value, rules, asked);
      case 'refresh':
        return publicRefresh(value, rules, asked);
      case 'link':
        return publicLinks(value, rules, asked);
      case 'content-location': {
        const address = publicAddress(value, rules, asked);
        return address === REFUSED ? null : address;
      }
      default:
        return value;
    }
  }
}

/** Whether the upstream would give the browser a cookie that is the gateway's to give. */
function givesOwn({ fields }: ReplyHead): boolean {
  return fields.all('set-cookie').some(setsOwnCookie);
}

/** Addresses may grow without end, by what is put before each; a head may not. */
function withinLimit(make: () => ReplyHead): ReplyHead | string {
  try {
    return make();
  } catch (fault) {
    if (fault instanceof RangeError) return 'its head would be too large';
    throw fault;
  }
}

function upstreamsOf({ targets, canary, discover, scheme }: UpstreamConfig): ReadonlySet<string> {
  const all = [...targets, ...(canary?.targets ?? [])];
  const named = all.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`.toLowerCase());
  if (discover === null || discover.authority === null) return new Set(named);
  const { authority } = discover;
  return new Set([...named, /:[0-9]+$/.test(authority) ? authority : `${authority}:${scheme === 'http' ? 80 : 443}`]);
}

/** Whether a host is an address that only an inner network has. */
function isPrivateAddress(host: string): boolean {
  const address = parseAddress(host.replace(/^\[|\]$/g, ''));
  return address.ok && addressReach(address.value) !== 'public';
}
