import { Resolver as DnsResolver } from 'node:dns/promises';
import { err, ok } from '../../base/index.ts';
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
      try {
        return ok(await dns.reverse(address));
      } catch (fault) {
        const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown fault';
        return NONE.has(code) ? ok([]) : err(code);
      }
    },
  };
}
