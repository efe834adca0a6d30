import { Queues } from './eviction.ts';
import { type Entry, Place } from './entry.ts';
import type { CacheMemory, HeldBytes, Holder } from './memory.ts';
import type { CacheKey, FieldValues, StoredHead } from './types.ts';
import { isSelected, steeringText } from './vary.ts';

/** Replies kept for one key, each for other request fields. More than this, and the one stored first goes. */
const VARIANTS_LIMIT = 32;

/** The entries of one cache: found by place and rest, bounded in bytes. */
export class EntryStore<H extends StoredHead> implements Holder {
  readonly #memory: CacheMemory;
  readonly #limitBytes: number;
  /** By whole key, the entries for different request fields in the order in which they were stored. */
  #variants = new Map<string, Entry<H>[]>();
  readonly #places = new Map<string, Place>();
  #queues = new Queues<Entry<H>>();
  /** Entries thrown out for want of room. */
  evictions = 0;

  constructor(memory: CacheMemory, limitBytes: number) {
    this.#memory = memory;
    this.#limitBytes = Math.min(limitBytes, memory.limitBytes);
  }

  get held(): HeldBytes {
    const { bytes, heapBytes } = this.#queues;
    return { bytes, heapBytes };
  }

  get count(): number {
    return this.#queues.count;
  }

  /** All entries of a key that are good; undefined where there is none. */
  variants({ whole }: CacheKey): readonly Entry<H>[] | undefined {
    const variants = this.#variants.get(whole);
    if (variants === undefined) return undefined;
    for (const entry of variants) if (entry.isDead) return this.#living(whole, variants);
    return variants;
  }

  #living(whole: string, variants: readonly Entry<H>[]): readonly Entry<H>[] | undefined {
    for (const entry of variants.filter(({ isDead }) => isDead)) this.remove(entry);
    return this.#variants.get(whole);
  }

  /** Of several that answer the request the one that was made last (RFC 9111 §4); null where none does. */
  select(variants: readonly Entry<H>[], fields: FieldValues): Entry<H> | null {
    const steering = steeringText(fields);
    let found: Entry<H> | null = null;
    for (const entry of variants) {
      const { selection, dateMs } = entry.usage;
      if (isSelected(selection, fields, steering) && (found === null || dateMs >= found.usage.dateMs)) found = entry;
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
  put(entry: Entry<H>, fields: FieldValues): 'superseded' | 'no-room' | null {
    const steering = steeringText(fields);
    const same = (this.variants(entry.key) ?? []).filter(({ usage }) => isSelected(usage.selection, fields, steering));
    if (same.some(({ usage }) => usage.requestedAtMs > entry.usage.requestedAtMs)) return 'superseded';
    for (const other of same) this.remove(other);
    if (entry.bytes > this.#limitBytes) return 'no-room';
    while (this.#queues.bytes + entry.bytes > this.#limitBytes) if (!this.evictOne()) return 'no-room';
    if (!this.#memory.store(entry)) return 'no-room';
    if (this.#queues.count === 0) this.#memory.join(this);
    this.#queues.add(entry);
    this.#file(entry);
    return null;
  }

  #file(entry: Entry<H>): void {
    const { key } = entry;
    let place = this.#places.get(key.place);
    if (place === undefined) this.#places.set(key.place, (place = new Place()));
    place.entries += 1;
    entry.settle(place);
    const variants = this.#variants.get(key.whole);
    if (variants === undefined) this.#variants.set(key.whole, [entry]);
    else {
      variants.push(entry);
      if (variants.length > VARIANTS_LIMIT) this.#discard(variants[0] as Entry<H>);
    }
  }

  #discard(entry: Entry<H>): void {
    this.evictions += 1;
    this.remove(entry);
  }

  /** Takes an entry out, if it is still there. */
  remove(entry: Entry<H>): void {
    const variants = this.#variants.get(entry.key.whole);
    const at = variants === undefined ? -1 : variants.indexOf(entry);
    if (variants === undefined || at < 0) return;
    variants.splice(at, 1);
    if (variants.length === 0) this.#variants.delete(entry.key.whole);
    this.#leavePlace(entry.key.place);
    this.#queues.remove(entry);
    this.#memory.free(entry);
    if (this.#queues.count === 0) this.#memory.leave(this);
  }

  #leavePlace(name: string): void {
    const place = this.#places.get(name);
    if (place === undefined) return;
    place.entries -= 1;
    if (place.entries === 0) this.#places.delete(name);
  }

  evictOne(): boolean {
    const entry = this.#queues.victim();
    if (entry === null) return false;
    this.#queues.remember(entry);
    this.#discard(entry);
    return true;
  }

  /** Declares all that lies at a place no good, however much that is. It is thrown out when somebody comes across it. */
  spoil(place: string): void {
    const found = this.#places.get(place);
    if (found !== undefined) found.generation += 1;
  }

  /** Throws out everything at once. */
  clear(): void {
    this.#memory.free(this.held);
    this.#memory.leave(this);
    this.#variants = new Map();
    this.#places.clear();
    this.#queues = new Queues();
  }
}
