import { err, ok, type Result } from '../base/index.ts';
import {
  type IssuerConfig,
  issuerNames,
  REVOCATION_LIMIT,
  revocationKey,
  type RevocationRow,
  REVOCATIONS,
} from '../policy/index.ts';
import type { Alerts, Clock, Collection, Keyring, Store, Tables, Timer } from '../ports/index.ts';
import type { ConductorOptions } from './conductor-options.ts';
import {
  type Revocation,
  REVOCATION_ENTRIES,
  type RevocationEntry,
  type RevocationWish,
} from './revocation-entries.ts';

/** Of an issuer that no configuration names, tokens could be taken for so long; the longest `maxLifetime`. */
const LONGEST_LIFETIME_MS = 366 * 24 * 60 * 60 * 1_000;
/** So much of the room is left to operators: one issuer that tells of logouts without end must not keep them out. */
const OPERATORS_ROOM = REVOCATION_LIMIT / 10;
const PAGE = 1_000;
const ID_BYTES = 16;
const NAME_LIMIT = 2_048;
const SWEEP_MS = 60_000;
/** Each new version is packed as a whole, so many that come at once become one. */
const PAUSE_MS = 100;
/** Changes that wait for the store. */
const WAITING_LIMIT = 10_000;

/** For how long a token of an issuer could be taken that is known today; `ofTokenMs` where it is meant by itself. */
interface Lifetimes {
  readonly lifetimeMs: number;
  readonly ofTokenMs: number;
}

/** What revocations are kept with. */
export interface RevocationsOptions {
  readonly store: Store;
  readonly keyring: Pick<Keyring, 'mac'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after' | 'every'>;
  readonly tables: Tables;
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly record: ConductorOptions['record'];
  /** Somebody's name in the ledger. */
  readonly pseudonym: (whom: { readonly issuer: string; readonly subject: string }) => string;
  readonly inForce: (table: string) => Promise<boolean>;
}

/** What became of a wish; `inForce`: whether every thread judges by it. */
export interface Revoked {
  readonly entry: RevocationEntry;
  readonly inForce: boolean;
}

