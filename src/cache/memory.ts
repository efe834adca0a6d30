/** What is held: all of it, and what of that lies on the heap of the thread. The bodies of large replies lie outside. */
export interface HeldBytes {
  readonly bytes: number;
  readonly heapBytes: number;
}

/** One who holds stored bytes and can throw some out. */
export interface Holder {
  readonly held: HeldBytes;
  /** Throws out one entry; false where there is none. */
  evictOne(): boolean;
}

/** A body on its way that stands still, so that others may have its room. */
export interface Yielding {
  /** Its room is another's now: it gives back what it holds, and is not stored. */
  takenBack(): void;
}

/** The share of all memory that may be taken by what isn't whole yet. */
const FILLING_SHARE = 0.5;

/**
 * Bytes that all caches of a thread share. Where there is no room, the cache that holds most gives way, so that none can
 * take the room of the others. What lies on the heap has a bound of its own, since a full heap is a thread's end.
 */
export class CacheMemory {
  readonly limitBytes: number;
  readonly #heapLimitBytes: number;
  readonly #holders = new Set<Holder>();
  readonly #yielding = new Set<Yielding>();
  #stored = 0;
  #heap = 0;
  #filling = 0;

  constructor(limitBytes: number, heapLimitBytes: number) {
    this.limitBytes = limitBytes;
    this.#heapLimitBytes = heapLimitBytes;
  }

  /** What is stored and what is being filled, in bytes. */
  get heldBytes(): number {
    return this.#stored + this.#filling;
  }

  join(holder: Holder): void {
    this.#holders.add(holder);
  }

  leave(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /** Makes room for an entry and takes it; false where there is none. */
  store(entry: HeldBytes): boolean {
    if (!this.#makeRoom(entry)) return false;
    this.#stored += entry.bytes;
    this.#heap += entry.heapBytes;
    return true;
  }

  free({ bytes, heapBytes }: HeldBytes): void {
    this.#stored -= bytes;
    this.#heap -= heapBytes;
  }

  /** Makes room for a body on its way and takes it; false where there is none. It lies outside of the heap. */
  fill(bytes: number): boolean {
    if (bytes > this.limitBytes * FILLING_SHARE) return false;
    for (const still of this.#yielding) {
      if (this.#isFitting(bytes)) break;
      this.#yielding.delete(still);
      still.takenBack();
    }
    if (!this.#isFitting(bytes)) return false;
    if (!this.#makeRoom({ bytes, heapBytes: 0 })) return false;
    this.#filling += bytes;
    return true;
  }

  #isFitting(bytes: number): boolean {
    return this.#filling + bytes <= this.limitBytes * FILLING_SHARE;
  }

  /** Notes a body that stands still; it is taken back where another has no room. */
  yields(still: Yielding): void {
    this.#yielding.add(still);
  }

  /** It moves again, or is over. */
  stays(still: Yielding): void {
    this.#yielding.delete(still);
  }

  endFilling(bytes: number): void {
    this.#filling -= bytes;
  }

  #makeRoom({ bytes, heapBytes }: HeldBytes): boolean {
    if (this.#filling + bytes > this.limitBytes || heapBytes > this.#heapLimitBytes) return false;
    while (this.heldBytes + bytes > this.limitBytes) if (this.#largest('bytes')?.evictOne() !== true) return false;
    while (this.#heap + heapBytes > this.#heapLimitBytes)
      if (this.#largest('heapBytes')?.evictOne() !== true) return false;
    return true;
  }

  #largest(of: keyof HeldBytes): Holder | null {
    let largest: Holder | null = null;
    for (const holder of this.#holders) if (largest === null || holder.held[of] > largest.held[of]) largest = holder;
    return largest;
  }
}
