import { isIssuerOf } from '../credential/index.ts';
import type { Clock, Collection, Entry, Log, Store, Timer } from '../ports/index.ts';
import type { SessionUse, SessionView } from './contract.ts';
import { HEARD_LOGOUTS, SESSIONS, type StoredSession } from './session-record.ts';
import type { SessionSettings } from './settings.ts';

/** What sessions are kept with. `changed` hears, by their hashes, of those that nobody may go by any more. */
export interface KeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly changed: (sessions: readonly string[]) => void;
}

/** A session with its hash. */
export type KeptSession = Entry<StoredSession>;

/** As many as a person may have at once: where there are more, the one goes that was used longest ago. */
const SESSIONS_OF_ONE = 100;
/** As many as there may be at all. Each takes some 6 KB on the disk. */
const SESSION_LIMIT = 100_000;

/** How often it is looked what is to be written, and what has ended. */
const ROUND_MS = 30_000;
/** A tenth of the idle time may be lost where the power is: writing each use at once would keep the disk busy. */
const UNWRITTEN_PART = 10;
const CLEARED_AT_ONCE = 200;
/** Others wait for the store no longer than so many take. */
const WRITTEN_AT_ONCE = 200;
const USES_LIMIT = SESSION_LIMIT;

/** The last use of a session, and when the first was noted that has not been written. */
interface Use {
  readonly atMs: number;
  readonly sinceMs: number;
}

