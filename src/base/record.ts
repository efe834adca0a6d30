import type { GrpcStatus } from './grpc-status.ts';
import type { ProblemCode } from './problem.ts';

/** Version of the record format; a reader refuses a version it does not know. */
export const RECORD_VERSION = 1;

/** What the gateway decided about a request. `observed` passed, and would have been refused. */
export type RecordedVerdict = 'pass' | 'deny' | 'reply' | 'observed' | 'malformed';

/** A rule that only observes, and would have refused a request for this problem. */
export interface ObservedRule {
  readonly problem: ProblemCode;
  readonly policy: string;
  readonly rule: string | null;
}

/** No record names more; how many there were beyond is a number. */
export const OBSERVED_RULES_LIMIT = 8;

/**
 * What rules that only observe would have refused, in their order, beside whatever was decided. Both fields stand only where
 * there is something to say: a record holds what was found since the one before it.
 */
export interface Observations {
  readonly observed?: readonly ObservedRule[];
  /** How many there were beyond those that are named. */
  readonly observedMore?: number;
}

/**
 * Written before a request goes upstream or its reply begins: who, what, and the verdict.
 * It holds the operation's template, never the raw path; never a token, a body or a query.
 * `at` is wall time in milliseconds; `subject` is a pseudonymous id or null; `revision` names the configuration.
 */
export interface IntentRecord extends Observations {
  readonly version: typeof RECORD_VERSION;
  readonly kind: 'intent';
  readonly id: string;
  readonly at: number;
  readonly revision: number;
  readonly api: string | null;
  readonly operation: string | null;
  readonly method: string;
  readonly subject: string | null;
  readonly address: string;
  readonly verdict: RecordedVerdict;
  readonly problem: ProblemCode | null;
  readonly policy: string | null;
  readonly rule: string | null;
  /** It stands only where one of our own APIs has called a third party. */
  readonly direction?: 'outbound';
}

/** What of a request was cleaned before anything judged it. */
export type CleanedParts = 'query' | 'body' | 'query and body';

/**
 * Follows an intent within a second of the exchange's end: how it ended. Status 0 means no reply head was sent.
 * `grpcStatus` is null but for a call of gRPC: the status that its client was given, or CANCELLED where it left before.
 * `originalHash` is null but where the upstream's reply was replaced and kept: the SHA-256 of what was kept.
 * `cleaned` is null but where the request went on with another query or body than was sent; `receivedHash`, where that was its
 * body, is the SHA-256 of what came, without its content coding.
 * `policy` and `rule` are null but where they decided on the reply, which the intent says nothing of.
 */
export interface CompletionRecord extends Observations {
  readonly version: typeof RECORD_VERSION;
  readonly kind: 'completion';
  readonly id: string;
  readonly at: number;
  readonly status: number;
  readonly upstreamStatus: number | null;
  readonly problem: ProblemCode | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationUs: number;
  readonly upstreamUs: number | null;
  readonly grpcStatus: GrpcStatus | null;
  readonly originalHash: string | null;
  readonly cleaned: CleanedParts | null;
  readonly receivedHash: string | null;
  readonly policy: string | null;
  readonly rule: string | null;
  readonly complete: boolean;
}

/** A change somebody or something made: a configuration, a key, an alert answered. */
export interface ChangeRecord {
  readonly version: typeof RECORD_VERSION;
  readonly kind: 'change';
  readonly id: string;
  readonly at: number;
  readonly author: string;
  readonly action: string;
  readonly target: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Everything the ledger holds. */
export type LedgerRecord = IntentRecord | CompletionRecord | ChangeRecord;
