import { parseAddress } from './cidr.ts';

const GROUPS = [0, 2, 4, 6];

/**
 * The network that an address stands for where clients are told apart: an IPv4 address alone, or the first 64 bits of an
 * IPv6 address, as `2001:db8:0:1::/64`, since whoever has one address there has all of them (RFC 6177, RFC 7934 §4).
 * Every spelling of an address gives the same text; a zone is left out (RFC 4007 §11). Text that is no address stands
 * for itself.
 */
export function networkOf(address: string): string {
  const zone = address.indexOf('%');
  const parsed = parseAddress(zone < 0 ? address : address.slice(0, zone));
  if (!parsed.ok) return address;
  const bytes = parsed.value;
  return bytes.length === 4 ? bytes.join('.') : `${firstGroups(bytes)}::/64`;
}

/** The first four groups, without the zeros at their end: `::` stands for those. */
function firstGroups(bytes: Uint8Array): string {
  const groups = GROUPS.map((at) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number));
  while (groups.at(-1) === 0) groups.pop();
  return groups.map((group) => group.toString(16)).join(':');
}
