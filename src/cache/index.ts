export { CACHE_STATUS, type CacheStatus, type ForwardReason, writeCacheStatus } from './cache-status.ts';
export { CONDITIONS, isNotModified, notModifiedFields, validators } from './conditional.ts';
export type { Fetch, HeadTimes, MakeHead } from './fetch.ts';
export { Flights, type FlightWord, type Waiter } from './flights.ts';
export { readHttpDate } from './http-date.ts';
export { invalidates } from './invalidation.ts';
export { cacheKey, type KeyParts } from './key.ts';
export { CacheMemory } from './memory.ts';
export { ageSeconds, isUpstreamFailure, mayServeOnFailure, ReplyCache } from './reply-cache.ts';
export { CREDENTIAL_FIELDS, refusalOfRequest } from './storable.ts';
export type {
  Bypass,
  CacheKey,
  CacheRequest,
  CacheRules,
  Credential,
  FieldList,
  Fields,
  FieldValues,
  Lookup,
  NotStored,
  ReplyTimes,
  Stored,
  StoredHead,
} from './types.ts';
