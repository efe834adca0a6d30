import {
  type CacheKey,
  type CacheRequest,
  CONDITIONS,
  type Fetch,
  type FieldList,
  type Fields,
  type NotStored,
  type Stored,
  validators,
} from '../cache/index.ts';
import { isFieldValue } from '../policy/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { HeaderFields, ReplyHead, WholeBody } from '../wire/index.ts';
import type { CachedHead } from './cached-head.ts';
import type { CompiledCache } from './compiled-cache.ts';
import { isEventStream } from './event-stream.ts';
import type { ApiCache } from './reply-caches.ts';
import type { Walk } from './walk.ts';

/** So long an upstream that failed is left alone with requests that what is stored can answer. */
const REST_MS = 1_000;
/** A client that takes nothing for so long is not one that others should wait for. */
const STALL_MS = 250;
/** Why a reply is not stored that says nothing of the next one: a fault may be that of one request's fields. */
const OF_THIS_ONE: ReadonlySet<NotStored> = new Set<NotStored>(['invalidated', 'superseded', 'no-room', 'status']);

/** Where a reply lies, or will lie, and what decides whether it does. */
export interface CachePlace {
  readonly cache: ApiCache;
  readonly key: CacheKey;
  readonly request: CacheRequest;
  readonly compiled: CompiledCache;
  /** The mark of its place; see `PlaceMarks`. */
  readonly mark: number;
}

/** Those who may wait for one reply, by what they have in common (see `ReplyCache.flightKey`); `leads`: whether they do. */
export interface Followers {
  readonly flight: string | null;
  readonly leads: boolean;
}

/** Nobody. */
export const NOBODY: Followers = { flight: null, leads: false };

/**
 * One reply on its way from the upstream into the cache. Where it `leads`, others wait for it, and each way out tells
 * them. Whatever is not whole, or fails in any way, is not stored.
 */
export class CacheFilling {
  readonly #place: CachePlace;
  /** Who may wait for it; null where nobody does. */
  readonly #flight: string | null;
  readonly #clock: Clock;
  readonly #fetch: Fetch<CachedHead>;
  readonly #markBefore: number;
  #leads: boolean;
  #over = false;
  /** Runs while its client takes nothing. */
  #stall: Timer | null = null;

  constructor(place: CachePlace, { flight, leads }: Followers, clock: Clock, requestedAtMs: number) {
    const { cache, key, request, compiled, mark } = place;
    this.#place = place;
    this.#flight = flight;
    this.#clock = clock;
    this.#leads = leads;
    this.#markBefore = cache.marks.read(mark);
    this.#fetch = cache.replies.fetch(key, request, compiled.rules, requestedAtMs);
  }

  /** Whether nothing more will come of it. */
  get isOver(): boolean {
    return this.#over;
  }

  /** The head of the upstream's reply; why it is not stored, or null where it will be once it is whole. */
  head(head: ReplyHead): NotStored | null {
    const why = this.#refusal(head);
    if (why !== null) this.#notStored(why);
    return why;
  }

  #refusal(head: ReplyHead): NotStored | null {
    const { status, fields, framing } = head;
    // What ends with the connection may have been cut off, and what never ends is nothing to keep.
    if (framing.kind === 'until-close' || isEventStream(head)) return 'incomplete';
    const bytes = framing.kind === 'length' ? framing.bytes : framing.kind === 'none' ? 0 : null;
    const times = this.#times();
    const judged = withinHead(() => this.#fetch.head(status, new ReplyFields(fields), times, bytes));
    return judged === null ? 'too-large' : judged.ok ? null : judged.error;
  }

