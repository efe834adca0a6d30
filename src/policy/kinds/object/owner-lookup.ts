import { createHash } from 'node:crypto';

/** Of what is asked at the desk. */
export const OWNERS = 'owners';

/** A place in a URL that is filled in for each request, by the name that conditions have for it. */
export interface OwnerPlace {
  readonly names: readonly string[];
  readonly part: 'path' | 'query';
}

/** A service that is asked whose an object is. */
export interface OwnerLookup {
  /** As it was written. */
  readonly url: string;
  /** The same in its parts; the first is a text that holds at least scheme, host and the slash behind them. */
  readonly pieces: readonly (string | OwnerPlace)[];
  /** What the gateway shows to it in a header field: `before`, what the reference stands for, `after`. */
  readonly secret: {
    readonly field: string;
    readonly before: string;
    readonly reference: string;
    readonly after: string;
  } | null;
  /** How long an answer counts; 0 for no longer than the question was under way. */
  readonly cacheMs: number;
  readonly timeoutMs: number;
  /** The CAs that vouch for it; null for those of the system. */
  readonly caFile: string | null;
  readonly path: string;
}

/** That there is no such object counts no longer than this: it may come into being by the next call. */
export const NONE_LIFE_MS = 2_000;

/** An answer is no longer than this. */
export const OWNER_LIMIT_BYTES = 64 * 1_024;

/**
 * What threads and the control side call a lookup: by all that is said of it, so that a thread with another configuration
 * never has another service asked. Operations that say the same share what was answered.
 */
export function ownerService(lookup: OwnerLookup): string {
  const said = JSON.stringify({ ...lookup, path: null });
  return createHash('sha256').update(said).digest('hex').slice(0, 32);
}
