import { networkOf } from '../base/index.ts';

/** The key of the alert for networks beyond those that have alerts of their own. */
export const MANY_NETWORKS = 'many';

/** So many networks have an alert of their own in ten minutes: more than an operator would look at one by one. */
const NAMED_LIMIT = 100;
const NAMED_MS = 600_000;

/** Says under which key an address is told of, so that clients can't flood the alerts by their addresses. */
export class NamedNetworks {
  /** When each was named, the oldest first. */
  readonly #since = new Map<string, number>();

  /**
   * The address's network, or `many` where a hundred others have been named in the last ten minutes. `nowMs` is
   * monotonic.
   */
  keyOf(address: string, nowMs: number): string {
    for (const [oldest, sinceMs] of this.#since) {
      if (nowMs - sinceMs < NAMED_MS) break;
      this.#since.delete(oldest);
    }
    const network = networkOf(address);
    if (this.#since.has(network)) return network;
    if (this.#since.size >= NAMED_LIMIT) return MANY_NETWORKS;
    this.#since.set(network, nowMs);
    return network;
  }
}
