import type { CanonicalRequest, HeaderMap } from '../../../wire/index.ts';

/** Pages of other origins that may call with the session’s cookie: those that CORS lets in with credentials. */
export interface AllowedOrigins {
  /** Whether this origin, as browsers write it, is one of them. */
  allows(origin: string): boolean;
}

/** What of a request tells which page sent it. */
export type Sent = Pick<CanonicalRequest, 'method' | 'host' | 'port' | 'headers'>;

const HTTPS_PORT = 443;
/** Methods that change nothing (RFC 9110 §9.2.1). What an upstream does by one of them, any page can have done. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The public origin of the host that was asked; APIs are served over https alone (RFC 6454 §6.2). */
export function originOf({ host, port }: Pick<CanonicalRequest, 'host' | 'port'>): string {
  return port === null || port === HTTPS_PORT ? `https://${host}` : `https://${host}:${port}`;
}

/** Whether a request may change something, or opens a connection over which that can be done. */
export function isUnsafe({ method, headers }: Pick<CanonicalRequest, 'method' | 'headers'>): boolean {
  return !SAFE.has(method) || isUpgrade(headers);
}

/**
 * Why a request with a session’s cookie may not be of the user’s own doing: the rule, or null where it is. A browser sends
 * the cookie along whichever page asks, so that the page must be told: by `Origin`, which must be the host’s own or one
 * that CORS lets in with credentials, and by `Sec-Fetch-Site` (Fetch Metadata §2.3), which must not say otherwise. Where neither
 * is there, nobody vouches for what is unsafe. What is safe is refused only where a page of another site embeds it.
 */
export function crossSiteFault(sent: Sent, allowed: AllowedOrigins | null): 'origin' | 'site' | 'unknown' | null {
  const { headers } = sent;
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const isListed = origin !== null && allowed !== null && allowed.allows(origin);
  if (!isUnsafe(sent)) return site === 'cross-site' && !isListed && !navigates(headers) ? 'site' : null;
  if (isListed || (origin === originOf(sent) && site === null)) return null;
  if (site !== 'same-origin') return origin === null && site === null ? 'unknown' : origin === null ? 'site' : 'origin';
  // Forms of a page that tells nobody where it is have `null` here, and their browser vouches for them all the same.
  return origin === null || origin === 'null' || origin === originOf(sent) ? null : 'origin';
}

/** Over HTTP/2 there is no field `Upgrade` (RFC 8441 §5). */
export function isUpgrade(headers: HeaderMap): boolean {
  return headers.has('upgrade') || headers.has('sec-websocket-version');
}

function navigates(headers: HeaderMap): boolean {
  return headers.get('sec-fetch-mode') === 'navigate';
}
