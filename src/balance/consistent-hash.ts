import { effectiveWeight, type Entry } from './entry.ts';
import { hashText, mixBits } from './hash-text.ts';
import { maglevTable, TABLE_SIZE } from './maglev-table.ts';
import type { Picker } from './picker.ts';

/** Slots that are looked at for one that can be used, before all entries are. */
const STEPS = 32;
/** Added to a hash for each further slot: odd, and about 2^32 over the golden ratio. */
const STEP = 0x9e3779b9;
/** A target takes this many times its share of what is under way, and no more while others can be asked. */
const LOAD_FACTOR = 1.5;
/** And at least as many at once, so that a quiet gateway never moves a key. */
const LEAST_LOAD = 32;

/**
 * The same hash goes to the same entry as long as that can be used. What can't be used is passed by, so that only its own
 * keys move, and they come back. One whose share is below 1 gets that part of its keys. One that has far more requests
 * than its weight's share is passed by as well (consistent hashing with bounded loads), and asked only where all others are
 * no better.
 */
export class ConsistentHashPicker<E extends Entry> implements Picker<E> {
  readonly #entries: readonly E[];
  readonly #members: ReadonlySet<E>;
  /** Made for the first pick: an upstream that nobody asks needs none. */
  #table: Uint16Array | null = null;
  /** Of all entries together. */
  #inFlight: number;
  #weight = 0;
  #isStale = true;

  constructor(entries: readonly E[]) {
    this.#entries = entries;
    this.#members = new Set(entries);
    this.#inFlight = entries.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  pick(hash: number, tried: readonly E[]): E | null {
    if (this.#isStale) this.#weigh();
    if (!(this.#weight > 0)) return null;
    const table = (this.#table ??= maglevTable(this.#entries));
    let full: E | null = null;
    let bits = hash;
    for (let steps = 0; steps < STEPS; steps++) {
      const entry = this.#entries[table[mixBits(bits) % TABLE_SIZE] as number] as E;
      bits = (bits + STEP) | 0;
      if (!takesPart(entry, mixBits(~bits)) || tried.includes(entry)) continue;
      if (!this.#isFull(entry)) return entry;
      full ??= entry;
    }
    return full ?? this.#walk(hash, tried);
  }

  changed(): void {
    this.#isStale = true;
  }

  begun(entry: E): void {
    entry.inFlight += 1;
    if (this.#members.has(entry)) this.#inFlight += 1;
  }

  ended(entry: E): void {
    entry.inFlight -= 1;
    if (this.#members.has(entry)) this.#inFlight -= 1;
  }

  #weigh(): void {
    this.#isStale = false;
    this.#weight = this.#entries.reduce((sum, entry) => sum + effectiveWeight(entry), 0);
  }

  #isFull(entry: E): boolean {
    if (entry.inFlight < LEAST_LOAD) return false;
    return entry.inFlight >= (LOAD_FACTOR * this.#inFlight * effectiveWeight(entry)) / this.#weight;
  }

  /** Nearly all of the table can't be used: the heaviest in rank of what is left, by this hash (rendezvous hashing). */
  #walk(hash: number, tried: readonly E[]): E | null {
    const usable = this.#entries.filter((entry) => entry.share > 0 && !tried.includes(entry));
    let found: E | null = null;
    let best = Number.POSITIVE_INFINITY;
    for (const entry of usable) {
      const rank = -Math.log((hashText(entry.name, hash) + 1) / 2 ** 32) / effectiveWeight(entry);
      if (rank < best) [found, best] = [entry, rank];
    }
    return found;
  }
}

/** Whether this slot is of the part that an entry gets; the same slots stay its own while the part grows. */
function takesPart({ share }: Entry, bits: number): boolean {
  return share >= 1 || (share > 0 && bits < share * 2 ** 32);
}