  /** The next of the body. */
  write(piece: WholeBody): void {
    if (!this.#over && piece.length > 0 && !this.#fetch.write(piece)) this.#notStored(this.#fetch.lost ?? 'incomplete');
  }

  /** The body is whole. Whoever waits looks it up. */
  finish(): void {
    if (this.#over) return;
    const finished = this.#fetch.finish();
    if (!finished.ok) this.#notStored(finished.error);
    else this.#landed(finished.value);
  }

  /** The upstream said that what is stored still holds (304): that, with what it said anew; null where it spoke of something else. */
  revalidated({ fields }: ReplyHead, stale: Stored<CachedHead>): Stored<CachedHead> | null {
    const times = this.#times();
    const updated = withinHead(() => this.#fetch.notModified(stale, new ReplyFields(fields), times));
    if (updated !== null) this.#landed(updated);
    return updated;
  }

  #landed(stored: Stored<CachedHead>): void {
    this.#over = true;
    this.resume();
    stored.head.mark = this.#markBefore;
    // Also where another leads: what it would bring is there.
    if (this.#flight !== null) this.#place.cache.flights.landed(this.#flight);
  }

  #notStored(why: NotStored): void {
    this.#end();
    if (!this.#leads || this.#flight === null) return;
    const { flights } = this.#place.cache;
    if (OF_THIS_ONE.has(why)) flights.lost(this.#flight);
    else flights.notStored(this.#flight, this.#clock.monotonic());
  }

  /** The upstream gave no whole reply. */
  failed(): void {
    if (this.#over) return;
    this.#end();
    if (this.#leads && this.#flight !== null) this.#place.cache.flights.failed(this.#flight);
  }

  /** Nobody wants it any more here: the next who waits leads. */
  abandon(): void {
    if (this.#over) return;
    this.#end();
    this.#passOn();
  }

  /** Its client takes nothing more for now. Where that lasts, nobody waits for it, or goes without room for its sake. */
  pause(): void {
    if (this.#over) return;
    // A timer of its own: a step that judges the reply meanwhile has that of the walk.
    this.#stall ??= this.#clock.after(STALL_MS, () => {
      this.#fetch.mayGiveWay();
      this.#passOn();
    });
  }

  /** Its client takes more again, or nothing more comes of it. */
  resume(): void {
    this.#stall?.cancel();
    this.#stall = null;
  }

  #passOn(): void {
    const leads = this.#leads;
    this.#leads = false;
    if (leads && this.#flight !== null) this.#place.cache.flights.abandoned(this.#flight);
  }

  #end(): void {
    this.#over = true;
    this.resume();
    this.#fetch.abandon();
  }

  #times(): { readonly receivedAtMs: number; readonly wallMs: number } {
    return { receivedAtMs: this.#clock.monotonic(), wallMs: this.#clock.now() };
  }
}

/** The fields of a reply as they may be passed on: what no client gets is not stored either. */
class ReplyFields implements Fields {
  readonly #fields: HeaderFields;

  constructor(fields: HeaderFields) {
    this.#fields = fields;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  get(name: string): string | null {
    return this.#fields.get(name);
  }

  entries(): Iterable<FieldList[number]> {
    return this.#fields.kept();
  }
}

/** What `make` gives; null where it can't make a head that is no larger than one may be. */
function withinHead<T>(make: () => T): T | null {
  try {
    return make();
  } catch (fault) {
    if (fault instanceof RangeError) return null;
    throw fault;
  }
}

/** The upstream has just failed to give this anew. */
export function letRest({ head }: Stored<CachedHead>, nowMs: number): void {
  head.restsUntilMs = nowMs + REST_MS;
}

/** Makes a request ready for fetching what is stored then: with conditions that validate what is there, and no others. */
export function fillingFor(
  walk: Walk,
  place: CachePlace,
  stale: Stored<CachedHead> | null,
  followers: Followers,
): CacheFilling {
  const fields = walk.request.headers as HeaderFields;
  for (const name of CONDITIONS) fields.drop(name);
  // Nor those that a step made of them.
  if (walk.edited !== null) for (const name of CONDITIONS) walk.edited.removeHeader(name);
  if (stale !== null)
    for (const [name, value] of validators(stale)) if (isFieldValue(value)) walk.edits.setHeader(name, value);
  return new CacheFilling(place, followers, walk.context.ports.clock, walk.moment());
}
