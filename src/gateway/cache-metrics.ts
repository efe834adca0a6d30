import type { Meter } from '../ports/index.ts';
import { seriesBy } from './series.ts';

/**
 * What the cache did with a request. `hit`: fresh; `stale`: behind its time; `revalidated`: the upstream said that it
 * still holds; `miss`: the upstream gave it; `bypass`: not for the cache.
 */
export type CacheResult = 'hit' | 'stale' | 'revalidated' | 'miss' | 'bypass';

/** The series of stored replies. */
export interface CacheMetrics {
  /** Counts a GET or HEAD of an operation whose replies are stored. */
  asked(api: string, result: CacheResult): void;
  /** Counts replies that were thrown out for want of room. */
  evicted(api: string, count: number): void;
  /** Says what this thread holds now. */
  held(bytes: number, entries: number): void;
}

/** Makes the series. */
export function createCacheMetrics(meter: Meter): CacheMetrics {
  const askedHelp = 'Requests that a stored reply could have answered, by API and what the cache did.';
  const asked = seriesBy((api: string) =>
    seriesBy((result: CacheResult) => meter.counter('portcullis_cache_requests_total', askedHelp, { api, result })),
  );
  const evictedHelp = 'Stored replies that were thrown out for want of room, by API.';
  const evicted = seriesBy((api: string) => meter.counter('portcullis_cache_evictions_total', evictedHelp, { api }));
  const bytes = meter.gauge('portcullis_cache_bytes', 'What stored replies hold, and those on their way there.');
  const entries = meter.gauge('portcullis_cache_entries', 'How many replies are stored.');
  return {
    asked: (api, result) => asked(api)(result).add(1),
    evicted: (api, count) => evicted(api).add(count),
    held(heldBytes, count) {
      bytes.set(heldBytes);
      entries.set(count);
    },
  };
}
