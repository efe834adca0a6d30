import { type AddressBytes, parseAddress } from '../base/index.ts';
import { type AddressTree, addressTreeOf } from './address-tree.ts';
import { canonicalName } from './domain-name.ts';
import type { GeoQuestion } from './geo-database.ts';
import type { ListMaterial } from './list-material.ts';
import type { GeoFiles, ListEntries, ListPair, ListRules } from './list-rules.ts';
import { NameTable, packNames } from './name-table.ts';
import { originText, readOrigin } from './origin.ts';

/** What is known of a request before anybody signs in. */
export interface ListFacts {
  /** The client's address, as the system or a trusted proxy gives it. */
  readonly address: string;
  readonly method: string;
  /** The host that is asked for; null where none is. */
  readonly host: string | null;
  /** Each Origin field there is; null for none. */
  readonly origins: readonly string[] | null;
}

/** Who calls, as far as lists ask: what the issuer says of the mail address, and whether it has verified it. */
export interface MailFacts {
  readonly email: string | null;
  readonly verified: boolean;
}

/** Addresses whose verdicts are remembered, some hundred bytes each; when there are more, all are asked anew. */
const REMEMBERED = 4_096;
/** The same of all gates of a configuration together, of which each operation may have one. */
const ALL_REMEMBERED = 65_536;

/** The lists of one place in the configuration: of the gateway, of an API or of an operation. */
export class ListGate {
  readonly #material: ListMaterial;
  readonly #deny: Side | null;
  readonly #allow: Side | null;
  /** By address, of one version of the lists; what the DNS says is not in it. */
  readonly #clients = new Map<string, ClientVerdict>();
  #version = -1;

  constructor({ deny, allow }: ListPair, geo: GeoFiles, material: ListMaterial) {
    this.#material = material;
    this.#deny = deny === null ? null : new Side('deny', deny, geo, material);
    this.#allow = allow === null ? null : new Side('allow', allow, geo, material);
  }

  /** The list that keeps a request out, by its key path; null where it may come in, as far as nobody has signed in. */
  refusal({ address, method, host, origins }: ListFacts): string | null {
    const deny = this.#deny;
    const allow = this.#allow;
    const { denied, allowed } = this.#clientOf(address);
    if (denied !== null) return denied;
    if (deny !== null) {
      if (deny.reverse?.has(address) === true && !deny.isExcepted(address)) return `${deny.path}.reverseNames`;
      const rule = deny.hits(method, host, origins);
      if (rule !== null) return rule;
    }
    if (allow === null) return null;
    if (allowed === false && allow.reverse?.has(address) !== true) return `${allow.path}.${allow.clientKey}`;
    return allow.misses(method, host, origins);
  }

  /** Whether `mailRefusal` may refuse anybody. */
  get asksForMail(): boolean {
    return [this.#deny, this.#allow].some((side) => side !== null && side.mail !== null);
  }

  /**
   * The list that keeps out who has signed in; null where it lets them in. A mail address that nobody verified can keep
   * its bearer out, and lets nobody in.
   */
  mailRefusal({ email, verified }: MailFacts): string | null {
    const domain = email === null ? null : domainOf(email);
    const denied = this.#deny?.mail ?? null;
    // What can't be read may be what is denied.
    if (denied !== null && email !== null && (domain === null || denied.has(domain)))
      return `${this.#deny?.path}.mailDomains`;
    const allowed = this.#allow?.mail ?? null;
    if (allowed === null) return null;
    return verified && domain !== null && allowed.has(domain) ? null : `${this.#allow?.path}.mailDomains`;
  }

  #clientOf(address: string): ClientVerdict {
    const { version } = this.#material;
    if (version !== this.#version) {
      this.#forget();
      this.#version = version;
    }
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    if (this.#clients.size >= REMEMBERED || this.#material.remembered >= ALL_REMEMBERED) this.#forget();
    const bytes = bytesOf(address);
    const denied = this.#deny?.clientRule(bytes) ?? null;
    const allowed =
      this.#allow === null || this.#allow.clientKey === null ? null : this.#allow.clientRule(bytes) !== null;
    const verdict: ClientVerdict = { denied, allowed };
    // An address is a text of its own, not a part of a field, which would be kept whole.
    this.#clients.set(address, verdict);
    this.#material.remembered++;
    return verdict;
  }

  #forget(): void {
    this.#material.remembered -= this.#clients.size;
    this.#clients.clear();
  }
}

