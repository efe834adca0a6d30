import { lookup, type LookupAddress, type LookupAllOptions, Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { AddressSet, internetAddressFault, upstreamAddressFault } from '../base/index.ts';

/** The code of the error where a name stands only for addresses that no upstream may have. */
export const ADDRESS_REFUSED = 'EADDRESSREFUSED';

/** What is asked for names; the system's own is `dns.lookup` with all addresses. */
export type LookUp = (
  host: string,
  options: LookupAllOptions,
  told: (fault: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Looks up the names of upstreams for `net.connect`, which connects to what comes out here and to nothing else: the
 * addresses that are judged are those that are used, however often the name is turned round. Of the addresses of a name those that
 * may not be connected to are left out; a name that has no others is an error.
 */
export function upstreamLookup(allowedAddresses: readonly string[], lookUp: LookUp = lookup): LookupFunction {
  const allowed = allowedAddresses.length === 0 ? null : AddressSet.of(allowedAddresses);
  return (host, options, told) => {
    lookUp(host, { ...options, all: true }, (fault, addresses) => {
      if (fault !== null) {
        told(fault, []);
        return;
      }
      const kept = addresses.filter(({ address }) => upstreamAddressFault(address, allowed, host) === null);
      const [first] = kept;
      if (first === undefined) told(refusedError(host, addresses), []);
      else if (options.all === true) told(null, kept);
      else told(null, first.address, first.family);
    });
  };
}

/**
 * The same for what is somewhere on the open internet: of its addresses every one must be there, or allowed. A name that
 * also stands for an address of the inside is turned on us by whoever answers for it, and nothing of it is used.
 */
export function internetLookup(allowedAddresses: readonly string[], lookUp: LookUp = lookup): LookupFunction {
  const allowed = AddressSet.of(allowedAddresses);
  return (host, options, told) => {
    lookUp(host, { ...options, all: true }, (fault, addresses) => {
      const [first] = addresses ?? [];
      const faulty = (addresses ?? []).find(({ address }) => internetAddressFault(address, allowed) !== null);
      if (fault !== null) told(fault, []);
      else if (first === undefined || faulty !== undefined) told(refusedError(host, faulty ? [faulty] : []), []);
      else if (options.all === true) told(null, addresses);
      else told(null, first.address, first.family);
    });
  };
}

/** How long a server of names may take, and how often it is asked. */
const ASKING = { timeout: 2_000, tries: 2 };

/** Asks one server of names, `ADDRESS:PORT`, for both kinds of addresses; nothing is remembered. */
export function lookupAt(server: string): LookUp {
  const resolver = new Resolver(ASKING);
  resolver.setServers([server]);
  return (host, _options, told) => {
    const found: LookupAddress[] = [];
    const faults: NodeJS.ErrnoException[] = [];
    const heard = (family: 4 | 6) => (fault: NodeJS.ErrnoException | null, addresses: readonly string[]) => {
      if (fault !== null) faults.push(fault);
      else found.push(...addresses.map((address) => ({ address, family })));
      asked--;
      if (asked > 0) return;
      // Where one kind could not be told, what of it there is can't be judged: only where there is none of it that is no fault.
      const [unheard] = faults.filter(({ code }) => code !== 'ENODATA' && code !== 'ENOTFOUND');
      const failed = unheard ?? (found.length === 0 ? faults[0] : undefined);
      told(failed ?? null, failed === undefined ? found : []);
    };
    let asked = 2;
    resolver.resolve4(host, heard(4));
    resolver.resolve6(host, heard(6));
  };
}

function refusedError(host: string, addresses: readonly LookupAddress[]): NodeJS.ErrnoException {
  const words = addresses
    .map(
      ({ address }) =>
        `${address} ${upstreamAddressFault(address, null, host) ?? internetAddressFault(address, null) ?? ''}`,
    )
    .join(', ');
  return Object.assign(new Error(`${host}: ${words}`), { code: ADDRESS_REFUSED });
}
