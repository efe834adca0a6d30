import { addressReach, isLoopback } from './address-reach.ts';
import type { AddressSet } from './address-set.ts';
import { parseAddress } from './cidr.ts';

/** Names of this machine alone (RFC 6761 §6.3). */
const LOCAL_NAME = /(^|\.)localhost$/;

/**
 * Why no upstream may be connected to at an address that something outside the configuration has named (the DNS, a
 * registry); null where it may. Private ranges are where upstreams are. This machine itself, link-local addresses, those
 * where clouds hand out credentials, and what is no single host are not, unless `allowed` holds them: who can change an
 * answer of the DNS could else have the gateway's requests sent there. A name of this machine (`localhost`) may mean it.
 */
export function upstreamAddressFault(address: string, allowed: AddressSet | null, name = ''): string | null {
  const parsed = parseAddress(address);
  if (!parsed.ok) return 'is no plain address';
  if (allowed?.has(parsed.value) === true) return null;
  if (isLoopback(parsed.value)) return LOCAL_NAME.test(name) ? null : 'is an address of this machine itself';
  if (addressReach(parsed.value) !== 'never') return null;
  return 'is link-local, of a cloud’s metadata, or no single host';
}

/**
 * Why nothing may be connected to at an address that is to be one of the open internet: null where it is, or where
 * `allowed` holds it. Where clouds hand out credentials, and what is no single host, no word allows.
 */
export function internetAddressFault(address: string, allowed: AddressSet | null): string | null {
  const parsed = parseAddress(address);
  if (!parsed.ok) return 'is no plain address';
  const reach = addressReach(parsed.value);
  if (reach === 'never') return 'is link-local, of a cloud’s metadata, or no single host';
  if (reach === 'public' || allowed?.has(parsed.value) === true) return null;
  return isLoopback(parsed.value) ? 'is an address of this machine itself' : 'is no address of the open internet';
}
