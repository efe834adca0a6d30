import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { AddressSet, upstreamAddressFault } from '../base/index.ts';

/** The code of the error where a name stands only for addresses that no upstream may have. */
export const ADDRESS_REFUSED = 'EADDRESSREFUSED';

/** What is asked for names; the system's own is `dns.lookup` with all addresses. */
type LookUp = (
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

function refusedError(host: string, addresses: readonly LookupAddress[]): NodeJS.ErrnoException {
  const words = addresses
    .map(({ address }) => `${address} ${upstreamAddressFault(address, null, host) ?? ''}`)
    .join(', ');
  return Object.assign(new Error(`${host}: ${words}`), { code: ADDRESS_REFUSED });
}
