import type { Clock, Collection, Log, Random, Store } from '../../ports/index.ts';
import { ACME_LEASES, type LeaseRecord } from './records.ts';

/** One that has died is replaced after this. Clocks of nodes may differ by a quarter of it. */
const LEASE_MS = 60_000;
const PROLONGED_EVERY_MS = LEASE_MS / 3;

/** What work under a lease may do. */
export interface Guard {
  /** Aborted when the lease is lost: somebody else does the work now. */
  readonly signal: AbortSignal;
  /** Does all of it together; nothing and false where the lease is not ours any more. */
  write(work: (store: Store) => Promise<void>): Promise<boolean>;
}

/** What came of asking for a lease: what the work gave, or until when somebody else has it, wall time in milliseconds. */
export type Held<T> = { readonly held: true; readonly value: T } | { readonly held: false; readonly untilMs: number };

/** The right to order a certificate for a name, of one node at a time. */
export interface NameLeases {
  /** Whether others keep the same names, so that their certificates are to be looked for. */
  readonly isShared: boolean;
  hold<T>(name: string, work: (guard: Guard) => Promise<T>): Promise<Held<T>>;
}

/** For a node that has its store to itself: there is nobody to wait for. */
export function soleNode(store: Store): NameLeases {
  const { signal } = new AbortController();
  const guard: Guard = {
    signal,
    write: async (work) => {
      await store.transaction(work);
      return true;
    },
  };
  return { isShared: false, hold: async (_name, work) => ({ held: true, value: await work(guard) }) };
}

/** What leases in a store that nodes share work with. */
export interface SharedLeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Leases in a store that several nodes have open. Each has a number that grows with every holder, and whatever is written
 * under it is written together with a look at that number: a holder that was thought dead can't write any more.
 */
export function sharedLeases(options: SharedLeaseOptions): NameLeases {
  const bytes = new Uint8Array(16);
  options.random.fill(bytes);
  const holder = Buffer.from(bytes).toString('base64url');
  return {
    isShared: true,
    hold: async (name, work) => {
      const taken = await take(name, holder, options);
      if (!('fence' in taken)) return { held: false, untilMs: taken.untilMs };
      const lease = new Lease(name, taken.fence, options);
      try {
        return { held: true, value: await work(lease) };
      } finally {
        await lease.end();
      }
    },
  };
}

async function take(
  name: string,
  holder: string,
  { store, clock }: SharedLeaseOptions,
): Promise<{ readonly fence: number } | { readonly untilMs: number }> {
  return await store.transaction(async (within) => {
    const leases = within.collection(ACME_LEASES);
    const known = await leases.get(name);
    const nowMs = clock.now();
    // One that ends far ahead was taken under a clock that went wrong, and would never end.
    const isHeld = known !== null && known.untilMs > nowMs && known.untilMs < nowMs + 2 * LEASE_MS;
    if (isHeld) return { untilMs: known.untilMs };
    const fence = (known?.fence ?? 0) + 1;
    await leases.put(name, { holder, untilMs: nowMs + LEASE_MS, fence });
    return { fence };
  });
}

class Lease implements Guard {
  readonly #name: string;
  readonly #fence: number;
  readonly #options: SharedLeaseOptions;
  readonly #lost = new AbortController();
  #ended = false;
  #untilMs: number;
  #timer: { cancel(): void };

  constructor(name: string, fence: number, options: SharedLeaseOptions) {
    this.#name = name;
    this.#fence = fence;
    this.#options = options;
    this.#untilMs = options.clock.monotonic() + LEASE_MS;
    this.#timer = this.#prolongLater();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async write(work: (store: Store) => Promise<void>): Promise<boolean> {
    const written = await this.#options.store.transaction(async (store) => {
      if (!(await this.#isOurs(store.collection(ACME_LEASES)))) return false;
      await work(store);
      return true;
    });
    if (!written) this.#lost.abort();
    return written;
  }

  /** Gives it back. Never rejects: one that is not given back ends by itself. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#timer.cancel();
    try {
      await this.write((store) => this.#put(store, 0));
    } catch (error) {
      this.#say(error);
    }
  }

  #prolongLater(): { cancel(): void } {
    return this.#options.clock.after(PROLONGED_EVERY_MS, () => void this.#prolong());
  }

  async #prolong(): Promise<void> {
    const { clock } = this.#options;
    const fromMs = clock.monotonic();
    try {
      const isOurs = await this.write((store) => this.#put(store, clock.now() + LEASE_MS));
      if (isOurs) this.#untilMs = fromMs + LEASE_MS;
    } catch (error) {
      // A store that can't be written for a moment is tried again as long as it is surely ours.
      this.#say(error);
      if (clock.monotonic() >= this.#untilMs) this.#lost.abort();
    }
    if (!this.#ended && !this.#lost.signal.aborted) this.#timer = this.#prolongLater();
  }

  async #put(store: Store, untilMs: number): Promise<void> {
    const leases = store.collection(ACME_LEASES);
    const known = await leases.get(this.#name);
    if (known !== null) await leases.put(this.#name, { ...known, untilMs });
  }

  async #isOurs(leases: Collection<LeaseRecord>): Promise<boolean> {
    return (await leases.get(this.#name))?.fence === this.#fence;
  }

  #say(error: unknown): void {
    const why = error instanceof Error ? error.message : 'unknown fault';
    this.#options.log.write('warn', 'acme.lease', `the lease of ${this.#name} could not be written: ${why}`);
  }
}
