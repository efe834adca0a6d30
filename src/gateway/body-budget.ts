/**
 * What all bodies that are being collected may hold together, so that many bodies within their own limits can't take the
 * memory of the thread: it is 25 times the default limit of one body.
 */
export const COLLECTED_LIMIT_BYTES = 256 * 1024 * 1024;

/** Counts the bytes of bodies that are being collected, over all requests of a thread. */
export class BodyBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes that are held now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** False where there is no room for so many more. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
