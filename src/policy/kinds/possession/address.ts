import type { CanonicalRequest } from '../../../wire/index.ts';

/** How addresses of requests are read: by the codec, which has one reading of each. */
export interface AddressReaders {
  /** `host[:port]`, or null for what is none. */
  readonly readAuthority: (text: string) => { readonly host: string; readonly port: number | null } | null;
  /** Path and query in canonical form, or what is wrong with them. */
  readonly canonicalizeTarget: (
    text: string,
  ) => { readonly fault: null; readonly path: string } | { readonly fault: string };
}

const ADDRESS = /^(https?):\/\/([^/?#]*)([^?#]*)/i;

const PORTS = { http: 80, https: 443 } as const;

/**
 * Whether an address (`htu`) is that of a request, query and fragment left out (RFC 9449 §4.3, step 9). Both are compared
 * in the one form that is matched and sent: scheme and host in lower case without a trailing dot, the port that is meant,
 * the path decoded where that changes nothing. The path's letters count as they stand.
 */
export function isAddressOf(address: string, request: CanonicalRequest, readers: AddressReaders): boolean {
  const { host, port, path, peer } = request;
  const scheme = peer.tls === null ? 'http' : 'https';
  if (address === `${scheme}://${host}${port === null ? '' : `:${port}`}${path}`) return true;
  const [, named = '', place = '', rest = ''] = ADDRESS.exec(address) ?? [];
  if (named.toLowerCase() !== scheme) return false;
  const authority = readers.readAuthority(place);
  if (authority === null || authority.host !== host) return false;
  if ((authority.port ?? PORTS[scheme]) !== (port ?? PORTS[scheme])) return false;
  const target = readers.canonicalizeTarget(rest === '' ? '/' : rest);
  return target.fault === null && target.path === path;
}
