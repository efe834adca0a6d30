import { hash } from 'node:crypto';
import { networkOf } from '../../../base/index.ts';
import type { FindAnswer, SessionNotice, SessionQuestion, SessionUse, SessionView } from '../../../session/contract.ts';
import type { RoleTable } from '../../kind.ts';
import type { StepUpOffer } from '../../step-up.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { Clock } from '../../../ports/index.ts';
import { GoneSessions } from './gone-sessions.ts';
import { MissBudget } from './miss-budget.ts';
import type { SessionDesk } from './session-desk.ts';

/** What a thread knows of one session, and whom it makes of it. */
export interface LiveSession {
  readonly key: string;
  /** Set anew with each version. */
  view: SessionView;
  /** Monotonic time at which the control side last said so. */
  saidAtMs: number;
  /** Wall time of the last use, and of the last that was told. */
  usedAtMs: number;
  toldAtMs: number;
  /** Whether it is known here no more: what was made of it ends. */
  isOver: boolean;
  /** What the roles of a Snapshot make of it: those of the one that asked last. */
  verdict: AuthenticateVerdict | null;
  roles: RoleTable | null;
  /** How its user is sent to sign in better; null where nobody has asked yet. */
  offer: StepUpOffer['answer'];
  /** The question that is under way for it. */
  refreshing: Promise<Found> | null;
}

/** What becomes of looking for a session: it is there, it is not, or nobody can say. */
export type Found = LiveSession | 'none' | 'unavailable';

/** What sessions work with in a thread. */
export interface SessionPorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly desk: SessionDesk;
}

/** As many as have callers in a thread between two looks at the control side; beyond it the longest unused ones go. */
const SESSION_LIMIT = 10_000;
/** So many unknown sessions may be asked for at once: others ask the control side too. Beyond it nobody can say. */
const QUESTION_LIMIT = 256;
/** So long a thread goes by what it was told, should a notice have missed it. */
const KEPT_MS = 30_000;
/** So long it goes on where the control side does not answer a question about a session that was fine. */
const GRACE_MS = 30_000;
/** So much later than it happened the control side may hear of a use, and it is never a write for each request. */
const TOLD_EVERY_MS = 30_000;
/** Uses in one message. */
const BATCH_LIMIT = 1_000;
/** After a failed refresh the next is not asked for before. */
const REFRESH_PAUSE_MS = 5_000;

/** The hash by which both sides speak of a session: 256 random bits need no key and no salt. */
export function keyOfSession(id: string): string {
  return hash('sha256', id, 'base64url');
}

/**
 * The sessions that the callers of one thread have, by the hashes of their ids: kept shortly and in bounds, dropped at once
 * when the control side says that they have ended or changed.
 */
export class LiveSessions {
  readonly #ports: SessionPorts;
  #young = new Map<string, LiveSession>();
  #old = new Map<string, LiveSession>();
  readonly #asked = new Map<string, Promise<Found>>();
  /** Notices that came while a question was under way: its answer may be older than they are. */
  readonly #overtaken = new Set<string>();
  readonly #misses = new MissBudget();
  readonly #gone = new GoneSessions();
  #uses: SessionUse[] = [];

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    ports.desk.heed((notice) => this.#heed(notice));
  }

