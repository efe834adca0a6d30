/** The port that a URL of a scheme need not name. */
export const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/**
 * A target as a Host field says it (RFC 9110 §7.2): the port is left out where it is the scheme's own, and an IPv6
 * address, which has no brackets in `host`, gets them.
 */
export function authorityOf(
  scheme: keyof typeof DEFAULT_PORTS,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === DEFAULT_PORTS[scheme] ? name : `${name}:${port}`;
}
