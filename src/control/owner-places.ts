import type { Clock } from '../ports/index.ts';
import { OwnerTurns } from './owner-turns.ts';

/** The part of all calls that one network may have under way. */
const SHARE_OF_ONE = 3 / 8;

/** What all owner services share: calls that are under way, and the turns of each host, however many lookups lead there. */
export class OwnerPlaces {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #limit: number;
  readonly #bySource = new Map<string, number>();
  readonly #turns = new Map<string, OwnerTurns>();
  #taken = 0;

  constructor(limit: number, clock: Pick<Clock, 'after'>) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Takes one for this network, which is to be given back; false where all are taken, or it has its share. */
  take(source: string): boolean {
    const own = this.#bySource.get(source) ?? 0;
    if (this.#taken >= this.#limit || own >= Math.ceil(this.#limit * SHARE_OF_ONE)) return false;
    this.#taken++;
    this.#bySource.set(source, own + 1);
    return true;
  }

  give(source: string): void {
    this.#taken--;
    const left = (this.#bySource.get(source) ?? 1) - 1;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }

  /** The turns of a host. They go on over reloads, as calls do. */
  turnsOf(host: string): OwnerTurns {
    const known = this.#turns.get(host);
    if (known !== undefined) return known;
    const made = new OwnerTurns(this.#clock);
    this.#turns.set(host, made);
    return made;
  }

  /** Forgets the turns of all other hosts. */
  keepHosts(hosts: ReadonlySet<string>): void {
    for (const host of this.#turns.keys()) if (!hosts.has(host)) this.#turns.delete(host);
  }
}
