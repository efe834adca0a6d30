import type { Egress, Tables } from '../ports/index.ts';
import { FetchBudget } from './issuer-keys-budget.ts';
import type { IssuerSource } from './issuer-source.ts';
import { type HeldKeys, type IssuerKeysStatus, type KeeperPorts, KeyKeeper } from './issuer-keys-keeper.ts';
import { type KeyRow, KEYS_STALE_AFTER_MS, keyTable } from './key-row.ts';

/** What the keeping of all issuers' keys needs. Nothing else may replace these tables. */
export interface IssuerKeysOptions extends KeeperPorts {
  readonly tables: Pick<Tables, 'declare' | 'read' | 'replace'>;
}

/** A configuration waits no longer than this for the keys of its issuers. */
const FILL_LIMIT_MS = 5_000;
/** A request waits no longer than this for newer keys. */
const WAIT_LIMIT_MS = 2_000;
/** Requests that wait at once, of all issuers: each holds memory, and tokens with unknown keys cost a client nothing. */
const WAITING_LIMIT = 1_000;
/** Calls at once: the way out is shared, and a configuration may have hundreds of issuers. */
const CALL_LIMIT = 16;
/** Issuers of earlier configurations whose keys are remembered, for one that is refused is followed by the one before. */
const RESTING_LIMIT = 64;

/**
 * The issuers' keys on the control side: keeps the live table of each issuer filled, and fetches at once where a
 * request has a key that is not there, within budgets. What cannot be fetched is an alert, and the keys known so far
 * stay in the table with the time of their fetch, by which the reader judges whether they are too old.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #active = new Map<string, KeyKeeper>();
  readonly #resting = new Map<string, KeyKeeper>();
  /** Keys from an earlier run, for issuers that have not been kept yet. */
  readonly #restored = new Map<string, HeldKeys>();
  readonly #budget = new FetchBudget();
  #waiting = 0;
  #closed = false;

  constructor(options: IssuerKeysOptions) {
    this.#options = { ...options, egress: takingTurns(options.egress) };
  }

  /**
   * Keeps the keys of these issuers too. Resolves when the table of each is filled, after five seconds at most: one
   * whose keys could not be had by then is filled with no rows, at 0. Issuers whose keys are kept already are not waited
   * for. Gives those that are new and have no keys.
   */
  async fill(issuers: readonly IssuerSource[]): Promise<readonly IssuerSource[]> {
    if (this.#closed) return [];
    const begun = issuers.filter((source) => !this.#active.has(idOf(source))).map((source) => this.#wake(source));
    if (begun.length === 0) return [];
    await this.#within(FILL_LIMIT_MS, Promise.all(begun.map((keeper) => keeper.start())));
    for (const keeper of begun) keeper.settle();
    return begun.filter((keeper) => keeper.status().keys === 0).map(({ source }) => source);
  }

  /** From now on only the keys of these issuers are kept; those of others are remembered for a while, and left alone. */
  retain(issuers: readonly IssuerSource[]): void {
    for (const source of issuers) this.#active.get(idOf(source))?.follow(source);
    const wanted = new Set(issuers.map(idOf));
    for (const [id, keeper] of this.#active) if (!wanted.has(id)) this.#rest(id, keeper);
  }

  /**
   * Newer keys of an issuer, for a request from `source` with a key that is not in the table. Resolves, within two
   * seconds, when the table is as new as it will get; null where nothing can be fetched now: an unknown issuer, a spent
   * budget, or too many that wait already. While a fetch is under way, asking costs no budget.
   */
  want(issuer: string, source: string): Promise<void> | null {
    const keeper = this.#called(issuer);
    if (this.#closed || keeper === undefined || this.#waiting >= WAITING_LIMIT) return null;
    const nowMs = this.#options.clock.monotonic();
    if (keeper.running === null && !this.#budget.take(issuer, source, nowMs)) return null;
    this.#waiting++;
    return this.#within(WAIT_LIMIT_MS, keeper.refresh()).finally(() => {
      this.#waiting--;
    });
  }

  /**
   * Takes keys that an earlier run has fetched, for issuers that are not kept yet: they serve until newer ones are had,
   * or they are a day old. What is too old, or from a time to come, is left.
   */
  restore(held: readonly HeldKeys[]): void {
    const nowMs = this.#options.clock.now();
    for (const keys of held) {
      const ageMs = nowMs - keys.atMs;
      if (ageMs >= 0 && ageMs <= KEYS_STALE_AFTER_MS) this.#restored.set(keys.table, keys);
    }
  }

  /** The keys of each issuer that has any, as they were last fetched. */
  held(): readonly HeldKeys[] {
    return [...this.#active].flatMap(([table, { held }]) => (held === null ? [] : [{ table, ...held }]));
  }

  /** How the keys of each issuer are, by name. */
  status(): readonly IssuerKeysStatus[] {
    return [...this.#active.values()]
      .map((keeper) => keeper.status())
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Nothing is fetched or put into a table after this. */
  close(): void {
    this.#closed = true;
    for (const keeper of this.#active.values()) keeper.stop();
    this.#active.clear();
    this.#resting.clear();
  }

  /** While one configuration takes the place of another, a name may mean two issuers: then it is the newer one. */
  #called(name: string): KeyKeeper | undefined {
    return [...this.#active.values()].findLast(({ source }) => source.name === name);
  }

  #wake(source: IssuerSource): KeyKeeper {
    const id = idOf(source);
    const keeper = this.#resting.get(id) ?? this.#createKeeper(source);
    keeper.follow(source);
    this.#resting.delete(id);
    this.#active.set(id, keeper);
    return keeper;
  }

  #rest(id: string, keeper: KeyKeeper): void {
    keeper.stop();
    this.#active.delete(id);
    this.#resting.set(id, keeper);
    for (const oldest of this.#resting.keys()) {
      if (this.#resting.size <= RESTING_LIMIT) break;
      this.#resting.delete(oldest);
    }
  }

  #createKeeper(source: IssuerSource): KeyKeeper {
    const { tables } = this.#options;
    const declaration = keyTable(source);
    tables.declare(declaration);
    const publish = (rows: ReadonlyMap<string, KeyRow>, filledAtMs: number): void => {
      tables.replace(declaration.name, tables.read(declaration.name).version + 1, rows, filledAtMs);
    };
    const keeper = new KeyKeeper(source, this.#options, publish);
    const restored = this.#restored.get(declaration.name);
    if (restored !== undefined) keeper.restore(restored);
    this.#restored.delete(declaration.name);
    return keeper;
  }

  /** Resolves with the work, or after so long. */
  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(limitMs, () => late.resolve());
    await Promise.race([work, late.promise]);
    timer.cancel();
  }
}

/** The same calls, so many at once; what waits is one call of each issuer at most. */
function takingTurns(egress: Egress): Egress {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    async call(request) {
      if (running < CALL_LIMIT) running++;
      else {
        const turn = Promise.withResolvers<void>();
        queue.push(turn.resolve);
        await turn.promise;
      }
      try {
        return await egress.call(request);
      } finally {
        // Who waits first takes the turn over.
        const next = queue.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}

/** Issuers with the same have the same keys. */
function idOf(source: IssuerSource): string {
  return keyTable(source).name;
}
