import { Queues } from './eviction.ts';
import type { Entry } from './entry.ts';
import type { CacheMemory, Holder } from './memory.ts';
import type { CacheKey, Fields, StoredHead } from './types.ts';
import { isSelected, steeringText } from './vary.ts';

/** Replies kept for one key, each for other request fields. More than this, and the one stored first goes. */
const VARIANTS_LIMIT = 32;

/** The entries of one cache: found by place and rest, bounded in bytes. */
export class EntryStore<H extends StoredHead> implements Holder {
  readonly #memory: CacheMemory;
  readonly #limitBytes: number;
  /** By whole key, the entries for different request fields in the order in which they were stored. */
  readonly #variants = new Map<string, Entry<H>[]>();
  /** By place, the whole keys that lie there. */
  readonly #places = new Map<string, Set<string>>();
  readonly #queues = new Queues<Entry<H>>();
  /** Entries thrown out for want of room. */
  evictions = 0;

  constructor(memory: CacheMemory, limitBytes: number) {
    this.#memory = memory;
    this.#limitBytes = Math.min(limitBytes, memory.limitBytes);
  }

  get heldBytes(): number {
    return this.#queues.bytes;
  }

  get count(): number {
    return this.#queues.count;
  }

  /** All entries of a key; undefined where there is none. */
  variants({ whole }: CacheKey): readonly Entry<H>[] | undefined {
    return this.#variants.get(whole);
  }

  /** Of several that answer the request the one that was made last (RFC 9111 §4); null where none does. */
  select(variants: readonly Entry<H>[], fields: Fields): Entry<H> | null {
    const steering = steeringText(fields);
    let found: Entry<H> | null = null;
    for (const entry of variants) {
      if (isSelected(entry.selection, fields, steering) && (found === null || entry.dateMs >= found.dateMs))
        found = entry;
    }
    return found;
  }

  used(entry: Entry<H>): void {
    this.#queues.used(entry);
  }

  /**
   * Puts an entry in the place of all that answered the same request. Gives why not where it doesn't: there is no room,
   * or one that was asked for later came before it.
   */
  put(entry: Entry<H>, fields: Fields): 'superseded' | 'no-room' | null {
    const steering = steeringText(fields);
    const same = (this.variants(entry.key) ?? []).filter(({ selection }) => isSelected(selection, fields, steering));
    if (same.some(({ usage }) => usage.requestedAtMs > entry.usage.requestedAtMs)) return 'superseded';
    for (const other of same) this.remove(other);
    if (entry.bytes > this.#limitBytes) return 'no-room';
    while (this.heldBytes + entry.bytes > this.#limitBytes) if (!this.evictOne()) return 'no-room';
    if (!this.#memory.store(entry.bytes)) return 'no-room';
    if (this.#queues.count === 0) this.#memory.join(this);
    this.#queues.add(entry);
    this.#file(entry);
    return null;
  }

  #file(entry: Entry<H>): void {
    const { place, whole } = entry.key;
    const variants = this.#variants.get(whole);
    if (variants !== undefined) {
      variants.push(entry);
      if (variants.length > VARIANTS_LIMIT) this.#discard(variants[0] as Entry<H>);
      return;
    }
    this.#variants.set(whole, [entry]);
    const keys = this.#places.get(place);
    if (keys === undefined) this.#places.set(place, new Set([whole]));
    else keys.add(whole);
  }

  #discard(entry: Entry<H>): void {
    this.evictions += 1;
    this.remove(entry);
  }

  /** Takes an entry out, if it is still there. */
  remove(entry: Entry<H>): void {
    if (entry.queue === 'none') return;
    this.#queues.remove(entry);
    this.#memory.free(entry.bytes);
    this.#unfile(entry);
    if (this.#queues.count === 0) this.#memory.leave(this);
  }

  #unfile(entry: Entry<H>): void {
    const { place, whole } = entry.key;
    const variants = this.#variants.get(whole);
    if (variants === undefined) return;
    variants.splice(variants.indexOf(entry), 1);
    if (variants.length > 0) return;
    this.#variants.delete(whole);
    const keys = this.#places.get(place);
    keys?.delete(whole);
    if (keys?.size === 0) this.#places.delete(place);
  }

  evictOne(): boolean {
    const entry = this.#queues.victim();
    if (entry === null) return false;
    this.#queues.remember(entry);
    this.#discard(entry);
    return true;
  }

  /** Throws out all that lies at a place; how many. */
  removePlace(place: string): number {
    const entries = [...(this.#places.get(place) ?? [])].flatMap((whole) => this.#variants.get(whole) ?? []);
    for (const entry of entries) this.remove(entry);
    return entries.length;
  }

  clear(): void {
    for (const place of this.#places.keys()) this.removePlace(place);
  }
}
