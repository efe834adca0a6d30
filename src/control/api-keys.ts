import { errorIssue, err, type Issue, ok, type Result } from '../base/index.ts';
import { API_KEY_LIMIT, type ApiKeyHash, createApiKeyHash, isApiKeyId, makeApiKey } from '../credential/index.ts';
import type { Alert, Alerts, Clock, Collection, Keyring, Log, Random, Store } from '../ports/index.ts';
import { API_KEYS, type ApiKeyDocument, type ApiKeyReport, apiKeyReport, apiKeyRow } from './api-key-documents.ts';
import { ApiKeyTables, type PublishApiKeys } from './api-key-tables.ts';
import { ApiKeyUses } from './api-key-uses.ts';
import type { ApiKeyRotation, ApiKeyTerms, ApiKeyWish } from './api-key-wish.ts';
import { Turns } from './turns.ts';

/** A change of a key, for the ledger. */
export interface ApiKeyChange {
  readonly author: string;
  readonly action: 'key.create' | 'key.rotate' | 'key.revoke' | 'key.disable' | 'key.enable' | 'key.leaked';
  readonly target: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What keeping keys takes. */
export interface ApiKeysOptions {
  readonly store: Store;
  readonly keyring: Pick<Keyring, 'mac'>;
  readonly clock: Pick<Clock, 'now' | 'every'>;
  readonly random: Random;
  readonly log: Log;
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly publish: PublishApiKeys;
  /** False where the ledger takes nothing. */
  readonly record: (change: ApiKeyChange) => boolean;
  /** As many keys as there may be; what tables are declared for, if nothing is said. */
  readonly keyLimit?: number;
}

/** A key as whoever made it sees it, once: nobody can be told it again. */
export interface NewApiKey {
  readonly key: string;
  readonly report: ApiKeyReport;
}

/** A key that was found where everybody can read it, by a thread that has held it against its hash. */
export interface LeakedApiKey {
  readonly id: string;
  readonly hash: string;
  readonly url: string;
  readonly source: string;
}

/** Which keys are wanted. `unusedForMs`: those that open something and were not used for so long. */
export interface ApiKeyFilter {
  readonly state: ApiKeyReport['state'] | null;
  readonly unusedForMs: number | null;
  /** Only those behind this id. */
  readonly afterId: string | null;
  readonly limit: number;
}

/** Of all rows, as text: tables have room for more, with the names of the rows and an index. */
const ROWS_LIMIT_BYTES = 40 * 1024 * 1024;
const PAGE = 1_000;
/** Of those that open nothing any more, this share makes room at once, so that not each new key looks for one. */
const ROOM_SHARE = 0.001;

const NOT_RECORDED = errorIssue('', 'the key was not changed, because the ledger could not record it', {
  fix: 'see in the log why the ledger can not be written',
});

type Found<T> = Promise<Result<T, readonly Issue[]> | null>;

/**
 * The API keys of a node: what operators and leak reports do with them. Changes come one after another. What opens less
 * is done before it is written, and though nothing can be written; what opens more only when all of it is.
 */
export class ApiKeys {
  readonly #options: ApiKeysOptions;
  readonly #hash: ApiKeyHash;
  readonly #hashKey: string;
  readonly #tables: ApiKeyTables;
  readonly #turns = new Turns();
  readonly uses: ApiKeyUses;
  readonly #keyLimit: number;

  constructor(options: ApiKeysOptions) {
    this.#options = options;
    this.#keyLimit = options.keyLimit ?? API_KEY_LIMIT;
    const hashKey = options.keyring.mac('api-keys', Buffer.from('key of the hashes of API keys'));
    this.#hash = createApiKeyHash(hashKey);
    this.#hashKey = Buffer.from(hashKey).toString('base64');
    this.#tables = new ApiKeyTables(options.publish);
    this.uses = new ApiKeyUses(options);
  }

