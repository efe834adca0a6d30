import { isIPv6, SocketAddress } from 'node:net';

/** A host as it is compared: lower case, without port and trailing dot; IPv6 in brackets, in its shortest form. */
export interface Authority {
  readonly host: string;
  readonly port: number | null;
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const HOST_LIMIT = 253;

/**
 * Reads `host[:port]` (RFC 9110 §7.2, names as RFC 1123 §2.1), or returns null for anything that is not exactly that:
 * user info, empty, spaces, slashes, a port out of range, a bracket left open, an overlong label.
 */
export function readAuthority(text: string): Authority | null {
  const lower = text.toLowerCase();
  if (lower.startsWith('[')) return readBracketed(lower);
  const colon = lower.indexOf(':');
  const port = colon < 0 ? null : readPort(lower.slice(colon + 1));
  if (port === undefined) return null;
  const host = readHostName(colon < 0 ? lower : lower.slice(0, colon));
  return host === null ? null : { host, port };
}

/** A host name in canonical form, or null for what is none. */
export function readHostName(text: string): string | null {
  const lower = text.toLowerCase();
  const host = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  return host.length <= HOST_LIMIT && NAME.test(host) ? host : null;
}

function readBracketed(text: string): Authority | null {
  const close = text.indexOf(']');
  const address = close < 0 ? '' : text.slice(1, close);
  // Zone ids name an interface of the sender's machine and mean nothing here (RFC 6874 §3).
  if (!isIPv6(address) || address.includes('%')) return null;
  const rest = text.slice(close + 1);
  const port = rest === '' ? null : rest.startsWith(':') ? readPort(rest.slice(1)) : undefined;
  // An address has many spellings and only one that is compared (RFC 5952).
  return port === undefined ? null : { host: `[${new SocketAddress({ address, family: 'ipv6' }).address}]`, port };
}

function readPort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
