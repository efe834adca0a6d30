import type { Problem } from '../base/index.ts';
import type { CanonicalRequest, ServerExchange } from '../wire/index.ts';
import type { Snapshot } from './snapshot.ts';

const MALFORMED: Problem = { code: 'malformed-forwarded' };

/**
 * Judges a request before it is matched: gives it with the client that it comes from, which everything behind this goes
 * by, or why it is refused. Where no proxies are trusted it is the request as it came.
 */
export function enter({ request }: ServerExchange, { trusted }: Pick<Snapshot, 'trusted'>): CanonicalRequest | Problem {
  if (trusted === null) return request;
  const client = trusted.clientOf(request);
  if (client === null) return MALFORMED;
  return client === request.peer ? request : { ...request, peer: client };
}
