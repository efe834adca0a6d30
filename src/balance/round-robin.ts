import { effectiveWeight, type Entry } from './entry.ts';
import { IndexedHeap } from './heap.ts';
import { leastUntried } from './least-untried.ts';
import type { Picker } from './picker.ts';

/**
 * Each in turn, by weight, and the turns of one spread over the cycle: whoever is due first is picked (earliest deadline
 * first), and is due again a weight's part of the cycle later. In a cycle of as many picks as the weights' sum each is
 * picked exactly as often as it weighs. Where each begins is chance, so that threads begin with different ones.
 */
export class RoundRobinPicker<E extends Entry> implements Picker<E> {
  readonly #entries: readonly E[];
  /** How much of a turn each waited for when it began to weigh what it does: by chance at first, from 0 to 1. */
  readonly #phases: Float64Array;
  readonly #heap: IndexedHeap;
  /** What each weighs, the cycle in which it began to, and how often it was picked since. */
  readonly #weights: Float64Array;
  readonly #bases: Float64Array;
  readonly #counts: Float64Array;
  /** In cycles: when the last one that was picked was due. */
  #now = 0;
  #isStale = true;

  constructor(entries: readonly E[], random: () => number) {
    this.#entries = entries;
    this.#phases = Float64Array.from(entries, random);
    this.#heap = new IndexedHeap(entries.length);
    this.#weights = new Float64Array(entries.length);
    this.#bases = new Float64Array(entries.length);
    this.#counts = new Float64Array(entries.length);
  }

  pick(_hash: number, tried: readonly E[]): E | null {
    if (this.#isStale) this.#weigh();
    const index = leastUntried(this.#heap, this.#entries, tried);
    if (index === -1) return null;
    this.#now = Math.max(this.#now, this.#heap.keyOf(index));
    this.#counts[index] = (this.#counts[index] as number) + 1;
    // Whole weights begin each cycle at a whole number, so that no rounding adds up.
    if (this.#counts[index] === this.#weights[index]) {
      this.#bases[index] = (this.#bases[index] as number) + 1;
      this.#counts[index] = 0;
    }
    this.#setDue(index);
    return this.#entries[index] as E;
  }

  changed(): void {
    this.#isStale = true;
  }

  begun(entry: E): void {
    entry.inFlight += 1;
  }

  ended(entry: E): void {
    entry.inFlight -= 1;
  }

  #weigh(): void {
    this.#isStale = false;
    for (const [index, entry] of this.#entries.entries()) {
      const weight = effectiveWeight(entry);
      if (weight === this.#weights[index]) continue;
      // Whoever weighs anything again waits for a turn of its own, and catches nothing up. Whoever weighs more or less
      // goes on waiting for the rest of its turn: a share that grows by little is told of again and again.
      const rest = (this.#heap.keyOf(index) - this.#now) * (this.#weights[index] as number);
      if (this.#heap.has(index)) this.#phases[index] = Math.min(1, Math.max(0, rest));
      this.#weights[index] = weight;
      this.#bases[index] = this.#now;
      this.#counts[index] = 0;
      if (weight === 0) this.#heap.remove(index);
      else this.#setDue(index);
    }
  }

  #setDue(index: number): void {
    const turns = (this.#counts[index] as number) + (this.#phases[index] as number);
    this.#heap.set(index, (this.#bases[index] as number) + turns / (this.#weights[index] as number), index);
  }
}
