import type { MemoryShare, Peer } from '../message.ts';
import type { Http2Bounds } from './protocol.ts';

/**
 * What one connection holds for its client, by bytes: some of it is free, what goes beyond comes out of the share that
 * all connections have. So a client can't make many small frames into much memory, nor take the room of the others.
 */
export class ConnectionMemory {
  readonly #share: MemoryShare;
  readonly #peer: Peer;
  readonly #bounds: Pick<Http2Bounds, 'freeBytes' | 'shareBytes'>;
  #taken = 0;

  constructor(share: MemoryShare, peer: Peer, bounds: Pick<Http2Bounds, 'freeBytes' | 'shareBytes'>) {
    this.#share = share;
    this.#peer = peer;
    this.#bounds = bounds;
  }

  /** Whether the connection may hold so many bytes in all; takes what that needs, in large steps. */
  covers(bytes: number): boolean {
    const missing = bytes - this.#bounds.freeBytes - this.#taken;
    if (missing <= 0) return true;
    const { shareBytes } = this.#bounds;
    const more = Math.ceil(missing / shareBytes) * shareBytes;
    if (!this.#share.take(this.#peer, more)) return false;
    this.#taken += more;
    return true;
  }

  /** Gives back what holding so many bytes in all does not need. */
  settle(bytes: number): void {
    if (this.#taken === 0) return;
    const { freeBytes, shareBytes } = this.#bounds;
    const needed = Math.max(0, Math.ceil((bytes - freeBytes) / shareBytes) * shareBytes);
    if (needed >= this.#taken) return;
    this.#share.giveBack(this.#peer, this.#taken - needed);
    this.#taken = needed;
  }
}
