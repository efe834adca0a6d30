/** A link of a queue. Kept by `Queues` alone, but for its sizes and `hash`, which never change. */
export interface Link<N> {
  readonly bytes: number;
  readonly heapBytes: number;
  /** Of what it is found by: what comes back soon after it was thrown out is known by it. */
  readonly hash: number;
  /** Whether nobody has a use for it any more, so that it goes as soon as it is looked at. */
  readonly isDead: boolean;
  /** How often it was used since it was last looked at, up to `USES_LIMIT`. */
  uses: number;
  queue: 'none' | 'new' | 'proven';
  newer: N | null;
  older: N | null;
}

const USES_LIMIT = 3;
/** The share of all bytes that is on probation: what is used but once never takes the room of more than that. */
const NEW_SHARE = 0.1;
/** So many are put back at most before one is thrown out all the same: eviction never walks all there is. */
const REPRIEVES_LIMIT = 64;
const REMEMBERED_LIMIT = 65_536;

/** A queue by age, whose links can be taken out anywhere. */
class Queue<N extends Link<N>> {
  readonly #name: 'new' | 'proven';
  #newest: N | null = null;
  oldest: N | null = null;
  bytes = 0;
  heapBytes = 0;

  constructor(name: 'new' | 'proven') {
    this.#name = name;
  }

  add(link: N): void {
    link.queue = this.#name;
    link.older = this.#newest;
    if (this.#newest === null) this.oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
    this.bytes += link.bytes;
    this.heapBytes += link.heapBytes;
  }

  remove(link: N): void {
    if (link.older === null) this.oldest = link.newer;
    else link.older.newer = link.newer;
    if (link.newer === null) this.#newest = link.older;
    else link.newer.older = link.older;
    link.newer = null;
    link.older = null;
    link.queue = 'none';
    this.bytes -= link.bytes;
    this.heapBytes -= link.heapBytes;
  }
}

/**
 * Which entry goes when there is no room: S3-FIFO (Yang and others, "FIFO queues are all you need for cache eviction",
 * SOSP 2023). New entries stand in a small queue, and those used again there go on to the large one; so a walk through
 * everything once throws out nothing that is used. A use costs one increment.
 */
export class Queues<N extends Link<N>> {
  readonly #new = new Queue<N>('new');
  readonly #proven = new Queue<N>('proven');
  /** Hashes of what was thrown out of the small queue, the oldest first. */
  readonly #remembered = new Set<number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#new.bytes + this.#proven.bytes;
  }

  get heapBytes(): number {
    return this.#new.heapBytes + this.#proven.heapBytes;
  }

  add(link: N): void {
    this.#count += 1;
    link.uses = 0;
    if (this.#remembered.delete(link.hash)) this.#proven.add(link);
    else this.#new.add(link);
  }

  remove(link: N): void {
    if (link.queue === 'none') return;
    this.#count -= 1;
    (link.queue === 'new' ? this.#new : this.#proven).remove(link);
  }

  /** Notes that an entry was used. */
  used(link: N): void {
    if (link.uses < USES_LIMIT) link.uses += 1;
  }

  /** The next to go, which stays where it is; null where there is none. */
  victim(): N | null {
    for (let reprieves = 0; reprieves < REPRIEVES_LIMIT; reprieves++) {
      const link = this.#oldest();
      if (link === null || link.uses === 0 || link.isDead) return link;
      const isNew = link.queue === 'new';
      (isNew ? this.#new : this.#proven).remove(link);
      link.uses = isNew ? 0 : link.uses - 1;
      this.#proven.add(link);
    }
    return this.#oldest();
  }

  /** To be told of one that is thrown out for want of room: if it had no chance to prove itself, it is remembered. */
  remember({ queue, hash, isDead }: N): void {
    if (queue !== 'new' || isDead) return;
    this.#remembered.add(hash);
    const most = Math.min(REMEMBERED_LIMIT, Math.max(16, this.#count));
    for (const first of this.#remembered) {
      if (this.#remembered.size <= most) return;
      this.#remembered.delete(first);
    }
  }

  #oldest(): N | null {
    const { oldest } = this.#proven;
    if (this.#new.oldest === null) return oldest;
    return oldest === null || this.#new.bytes > this.bytes * NEW_SHARE ? this.#new.oldest : oldest;
  }
}