/** The domain of a mail address as lists know it; null where the text is no such address, or can't be read as one. */
function domainOf(email: string): string | null {
  return /^[^@\s]+@[^@\s]+$/.test(email) ? canonicalName(email.slice(email.indexOf('@') + 1)) : null;
}

/** `allowed` is null where nothing is said of clients. */
interface ClientVerdict {
  readonly denied: string | null;
  readonly allowed: boolean | null;
}

/** Without its zone (RFC 4007 §11); null for what is no address. */
function bytesOf(address: string): AddressBytes | null {
  if (readPlainIpv4(address)) return PLAIN;
  const zone = address.indexOf('%');
  const parsed = parseAddress(zone < 0 ? address : address.slice(0, zone));
  return parsed.ok ? parsed.value : null;
}

/** What was read last; whoever is asked of it keeps nothing. */
const PLAIN = new Uint8Array(4);

/** Reads an IPv4 address as the system writes it into `PLAIN`; false for any other text. A crowd of clients is read at once. */
function readPlainIpv4(text: string): boolean {
  let octet = 0;
  let number = -1;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) {
      number = (number < 0 ? 0 : number * 10) + digit;
      if (number > 255 || (digit === number && at > 0 && text.charCodeAt(at - 1) === 0x30)) return false;
    } else if (digit === -2 && number >= 0 && octet < 3) {
      PLAIN[octet++] = number;
      number = -1;
    } else return false;
  }
  PLAIN[octet] = number;
  return octet === 3 && number >= 0;
}

const CLIENT_KEYS = ['addresses', 'countries', 'asns', 'reverseNames'] as const;

/** One of `deny` and `allow`, made for looking up. */
class Side {
  readonly path: string;
  /** What says who clients are; null where nothing does. */
  readonly clientKey: (typeof CLIENT_KEYS)[number] | null;
  readonly reverse: { has(address: string): boolean } | null;
  readonly mail: Names | null;
  readonly #denies: boolean;
  readonly #rules: ListRules;
  readonly #geo: GeoFiles;
  readonly #material: ListMaterial;
  readonly #addresses: Blocks | null;
  readonly #except: Blocks | null;
  readonly #hosts: Names | null;
  readonly #origins: Origins | null;

  constructor(verb: 'deny' | 'allow', rules: ListRules, geo: GeoFiles, material: ListMaterial) {
    this.#denies = verb === 'deny';
    this.path = rules.path;
    this.clientKey = CLIENT_KEYS.find((key) => rules[key] !== null) ?? null;
    this.#rules = rules;
    this.#geo = geo;
    this.#material = material;
    const names = (list: ListEntries | null): Names | null => (list === null ? null : new Names(list, material));
    const blocks = (list: ListEntries | null): Blocks | null => (list === null ? null : new Blocks(list, material));
    this.#addresses = blocks(rules.addresses);
    this.#except = blocks(rules.except);
    this.mail = names(rules.mailDomains);
    this.#hosts = names(rules.hosts);
    this.#origins = rules.origins === null ? null : new Origins(rules.origins, material);
    const reverse = names(rules.reverseNames);
    this.reverse =
      reverse === null
        ? null
        : { has: (address) => (material.names?.of(address) ?? []).some((name) => reverse.has(name)) };
  }

  isExcepted(address: string): boolean {
    const bytes = this.#except === null ? null : bytesOf(address);
    return bytes !== null && this.#except?.has(bytes) === true;
  }

