/** So many sessions that are not there one network may ask for at once, and then so many a second. */
const BURST = 50;
const PER_SECOND = 10;
/** Networks that are remembered; the one that missed longest ago goes first, and begins anew. */
const NETWORK_LIMIT = 1_024;

interface Spent {
  misses: number;
  atMs: number;
}

/**
 * How often each network has asked for a session that is not there. Ids can not be guessed; but each guess costs the
 * control side a look, of which strangers must not have as many as they like. Times are monotonic.
 */
export class MissBudget {
  readonly #byNetwork = new Map<string, Spent>();

  /** Whether this network must wait. */
  isSpent(network: string, nowMs: number): boolean {
    const spent = this.#byNetwork.get(network);
    return spent !== undefined && missesAt(spent, nowMs) >= BURST;
  }

  /** Notes a session that is not there. */
  spend(network: string, nowMs: number): void {
    const spent = this.#byNetwork.get(network);
    const misses = (spent === undefined ? 0 : missesAt(spent, nowMs)) + 1;
    this.#byNetwork.delete(network);
    this.#byNetwork.set(network, { misses, atMs: nowMs });
    if (this.#byNetwork.size <= NETWORK_LIMIT) return;
    for (const oldest of this.#byNetwork.keys()) {
      this.#byNetwork.delete(oldest);
      break;
    }
  }
}

function missesAt({ misses, atMs }: Spent, nowMs: number): number {
  return Math.max(0, misses - ((nowMs - atMs) / 1_000) * PER_SECOND);
}
