import type { Result } from '../base/index.ts';
import type {
  CacheKey,
  CacheRequest,
  CacheRules,
  FieldList,
  Fields,
  Lookup,
  NotStored,
  ReplyTimes,
  Stored,
  StoredHead,
} from './types.ts';

export type {
  Bypass,
  CacheKey,
  CacheRequest,
  CacheRules,
  Credential,
  FieldList,
  Fields,
  Lookup,
  NotStored,
  ReplyTimes,
  Stored,
  StoredHead,
} from './types.ts';

/** What a key is made of. */
export interface KeyParts {
  /** The API, and whatever else keeps one cache's entries apart for good. Part of the place. */
  readonly api: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number | null;
  readonly path: string;
  /** What shapes replies besides: operation, revision. */
  readonly shape: string;
  /** What of the query is keyed; see `keyedQuery`. */
  readonly query: string | null;
  /** Whose reply it is where the key holds the identity, unique over all issuers; else null. */
  readonly identity: string | null;
  readonly credential: CacheRequest['credential'];
}

/** The key of a request. GET and HEAD have the same. */
export declare function cacheKey(parts: KeyParts): CacheKey;

/** What of a query stands in the key: all of it, or the named parameters; all where it could be read in two ways. */
export declare function keyedQuery(query: string | null, names: ReadonlySet<string> | null): string | null;

/** Bytes that all caches of a thread share. Where there are too many, the cache that holds most gives way. */
export declare class CacheMemory {
  constructor(limitBytes: number);
  readonly heldBytes: number;
}

/** Makes the head that is sent from what is stored: status and fields, without those that concern one connection only. */
export type MakeHead<H extends StoredHead> = (status: number, fields: FieldList) => H;

/** The replies of one API. */
export declare class ReplyCache<H extends StoredHead> {
  constructor(memory: CacheMemory, limitBytes: number, makeHead: MakeHead<H>);
  /** What there is for a request. Nothing is allocated for a request that hits but the answer. */
  find(key: CacheKey, request: CacheRequest, rules: CacheRules, nowMs: number): Lookup<H>;
  /** To be called when a request for what may be stored goes upstream. */
  fetch(key: CacheKey, request: CacheRequest, rules: CacheRules, requestedAtMs: number): Fetch<H>;
  /** Throws out all that lies at a place, and what is being fetched for it will not be stored. How many were thrown out. */
  invalidate(place: string): number;
  clear(): void;
  readonly entries: number;
  readonly heldBytes: number;
  readonly evictions: number;
}

/** One fetch of what may be stored: the head, the body in pieces, its end. To be abandoned where anything goes wrong. */
export interface Fetch<H extends StoredHead> {
  /** The reply's head. `lengthBytes` is what it says of its body's length, or null. Whether it is stored when its body has come. */
  head(
    status: number,
    fields: Fields,
    times: Omit<ReplyTimes, 'requestedAtMs'>,
    lengthBytes: number | null,
  ): Result<null, NotStored>;
  /** The next of the body, copied. False where it is not stored after all: too large, or no room. */
  write(piece: Buffer | string): boolean;
  /** The whole body has come, as its framing says. */
  finish(): Result<Stored<H>, NotStored>;
  /** Nothing is stored. To be called on every way out but `finish`; harmless behind it. */
  abandon(): void;
  /** A 304 to a request with `validators(stored)`: what is stored with the new fields, to be served; null where it speaks of something else (RFC 9111 §4.3.4). */
  notModified(stored: Stored<H>, fields: Fields, times: Omit<ReplyTimes, 'requestedAtMs'>): Stored<H> | null;
}

/** The fields that a stored reply is validated with (RFC 9111 §4.3.1); empty where it can't be. */
export declare function validators(stored: Stored<StoredHead>): FieldList;

/** Request fields that must not go along with a fetch: conditions of the client's own, which the cache answers itself. */
export declare const CONDITIONS: readonly string[];

/** Whether a stale reply may be served because the upstream failed or answered with this status: null, 500, 502, 503, 504 (RFC 5861 §4). */
export declare function mayServeOnFailure(
  stored: Stored<StoredHead>,
  request: CacheRequest,
  rules: CacheRules,
  nowMs: number,
): boolean;

/** Whether the client has what is stored already, so that it gets 304 (RFC 9110 §13.2.2). */
export declare function isNotModified(request: CacheRequest, stored: Stored<StoredHead>): boolean;

/** Which fields of a stored reply stand in a 304. */
export declare function notModifiedFields(fields: Fields): FieldList;

/** Age in whole seconds (RFC 9111 §5.1). */
export declare function ageSeconds(stored: Stored<StoredHead>, nowMs: number): number;

/** Whether a reply to this request invalidates what is stored for its URI (RFC 9111 §4.4). */
export declare function invalidates(method: string, status: number): boolean;

/** What a member of Cache-Status says (RFC 9211 §2). */
export interface CacheStatus {
  readonly hit: boolean;
  readonly fwd: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | null;
  readonly fwdStatus: number | null;
  readonly ttlSeconds: number | null;
  readonly stored: boolean;
  readonly collapsed: boolean;
  readonly detail: string | null;
}

/** The member as text. `name` is a token. */
export declare function writeCacheStatus(name: string, status: CacheStatus): string;

/** Hears how a flight ended. Exactly one word, unless it left. Behind `alone` and behind `landed` it must not join again. */
export interface Waiter {
  /** `landed`: look it up again. `alone`: fetch for yourself. `lead`: fetch, others wait for you. `failed`: the upstream failed. */
  told(word: 'landed' | 'alone' | 'lead' | 'failed'): void;
}

/** Misses that wait for one fetch. */
export declare class Flights {
  constructor(waitersLimit: number);
  /** `lead`: fetch, and say how it ended. `wait`: the waiter is told. `alone`: too many wait, or such replies were not stored lately. */
  join(flightKey: string, waiter: Waiter, nowMs: number): 'lead' | 'wait' | 'alone';
  leave(flightKey: string, waiter: Waiter): void;
  isFlying(flightKey: string): boolean;
  /** The leader's reply is stored. */
  landed(flightKey: string): void;
  /** The leader's reply is not stored: everybody goes alone, and for a while nobody waits. */
  notStored(flightKey: string, nowMs: number): void;
  /** The upstream failed. */
  failed(flightKey: string): void;
  /** The leader has left: the next one leads. */
  abandoned(flightKey: string): void;
}
