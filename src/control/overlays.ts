import { createHash } from 'node:crypto';
import { z } from 'zod';
import { createIdSource, err, type FillRandom, ok, type Result } from '../base/index.ts';
import { OVERLAY_TABLE, overlayKey, type OverlayRule, type OverlayTarget } from '../policy/index.ts';
import type { Alerts, Clock, Collection, CollectionDeclaration, Entry, Log, Store, Tables } from '../ports/index.ts';
import type { Timer } from '../ports/index.ts';
import type { ConductorOptions } from './conductor-options.ts';

/** A grant or a denial as it is kept: what is said of whom, by whom, why, and until when. Times are wall milliseconds. */
export interface Overlay extends OverlayTarget, OverlayRule {
  readonly reason: string;
  readonly author: string;
  readonly createdAtMs: number;
}

/** One that was kept, by its id; `everywhere` is false where a thread had not taken it up within two seconds. */
export interface OverlayChange {
  readonly id: string;
  readonly everywhere: boolean;
}

/** More are a matter for the issuer. */
const OVERLAY_LIMIT = 10_000;
const TARGET_LIMIT = 100;

const OVERLAY = z.strictObject({
  kind: z.enum(['subject', 'client', 'tenant']),
  issuer: z.string(),
  name: z.string(),
  effect: z.enum(['add', 'deny']),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  expiresAtMs: z.number().nullable(),
  reason: z.string(),
  author: z.string(),
  createdAtMs: z.number(),
});

