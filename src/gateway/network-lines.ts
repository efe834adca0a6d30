import type { Clock } from '../ports/index.ts';
import { NamedNetworks } from './named-networks.ts';

/** What a network does for one reason is one line of the log in so long; the next one says how many there were. */
const HUSH_MS = 60_000;
/** As many as a hundred networks make with ten reasons each; beyond it the oldest are told anew. */
const KEPT_LINES = 1_000;

/** What was told of a network and a reason, and how often it has come since. */
interface Told {
  readonly atMs: number;
  since: number;
}

/** What a line says: the network, or `many` beyond a hundred in ten minutes, and how often it came since the last line. */
export interface NetworkLine {
  readonly network: string;
  readonly times: number;
}

/** Says what of the many things that networks do becomes a line of the log, so that nobody fills it. */
export class NetworkLines {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #networks = new NamedNetworks();
  /** By network and reason, the oldest first. */
  readonly #told = new Map<string, Told>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The line that this is worth; null where it is only counted. */
  lineOf(reason: string, address: string): NetworkLine | null {
    const nowMs = this.#clock.monotonic();
    const network = this.#networks.keyOf(address, nowMs);
    const key = `${reason} ${network}`;
    const told = this.#told.get(key);
    if (told !== undefined && nowMs - told.atMs < HUSH_MS) {
      told.since++;
      return null;
    }
    this.#note(key, nowMs);
    return { network, times: 1 + (told?.since ?? 0) };
  }

  #note(key: string, atMs: number): void {
    this.#told.delete(key);
    this.#told.set(key, { atMs, since: 0 });
    if (this.#told.size <= KEPT_LINES) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }
}
