import type { Clock } from '../ports/index.ts';
import { type CallClient, mostToHold, networkOfClient } from '../wire/index.ts';

/** What counting goes by. */
export interface UnderWayOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** So many requests may be under way in the thread. */
  readonly limit: number;
  /** The client of each request that is under way. */
  readonly clients: () => Iterable<CallClient>;
}

/** Below this nobody is refused, and nothing is counted. */
const COUNTED_FROM = 0.25;
/** Beyond so much of the limit a network's requests are no sign for others that the thread is full. */
const COUNTED_SHARE = 1 / 16;
/** All are counted at most so often. What begins meanwhile is added, what ends is not taken away. */
const COUNT_MS = 100;

/**
 * Says how full a thread is for a client, by the rule for the queue of an upstream: a network is held to its own share,
 * and one that is greedy does not make the thread full for others (dynamic thresholds, Choudhury and Hahne 1998).
 */
export class UnderWay {
  readonly #options: UnderWayOptions;
  /** By network; null while little is under way. There are never many more than requests that may be. */
  #held: Map<string, number> | null = null;
  #counted = 0;
  #countedAtMs = 0;

  constructor(options: UnderWayOptions) {
    this.#options = options;
  }

  /** How many requests of the limit this client finds under way, where there are so many in all. */
  seenBy(client: CallClient, inFlight: number): number {
    const { limit } = this.#options;
    if (inFlight < limit * COUNTED_FROM) {
      // Far enough below for counting not to begin anew with each request.
      if (inFlight < (limit * COUNTED_FROM) / 2) this.#held = null;
      return inFlight;
    }
    if (inFlight >= limit) return inFlight;
    const held = Math.min(inFlight, this.#counts().get(networkOfClient(client)) ?? 0);
    const ofItsShare = (held / mostToHold(limit - inFlight)) * limit;
    return Math.max(Math.min(inFlight, this.#counted), ofItsShare);
  }

  /** A request of this client is let in. */
  began(client: CallClient): void {
    if (this.#held !== null) this.#add(this.#held, client);
  }

  #counts(): ReadonlyMap<string, number> {
    const { clock, clients } = this.#options;
    const now = clock.monotonic();
    if (this.#held !== null && now - this.#countedAtMs < COUNT_MS) return this.#held;
    const held = new Map<string, number>();
    this.#held = held;
    this.#counted = 0;
    this.#countedAtMs = now;
    for (const client of clients()) this.#add(held, client);
    return held;
  }

  #add(held: Map<string, number>, client: CallClient): void {
    const network = networkOfClient(client);
    const count = (held.get(network) ?? 0) + 1;
    held.set(network, count);
    if (count <= Math.max(1, this.#options.limit * COUNTED_SHARE)) this.#counted++;
  }
}