  /** The list of clients that an address is on, but for what the DNS says of it; null for none. What is no address is on a list that denies, and on none that allows. */
  clientRule(address: AddressBytes | null): string | null {
    if (address === null) return this.#denies && this.clientKey !== null ? `${this.path}.${this.clientKey}` : null;
    if (this.#except?.has(address) === true) return null;
    if (this.#addresses?.has(address) === true) return `${this.path}.addresses`;
    const { countries, asns } = this.#rules;
    if (countries !== null && this.#isOf('country', countries, address)) return `${this.path}.countries`;
    return asns !== null && this.#isOf('asn', asns, address) ? `${this.path}.asns` : null;
  }

  /** A record that can't be read denies: it is on a list that denies, and on none that allows. */
  #isOf(kind: GeoQuestion, list: readonly (string | number)[], address: AddressBytes): boolean {
    const file = this.#geo[kind];
    if (file === null) throw new Error(`no database was named for ${kind}`);
    try {
      const found = this.#material.geo(kind, file).find(address);
      return found !== null && list.includes(found);
    } catch {
      return this.#denies;
    }
  }

  /** The list that a request is on; null for none. */
  hits(method: string, host: string | null, origins: readonly string[] | null): string | null {
    const { methods } = this.#rules;
    // HEAD is GET without a body (RFC 9110 §9.3.2), and goes where GET does.
    if (methods !== null && (methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))))
      return `${this.path}.methods`;
    if (host !== null && this.#hosts?.has(host) === true) return `${this.path}.hosts`;
    const isListed =
      origins !== null && this.#origins !== null && origins.some((each) => this.#origins?.has(each) !== false);
    return isListed ? `${this.path}.origins` : null;
  }

  /** The list that a request would have to be on and is not; null where it is on all. One without Origin is on that of origins. */
  misses(method: string, host: string | null, origins: readonly string[] | null): string | null {
    if (this.#rules.methods?.includes(method) === false) return `${this.path}.methods`;
    if (this.#hosts !== null && (host === null || !this.#hosts.has(host))) return `${this.path}.hosts`;
    const isMissing =
      origins !== null && this.#origins !== null && origins.some((each) => this.#origins?.has(each) !== true);
    return isMissing ? `${this.path}.origins` : null;
  }
}

/** Blocks of addresses, from the configuration and from files. */
class Blocks {
  readonly #own: AddressTree;
  readonly #files: readonly string[];
  readonly #material: ListMaterial;

  constructor({ entries, files }: ListEntries, material: ListMaterial) {
    this.#own = addressTreeOf(entries);
    this.#files = files;
    this.#material = material;
  }

  has(address: AddressBytes): boolean {
    if (this.#own.has(address)) return true;
    for (const file of this.#files) if (this.#material.addresses(file).has(address)) return true;
    return false;
  }
}

/** Names of domains, from the configuration and from files. */
class Names {
  readonly #own: NameTable;
  readonly #files: readonly string[];
  readonly #material: ListMaterial;

  constructor({ entries, files }: ListEntries, material: ListMaterial) {
    this.#own = new NameTable(packNames(entries));
    this.#files = files;
    this.#material = material;
  }

  has(name: string): boolean {
    if (this.#own.has(name)) return true;
    for (const file of this.#files) if (this.#material.domains(file).has(name)) return true;
    return false;
  }
}

/** Origins, and names of their hosts. */
class Origins {
  readonly #exact: ReadonlySet<string>;
  readonly #hosts: Names;

  constructor({ entries, files }: ListEntries, material: ListMaterial) {
    const isWhole = (entry: string): boolean => entry === 'null' || entry.includes('://');
    this.#exact = new Set(entries.filter(isWhole));
    this.#hosts = new Names({ entries: entries.filter((entry) => !isWhole(entry)), files }, material);
  }

  /** Whether what an Origin field says is on the list; null for what is no origin. */
  has(text: string): boolean | null {
    const origin = readOrigin(text);
    if (origin === null) return null;
    if (origin === 'opaque') return this.#exact.has('null');
    if (this.#exact.has(originText(origin)) || this.#hosts.has(origin.host)) return true;
    for (let dot = origin.host.indexOf('.'); dot >= 0; dot = origin.host.indexOf('.', dot + 1))
      if (this.#exact.has(originText({ ...origin, host: `*${origin.host.slice(dot)}` }))) return true;
    return false;
  }
}
