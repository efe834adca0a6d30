import { networkOf } from '../base/index.ts';
import type { Peer } from './message.ts';

/** Whom a call to an upstream is made for: the client of its request. The address says which network that is. */
export type CallClient = Pick<Peer, 'address'>;

/** The networks of clients, so that an address is read once for all requests of a connection. */
const networks = new WeakMap<CallClient, string>();

/** The network of a client: an IPv4 address, or the first 64 bits of one of IPv6. */
export function networkOfClient(client: CallClient): string {
  let network = networks.get(client);
  if (network === undefined) {
    network = networkOf(client.address);
    networks.set(client, network);
  }
  return network;
}

/**
 * Whether a network that holds `held` places may have one more of those that are free. It never holds more than what is
 * free beside it: alone it has half of all at most, the next one half of what that leaves, and so on (dynamic thresholds,
 * Choudhury and Hahne 1998), so there is always something left for one that comes anew. One place everybody may have.
 */
export function mayHoldMore(held: number, free: number): boolean {
  return free > 0 && held < mostToHold(free);
}

/** How many places a network may hold where so many are free. */
export function mostToHold(free: number): number {
  return Math.max(1, free - 1);
}

/**
 * Counts what each client network holds of something that all share. It does so only while more than about half is in use:
 * below that nobody can have too much, and nothing is done for a call.
 */
export class NetworkShares {
  readonly #holders: () => Iterable<CallClient>;
  /** Null while nothing is counted. Those that hold nothing are left out, so there are never more than places. */
  #held: Map<string, number> | null = null;

  /** `holders`: the client of each place that is held, as often as it holds one. */
  constructor(holders: () => Iterable<CallClient>) {
    this.#holders = holders;
  }

  /** Whether enough is in use for places that are given back to matter. */
  get isCounting(): boolean {
    return this.#held !== null;
  }

  /** Whether a client may have one more place, where `used` are held by all and `free` are not. */
  mayTake(client: CallClient, used: number, free: number): boolean {
    if (used < free - 1) return true;
    this.#held ??= this.#counted();
    return mayHoldMore(this.#held.get(networkOfClient(client)) ?? 0, free);
  }

  /** A client has taken a place. */
  took(client: CallClient): void {
    if (this.#held === null) return;
    const network = networkOfClient(client);
    this.#held.set(network, (this.#held.get(network) ?? 0) + 1);
  }

  /** A client has given a place back; `used` and `free` are what that makes. */
  gaveBack(client: CallClient, used: number, free: number): void {
    if (this.#held === null) return;
    // Far enough below half that counting does not begin and end with each call.
    if (2 * used < free) {
      this.#held = null;
      return;
    }
    const network = networkOfClient(client);
    const held = (this.#held.get(network) ?? 0) - 1;
    if (held > 0) this.#held.set(network, held);
    else this.#held.delete(network);
  }

  #counted(): Map<string, number> {
    const held = new Map<string, number>();
    for (const client of this.#holders()) {
      const network = networkOfClient(client);
      held.set(network, (held.get(network) ?? 0) + 1);
    }
    return held;
  }
}
