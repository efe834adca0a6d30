import { type CompletionRecord, RECORD_VERSION } from '../base/index.ts';
import type { Outcome } from '../policy/index.ts';

/** The record that closes a request's intent. */
export function completionOf(id: string, at: number, outcome: Outcome): CompletionRecord {
  return {
    version: RECORD_VERSION,
    kind: 'completion',
    id,
    at,
    status: outcome.status,
    upstreamStatus: outcome.upstreamStatus,
    problem: outcome.problemCode,
    requestBytes: outcome.requestBytes,
    responseBytes: outcome.responseBytes,
    durationUs: outcome.durationUs,
    upstreamUs: outcome.upstreamUs,
    complete: outcome.complete,
  };
}
