import { type CallClient, networkOfClient } from '../wire/index.ts';

/**
 * What all bodies that are being collected may hold together, so that many bodies within their own limits can't take the
 * memory of the thread: it is 25 times the default limit of one body.
 */
export const COLLECTED_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * Counts the bytes of bodies that are being collected, over all requests of a thread, so that no client takes the room
 * of the others. A network never holds more than what is free beside it: alone it has half of all at most, the next one
 * half of what that leaves, and so on (dynamic thresholds, Choudhury and Hahne 1998). The largest single body is
 * therefore half of the limit.
 */
export class BodyBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;
  /** What each network holds. Those that hold nothing are left out, so there are never more than requests and connections. */
  readonly #held = new Map<string, number>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes that are held now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Networks that hold something now. */
  get networks(): number {
    return this.#held.size;
  }

  /** False where there is no room for so many more. */
  take(holder: CallClient, bytes: number): boolean {
    if (bytes === 0) return true;
    const network = networkOfClient(holder);
    const held = (this.#held.get(network) ?? 0) + bytes;
    const used = this.#usedBytes + bytes;
    if (held > this.#limitBytes - used) return false;
    this.#held.set(network, held);
    this.#usedBytes = used;
    return true;
  }

  /** Gives back what the same holder took. */
  giveBack(holder: CallClient, bytes: number): void {
    const network = networkOfClient(holder);
    const held = (this.#held.get(network) ?? 0) - bytes;
    if (held > 0) this.#held.set(network, held);
    else this.#held.delete(network);
    this.#usedBytes -= bytes;
  }
}
