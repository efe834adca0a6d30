import { Resolver as DnsResolver } from 'node:dns/promises';
import { type AddressBytes, err, ok, parseAddress, type Result } from '../../base/index.ts';
import type { ReverseResolver } from '../../ports/index.ts';

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/** What the DNS says where there is no such record: that is an answer. */
const NONE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Asks the name servers of this machine; `servers` asks others, each an address with a port. Unlike the system's own
 * lookups it holds no thread of the pool that file access uses too.
 */
export function createSystemReverseResolver(options: { readonly servers?: readonly string[] } = {}): ReverseResolver {
  const dns = new DnsResolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (options.servers !== undefined) dns.setServers(options.servers);
  return {
    async namesOf(address) {
      const parsed = parseAddress(address);
      return parsed.ok ? await listed(dns.resolvePtr(reverseNameOf(parsed.value))) : parsed;
    },
    async addressesOf(name, family) {
      if (name === '') return err('is not a name');
      return await listed(family === 4 ? dns.resolve4(name) : dns.resolve6(name));
    },
  };
}

async function listed(answer: Promise<readonly string[]>): Promise<Result<readonly string[], string>> {
  try {
    return ok(await answer);
  } catch (fault) {
    const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown fault';
    return NONE.has(code) ? ok([]) : err(code);
  }
}

/** The name under which an address stands: its octets from the last (RFC 1035 §3.5), or its hexadecimal digits (RFC 3596 §2.5). */
function reverseNameOf(address: AddressBytes): string {
  if (address.length === 4) return `${[...address].toReversed().join('.')}.in-addr.arpa`;
  const digits = Array.from(Buffer.from(address).toString('hex'));
  return `${digits.toReversed().join('.')}.ip6.arpa`;
}
