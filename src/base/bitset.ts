/** A fixed set of small whole numbers; permissions and roles are numbered once at compile time and tested by bit. */
export class Bitset {
  /** Signed words of 32 bits. Sets are small and made for each new caller, where typed arrays cost several times as much. */
  readonly #words: readonly number[];

  private constructor(words: readonly number[]) {
    this.#words = words;
  }

  /** A set of the given members, each from 0 up to and not including `size`. */
  static of(size: number, members: Iterable<number>): Bitset {
    const words = new Array<number>((size + 31) >>> 5).fill(0);
    for (const member of members) {
      if (!Number.isInteger(member) || member < 0 || member >= size) throw new RangeError(`no member ${member}`);
      words[member >>> 5] = (words[member >>> 5] as number) | (1 << (member & 31));
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
    const words = this.#words;
    const others = other.#words;
    for (let at = 0; at < others.length; at++) {
      if (((others[at] as number) & ~(words[at] ?? 0)) !== 0) return false;
    }
    return true;
  }

  /** The members of this set that are in `other` too. Where that is all of either, it is that set itself. */
  intersect(other: Bitset): Bitset {
    if (other.includes(this)) return this;
    if (this.includes(other)) return other;
    return new Bitset(this.#words.map((word, at) => word & (other.#words[at] ?? 0)));
  }

  /** The members of this set that are not in `other`. Where that is all, it is this set itself. */
  without(other: Bitset): Bitset {
    const rest = this.#words.map((word, at) => word & ~(other.#words[at] ?? 0));
    return rest.every((word, at) => word === this.#words[at]) ? this : new Bitset(rest);
  }

  /** The members of either set. Where one has them all, it is that set itself. */
  union(other: Bitset): Bitset {
    if (this.includes(other)) return this;
    if (other.includes(this)) return other;
    const [longer, shorter] = this.#words.length < other.#words.length ? [other, this] : [this, other];
    return new Bitset(longer.#words.map((word, at) => word | (shorter.#words[at] ?? 0)));
  }
}
