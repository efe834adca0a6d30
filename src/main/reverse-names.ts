import { parseAddress } from '../base/index.ts';
import { readNameEntry } from '../lists/index.ts';
import type { Clock, Log, ReverseResolver } from '../ports/index.ts';

/** So long names, and their absence, are held: a reverse zone changes seldom, and says no time that a system's resolver tells. */
const NAMED_MS = 600_000;
const NAMELESS_MS = 300_000;
/** Whoever could not be asked is asked again behind this. */
const FAILED_MS = 30_000;
/** What was confirmed stays for so long while nobody can say whether it still is. */
const STALE_MS = 3_600_000;
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
  readonly reverse: ReverseResolver;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

interface Known extends ConfirmedNames {
  /** Until then nobody is asked, and from then on the names were confirmed; both monotonic. */
  readonly untilMs: number;
  readonly confirmedMs: number;
}

/**
 * Finds out by which names the DNS knows addresses, for all threads. Whoever holds an address says what its PTR records
 * are, so a name counts only where it leads back to the address (RFC 8499 §2, forward-confirmed reverse DNS). One
 * question at a time for each address, and so many at once; beyond that nobody is asked.
 */
export class NameKeeper {
  readonly #options: NameKeeperOptions;
  /** By address, the oldest first. */
  readonly #known = new Map<string, Known>();
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
      const nowMs = this.#options.clock.monotonic();
      const known = this.#known.get(address);
      const before = known !== undefined && nowMs - known.confirmedMs <= STALE_MS ? known : null;
      const said = await this.#options.reverse.namesOf(address);
      if (!said.ok) return this.#keep(address, before?.names ?? [], { holdMs: FAILED_MS, before });
      // Together: each may be of a zone that takes its time.
      const found = await Promise.all(said.value.slice(0, NAME_LIMIT).map((name) => this.#judge(name, address)));
      const names = found.flatMap(({ name, leads }) =>
        (leads ?? before?.names.includes(name) === true) ? [name] : [],
      );
      if (found.some(({ leads }) => leads === null)) return this.#keep(address, names, { holdMs: FAILED_MS, before });
      return this.#keep(address, names, { holdMs: names.length > 0 ? NAMED_MS : NAMELESS_MS, before: null });
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

  /** Whether a name leads back to the address; `leads` is null where nobody can say now. */
  async #judge(written: string, address: string): Promise<{ readonly name: string; readonly leads: boolean | null }> {
    const name = readNameEntry(written);
    const wanted = parseAddress(address);
    if (!name.ok || name.value.startsWith('*') || !wanted.ok) return { name: written, leads: false };
    const found = await this.#options.reverse.addressesOf(name.value, wanted.value.length === 4 ? 4 : 6);
    if (!found.ok) return { name: name.value, leads: null };
    const leads = found.value.some((each) => {
      const parsed = parseAddress(each);
      return parsed.ok && Buffer.compare(parsed.value, wanted.value) === 0;
    });
    return { name: name.value, leads };
  }

  /** `before`: what was known, where these names are not all confirmed anew. */
  #keep(
    address: string,
    names: readonly string[],
    { holdMs, before }: { readonly holdMs: number; readonly before: Known | null },
  ): ConfirmedNames {
    const nowMs = this.#options.clock.monotonic();
    this.#known.delete(address);
    this.#known.set(address, { names, holdMs, untilMs: nowMs + holdMs, confirmedMs: before?.confirmedMs ?? nowMs });
    if (this.#known.size > REMEMBERED) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return { names, holdMs };
  }
}
