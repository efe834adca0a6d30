import { bypassOf } from './bypass.ts';
import { readRequestDirectives, type RequestDirectives } from './directives.ts';
import type { Entry } from './entry.ts';
import { EntryStore } from './entry-store.ts';
import { Fetch, type FetchHost, type MakeHead } from './fetch.ts';
import { isTooLong } from './key.ts';
import type { CacheMemory } from './memory.ts';
import type { CacheKey, CacheRequest, CacheRules, Lookup, Stored, StoredHead, Usage } from './types.ts';
import { selectingText, steeringText } from './vary.ts';

const URI_MISS = { kind: 'miss', why: 'uri-miss' } as const;
const VARY_MISS = { kind: 'miss', why: 'vary-miss' } as const;
const UNAVAILABLE = { kind: 'unavailable' } as const;
const RANGE = { kind: 'bypass', why: 'range' } as const;

/** The replies of one API, as one thread keeps them. */
export class ReplyCache<H extends StoredHead> {
  readonly #host: FetchHost<H>;

  /** `limitBytes` is the most that this cache holds; `memory` is shared with others. */
  constructor(memory: CacheMemory, limitBytes: number, makeHead: MakeHead<H>) {
    this.#host = { store: new EntryStore<H>(memory, limitBytes), memory, makeHead, underWay: new Map() };
  }

  /** What there is for a request (RFC 9111 §4). `nowMs` is of the monotonic clock. */
  find(key: CacheKey, request: CacheRequest, rules: CacheRules, nowMs: number): Lookup<H> {
    const bypass = isTooLong(key) ? 'key-too-long' : bypassOf(request);
    if (bypass !== null) return { kind: 'bypass', why: bypass };
    const control = rules.clientControl === 'ignore' ? null : controlOf(request);
    const { store } = this.#host;
    const variants = store.variants(key);
    const entry = variants === undefined ? null : store.select(variants, request.fields);
    if (entry === null) return control?.onlyIfCached === true ? UNAVAILABLE : this.#miss(request, variants);
    const found = assess(entry, control, nowMs);
    if (found.kind === 'stale' && !found.now) {
      if (control?.onlyIfCached === true) return UNAVAILABLE;
      if (request.fields.has('range')) return RANGE;
    }
    store.used(entry);
    return found;
  }

  #miss({ fields }: CacheRequest, variants: readonly Entry<H>[] | undefined): Lookup<H> {
    if (fields.has('range')) return RANGE;
    return variants === undefined ? URI_MISS : VARY_MISS;
  }

  /** To be called when a request goes upstream whose reply may be stored. `requestedAtMs` is of the monotonic clock. */
  fetch(key: CacheKey, request: CacheRequest, rules: CacheRules, requestedAtMs: number): Fetch<H> {
    return new Fetch(this.#host, { key, request, rules, requestedAtMs });
  }

  /** What requests have in common that one fetch can answer, as far as is known: key, and what chose replies before. */
  flightKey(key: CacheKey, { method, fields }: CacheRequest): string {
    const names = new Set((this.#host.store.variants(key) ?? []).flatMap(({ usage }) => usage.selection.names));
    const selecting = `${steeringText(fields) ?? ''}\n${selectingText([...names].toSorted(), fields)}`;
    return JSON.stringify([method, key.whole, selecting]);
  }

  /**
   * Declares all that lies at a place no good, whatever its query and whosesoever (RFC 9111 §4.4), at the same cost for
   * whatever there is. What is being fetched for it is not stored, since it may have been made before.
   */
  invalidate(place: string): void {
    for (const fetch of this.#host.underWay.get(place) ?? []) fetch.invalidate();
    this.#host.store.spoil(place);
  }

  /** Throws out everything, and stores nothing of what is being fetched. */
  clear(): void {
    for (const fetches of this.#host.underWay.values()) for (const fetch of fetches) fetch.invalidate();
    this.#host.store.clear();
  }

  /** How many replies are held, those included that are no longer good and still take room. */
  get entries(): number {
    return this.#host.store.count;
  }

  get heldBytes(): number {
    return this.#host.store.held.bytes;
  }

  /** Entries thrown out for want of room since the beginning. */
  get evictions(): number {
    return this.#host.store.evictions;
  }
}

function controlOf({ fields }: CacheRequest): RequestDirectives | null {
  return fields.has('cache-control') || fields.has('pragma') ? readRequestDirectives(fields) : null;
}

/** Whether a stored reply may be served now (RFC 9111 §4.2, §5.2.1). */
function assess<H extends StoredHead>(entry: Entry<H>, control: RequestDirectives | null, nowMs: number): Lookup<H> {
  const { usage } = entry;
  if (usage.alwaysValidated) return { kind: 'stale', stored: entry, now: false, why: 'stale' };
  const leftMs = usage.freshUntilMs - nowMs;
  if (control !== null && isRefused(control, usage, nowMs))
    return { kind: 'stale', stored: entry, now: false, why: leftMs > 0 ? 'request' : 'stale' };
  if (leftMs > 0) return { kind: 'fresh', stored: entry };
  if (usage.mayBeStale && control !== null && control.maxStale !== null && -leftMs <= control.maxStale * 1_000)
    return { kind: 'fresh', stored: entry };
  return { kind: 'stale', stored: entry, now: nowMs < usage.staleWhileRevalidateUntilMs, why: 'stale' };
}

/** Whether the client doesn't take a reply as old as this, with so little freshness left (RFC 9111 §5.2.1). */
function isRefused(control: RequestDirectives, { bornAtMs, freshUntilMs }: Usage, nowMs: number): boolean {
  const { maxAge, minFresh, maxStale } = control;
  const leftMs = freshUntilMs - nowMs;
  if (control.noCache) return true;
  if (minFresh !== null && leftMs < minFresh * 1_000) return true;
  return maxAge !== null && (nowMs - bornAtMs > maxAge * 1_000 || (leftMs <= 0 && maxStale === null));
}

/** The statuses that say, as silence does, that an upstream fails (RFC 5861 §4). */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Whether a status of an upstream is a failure that a stale reply may stand in for (RFC 5861 §4). */
export function isUpstreamFailure(status: number): boolean {
  return FAILURES.has(status);
}

/** Whether what is stored may be served because the upstream fails (RFC 5861 §4). `nowMs` is of the monotonic clock. */
export function mayServeOnFailure(
  stored: Stored<StoredHead>,
  request: CacheRequest,
  rules: CacheRules,
  nowMs: number,
): boolean {
  const { usage } = stored;
  if (usage.alwaysValidated) return false;
  const control = rules.clientControl === 'ignore' ? null : controlOf(request);
  if (control !== null && isRefused(control, usage, nowMs)) return false;
  return nowMs < Math.max(usage.freshUntilMs, usage.staleIfErrorUntilMs);
}

/** The age of what is stored, in whole seconds, for the field Age (RFC 9111 §5.1). */
export function ageSeconds({ usage }: Stored<StoredHead>, nowMs: number): number {
  return Math.min(2_147_483_648, Math.max(0, Math.floor((nowMs - usage.bornAtMs) / 1_000)));
}