/**
 * What was revoked: kept in the store, and on its way to every thread by a live table. A revocation is in the ledger and
 * in the store before it holds, and holds in every thread before whoever asked for it hears so.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #held = new Map<string, Revocation>();
  readonly #rows = new Map<string, RevocationRow>();
  readonly #sweeper: Timer;
  #lifetimes: ReadonlyMap<string, Lifetimes> = new Map();
  #loading: Promise<void> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #publishing: Promise<void> | null = null;
  #publishedMs = Number.NEGATIVE_INFINITY;

  constructor(options: RevocationsOptions) {
    this.#options = options;
    options.tables.declare(REVOCATIONS);
    this.#sweeper = options.clock.every(SWEEP_MS, () => void this.#inTurn(() => this.#sweep()).catch(() => undefined));
  }

  /** Reads what was kept and puts it in force, once; rejects where it can't be read, and may be asked again then. */
  async load(): Promise<void> {
    this.#loading ??= this.#load();
    try {
      await this.#loading;
    } catch (fault) {
      this.#loading = null;
      throw fault;
    }
  }

  /** A configuration in which these issuers' tokens may live for as long as it says: no revocation ends before them. */
  async follow(issuers: readonly IssuerConfig[]): Promise<void> {
    const lifetimes = issuers.flatMap((issuer) => {
      const lifetimeMs = issuer.maxLifetimeMs + 2 * issuer.skewMs;
      // Who is asked about a token may say a later end each time.
      const ofTokenMs = issuer.introspection === null ? lifetimeMs : LONGEST_LIFETIME_MS;
      return issuerNames(issuer).map((name) => [name, { lifetimeMs, ofTokenMs }] as const);
    });
    this.#lifetimes = new Map(lifetimes);
    await this.#inTurn(() => this.#prolong());
  }

  /** Revokes. What is revoked already stays so for as long as the longer of both. The error is in words. */
  async revoke(wish: RevocationWish): Promise<Result<Revoked, string>> {
    return await this.#change(() => this.#add(wish));
  }

  /** Takes a revocation back. */
  async lift(id: string, author: string): Promise<Result<Revoked, string>> {
    return await this.#change(() => this.#lift(id, author));
  }

  /** The newest first. */
  list(limit: number): readonly RevocationEntry[] {
    const entries = [...this.#held].map(([id, held]) => ({ id, ...held }));
    return entries.toSorted((one, other) => other.at - one.at).slice(0, limit);
  }

  get size(): number {
    return this.#held.size;
  }

  /** Resolves when what was asked for has been written, or has failed. */
  async close(): Promise<void> {
    this.#sweeper.cancel();
    await this.#turn.catch(() => undefined);
    await this.#publishing;
  }

  get #collection(): Collection<Revocation> {
    return this.#options.store.collection(REVOCATION_ENTRIES);
  }

  async #load(): Promise<void> {
    for (let afterId: string | undefined; ; ) {
      const page = await this.#collection.query({ limit: PAGE, ...(afterId === undefined ? {} : { afterId }) });
      for (const { id, document } of page) if (!this.#isOver(document)) this.#hold(id, document);
      afterId = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    await this.#publish();
  }

  async #change(work: () => Promise<Result<RevocationEntry, string>>): Promise<Result<Revoked, string>> {
    if (this.#waiting >= WAITING_LIMIT) return err('too many changes wait to be written');
    this.#waiting++;
    const done = await this.#inTurn(work).finally(() => {
      this.#waiting--;
    });
    if (!done.ok) return done;
    const published = await this.#publish().then(
      () => true,
      () => false,
    );
    return ok({ entry: done.value, inForce: published && (await this.#options.inForce(REVOCATIONS.name)) });
  }

  /** One change after the other: each is made of what the one before has left. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #add(wish: RevocationWish): Promise<Result<RevocationEntry, string>> {
    if (!isSound(wish.issuer) || !isSound(wish.value))
      return err(`what is revoked has a name of 1 to ${NAME_LIMIT} characters`);
    const id = this.#idOf(wish);
    const before = this.#held.get(id) ?? null;
    const limit = wish.told === true ? REVOCATION_LIMIT - OPERATORS_ROOM : REVOCATION_LIMIT;
    if (before === null && this.#rows.size >= limit) return this.#full(limit);
    const next = this.#merged(before, wish);
    if (!this.#record('revocation.add', wish.author, { id, ...next }))
      return err('the ledger takes no records, so nothing was revoked');
    await this.#collection.put(id, next);
    this.#hold(id, next);
    return ok({ id, ...next });
  }

  async #lift(id: string, author: string): Promise<Result<RevocationEntry, string>> {
    const held = this.#held.get(id);
    if (held === undefined) return err('there is no revocation of this id');
    if (!this.#record('revocation.lift', author, { id, ...held }))
      return err('the ledger takes no records, so the revocation stays');
    await this.#collection.delete(id);
    this.#drop(id, held);
    return ok({ id, ...held });
  }

  /** Nothing goes to make room: what would go is what somebody wanted out. */
  #full(limit: number): Result<never, string> {
    const what = limit < REVOCATION_LIMIT ? 'nothing more that issuers tell' : 'nothing more';
    const message = `there are ${limit} revocations, so ${what} can be revoked until some are over or lifted`;
    const key = limit < REVOCATION_LIMIT ? 'revocations of issuers' : 'revocations';
    this.#options.alerts.raise({ kind: 'table.refused', key, severity: 'critical', message });
    return err(message);
  }

  /** What is revoked twice is revoked as far as either says. */
  #merged(before: Revocation | null, wish: RevocationWish): Revocation {
    const { what, issuer, value, beforeMs, until: wanted, reason, author } = wish;
    const at = this.#options.clock.now();
    const byLifetime = wanted === 'lifetime';
    const until = wanted === 'lifetime' ? Math.max(at, beforeMs ?? at) + this.#lifetimeOf(wish) : wanted;
    const next: Revocation = { what, issuer, value, before: beforeMs, at, until, byLifetime, reason, author };
    if (before === null) return next;
    return {
      ...next,
      before: before.before === null || beforeMs === null ? null : Math.max(before.before, beforeMs),
      until: before.until === null || until === null ? null : Math.max(before.until, until),
      byLifetime: before.byLifetime || byLifetime,
    };
  }

  #lifetimeOf({ what, issuer }: Pick<Revocation, 'what' | 'issuer'>): number {
    const known = this.#lifetimes.get(issuer);
    if (known === undefined) return LONGEST_LIFETIME_MS;
    return what === 'token' ? known.ofTokenMs : known.lifetimeMs;
  }

  #record(action: string, author: string, entry: RevocationEntry): boolean {
    return this.#options.record({ author, action, target: this.#nameOf(entry), before: null, after: null });
  }

  /** Its name in the ledger: subjects have the one there that their requests have, others are called by the id. */
  #nameOf({ what, issuer, value, id }: RevocationEntry): string {
    const who = what === 'subject' || what === 'logout' ? this.#options.pseudonym({ issuer, subject: value }) : id;
    return `${what} of ${issuer}: ${who}`;
  }

  #idOf({ what, issuer, value }: RevocationWish): string {
    const text = JSON.stringify([what, issuer, value]);
    return Buffer.from(this.#options.keyring.mac('revocation', Buffer.from(text)))
      .subarray(0, ID_BYTES)
      .toString('hex');
  }

  #hold(id: string, held: Revocation): void {
    this.#held.set(id, held);
    this.#rows.set(revocationKey(held.what, held.issuer, held.value), { before: held.before });
  }

  #drop(id: string, { issuer, what, value }: Revocation): void {
    this.#held.delete(id);
    this.#rows.delete(revocationKey(what, issuer, value));
  }

  #isOver({ until }: Revocation): boolean {
    return until !== null && until <= this.#options.clock.now();
  }

  async #prolong(): Promise<void> {
    for (const [id, held] of this.#held) {
      if (!held.byLifetime || held.until === null) continue;
      const until = Math.max(held.until, Math.max(held.at, held.before ?? held.at) + this.#lifetimeOf(held));
      if (until === held.until) continue;
      await this.#collection.put(id, { ...held, until });
      this.#held.set(id, { ...held, until });
    }
  }

  async #sweep(): Promise<void> {
    const over = [...this.#held].filter(([, held]) => this.#isOver(held));
    for (const [id, held] of over) {
      await this.#collection.delete(id);
      this.#drop(id, held);
    }
    if (over.length > 0) await this.#publish();
  }

  /** Puts a new version in force; those who come while one waits to be made share it. */
  #publish(): Promise<void> {
    this.#publishing ??= this.#publishSoon();
    return this.#publishing;
  }

  async #publishSoon(): Promise<void> {
    const { clock, tables } = this.#options;
    const waitMs = this.#publishedMs + PAUSE_MS - clock.monotonic();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (waitMs > 0) clock.after(waitMs, resolve);
    else resolve();
    await promise;
    // Whoever comes from here on is not in this version, and waits for one of their own.
    this.#publishing = null;
    const version = tables.read(REVOCATIONS.name).version + 1;
    tables.replace(REVOCATIONS.name, version, this.#rows, clock.now());
    this.#publishedMs = clock.monotonic();
    if (tables.read(REVOCATIONS.name).version !== version) throw new Error('revocations could not be put in force');
  }
}

/** Parts of keys hold no control characters. */
function isSound(text: string): boolean {
  return text.length > 0 && text.length <= NAME_LIMIT && !/[\0-\x1f\x7f-\x9f]/.test(text);
}