  /** How many are known. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * The session of this key at `nowMs` of the wall clock: at once where it is known to be there or to be gone, else when the
   * control side has said. Whoever asks from `address` for many that are not there is not heard for a while, but for sessions
   * that were there just now.
   */
  find(key: string, nowMs: number, address: string): Found | Promise<Found> {
    const known = this.#known(key);
    if (known === null) return this.#asked.get(key) ?? this.#seek(key, address);
    if (!this.#isFresh(known, nowMs)) return this.#asked.get(key) ?? this.#ask(key);
    const { refreshAtMs } = known.view;
    if (refreshAtMs !== null && nowMs >= refreshAtMs) return (known.refreshing ??= this.#refresh(known));
    return known;
  }

  /** Notes that a request used it. */
  use(session: LiveSession, nowMs: number): void {
    session.usedAtMs = nowMs;
    if (nowMs - session.toldAtMs < TOLD_EVERY_MS) return;
    session.toldAtMs = nowMs;
    this.#uses.push({ session: session.key, atMs: nowMs });
    if (this.#uses.length === 1) setImmediate(() => this.#tell());
    else if (this.#uses.length >= BATCH_LIMIT) this.#tell();
  }

  #tell(): void {
    const uses = this.#uses;
    if (uses.length === 0) return;
    this.#uses = [];
    this.#ports.desk.tell(uses);
  }

  #known(key: string): LiveSession | null {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return null;
    this.#old.delete(key);
    this.#put(old);
    return old;
  }

  #put(session: LiveSession): void {
    if (this.#young.size >= SESSION_LIMIT / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(session.key, session);
  }

  /** Another thread may have used it: when its time is over here, the control side is asked. */
  #isFresh({ view, saidAtMs }: LiveSession, nowMs: number): boolean {
    if (nowMs >= view.idleEndsAtMs || nowMs >= view.endsAtMs) return false;
    return this.#ports.clock.monotonic() - saidAtMs < KEPT_MS;
  }

  #seek(key: string, address: string): Found | Promise<Found> {
    const { clock } = this.#ports;
    const nowMs = clock.monotonic();
    if (this.#gone.has(key, nowMs)) return 'none';
    const network = networkOf(address);
    if (this.#misses.isSpent(network, nowMs)) return 'unavailable';
    return this.#ask(key).then((found) => {
      if (found !== 'none') return found;
      this.#gone.add(key, clock.monotonic());
      this.#misses.spend(network, clock.monotonic());
      return found;
    });
  }

  #ask(key: string): Promise<Found> {
    if (this.#asked.size >= QUESTION_LIMIT) return Promise.resolve('unavailable');
    const asked = this.#question({ ask: 'find', session: key }).then((view) => {
      this.#asked.delete(key);
      const wasOvertaken = this.#overtaken.delete(key);
      if (view === 'unavailable') return view;
      // What has changed meanwhile is asked for once more, by whoever waits for it.
      if (wasOvertaken) return this.#ask(key);
      return view === null ? this.#forget(key) : this.#take(key, view);
    });
    this.#asked.set(key, asked);
    return asked;
  }

  /** One refresh at a time in this thread; the control side sees to it that there is one over all threads. */
  async #refresh(known: LiveSession): Promise<Found> {
    const { key, view } = known;
    const refreshed = await this.#question({ ask: 'refresh', session: key, version: view.version });
    known.refreshing = null;
    if (refreshed === null) return this.#forget(key);
    // A notice came meanwhile: of this very refresh, or of an end that the answer does not know of yet.
    if (known.isOver && refreshed !== 'unavailable') return await (this.#asked.get(key) ?? this.#ask(key));
    if (refreshed !== 'unavailable') return this.#take(key, refreshed);
    const { clock } = this.#ports;
    if (known.isOver || clock.monotonic() - known.saidAtMs >= GRACE_MS) return 'unavailable';
    known.view = { ...view, refreshAtMs: clock.now() + REFRESH_PAUSE_MS };
    return known;
  }

  async #question(question: SessionQuestion): Promise<SessionView | null | 'unavailable'> {
    const answer = await this.#ports.desk.ask<FindAnswer>(question);
    return answer === null ? 'unavailable' : answer.view;
  }

  #take(key: string, view: SessionView): Found {
    const { clock } = this.#ports;
    const nowMs = clock.now();
    if (nowMs >= view.idleEndsAtMs || nowMs >= view.endsAtMs) return this.#forget(key);
    const known = this.#known(key);
    const saidAtMs = clock.monotonic();
    if (known !== null && known.view.version === view.version) {
      known.view = view;
      known.saidAtMs = saidAtMs;
      return known;
    }
    if (known !== null) known.isOver = true;
    const session: LiveSession = {
      ...{ key, view, saidAtMs, usedAtMs: 0, toldAtMs: 0 },
      ...{ isOver: false, verdict: null, roles: null, offer: null, refreshing: null },
    };
    this.#put(session);
    return session;
  }

  /** Drops what is known of a session that has ended. */
  forget(key: string): void {
    this.#forget(key);
  }

  #forget(key: string): 'none' {
    for (const generation of [this.#young, this.#old]) {
      const known = generation.get(key);
      if (known !== undefined) known.isOver = true;
      generation.delete(key);
    }
    return 'none';
  }

  #heed({ sessions }: SessionNotice): void {
    for (const key of sessions) {
      this.#forget(key);
      if (this.#asked.has(key)) this.#overtaken.add(key);
    }
  }
}
