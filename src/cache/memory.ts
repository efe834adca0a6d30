/** One who holds stored bytes and can throw some out. */
export interface Holder {
  readonly heldBytes: number;
  /** Throws out one entry; false where there is none. */
  evictOne(): boolean;
}

/** The share of all memory that may be taken by what isn't whole yet. */
const FILLING_SHARE = 0.5;

/**
 * Bytes that all caches of a thread share. Where there is no room, the cache that holds most gives way, so that none can
 * take the room of the others.
 */
export class CacheMemory {
  readonly limitBytes: number;
  readonly #holders = new Set<Holder>();
  #stored = 0;
  #filling = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
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
  store(bytes: number): boolean {
    if (!this.#makeRoom(bytes)) return false;
    this.#stored += bytes;
    return true;
  }

  free(bytes: number): void {
    this.#stored -= bytes;
  }

  /** Makes room for a body on its way and takes it; false where there is none. */
  fill(bytes: number): boolean {
    if (this.#filling + bytes > this.limitBytes * FILLING_SHARE || !this.#makeRoom(bytes)) return false;
    this.#filling += bytes;
    return true;
  }

  endFilling(bytes: number): void {
    this.#filling -= bytes;
  }

  #makeRoom(bytes: number): boolean {
    if (this.#filling + bytes > this.limitBytes) return false;
    while (this.heldBytes + bytes > this.limitBytes) if (this.#largest()?.evictOne() !== true) return false;
    return true;
  }

  #largest(): Holder | null {
    let largest: Holder | null = null;
    for (const holder of this.#holders) if (largest === null || holder.heldBytes > largest.heldBytes) largest = holder;
    return largest;
  }
}
