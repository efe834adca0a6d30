import { Resolver as DnsResolver } from 'node:dns/promises';
import { type AddressBytes, err, ok, parseAddress } from '../../base/index.ts';
import type { ReverseResolver } from '../../ports/index.ts';

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/** What the DNS says where there is no such record: that is an answer. */
const NONE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks the name servers of this machine; `servers` asks others, each an address with a port. */
export function createSystemReverseResolver(options: { readonly servers?: readonly string[] } = {}): ReverseResolver {
  const dns = new DnsResolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (options.servers !== undefined) dns.setServers(options.servers);
  return {
    async namesOf(address) {
      const parsed = parseAddress(address);
      if (!parsed.ok) return parsed;
      try {
        return ok(await dns.resolvePtr(reverseNameOf(parsed.value)));
      } catch (fault) {
        const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown fault';
        return NONE.has(code) ? ok([]) : err(code);
      }
    },
  };
}

/** The name under which an address stands: its octets from the last (RFC 1035 §3.5), or its hexadecimal digits (RFC 3596 §2.5). */
function reverseNameOf(address: AddressBytes): string {
  if (address.length === 4) return `${[...address].toReversed().join('.')}.in-addr.arpa`;
  const digits = Array.from(Buffer.from(address).toString('hex'));
  return `${digits.toReversed().join('.')}.ip6.arpa`;
}
