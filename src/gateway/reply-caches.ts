import { CacheMemory, type FieldList, Flights, ReplyCache } from '../cache/index.ts';
import { CachedHead } from './cached-head.ts';
import type { GatewayMetrics } from './metrics.ts';
import { createMarkMemory, PlaceMarks } from './place-marks.ts';
import type { CompiledApi, Snapshot } from './snapshot.ts';

/** So many requests wait for one reply at most; whoever comes then goes upstream. */
const WAITERS_LIMIT = 1_000;

/** What one API has stored in this thread, and who waits for what. */
export interface ApiCache {
  readonly replies: ReplyCache<CachedHead>;
  readonly flights: Flights;
  readonly marks: PlaceMarks;
}

/** What a thread shares with the others of what is stored. */
export interface CacheShare {
  /** How many threads have parts of the memory. */
  readonly threads: number;
  /** So much of a thread's heap stored replies may take. */
  readonly heapBytes: number;
  readonly marks: PlaceMarks;
}

/** What the heap of any thread has room for. */
const HEAP_BYTES = 128 * 1_024 * 1_024;

/** The share of a thread that is the only one. */
export function wholeCacheShare(): CacheShare {
  return { threads: 1, heapBytes: HEAP_BYTES, marks: new PlaceMarks(createMarkMemory()) };
}

interface Kept {
  readonly fingerprint: string;
  readonly cache: ApiCache;
  /** So many evictions were counted. */
  evictions: number;
}

const makeHead = (status: number, fields: FieldList): CachedHead => new CachedHead(status, fields);

/** The stored replies of a thread. They outlive Snapshots: an API keeps its own as long as replies are made in the same way. */
export class ReplyCaches {
  readonly #share: CacheShare;
  readonly #metrics: GatewayMetrics['cache'];
  readonly #byApi = new Map<string, Kept>();
  #memory: CacheMemory | null = null;
  #memoryBytes = 0;
  /** Of former configurations, whose requests may not have ended. */
  readonly #former = new Set<ApiCache>();

  constructor(share: CacheShare, metrics: GatewayMetrics['cache']) {
    this.#share = share;
    this.#metrics = metrics;
  }

  /** The caches of a Snapshot's APIs, in their order; null for each that stores nothing. */
  forSnapshot({ apis, cacheMemoryBytes }: Snapshot): readonly (ApiCache | null)[] {
    const bytes = Math.floor(cacheMemoryBytes / this.#share.threads);
    if (bytes !== this.#memoryBytes) this.#forget();
    this.#memoryBytes = bytes;
    return apis.map((api) => this.#cacheOf(api));
  }

  /** Lets go of what none of these has a use for. */
  retain(installed: readonly { readonly caches: readonly (ApiCache | null)[] }[]): void {
    const wanted = new Set(installed.flatMap(({ caches }) => caches));
    for (const [name, { cache }] of this.#byApi) {
      if (wanted.has(cache)) continue;
      this.#byApi.delete(name);
      this.#former.add(cache);
    }
    for (const cache of this.#former) {
      if (wanted.has(cache)) continue;
      this.#former.delete(cache);
      cache.replies.clear();
    }
  }

  /** Tells the metrics what is held. */
  sweep(): void {
    if (this.#memory === null) return;
    let entries = 0;
    for (const [api, kept] of this.#byApi) {
      const { replies } = kept.cache;
      entries += replies.entries;
      if (replies.evictions > kept.evictions) this.#metrics.evicted(api, replies.evictions - kept.evictions);
      kept.evictions = replies.evictions;
    }
    this.#metrics.held(this.#memory.heldBytes, entries);
  }

  #cacheOf({ name, cacheFingerprint: fingerprint }: CompiledApi): ApiCache | null {
    if (fingerprint === null) return null;
    const kept = this.#byApi.get(name);
    if (kept?.fingerprint === fingerprint) return kept.cache;
    if (kept !== undefined) this.#former.add(kept.cache);
    this.#memory ??= new CacheMemory(this.#memoryBytes, this.#share.heapBytes);
    const replies = new ReplyCache<CachedHead>(this.#memory, this.#memoryBytes, makeHead);
    const cache: ApiCache = { replies, flights: new Flights(WAITERS_LIMIT), marks: this.#share.marks };
    this.#byApi.set(name, { fingerprint, cache, evictions: 0 });
    return cache;
  }

  /** Another bound on memory: what is stored under the former one is let go when nobody walks through that any more. */
  #forget(): void {
    for (const { cache } of this.#byApi.values()) this.#former.add(cache);
    this.#byApi.clear();
    if (this.#memory !== null) this.#metrics.held(0, 0);
    this.#memory = null;
  }
}