/** Grants and denials, by their ids; whom they are about, and why, lies encrypted. */
const OVERLAYS: CollectionDeclaration<Overlay> = {
  name: 'overlays',
  version: 1,
  parse: (document) => {
    const parsed = OVERLAY.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['createdAtMs'],
  secrets: ['name', 'reason'],
  migrations: [],
};

/** What they are kept and put in force with. */
export interface OverlaysOptions {
  readonly store: Store;
  readonly tables: Tables;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly random: FillRandom;
  readonly log: Log;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** Records a change before it is made; false when that can't be done, and then it is not made. */
  readonly record: ConductorOptions['record'];
  /** Whether the newest version of a table is in force in all threads; resolves with false where it is not soon. */
  readonly inForce: (table: string) => Promise<boolean>;
  /** What the ledger calls a caller. */
  readonly pseudonym: (caller: { readonly issuer: string; readonly subject: string }) => string;
}

/** The longest that a timer waits: beyond it the time is looked at again. */
const TIMER_LIMIT_MS = 24 * 60 * 60 * 1_000;
/** One that could not be taken away is tried again. */
const RETRY_MS = 30_000;

/**
 * The operator's grants and denials: kept over restarts, recorded in the ledger, and in force in every thread as soon as
 * it has the new version of the table. One change is made at a time; what can't be kept or recorded is not in force.
 */
export class Overlays {
  readonly #options: OverlaysOptions;
  readonly #kept: Collection<Overlay>;
  readonly #nextId: () => string;
  /** Null before they were read. */
  #all: Map<string, Overlay> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: OverlaysOptions) {
    this.#options = options;
    this.#kept = options.store.collection(OVERLAYS);
    this.#nextId = createIdSource(options.random, () => options.clock.now());
    options.tables.declare(OVERLAY_TABLE);
  }

  /** Reads what is kept, once, and puts it in force; false where it can't be read, and then callers are refused. */
  load(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#all !== null) return true;
      try {
        this.#all = new Map((await this.#kept.query({ limit: OVERLAY_LIMIT })).map((each) => [each.id, each.document]));
      } catch (fault) {
        const message = 'grants and denials can not be read, so callers who sign in are refused';
        this.#failed(message, fault);
        return false;
      }
      this.#putInForce(this.#all);
      await this.#dropEnded();
      return true;
    });
  }

  /** Those that are kept, the newest first. */
  list(): readonly Entry<Overlay>[] {
    const all = [...(this.#all ?? [])].map(([id, document]) => ({ id, document }));
    return all.toSorted((one, other) => other.document.createdAtMs - one.document.createdAtMs);
  }

  /** Keeps one and puts it in force. The error is in words for the operator. */
  add(given: Omit<Overlay, 'createdAtMs'>): Promise<Result<OverlayChange, string>> {
    return this.#inTurn(async () => {
      const all = this.#all;
      if (all === null) return err(UNREAD);
      if (all.size >= OVERLAY_LIMIT) return err(`there are ${OVERLAY_LIMIT} already`);
      const key = overlayKey(given);
      let about = 0;
      for (const each of all.values()) if (overlayKey(each) === key) about++;
      if (about >= TARGET_LIMIT) return err(`there are ${TARGET_LIMIT} already about this ${given.kind}`);
      const nowMs = this.#options.clock.now();
      if (given.expiresAtMs !== null && given.expiresAtMs <= nowMs) return err('it has ended before it begins');
      const document: Overlay = { ...given, createdAtMs: nowMs };
      const id = this.#nextId();
      if (!this.#recorded(`access.${given.effect}`, given.author, { id, before: null, after: document }))
        return err(UNRECORDED);
      return await this.#change({ id }, () => this.#kept.put(id, document), new Map(all).set(id, document));
    });
  }

  /** Takes one away; null where there is none of this id. */
  remove(id: string, author: string): Promise<Result<OverlayChange | null, string>> {
    return this.#inTurn(async () => {
      const all = this.#all;
      if (all === null) return err(UNREAD);
      const document = all.get(id);
      if (document === undefined) return ok(null);
      if (!this.#recorded('access.remove', author, { id, before: document, after: null })) return err(UNRECORDED);
      const rest = new Map(all);
      rest.delete(id);
      return await this.#change({ id }, () => this.#kept.delete(id), rest);
    });
  }

  /** Resolves when nothing is being changed any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#last;
  }

  /** First kept, then in force: what a crash leaves is in force at the next start. */
  async #change(
    { id }: { readonly id: string },
    keep: () => Promise<unknown>,
    next: Map<string, Overlay>,
  ): Promise<Result<OverlayChange, string>> {
    try {
      await keep();
    } catch (fault) {
      this.#failed('a grant or a denial could not be kept', fault);
      return err('it could not be kept, so it is not in force');
    }
    this.#all = next;
    if (!this.#putInForce(next)) return err('it is kept, and could not be put in force: see the alerts');
    return ok({ id, everywhere: await this.#options.inForce(OVERLAY_TABLE.name) });
  }

  #putInForce(all: ReadonlyMap<string, Overlay>): boolean {
    const { tables, clock } = this.#options;
    const rows = new Map<string, OverlayRule[]>();
    for (const { effect, roles, permissions, expiresAtMs, ...target } of all.values()) {
      const key = overlayKey(target);
      const rules = rows.get(key) ?? [];
      rules.push({ effect, roles, permissions, expiresAtMs });
      rows.set(key, rules);
    }
    const version = tables.read(OVERLAY_TABLE.name).version + 1;
    tables.replace(OVERLAY_TABLE.name, version, rows, clock.now());
    this.#waitForEnd();
    return tables.read(OVERLAY_TABLE.name).version === version;
  }

  /** Each thread leaves out what has ended by itself; here it is taken away for good, and recorded. */
  #waitForEnd(delayMs = 0): void {
    this.#timer?.cancel();
    this.#timer = null;
    const ends = [...(this.#all ?? new Map<string, Overlay>()).values()].flatMap(
      ({ expiresAtMs }) => expiresAtMs ?? [],
    );
    if (ends.length === 0 || this.#closed) return;
    const nextMs = ends.reduce((one, other) => Math.min(one, other)) - this.#options.clock.now();
    const waitMs = Math.min(TIMER_LIMIT_MS, Math.max(delayMs, nextMs));
    this.#timer = this.#options.clock.after(waitMs, () => void this.#inTurn(() => this.#dropEnded()));
  }

  async #dropEnded(): Promise<void> {
    const all = this.#all ?? new Map<string, Overlay>();
    const nowMs = this.#options.clock.now();
    const ended = [...all].filter(([, { expiresAtMs }]) => expiresAtMs !== null && expiresAtMs <= nowMs);
    const rest = new Map(all);
    for (const [id, document] of ended) {
      if (!this.#recorded('access.end', 'gateway', { id, before: document, after: null })) break;
      try {
        await this.#kept.delete(id);
      } catch (fault) {
        this.#failed('a grant or a denial that has ended could not be taken away', fault);
        break;
      }
      rest.delete(id);
    }
    this.#all = rest;
    if (rest.size < all.size) this.#putInForce(rest);
    if (rest.size > all.size - ended.length) this.#waitForEnd(RETRY_MS);
    else this.#waitForEnd();
  }

  /** Who is a person stands in the ledger by the name that requests have there. */
  #recorded(
    action: string,
    author: string,
    change: { readonly id: string; readonly before: Overlay | null; readonly after: Overlay | null },
  ): boolean {
    const { id, before, after } = change;
    const told = (after ?? before) as Overlay;
    const { kind, issuer, name } = told;
    const who = kind === 'subject' ? this.#options.pseudonym({ issuer, subject: name }) : name;
    const target = `${id}: ${wordsOf(told)}, ${kind} ${who} of ${issuer}`.slice(0, TARGET_TEXT_LIMIT);
    return this.#options.record({ action, author, target, before: hashOf(before), after: hashOf(after) });
  }

  #failed(message: string, fault: unknown): void {
    const detail = fault instanceof Error ? fault.message : 'unknown fault';
    const { alerts } = this.#options;
    alerts.raise({ kind: 'data-folder.fault', key: 'overlays', severity: 'critical', message, fields: { detail } });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

const UNREAD = 'grants and denials could not be read from the data folder: see the alerts';
const UNRECORDED = 'the ledger takes no record of it now, so it was not done';
const TARGET_TEXT_LIMIT = 400;

/** What is added or denied, in words. */
function wordsOf({ effect, roles, permissions }: OverlayRule): string {
  const what = [...roles.map((role) => `role ${role}`), ...permissions.map((permission) => `permission ${permission}`)];
  return `${effect} ${what.length === 0 ? 'all' : what.join(', ')}`;
}

function hashOf(document: Overlay | null): string | null {
  return document === null ? null : createHash('sha256').update(JSON.stringify(document)).digest('hex');
}
