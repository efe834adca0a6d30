import type { Lease, Leases } from '../../ports/index.ts';
import { createKeyedHash, type KeyedHash } from './keyed-hash.ts';
import {
  LEASE_HOLDERS,
  LEASE_WINDOW_SLOTS,
  type LeaseViews,
  type LimiterMemory,
  viewLeases,
} from './limiter-memory.ts';

/** Marks a tag whose slot is about to be given to another key. */
const RETIRING = 1 << 31;
/** So often others may change a window while a slot is looked for. */
const TRY_LIMIT = 16;

/**
 * Leases of one thread, its `holder` a number below LEASE_HOLDERS that no living thread has besides it. Each key has a
 * count for each holder, and only the holder changes it: what a thread held can be freed when it has died, whatever it
 * was doing. A key with leases is never dropped; a new one that finds no room is refused. Two keys are taken for one
 * with a probability of 2 in 10^8 at 16,384 keys; then both have the room of one. A holder out of range throws a
 * RangeError.
 */
export function createSharedLeases(options: { readonly memory: LimiterMemory; readonly holder: number }): Leases {
  return new SharedLeases(options.memory, checkedHolder(options.holder));
}

/** Frees all that a holder held. Only for one whose thread has ended. */
export function freeLeases(memory: LimiterMemory, holder: number): void {
  const { tags, counts } = viewLeases(memory);
  const column = checkedHolder(holder);
  for (let slot = 0; slot < tags.length; slot++) Atomics.store(counts, slot * LEASE_HOLDERS + column, 0);
}

class SharedLeases implements Leases {
  readonly #views: LeaseViews;
  readonly #holder: number;
  readonly #hash: KeyedHash;

  constructor(memory: LimiterMemory, holder: number) {
    this.#views = viewLeases(memory);
    this.#holder = holder;
    this.#hash = createKeyedHash(memory.hashKey);
    const { used } = this.#views;
    // Columns behind the last one that was ever in use are not looked at.
    for (let most = Atomics.load(used, 0); most <= holder; most = Atomics.load(used, 0)) {
      Atomics.compareExchange(used, 0, most, holder + 1);
    }
  }

  take(key: string, limit: number): Lease | null {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`a limit of ${limit} leases`);
    this.#hash.update(key);
    const { tags, counts } = this.#views;
    // Zero is an empty slot, and the top bit marks one that is retiring.
    const tag = this.#hash.low & ~RETIRING || 1;
    const from = ((this.#hash.high >>> 0) % (tags.length / LEASE_WINDOW_SLOTS)) * LEASE_WINDOW_SLOTS;
    for (let tries = 0; tries < TRY_LIMIT; tries++) {
      const slot = this.#slotOf(from, tag);
      if (slot < 0) return null;
      const own = slot * LEASE_HOLDERS + this.#holder;
      // Counted first and looked at after: whoever gives the slot away does it the other way round, so one sees the other.
      Atomics.add(counts, own, 1);
      if (this.#isKept(slot, tag)) {
        if (this.#heldUnder(from, tag) <= limit) return new SharedLease(counts, own);
        Atomics.sub(counts, own, 1);
        return null;
      }
      Atomics.sub(counts, own, 1);
    }
    return null;
  }

  /** A slot of this key, taken for it if it has none; -1 where there is no room. */
  #slotOf(from: number, tag: number): number {
    const { tags } = this.#views;
    let empty = -1;
    for (let slot = from; slot < from + LEASE_WINDOW_SLOTS; slot++) {
      const found = Atomics.load(tags, slot);
      if ((found & ~RETIRING) === tag) return slot;
      if (found === 0 && empty < 0) empty = slot;
    }
    if (empty >= 0 && Atomics.compareExchange(tags, empty, 0, tag) === 0) return empty;
    for (let slot = from; slot < from + LEASE_WINDOW_SLOTS; slot++) if (this.#replace(slot, tag)) return slot;
    return -1;
  }

  /** Gives the slot of a key without leases to another one. */
  #replace(slot: number, tag: number): boolean {
    const { tags } = this.#views;
    const found = Atomics.load(tags, slot);
    const retiring = found | RETIRING;
    if (found !== retiring && Atomics.compareExchange(tags, slot, found, retiring) !== found) return false;
    if (this.#heldIn(slot) === 0) return Atomics.compareExchange(tags, slot, retiring, tag) === retiring;
    Atomics.compareExchange(tags, slot, retiring, retiring & ~RETIRING);
    return false;
  }

  /** Whether the slot is still this key's; takes it back where somebody was about to give it away. */
  #isKept(slot: number, tag: number): boolean {
    const { tags } = this.#views;
    const found = Atomics.load(tags, slot);
    if (found === tag) return true;
    return found === (tag | RETIRING) && Atomics.compareExchange(tags, slot, found, tag) === found;
  }

  /** All leases of a key: threads that came at the same moment may have taken two slots for it. */
  #heldUnder(from: number, tag: number): number {
    let held = 0;
    for (let slot = from; slot < from + LEASE_WINDOW_SLOTS; slot++) {
      if ((Atomics.load(this.#views.tags, slot) & ~RETIRING) === tag) held += this.#heldIn(slot);
    }
    return held;
  }

  #heldIn(slot: number): number {
    const { counts, used } = this.#views;
    const end = slot * LEASE_HOLDERS + Atomics.load(used, 0);
    let held = 0;
    for (let at = slot * LEASE_HOLDERS; at < end; at++) held += Atomics.load(counts, at);
    return held;
  }
}

class SharedLease implements Lease {
  readonly #counts: Int32Array<SharedArrayBuffer>;
  readonly #at: number;
  #held = true;

  constructor(counts: Int32Array<SharedArrayBuffer>, at: number) {
    this.#counts = counts;
    this.#at = at;
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    Atomics.sub(this.#counts, this.#at, 1);
  }
}

function checkedHolder(holder: number): number {
  if (Number.isInteger(holder) && holder >= 0 && holder < LEASE_HOLDERS) return holder;
  throw new RangeError(`a holder numbered ${holder}`);
}
