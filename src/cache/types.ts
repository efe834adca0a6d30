/** What the fields of a message say, by names in lower case. What reads a message's head elsewhere has this shape. */
export interface FieldValues {
  has(name: string): boolean;
  /** The value, several joined by `, ` (RFC 9110 §5.3), or null. */
  get(name: string): string | null;
}

/** The fields of a message. */
export interface Fields extends FieldValues {
  /** Each on its own, in order. */
  entries(): Iterable<readonly [name: string, value: string]>;
}

/** Fields as pairs of name and value, in order; names in lower case. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** The head of a stored reply, in whatever form its owner sends it. Owners add what they like. */
export interface StoredHead {
  readonly status: number;
  readonly fields: Fields;
}

/**
 * How a request is let in. `none`: it has no credential. `keyed`: it has one, and the key holds the identity that it
 * proves. `shared`: it has one, the key doesn't hold whose, and the policy says in so many words that callers may share;
 * then only replies that say so themselves are stored (RFC 9111 §3.5). `unkeyed`: neither; the cache is not for it.
 */
export type Credential = 'none' | 'keyed' | 'shared' | 'unkeyed';

/** What of a request the cache looks at. */
export interface CacheRequest {
  readonly method: string;
  /** The canonical path. */
  readonly path: string;
  /** As the upstream gets them, what the gateway adds included: what Vary names is compared in them (RFC 9111 §4.1). */
  readonly fields: FieldValues;
  readonly hasBody: boolean;
  readonly credential: Credential;
}

/**
 * Where a reply lies. All that one unsafe request invalidates shares its `place`. Made by `cacheKey`, and by nothing
 * else: both parts are such that different requests never have the same.
 */
export interface CacheKey {
  readonly place: string;
  /** The place, and all that tells apart what lies there. */
  readonly whole: string;
}

/** What the configuration says of caching. All times are in milliseconds. */
export interface CacheRules {
  /** How long a reply is fresh that says nothing of it; null where such replies are not stored. */
  readonly ttlMs: number | null;
  /** So long a reply may be served behind its freshness while it is fetched anew, where it doesn't say so itself; 0 for never. */
  readonly staleWhileRevalidateMs: number;
  /** So long a reply may be served behind its freshness when the upstream fails, where it doesn't say so itself; 0 for never. */
  readonly staleIfErrorMs: number;
  /** Whether clients' Cache-Control is heeded. What they forbid to store is never stored (RFC 9111 §5.2.1.5). */
  readonly clientControl: 'ignore' | 'honour';
  /** Whether `private` replies are stored where the key holds the identity. */
  readonly storesPrivate: boolean;
  /** Names in lower case of what can't choose a reply here: one whose Vary names any of them is not stored. */
  readonly neverChosenBy: readonly string[];
  /** The most bytes a body may have. */
  readonly bodyLimitBytes: number;
}

/** When a reply was asked for and came. `…AtMs` are of the monotonic clock, `wallMs` is the time of day at `receivedAtMs`. */
export interface ReplyTimes {
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
  readonly wallMs: number;
}

/** What a stored reply was chosen by: names and the values of the request that it answers, in the same order. */
export interface Selection {
  readonly names: readonly string[];
  readonly values: readonly (string | null)[];
  /** See `steeringText`. */
  readonly steering: string | null;
}

/** How a reply may be used once it is stored. Times are of the monotonic clock, in milliseconds. */
export interface Usage {
  readonly selection: Selection;
  /** What its age is counted from (RFC 9111 §4.2.3). */
  readonly bornAtMs: number;
  readonly freshUntilMs: number;
  /** Never before `freshUntilMs`; the same where it may not be served stale for that. */
  readonly staleWhileRevalidateUntilMs: number;
  readonly staleIfErrorUntilMs: number;
  /** Only once the upstream has said that it still holds, however fresh it is (`no-cache`). */
  readonly alwaysValidated: boolean;
  /** A client that would take a stale reply may get it. */
  readonly mayBeStale: boolean;
  /** The time of day it was made at, by its own word. */
  readonly dateMs: number;
  readonly requestedAtMs: number;
}

/** A reply in the cache. It stays whole while somebody sends it, even where it has been thrown out meanwhile. */
export interface Stored<H extends StoredHead> {
  readonly head: H;
  /** The whole body; a text has one character for each octet. */
  readonly body: Buffer | string;
  readonly usage: Usage;
}

/** Why the cache has nothing to do with a request. */
export type Bypass = 'method' | 'method-override' | 'body' | 'credential' | 'range' | 'precondition' | 'key-too-long';

/** What the cache has for a request. */
export type Lookup<H extends StoredHead> =
  /** Neither serve from the cache nor store. */
  | { readonly kind: 'bypass'; readonly why: Bypass }
  /** Ask the upstream. */
  | { readonly kind: 'miss'; readonly why: 'uri-miss' | 'vary-miss' | 'request' }
  | { readonly kind: 'fresh'; readonly stored: Stored<H> }
  /** To be validated. `now`: it may be served meanwhile. `request`: it is fresh, and the client wants it validated. */
  | { readonly kind: 'stale'; readonly stored: Stored<H>; readonly now: boolean; readonly why: 'stale' | 'request' }
  /** The client takes only what is stored, and nothing is: 504 (RFC 9111 §5.2.1.7). */
  | { readonly kind: 'unavailable' };

/** Why a reply is not stored. */
export type NotStored =
  | Bypass
  | 'request-no-store'
  | 'status'
  | 'no-store'
  | 'private'
  | 'credential-not-shared'
  | 'set-cookie'
  | 'vary'
  | 'partial'
  | 'no-freshness'
  | 'nothing-to-gain'
  | 'type-mismatch'
  | 'too-large'
  | 'no-room'
  | 'superseded'
  | 'invalidated'
  | 'incomplete';