  /** Reads all keys and puts them in force. */
  async load(): Promise<void> {
    await this.uses.load();
    for await (const { id, document } of this.#all(null)) this.#tables.put(id, apiKeyRow(document));
    await this.#tables.publishAll(this.#hashKey);
  }

  /** Makes a key, in force in all threads when it is given. */
  create(wish: ApiKeyWish, terms: ApiKeyTerms, author: string): Promise<Result<NewApiKey, readonly Issue[]>> {
    return this.#turns.take(async () => {
      const nowMs = this.#options.clock.now();
      const made = this.#make(terms.environment);
      const { lifetimeMs, ...said } = wish;
      const document: ApiKeyDocument = {
        ...said,
        ...{ hash: made.hash, environment: terms.environment, subject: wish.subject ?? made.id },
        ...{ createdAt: nowMs, createdBy: author, expiresAt: lifetimeMs === null ? null : nowMs + lifetimeMs },
        ...{ state: 'active', stateAt: nowMs, stateBy: author, reason: null, replaces: null, replacedBy: null },
      };
      const full = await this.#makeRoom(document);
      if (full !== null) return err([full]);
      if (!this.#record(author, 'key.create', made.id, null, factsOf(document))) return err([NOT_RECORDED]);
      await this.#collection.put(made.id, document);
      this.#tables.put(made.id, apiKeyRow(document));
      await this.#tables.publish();
      return ok({ key: made.text, report: this.#report(made.id, document) });
    });
  }

  /** Makes a key in the place of another, which opens the same for `overlapMs` more, and then nothing. Null: no such key. */
  rotate(id: string, { overlapMs, lifetimeMs }: ApiKeyRotation, terms: ApiKeyTerms, author: string): Found<NewApiKey> {
    return this.#turns.take(async () => {
      const old = await this.#find(id);
      if (old === null) return null;
      const nowMs = this.#options.clock.now();
      const { state } = this.#report(id, old);
      if (state !== 'active') return err([errorIssue('', `this key is ${state}, so nothing can take its place`)]);
      if (old.replacedBy !== null) return err([errorIssue('', `${old.replacedBy} has taken its place already`)]);
      const made = this.#make(terms.environment);
      const meantMs = old.expiresAt === null ? null : old.expiresAt - old.createdAt;
      const livesMs = lifetimeMs === undefined ? meantMs : lifetimeMs;
      const next: ApiKeyDocument = {
        ...old,
        ...{ hash: made.hash, environment: terms.environment, createdAt: nowMs, createdBy: author, replaces: id },
        ...{ expiresAt: livesMs === null ? null : nowMs + livesMs, stateAt: nowMs, stateBy: author, reason: null },
      };
      const endsAt = Math.min(nowMs + overlapMs, old.expiresAt ?? Number.POSITIVE_INFINITY);
      const ending: ApiKeyDocument = { ...old, expiresAt: endsAt, replacedBy: made.id };
      const full = await this.#makeRoom(next);
      if (full !== null) return err([full]);
      const after = `${made.id} takes its place, it ends ${new Date(endsAt).toISOString()}`;
      if (!this.#record(author, 'key.rotate', id, state, after)) return err([NOT_RECORDED]);
      await this.#options.store.transaction(async (store) => {
        await store.collection(API_KEYS).put(made.id, next);
        await store.collection(API_KEYS).put(id, ending);
      });
      this.#tables.put(made.id, apiKeyRow(next));
      this.#tables.put(id, apiKeyRow(ending));
      await this.#tables.publish();
      return ok({ key: made.text, report: this.#report(made.id, next) });
    });
  }

  /** Takes a key back for good; in no thread does it open anything when this resolves. Null: no such key. */
  revoke(id: string, reason: string | null, author: string): Found<ApiKeyReport> {
    return this.#turns.take(async () => {
      const old = await this.#find(id);
      if (old === null) return null;
      if (old.state === 'revoked') return ok(this.#report(id, old));
      return ok(await this.#revoke(id, old, { reason, author, action: 'key.revoke' }));
    });
  }

  /** Lets a key open nothing until it is enabled again, or lets it open again what it did. Null: no such key. */
  switch(id: string, state: 'active' | 'disabled', author: string): Found<ApiKeyReport> {
    return this.#turns.take(async () => {
      const old = await this.#find(id);
      if (old === null) return null;
      if (old.state === 'revoked') return err([errorIssue('', 'this key is revoked, which nobody can undo')]);
      if (old.state === state) return ok(this.#report(id, old));
      const next = { ...old, state, stateAt: this.#options.clock.now(), stateBy: author };
      const action = state === 'active' ? 'key.enable' : 'key.disable';
      const recorded = this.#record(author, action, id, old.state, state);
      if (state === 'active') {
        if (!recorded) return err([NOT_RECORDED]);
        await this.#collection.put(id, next);
      }
      this.#tables.put(id, apiKeyRow(next));
      await this.#tables.publish();
      if (state === 'disabled') await this.#collection.put(id, next);
      return ok(this.#report(id, next));
    });
  }

  /** Takes back keys that were found in public, at once, and raises an alert for each. Whether all of them are taken back. */
  leaked(found: readonly LeakedApiKey[], author: string): Promise<boolean> {
    return this.#turns.take(async () => {
      const known: (LeakedApiKey & { readonly old: ApiKeyDocument })[] = [];
      for (const one of found) {
        const old = await this.#find(one.id);
        if (old !== null && old.hash === one.hash) known.push({ ...one, old });
      }
      const open = known.filter(({ old }) => old.state !== 'revoked');
      for (const { id, old } of open) this.#tables.put(id, apiKeyRow({ ...old, state: 'revoked' }));
      if (open.length > 0) await this.#tables.publish();
      // The owner hears of it also where nothing can be written.
      for (const one of known) this.#options.alerts.raise(leakAlert(one));
      for (const { id, old, url, source } of open) {
        await this.#writeRevoked(id, old, {
          reason: `found in public: ${placeOf(url, source)}`,
          author,
          action: 'key.leaked',
        });
      }
      return known.length === found.length;
    });
  }

  /** One key; null where there is none. */
  async find(id: string): Promise<ApiKeyReport | null> {
    const found = await this.#find(id);
    return found === null ? null : this.#report(id, found);
  }

  /** Keys in the order of their ids, and the id behind which more may be; null where that is all. */
  async list(filter: ApiKeyFilter): Promise<{ readonly keys: readonly ApiKeyReport[]; readonly next: string | null }> {
    const nowMs = this.#options.clock.now();
    const keys: ApiKeyReport[] = [];
    for await (const { id, document } of this.#all(filter.afterId)) {
      const report = this.#report(id, document);
      if (filter.state !== null && report.state !== filter.state) continue;
      if (filter.unusedForMs !== null && !isUnused(report, nowMs - filter.unusedForMs)) continue;
      keys.push(report);
      if (keys.length >= filter.limit) return { keys, next: id };
    }
    return { keys, next: null };
  }

  /** Resolves when what was begun is done. */
  async close(): Promise<void> {
    await this.#turns.take(() => Promise.resolve());
    await this.uses.close();
  }

  /** In force first, then written: who can't write must not keep a key open. */
  async #revoke(id: string, old: ApiKeyDocument, why: Revocation): Promise<ApiKeyReport> {
    this.#tables.put(id, apiKeyRow({ ...old, state: 'revoked' }));
    await this.#tables.publish();
    return await this.#writeRevoked(id, old, why);
  }

  async #writeRevoked(id: string, old: ApiKeyDocument, { reason, author, action }: Revocation): Promise<ApiKeyReport> {
    const next: ApiKeyDocument = {
      ...old,
      ...{ state: 'revoked', stateAt: this.#options.clock.now(), stateBy: author, reason },
    };
    if (!this.#record(author, action, id, old.state, reason ?? 'revoked')) {
      const message = 'a key was revoked, and the ledger could not record it';
      this.#options.log.write('error', 'api-keys.not-recorded', message, { id });
    }
    await this.#collection.put(id, next);
    return this.#report(id, next);
  }

  /** A key that no other has. */
  #make(environment: string): { readonly id: string; readonly text: string; readonly hash: string } {
    for (;;) {
      const { id, text } = makeApiKey(environment, (bytes) => this.#options.random.fill(bytes));
      if (!this.#tables.has(id)) return { id, text, hash: this.#hash(text) };
    }
  }

  /** Why there is no room for one more. Keys that open nothing any more go, those that ended first. */
  async #makeRoom(document: ApiKeyDocument): Promise<Issue | null> {
    if (this.#tables.bytesWith(apiKeyRow(document)) > ROWS_LIMIT_BYTES)
      return errorIssue('', 'all keys together say more than threads can hold', {
        fix: 'give keys fewer scopes and addresses',
      });
    if (this.#tables.count < this.#keyLimit) return null;
    const over: { id: string; endedAt: number }[] = [];
    for await (const { id, document: each } of this.#all(null)) {
      const { state } = this.#report(id, each);
      if (state === 'revoked') over.push({ id, endedAt: each.stateAt });
      if (state === 'expired') over.push({ id, endedAt: each.expiresAt ?? each.stateAt });
    }
    const room = Math.ceil(this.#keyLimit * ROOM_SHARE);
    const first = over.toSorted((one, other) => one.endedAt - other.endedAt).slice(0, room);
    for (const { id } of first) await this.#forget(id);
    return first.length > 0
      ? null
      : errorIssue('', `there are ${this.#keyLimit} keys, and no more can be made`, {
          fix: 'revoke keys that nobody uses',
        });
  }

  async #forget(id: string): Promise<void> {
    await this.#collection.delete(id);
    await this.uses.forget(id);
    this.#tables.delete(id);
  }

  #record(
    author: string,
    action: ApiKeyChange['action'],
    id: string,
    ...[before, after]: readonly [before: string | null, after: string | null]
  ): boolean {
    return this.#options.record({ author, action, target: `key ${id}`, before, after });
  }

  #report(id: string, document: ApiKeyDocument): ApiKeyReport {
    return apiKeyReport(id, document, { lastUsedAt: this.uses.lastOf(id), nowMs: this.#options.clock.now() });
  }

  async #find(id: string): Promise<ApiKeyDocument | null> {
    return isApiKeyId(id) ? await this.#collection.get(id) : null;
  }

  async *#all(afterId: string | null): AsyncGenerator<{ readonly id: string; readonly document: ApiKeyDocument }> {
    for (let after = afterId; ; ) {
      const page = await this.#collection.query({ limit: PAGE, ...(after === null ? {} : { afterId: after }) });
      yield* page;
      after = page.at(-1)?.id ?? null;
      if (page.length < PAGE) return;
    }
  }

  get #collection(): Collection<ApiKeyDocument> {
    return this.#options.store.collection(API_KEYS);
  }
}

