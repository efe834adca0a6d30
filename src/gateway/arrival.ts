import type { Match } from '../policy/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';
import type { CompiledOperation } from './snapshot.ts';

/** A request that has come, and what the gateway, its id source and its router say of it. */
export interface Arrival {
  readonly id: string;
  /** As it came in (see `enter`). */
  readonly request: CanonicalRequest;
  /** Wall time at which it came. */
  readonly startedAtMs: number;
  readonly match: Matched;
}

/** A match that found an operation. */
export type Matched = Extract<Match<CompiledOperation>, { kind: 'matched' }>;

/**
 * Where a passage stands. `answering`: a policy's own reply, and `refusing`: a refusal, is on its way through `respond`;
 * `replying`: the head of a reply is out.
 */
export type Phase = 'judging' | 'collecting' | 'forwarded' | 'answering' | 'refusing' | 'replying' | 'over';
