import { effectiveWeight, type Entry } from './entry.ts';
import { IndexedHeap } from './heap.ts';
import { leastUntried } from './least-untried.ts';
import type { Picker } from './picker.ts';

/**
 * The one that has the fewest requests for its weight. Among those that have equally few, chance decides by weight: each
 * holds a moment that is drawn anew whenever it is asked, at a rate that is its weight, and the earliest comes first.
 */
export class LeastRequestsPicker<E extends Entry> implements Picker<E> {
  readonly #entries: readonly E[];
  readonly #indexOf: ReadonlyMap<E, number>;
  readonly #random: () => number;
  readonly #heap: IndexedHeap;
  readonly #weights: Float64Array;
  /** The moment of the last one that was asked. */
  #moment = 0;
  #isStale = true;

  constructor(entries: readonly E[], random: () => number) {
    this.#entries = entries;
    this.#indexOf = new Map(entries.map((entry, index) => [entry, index]));
    this.#random = random;
    this.#heap = new IndexedHeap(entries.length);
    this.#weights = new Float64Array(entries.length);
  }

  pick(_hash: number, tried: readonly E[]): E | null {
    if (this.#isStale) this.#weigh();
    const index = leastUntried(this.#heap, this.#entries, tried);
    return index === -1 ? null : (this.#entries[index] as E);
  }

  changed(): void {
    this.#isStale = true;
  }

  begun(entry: E): void {
    entry.inFlight += 1;
    const index = this.#indexOf.get(entry);
    if (index === undefined || !this.#heap.has(index)) return;
    this.#moment = Math.max(this.#moment, this.#heap.secondOf(index));
    this.#set(index, this.#drawMoment(index));
  }

  ended(entry: E): void {
    entry.inFlight -= 1;
    const index = this.#indexOf.get(entry);
    if (index !== undefined && this.#heap.has(index)) this.#set(index, this.#heap.secondOf(index));
  }

  #weigh(): void {
    this.#isStale = false;
    for (const [index, entry] of this.#entries.entries()) {
      const weight = effectiveWeight(entry);
      if (weight === this.#weights[index]) continue;
      this.#weights[index] = weight;
      if (weight === 0) this.#heap.remove(index);
      else this.#set(index, this.#drawMoment(index));
    }
  }

  #set(index: number, moment: number): void {
    const { inFlight } = this.#entries[index] as E;
    this.#heap.set(index, inFlight / (this.#weights[index] as number), moment);
  }

  /** What is left to wait is the same for one that has waited already: moments need no drawing for those that lost. */
  #drawMoment(index: number): number {
    return this.#moment - Math.log(1 - this.#random()) / (this.#weights[index] as number);
  }
}