/** Keeps sessions in the store: whoever asks for one gets it only while it is neither idle for too long nor over. */
export class SessionKeeper {
  readonly #options: KeeperOptions;
  readonly #sessions: Collection<StoredSession>;
  readonly #round: Timer;
  /** When sessions were last used, of what has not been written yet. */
  readonly #uses = new Map<string, Use>();
  #settings: SessionSettings | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#sessions = options.store.collection(SESSIONS);
    this.#round = options.clock.every(ROUND_MS, () => void this.settle());
  }

  /** From now on these limits hold, and sessions of other providers than these are none. */
  follow(settings: SessionSettings): void {
    this.#settings = settings;
  }

  /** The session of this hash, or null. One that is over goes. */
  async find(id: string): Promise<StoredSession | null> {
    const found = this.#settings === null ? null : await this.#sessions.get(id);
    if (found === null) return null;
    const used = this.#withUse(id, found);
    if (this.#isAlive(used)) return used;
    await this.end([id]);
    return null;
  }

  /** Keeps a new one, and lets older ones of the same person go where they have too many. */
  async add(id: string, session: StoredSession): Promise<void> {
    await this.#sessions.put(id, session);
    const { person } = session;
    const over = (await this.#sessions.count({ person })) - SESSIONS_OF_ONE;
    const crowd = (await this.#sessions.count()) - SESSION_LIMIT;
    if (over > 0) await this.#endOldest({ person }, over, id);
    else if (crowd > 0) await this.#endOldest({}, crowd, id);
  }

  /** Puts what `change` makes of it in its place; null where it has ended meanwhile, and then nothing is written. */
  async change(id: string, change: (session: StoredSession) => StoredSession): Promise<StoredSession | null> {
    const changed = await this.#options.store.transaction(async (store) => {
      const sessions = store.collection(SESSIONS);
      const found = await sessions.get(id);
      if (found === null) return null;
      const next = { ...change(found), version: found.version + 1 };
      await sessions.put(id, next);
      return next;
    });
    if (changed === null) return null;
    this.#options.changed([id]);
    return this.#withUse(id, changed);
  }

  /** Ends them. How many there were. */
  async end(ids: readonly string[]): Promise<number> {
    let count = 0;
    for (const id of ids) {
      this.#uses.delete(id);
      if (await this.#sessions.delete(id)) count++;
    }
    // Also of those that were not there: a thread may know what the store does not any more.
    if (ids.length > 0) this.#options.changed(ids);
    return count;
  }

  /** All of a person, or of one session at the provider. */
  async of(
    where: Pick<StoredSession, 'person'> | { readonly providerSession: string },
  ): Promise<readonly KeptSession[]> {
    return await this.#sessions.query({ where, limit: SESSIONS_OF_ONE * 2 });
  }

  /** Those that were used last stand first. */
  async newest(limit: number): Promise<readonly KeptSession[]> {
    await this.#flush(0);
    return await this.#sessions.query({ orderBy: 'usedAtMs', descending: true, limit });
  }

  /** How many there are. */
  async count(): Promise<number> {
    return await this.#sessions.count();
  }

  /** Notes uses; they are written by the round. */
  use(uses: readonly SessionUse[]): void {
    const nowMs = this.#options.clock.now();
    for (const { session, atMs } of uses) {
      if (this.#uses.size >= USES_LIMIT && !this.#uses.has(session)) continue;
      const known = this.#uses.get(session);
      const last = Math.max(known?.atMs ?? 0, Math.min(atMs, nowMs));
      this.#uses.set(session, { atMs: last, sinceMs: known?.sinceMs ?? nowMs });
    }
  }

  /** What a thread may know of it. */
  view({ issuer, startedAtMs, usedAtMs, endsAtMs, refreshAtMs, version, held }: StoredSession): SessionView {
    const { claims, subject, csrf } = held;
    const idleEndsAtMs = usedAtMs + (this.#settings?.limits.idleMs ?? 0);
    return { issuer, claims, subject, csrf, startedAtMs, idleEndsAtMs, endsAtMs, refreshAtMs, version };
  }

  /** Writes what is to be written, and clears away what is over. What fails is told, and tried again by the next round. */
  async settle(): Promise<void> {
    try {
      await this.#flush((this.#settings?.limits.idleMs ?? 0) / UNWRITTEN_PART);
      if (this.#settings !== null) await this.#clear();
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      this.#options.log.write('error', 'sessions.not-kept', 'sessions could not be written', { detail });
    }
  }

  /** Resolves when all uses have been written. */
  async close(): Promise<void> {
    this.#round.cancel();
    await this.#flush(0);
  }

  #withUse(id: string, session: StoredSession): StoredSession {
    const usedAtMs = Math.max(session.usedAtMs, this.#uses.get(id)?.atMs ?? 0);
    return usedAtMs === session.usedAtMs ? session : { ...session, usedAtMs };
  }

  #isAlive({ issuer, issuerId, clientId, usedAtMs, startedAtMs, endsAtMs }: StoredSession): boolean {
    const settings = this.#settings;
    if (settings === null) return false;
    const { idleMs, absoluteMs } = settings.limits;
    const nowMs = this.#options.clock.now();
    // What was made longer than it may be now ends sooner, and a clock that was set back revives nothing for ever.
    if (!(nowMs < endsAtMs && nowMs < startedAtMs + absoluteMs && nowMs < usedAtMs + idleMs)) return false;
    return settings.providers.some(
      (one) => one.name === issuer && isIssuerOf(one, issuerId) && one.clientId === clientId,
    );
  }

  async #endOldest(where: Partial<StoredSession>, count: number, but: string): Promise<void> {
    const oldest = await this.#sessions.query({
      where,
      orderBy: 'usedAtMs',
      limit: Math.min(count + 1, CLEARED_AT_ONCE),
    });
    await this.end(
      oldest
        .map(({ id }) => id)
        .filter((id) => id !== but)
        .slice(0, count),
    );
  }

  /** One after the other: two that write at once could put the older time last. Only what was first noted so long ago. */
  async #flush(leastAgeMs: number): Promise<void> {
    const writing = this.#writing.then(() => this.#write(leastAgeMs));
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  async #write(leastAgeMs: number): Promise<void> {
    const nowMs = this.#options.clock.now();
    const due = [...this.#uses].filter(([, { sinceMs }]) => nowMs - sinceMs >= leastAgeMs);
    for (let from = 0; from < due.length; from += WRITTEN_AT_ONCE) {
      const part = due.slice(from, from + WRITTEN_AT_ONCE);
      await this.#options.store.transaction(async (store) => {
        const sessions = store.collection(SESSIONS);
        for (const [id, { atMs }] of part) {
          const found = await sessions.get(id);
          if (found !== null && found.usedAtMs < atMs) await sessions.put(id, { ...found, usedAtMs: atMs });
        }
      });
      for (const [id, use] of part) if (this.#uses.get(id) === use) this.#uses.delete(id);
    }
  }

  async #clear(): Promise<void> {
    const nowMs = this.#options.clock.now();
    for (const orderBy of ['endsAtMs', 'usedAtMs'] as const) {
      const first = await this.#sessions.query({ orderBy, limit: CLEARED_AT_ONCE });
      await this.end(
        first.filter(({ id, document }) => !this.#isAlive(this.#withUse(id, document))).map(({ id }) => id),
      );
    }
    const heard = this.#options.store.collection(HEARD_LOGOUTS);
    for (const { id, document } of await heard.query({ orderBy: 'untilMs', limit: CLEARED_AT_ONCE })) {
      if (document.untilMs < nowMs) await heard.delete(id);
    }
  }
}