/** Why a key is taken back, and by whom. */
interface Revocation extends Pick<ApiKeyChange, 'author' | 'action'> {
  readonly reason: string | null;
}

function placeOf(url: string, source: string): string {
  return `${source === '' ? 'somewhere' : source}${url === '' ? '' : `, ${url}`}`;
}

function leakAlert({ id, old, url, source }: LeakedApiKey & { readonly old: ApiKeyDocument }): Alert {
  const known = old.state === 'revoked';
  const { name, owner, subject } = old;
  return {
    kind: 'api-key.leaked',
    key: id,
    severity: known ? 'medium' : 'critical',
    message: `the API key ${id} (${name}) was found in public${known ? '; it was revoked before' : ' and is revoked'}`,
    fields: { id, name, owner, subject, url, source },
  };
}

/** Whether a key that opens something was neither used nor made since. */
function isUnused({ state, lastUsedAt, createdAt }: ApiKeyReport, sinceMs: number): boolean {
  return state === 'active' && (lastUsedAt ?? createdAt) < sinceMs;
}

/** What the ledger says of a new key. */
function factsOf({ name, subject, roles, scopes, apis, expiresAt }: ApiKeyDocument): string {
  const said = [
    `${name}, subject ${subject}`,
    ...(roles.length === 0 ? [] : [`roles ${roles.join(' ')}`]),
    ...(scopes === null ? [] : [`scopes ${scopes.join(' ')}`]),
    ...(apis === null ? [] : [`apis ${apis.join(' ')}`]),
    expiresAt === null ? 'never ends' : `ends ${new Date(expiresAt).toISOString()}`,
  ];
  return said.join('; ');
}
