import { err, ok, type Result } from '../base/index.ts';
import { type AddressFamily, type Clock, TARGETS_STALE_AFTER_MS } from '../ports/index.ts';
import type { DnsClient } from './dns-client.ts';
import type { ServiceRecord } from './dns-message.ts';
import { type ResolverSettings, searchNames } from './resolver-file.ts';

/**
 * The addresses of a name. `faults`: what could not be asked for, where what was known before stands in its place;
 * `isFresh`: at least one question was answered.
 */
export interface NameAddresses {
  readonly addresses: readonly string[];
  readonly isFresh: boolean;
  readonly ttlSeconds: number;
  readonly faults: readonly string[];
}

/** The hosts of a service; none where the name has none, or says that there is decidedly no such service. */
export interface NameServices {
  readonly services: readonly ServiceRecord[];
  readonly ttlSeconds: number;
}

/** Names of one look that are remembered for the next. */
const MEMORY_LIMIT = 1_024;

/** What a name had of a type, and when it last said so. */
interface Remembered {
  readonly addresses: readonly string[];
  readonly atMs: number;
}

/**
 * Looks up names, and remembers what each name had: where one of several questions has no answer, what was known of it
 * stands in its place, so that a broken AAAA does not take away what A says. An answer that there is nothing does.
 */
export class NameLookup {
  readonly #client: Pick<DnsClient, 'query'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #before = new Map<string, Remembered>();
  #now = new Map<string, Remembered>();

  constructor(client: Pick<DnsClient, 'query'>, clock: Pick<Clock, 'monotonic'>) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A new look begins: what was not asked for in the one before is forgotten. */
  begin(): void {
    if (this.#now.size > 0) this.#before = this.#now;
    this.#now = new Map();
  }

  /**
   * The addresses of a name, with the endings that are searched: the first name that has any. A name of which nobody can
   * say whether it has is an error: the next one may be something else.
   */
  async addressesOf(
    written: string,
    family: AddressFamily,
    settings: ResolverSettings,
  ): Promise<Result<NameAddresses, string>> {
    let none: NameAddresses = { addresses: [], isFresh: true, ttlSeconds: Number.POSITIVE_INFINITY, faults: [] };
    for (const name of searchNames(written, settings)) {
      const found = await this.#addressesOf(name, family, settings);
      if (!found.ok || found.value.addresses.length > 0) return found;
      none = { ...none, ttlSeconds: Math.min(none.ttlSeconds, found.value.ttlSeconds) };
    }
    return ok(none);
  }

  /** The hosts of a service, in the same way. */
  async servicesOf(written: string, settings: ResolverSettings): Promise<Result<NameServices, string>> {
    let ttlSeconds = Number.POSITIVE_INFINITY;
    for (const name of searchNames(written, settings)) {
      const answer = await this.#client.query(name, 'SRV', settings);
      if (!answer.ok) return answer;
      ttlSeconds = Math.min(ttlSeconds, answer.value.ttlSeconds);
      const { services } = answer.value;
      // A host that is the root: the service is decidedly not there (RFC 2782).
      if (services.length > 0) return ok({ services: services.filter(({ host }) => host !== ''), ttlSeconds });
    }
    return ok({ services: [], ttlSeconds });
  }

  async #addressesOf(
    name: string,
    family: AddressFamily,
    settings: ResolverSettings,
  ): Promise<Result<NameAddresses, string>> {
    const types =
      family === 'any' ? (['A', 'AAAA'] as const) : [family === 'ipv4' ? ('A' as const) : ('AAAA' as const)];
    const answers = await Promise.all(types.map((type) => this.#client.query(name, type, settings)));
    const addresses: string[] = [];
    const faults: string[] = [];
    let ttlSeconds = Number.POSITIVE_INFINITY;
    for (const [at, answer] of answers.entries()) {
      const key = `${types[at]} ${name}`;
      const known = answer.ok
        ? { addresses: answer.value.addresses, atMs: this.#clock.monotonic() }
        : this.#recall(key);
      if (answer.ok) ttlSeconds = Math.min(ttlSeconds, answer.value.ttlSeconds);
      else faults.push(answer.error);
      if (known === null || known.addresses.length === 0) continue;
      if (this.#now.size < MEMORY_LIMIT) this.#now.set(key, known);
      addresses.push(...known.addresses);
    }
    if (faults.length > 0 && addresses.length === 0) return err(faults.join('; '));
    return ok({ addresses, isFresh: faults.length < types.length, ttlSeconds, faults });
  }

  /** What is too old to be true of anything is forgotten. */
  #recall(key: string): Remembered | null {
    const known = this.#before.get(key);
    return known !== undefined && this.#clock.monotonic() - known.atMs <= TARGETS_STALE_AFTER_MS ? known : null;
  }
}
