/** A slot that is held until it is given back. Giving it back again changes nothing. */
export interface Lease {
  release(): void;
}

/**
 * Slots of which only so many may be held at once under one key, counted over all threads: requests in flight of one
 * caller, say. What a thread held is free again when that thread has died.
 */
export interface Leases {
  /**
   * Takes a slot under this key, or null where `limit` are held. Never waits. Never more than `limit` are held; two that
   * ask for the last one at the same moment may both be refused. A limit that is no whole number above zero throws.
   */
  take(key: string, limit: number): Lease | null;
}
