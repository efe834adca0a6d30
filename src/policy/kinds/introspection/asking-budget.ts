import { networkOf } from '../../../base/index.ts';

/** Tokens that one thread asks a server about at a time, and those of one network among them. */
const AT_A_TIME = 256;
const OF_ONE_NETWORK = 32;

/** Tokens of one network that are no good: so many at once, and so often after that. */
const REFUSALS_AT_ONCE = 100;
const REFUSAL_EVERY_MS = 50;

/** Of more networks than these the one that was refused longest ago is forgotten. */
const NETWORK_LIMIT = 1_000;

/** Why a token is not asked about now: too many are, or this network has brought too many that are no good. */
export type Unaffordable = 'busy' | 'guesses';

/**
 * What tokens that nobody knows may cost one server: they are free to make, and each could cause a call. A network is an
 * IPv4 address or the first 64 bits of an IPv6 address, of which one client has all the rest. Who bears good tokens is
 * asked about as often as it takes.
 */
export class AskingBudget {
  readonly #under = new Map<string, number>();
  /** When a network will have made up for what was refused; generic cell rate algorithm. */
  readonly #paidUpAtMs = new Map<string, number>();
  #running = 0;

  /** Networks that are remembered for what was refused. */
  get size(): number {
    return this.#paidUpAtMs.size;
  }

  /** Takes part in the budget until `end` is called; else says why not. `nowMs` never goes back. */
  begin(address: string, nowMs: number): Asking | Unaffordable {
    const network = networkOf(address);
    const under = this.#under.get(network) ?? 0;
    if (this.#running >= AT_A_TIME || under >= OF_ONE_NETWORK) return 'busy';
    if ((this.#paidUpAtMs.get(network) ?? nowMs) - nowMs > REFUSALS_AT_ONCE * REFUSAL_EVERY_MS) return 'guesses';
    this.#under.set(network, under + 1);
    this.#running++;
    return {
      refused: (atMs) => this.#refused(network, atMs),
      end: () => this.#end(network),
    };
  }

  #refused(network: string, nowMs: number): void {
    const paidUpAtMs = Math.max(this.#paidUpAtMs.get(network) ?? nowMs, nowMs) + REFUSAL_EVERY_MS;
    this.#paidUpAtMs.delete(network);
    this.#paidUpAtMs.set(network, paidUpAtMs);
    for (const oldest of this.#paidUpAtMs.keys()) {
      if (this.#paidUpAtMs.size <= NETWORK_LIMIT) break;
      this.#paidUpAtMs.delete(oldest);
    }
  }

  #end(network: string): void {
    this.#running--;
    const left = (this.#under.get(network) ?? 1) - 1;
    if (left > 0) this.#under.set(network, left);
    else this.#under.delete(network);
  }
}

/** A token that is being asked about. */
export interface Asking {
  /** It is no good. */
  refused(nowMs: number): void;
  end(): void;
}
