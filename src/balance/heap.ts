/**
 * The least of some of the numbers below a fixed count: by its key, and where keys are equal by a second one. Every change
 * takes time in the logarithm of the count, and allocates nothing.
 */
export class IndexedHeap {
  readonly #keys: Float64Array;
  readonly #seconds: Float64Array;
  /** The numbers in the order of the heap; only the first `#size` count. */
  readonly #heap: Uint32Array;
  /** Where in the heap each number is; -1 where it is not. */
  readonly #places: Int32Array;
  #size = 0;
  /** How many pairs were compared so far. */
  comparisons = 0;

  constructor(count: number) {
    this.#keys = new Float64Array(count);
    this.#seconds = new Float64Array(count);
    this.#heap = new Uint32Array(count);
    this.#places = new Int32Array(count).fill(-1);
  }

  /** The least; -1 where there is none. */
  get least(): number {
    return this.#size === 0 ? -1 : (this.#heap[0] as number);
  }

  /** Whether it is among them. */
  has(item: number): boolean {
    return (this.#places[item] as number) >= 0;
  }

  /** Its key, as it was last set. */
  keyOf(item: number): number {
    return this.#keys[item] as number;
  }

  /** Its second key, as it was last set. */
  secondOf(item: number): number {
    return this.#seconds[item] as number;
  }

  /** Takes it in, or gives it other keys. */
  set(item: number, key: number, second: number): void {
    this.#keys[item] = key;
    this.#seconds[item] = second;
    if (!this.has(item)) this.#place(item, this.#size++);
    this.#settle(item);
  }

  /** Takes it out, if it is there. */
  remove(item: number): void {
    const place = this.#places[item] as number;
    if (place < 0) return;
    this.#places[item] = -1;
    this.#size -= 1;
    if (place === this.#size) return;
    const last = this.#heap[this.#size] as number;
    this.#place(last, place);
    this.#settle(last);
  }

  #settle(item: number): void {
    this.#rise(item);
    this.#sink(item);
  }

  #rise(item: number): void {
    let place = this.#places[item] as number;
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1] as number;
      if (!this.#isLess(item, parent)) break;
      this.#place(parent, place);
      place = (place - 1) >> 1;
      this.#place(item, place);
    }
  }

  #sink(item: number): void {
    let place = this.#places[item] as number;
    for (;;) {
      const child = this.#lesserChild(place);
      if (child === -1 || !this.#isLess(this.#heap[child] as number, item)) return;
      this.#place(this.#heap[child] as number, place);
      this.#place(item, child);
      place = child;
    }
  }

  /** The place of the lesser of the two below; -1 where there is none. */
  #lesserChild(place: number): number {
    const left = 2 * place + 1;
    if (left >= this.#size) return -1;
    const right = left + 1;
    return right < this.#size && this.#isLess(this.#heap[right] as number, this.#heap[left] as number) ? right : left;
  }

  #isLess(one: number, other: number): boolean {
    this.comparisons += 1;
    const difference = (this.#keys[one] as number) - (this.#keys[other] as number);
    return difference < 0 || (difference === 0 && (this.#seconds[one] as number) < (this.#seconds[other] as number));
  }

  #place(item: number, place: number): void {
    this.#heap[place] = item;
    this.#places[item] = place;
  }
}
