import type { CanonicalRequest, HeaderMap } from '../../../wire/index.ts';
import { isUpgrade } from './cross-site.ts';

/** What of a request tells whether a person waits for a page. */
export type Asking = Pick<CanonicalRequest, 'method' | 'headers'>;

/**
 * Whether a browser asks for a page of its own, which may be led to where people sign in; whoever else asks must get a
 * refusal that a program understands. Browsers say so (Fetch Metadata, `Sec-Fetch-Mode` and `Sec-Fetch-Dest`); where one says
 * nothing of it, it must at least ask for HTML by name. What is only fetched ahead must not begin to sign anybody in.
 */
export function isNavigation({ method, headers }: Asking): boolean {
  if (method !== 'GET' || isUpgrade(headers) || isAhead(headers)) return false;
  const mode = headers.get('sec-fetch-mode');
  const destination = headers.get('sec-fetch-dest');
  if (mode !== null || destination !== null)
    return mode === 'navigate' && (destination === null || destination === 'document');
  return asksForPage(headers);
}

function isAhead(headers: HeaderMap): boolean {
  const purpose = headers.get('sec-purpose') ?? headers.get('purpose');
  return purpose !== null && /prefetch|prerender/i.test(purpose.slice(0, 100));
}

/** Programs take anything; only browsers ask for pages by their type. */
function asksForPage(headers: HeaderMap): boolean {
  if (headers.has('x-requested-with')) return false;
  const accept = headers.get('accept');
  return accept !== null && /(?:^|,)[ \t]?text\/html[ \t]?(?:[,;]|$)/i.test(accept.slice(0, 1_024));
}
