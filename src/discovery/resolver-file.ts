import { isIP } from 'node:net';
import type { DnsServers } from './dns-client.ts';

/** How this machine asks for names: whom, and which endings are tried for a name with few dots. */
export interface ResolverSettings extends DnsServers {
  readonly search: readonly string[];
  readonly ndots: number;
}

const PORT = 53;
/** As other resolvers bound them (resolv.conf(5)). */
const SERVER_LIMIT = 3;
const SEARCH_LIMIT = 6;
const NDOTS_LIMIT = 15;
const DEFAULT_TIMEOUT_S = 2;
const TIMEOUT_LIMIT_S = 5;
const DEFAULT_ATTEMPTS = 2;
const ATTEMPT_LIMIT = 3;

/**
 * Reads a resolv.conf(5): `nameserver`, `search` (or `domain`; the last one counts), and of `options` `ndots`, `timeout`
 * and `attempts`. Lines that say anything else are passed over. Without a server the one on this machine is asked, as
 * others do. A wait is 2 s where nothing is said, and 5 s at most.
 */
export function readResolverFile(text: string): ResolverSettings {
  const servers: string[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [word = '', ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (word === 'nameserver' && isIP(values[0] ?? '') !== 0) servers.push(values[0] ?? '');
    if (word === 'search' || word === 'domain') search = values.map(plainEnding).filter((ending) => ending !== '');
    if (word !== 'options') continue;
    for (const value of values) {
      const [, name = '', number = ''] = /^(ndots|timeout|attempts):([0-9]{1,4})$/.exec(value) ?? [];
      if (name !== '') options.set(name, Number(number));
    }
  }
  const within = (name: string, standard: number, least: number, most: number): number =>
    Math.min(Math.max(options.get(name) ?? standard, least), most);
  return {
    servers: (servers.length === 0 ? ['127.0.0.1'] : servers.slice(0, SERVER_LIMIT)).map((address) => ({
      address,
      port: PORT,
    })),
    search: search.slice(0, SEARCH_LIMIT),
    ndots: within('ndots', 1, 0, NDOTS_LIMIT),
    timeoutMs: within('timeout', DEFAULT_TIMEOUT_S, 1, TIMEOUT_LIMIT_S) * 1_000,
    attempts: within('attempts', DEFAULT_ATTEMPTS, 1, ATTEMPT_LIMIT),
  };
}

/** One server alone, and names as they are written. `address` is like 127.0.0.1:5353 or [::1]:53. */
export function singleResolver(address: string): ResolverSettings {
  const at = address.lastIndexOf(':');
  const server = { address: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) };
  return { servers: [server], search: [], ndots: 0, timeoutMs: DEFAULT_TIMEOUT_S * 1_000, attempts: DEFAULT_ATTEMPTS };
}

/**
 * The names that a name may mean, in the order in which they are asked for: with enough dots (`ndots`) first the name as
 * it is written, else first with each of the endings.
 */
export function searchNames(
  name: string,
  { search, ndots }: Pick<ResolverSettings, 'search' | 'ndots'>,
): readonly string[] {
  const dots = name.split('.').length - 1;
  const longer = search.map((ending) => `${name}.${ending}`).filter((whole) => whole.length <= 253);
  return dots >= ndots ? [name, ...longer] : [...longer, name];
}

function plainEnding(text: string): string {
  return text.replace(/\.$/, '').toLowerCase();
}
