/** Bytes that are looked at in about a millisecond. */
const SLICE_BYTES = 262_144;

/**
 * Shares a thread with others: whoever does long work counts it here, as bytes or as what takes as long as so many, and
 * waits for the promise where there is one. One is for all work of a request, so that many small pieces count together.
 */
export class Turns {
  #left = SLICE_BYTES;

  /** Null where there is time left: most calls wait for nothing. */
  spend(bytes: number): Promise<void> | null {
    this.#left -= bytes;
    if (this.#left > 0) return null;
    this.#left = SLICE_BYTES;
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    return promise;
  }
}
