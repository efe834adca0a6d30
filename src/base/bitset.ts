/** A fixed set of small whole numbers; permissions and roles are numbered once at compile time and tested by bit. */
export class Bitset {
  readonly #words: Uint32Array;

  private constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** A set of the given members, each from 0 up to and not including `size`. */
  static of(size: number, members: Iterable<number>): Bitset {
    const words = new Uint32Array((size + 31) >>> 5);
    for (const member of members) {
      if (!Number.isInteger(member) || member < 0 || member >= size) throw new RangeError(`no member ${member}`);
      words[member >>> 5] = ((words[member >>> 5] as number) | (1 << (member & 31))) >>> 0;
    }
    return new Bitset(words);
  }

  /** Whether `member` is in the set; anything outside its range is not. */
  has(member: number): boolean {
    // Shifts read only 32 bits: without this, 2^32 would pass for 0 and 1.5 for 1.
    const word = member >>> 0 === member ? this.#words[member >>> 5] : undefined;
    return word !== undefined && (word & (1 << (member & 31))) !== 0;
  }

  /** Whether every member of `other` is in this set. */
  includes(other: Bitset): boolean {
    return other.#words.every((word, at) => (word & ~(this.#words[at] ?? 0)) === 0);
  }

  /** The members of this set that are in `other` too. */
  intersect(other: Bitset): Bitset {
    return new Bitset(this.#words.map((word, at) => word & (other.#words[at] ?? 0)));
  }

  /** The members of either set. */
  union(other: Bitset): Bitset {
    const [longer, shorter] = this.#words.length < other.#words.length ? [other, this] : [this, other];
    return new Bitset(longer.#words.map((word, at) => word | (shorter.#words[at] ?? 0)));
  }
}
