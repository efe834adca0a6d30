import { SocketAddress } from 'node:net';
import { parseAddress } from './cidr.ts';

/**
 * An IP address in the one spelling in which the system gives the addresses of connections (RFC 5952 for IPv6); an
 * IPv4-mapped one as the IPv4 address. Null for what `parseAddress` does not read.
 */
export function canonicalAddress(text: string): string | null {
  const parsed = parseAddress(text);
  if (!parsed.ok) return null;
  if (parsed.value.length === 4) return parsed.value.join('.');
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
}
