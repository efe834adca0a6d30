import { parseAddress } from '../base/index.ts';
import { readNameEntry } from '../lists/index.ts';
import type { Clock, Log, Resolver, ReverseResolver } from '../ports/index.ts';

/** So long names, and their absence, are held: a reverse zone changes seldom, and says no time that a system's resolver tells. */
const NAMED_MS = 600_000;
const NAMELESS_MS = 300_000;
/** Whoever could not be asked is asked again behind this. */
const FAILED_MS = 30_000;
/** More PTR records than this belong to nobody who wants to be known. */
const NAME_LIMIT = 8;
const REMEMBERED = 16_384;
const AT_ONCE = 16;
const WAITING_LIMIT = 256;

/** Names that lead back to an address, and how long that is worth something. */
export interface ConfirmedNames {
  readonly names: readonly string[];
  readonly holdMs: number;
}

/** What looking up takes. */
export interface NameKeeperOptions {
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly reverse: ReverseResolver;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/**
 * Finds out by which names the DNS knows addresses, for all threads. Whoever holds an address says what its PTR records
 * are, so a name counts only where it leads back to the address (RFC 8499 §2, forward-confirmed reverse DNS). One
 * question at a time for each address, and so many at once; beyond that nobody is asked.
 */
export class NameKeeper {
  readonly #options: NameKeeperOptions;
  /** By address, the oldest first. `untilMs` is monotonic. */
  readonly #known = new Map<string, ConfirmedNames & { readonly untilMs: number }>();
  readonly #running = new Map<string, Promise<ConfirmedNames | null>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(options: NameKeeperOptions) {
    this.#options = options;
  }

  /** Null where it can't be found out now. Never rejects. */
  find(address: string): Promise<ConfirmedNames | null> {
    const nowMs = this.#options.clock.monotonic();
    const known = this.#known.get(address);
    if (known !== undefined && known.untilMs > nowMs)
      return Promise.resolve({ names: known.names, holdMs: known.untilMs - nowMs });
    const running = this.#running.get(address) ?? this.#start(address);
    return running;
  }

  #start(address: string): Promise<ConfirmedNames | null> {
    if (this.#busy >= AT_ONCE && this.#waiting.length >= WAITING_LIMIT) return Promise.resolve(null);
    const found = this.#look(address).catch((fault: unknown) => {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      this.#options.log.write('error', 'lists.fault', 'the name of an address could not be looked up', { detail });
      return null;
    });
    this.#running.set(address, found);
    return found.finally(() => this.#running.delete(address));
  }

  async #look(address: string): Promise<ConfirmedNames | null> {
    await this.#turn();
    try {
      const said = await this.#options.reverse.namesOf(address);
      if (!said.ok) return this.#keep(address, { names: [], holdMs: FAILED_MS });
      const names: string[] = [];
      let failed = false;
      for (const written of said.value.slice(0, NAME_LIMIT)) {
        const name = readNameEntry(written);
        if (!name.ok || name.value.startsWith('*')) continue;
        const leads = await this.#leadsTo(name.value, address);
        if (leads === true) names.push(name.value);
        if (leads === null) failed = true;
      }
      const holdMs = failed ? FAILED_MS : names.length > 0 ? NAMED_MS : NAMELESS_MS;
      return this.#keep(address, { names, holdMs });
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  #turn(): Promise<void> {
    this.#busy++;
    if (this.#busy <= AT_ONCE) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Null where the name can't be resolved now. */
  async #leadsTo(name: string, address: string): Promise<boolean | null> {
    const wanted = parseAddress(address);
    const found = await this.#options.resolver.resolve(name);
    if (!wanted.ok) return false;
    if (!found.ok) return null;
    return found.value.some((each) => {
      const parsed = parseAddress(each.address);
      return parsed.ok && Buffer.compare(parsed.value, wanted.value) === 0;
    });
  }

  #keep(address: string, found: ConfirmedNames): ConfirmedNames {
    this.#known.delete(address);
    this.#known.set(address, { ...found, untilMs: this.#options.clock.monotonic() + found.holdMs });
    if (this.#known.size > REMEMBERED) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return found;
  }
}
