import type { Problem } from '../base/index.ts';
import { listRefusal } from '../policy/index.ts';
import type { CanonicalRequest, ServerExchange } from '../wire/index.ts';
import { trustFault } from './client-trust.ts';
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

/** Why a request is not let in at all. */
export interface EntryFault {
  readonly problem: Problem;
  /** What is wrong with its session, or the list that keeps it out, by its key path; for log and ledger. */
  readonly rule: string;
  /** Whether none of its session's requests can come in. */
  readonly endsSession: boolean;
}

/** Judges what has entered by its session and by the lists of the whole gateway; null where it may go on to be matched. */
export function entryFault(
  request: CanonicalRequest,
  { trusts, lists }: Pick<Snapshot, 'trusts' | 'lists'>,
): EntryFault | null {
  const fault = trustFault(request, trusts);
  if (fault !== null) return { ...fault, endsSession: true };
  const list = lists === null ? null : listRefusal(lists, request);
  if (list === null) return null;
  return { problem: { code: 'access-denied', internal: list }, rule: list, endsSession: false };
}
