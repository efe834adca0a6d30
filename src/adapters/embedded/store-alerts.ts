import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';
import { err, ok } from '../../base/index.ts';
import type {
  Alert,
  AlertKind,
  AlertRecord,
  Alerts,
  Clock,
  CollectionDeclaration,
  Log,
  LogFields,
  LogLevel,
  Store,
  Timer,
} from '../../ports/index.ts';

/** What alerts need. `hushMs` is how long one occasion counts as one alert, 10 minutes unless said otherwise. */
export interface StoreAlertsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly hushMs?: number;
  /** How many records are kept; 10,000 unless said otherwise. The ones raised longest ago go. */
  readonly keep?: number;
  /** Hears of each new occasion, as it is kept, and not of its repetitions. What it throws goes to the log. */
  readonly onNew?: (record: AlertRecord) => void;
}

const DEFAULT_HUSH_MS = 600_000;
const DEFAULT_KEEP = 10_000;
/** Occasions that are hushed, and records that wait to be written. Beyond this the oldest that is not critical goes. */
const OPEN_LIMIT = 10_000;
/** Records that the writing itself has raised; nobody but a broken store makes more. */
const ASIDE_LIMIT = 100;
const BATCH = 100;
/** A disk that is full is tried again so often, and at each new occasion. */
const RETRY_MS = 10_000;
const KEY_LIMIT = 256;
const MESSAGE_LIMIT = 1000;
const FIELD_LIMIT = 32;

const LEVELS = { critical: 'error', high: 'error', medium: 'warn', low: 'info' } as const satisfies Record<
  Alert['severity'],
  LogLevel
>;

// A table, so that a kind that is added to the type and forgotten here is an error.
const KINDS = {
  'credential-over-plain-http': null,
  'gateway.fault': null,
  'snapshot.refused': null,
  'configuration.last-good': null,
  'configuration.unwatched': null,
  'thread.lost': null,
  'connections.exhausted': null,
  'attack.bounded': null,
  'overload.shedding': null,
  'http2.flood': null,
  'scanner.unavailable': null,
  'table.refused': null,
  'certificate.expiring': null,
  'certificate.missing': null,
  'certificate.contested': null,
  'crl.expiring': null,
  'list.refused': null,
  'upstream.untrusted': null,
  'upstream.circuit-open': null,
  'upstream.address-refused': null,
  'party.redirect-refused': null,
  'party.secret-echoed': null,
  'secret.unreadable': null,
  'upstream.targets-unavailable': null,
  'upstream.targets-lost': null,
  'data-folder.fault': null,
  'ledger.fault': null,
  'issuer.keys-unavailable': null,
  'issuer.login-failing': null,
  'groups.unavailable': null,
  'owners.unavailable': null,
  'issuer.introspection-unavailable': null,
  'api-key.tried': null,
  'api-key.leaked': null,
  'node.below-security-floor': null,
} as const satisfies Record<AlertKind, null>;

const ALERT = z.strictObject({
  id: z.string(),
  kind: z.enum(Object.keys(KINDS) as AlertKind[]),
  key: z.string(),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  message: z.string(),
  fields: z.exactOptional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  firstMs: z.number(),
  lastMs: z.number(),
  count: z.int().positive(),
});

const ALERTS: CollectionDeclaration<AlertRecord> = {
  name: 'alerts',
  // A program of before the kinds that a version added refuses its documents by number, not as broken ones.
  version: 4,
  parse: (document) => {
    const parsed = ALERT.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['kind', 'lastMs'],
  secrets: [],
  migrations: [(document) => ({ ...document }), (document) => ({ ...document }), (document) => ({ ...document })],
};

/**
 * Alerts in a collection of the store, each new one also as a line of the log. The hush begins with the first alert of
 * an occasion, so one that lasts is told anew every ten minutes; a restart ends it too. Text is cut to 1,000
 * characters, keys to 256. What the store does not take is listed all the same, and written when it can be: tried again
 * every 10 seconds and at each new occasion, 10,000 records at most. Nothing reaches who raises. What is raised by the
 * writing of alerts itself is logged and listed but not written: it would be the cause of the next writing.
 */
export function createStoreAlerts(options: StoreAlertsOptions): Alerts {
  return new StoreAlerts(options);
}

class StoreAlerts implements Alerts {
  readonly #options: StoreAlertsOptions;
  readonly #hushMs: number;
  readonly #keep: number;
  /** The newest record of each occasion, oldest first. */
  readonly #open = new Map<string, AlertRecord>();
  /** Records by id that are not in the store yet, oldest first. */
  readonly #unwritten = new Map<string, AlertRecord>();
  /** Records by id that the writing has raised, and that are never written. */
  readonly #aside = new Map<string, AlertRecord>();
  /** Raising may happen inside a transaction, and what is written because of it must not count as part of that. */
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #insideWriting = new AsyncLocalStorage<true>();
  #writing: Promise<void> | null = null;
  /** Runs while the store takes nothing. */
  #retry: Timer | null = null;

  constructor(options: StoreAlertsOptions) {
    this.#options = options;
    this.#hushMs = options.hushMs ?? DEFAULT_HUSH_MS;
    this.#keep = options.keep ?? DEFAULT_KEEP;
  }

  raise(alert: Alert): void {
    try {
      this.#raise(alert);
    } catch (error) {
      this.#complain('alert.not-kept', 'an alert could not be kept', { kind: alert.kind, error: String(error) });
    }
  }

  async list(limit: number): Promise<readonly AlertRecord[]> {
    await this.#writing;
    const found = await this.#read(limit);
    const records = new Map(found.map((record) => [record.id, record]));
    for (const waiting of [this.#unwritten, this.#aside]) for (const [id, record] of waiting) records.set(id, record);
    return [...records.values()].toSorted(newestFirst).slice(0, Math.max(0, limit));
  }

  async #read(limit: number): Promise<readonly AlertRecord[]> {
    try {
      const collection = this.#options.store.collection(ALERTS);
      const found = await collection.query({ orderBy: 'lastMs', descending: true, limit });
      return found.map(({ document }) => document);
    } catch (error) {
      this.#complain('alert.not-read', 'the store of alerts cannot be read, only the latest are shown', {
        error: String(error),
      });
      return [...this.#open.values()];
    }
  }

  #raise(alert: Alert): void {
    const nowMs = this.#options.clock.now();
    const occasion = JSON.stringify([alert.kind, alert.key]);
    const known = this.#open.get(occasion);
    if (known !== undefined && nowMs - known.firstMs < this.#hushMs) {
      this.#keepRecord(occasion, { ...known, lastMs: Math.max(known.lastMs, nowMs), count: known.count + 1 });
      if (this.#retry === null) this.#startWriting();
      return;
    }
    const { log, newId } = this.#options;
    log.write(LEVELS[alert.severity], `alert.${alert.kind}`, alert.message, { key: alert.key, ...alert.fields });
    this.#open.delete(occasion);
    this.#makeRoom(nowMs);
    const record: AlertRecord = { ...bounded(alert), id: newId(), firstMs: nowMs, lastMs: nowMs, count: 1 };
    this.#keepRecord(occasion, record);
    this.#startWriting();
    // Last, so that the record is kept also where this throws.
    this.#options.onNew?.(record);
  }

  #makeRoom(nowMs: number): void {
    for (const [occasion, { firstMs }] of this.#open) {
      if (this.#open.size < OPEN_LIMIT && nowMs - firstMs < this.#hushMs) break;
      this.#open.delete(occasion);
    }
  }

  #keepRecord(occasion: string, record: AlertRecord): void {
    this.#open.set(occasion, record);
    if (this.#insideWriting.getStore() !== true) {
      this.#queue(record);
      return;
    }
    this.#aside.set(record.id, record);
    for (const oldest of this.#aside.keys()) {
      if (this.#aside.size <= ASIDE_LIMIT) break;
      this.#aside.delete(oldest);
    }
  }

  #queue(record: AlertRecord): void {
    this.#unwritten.set(record.id, record);
    if (this.#unwritten.size <= OPEN_LIMIT) return;
    const gone = this.#unwritten.values().find(({ severity }) => severity !== 'critical') ?? record;
    this.#unwritten.delete(gone.id);
    this.#complain('alert.not-kept', 'more alerts than can be written: one is only in the log', { kind: gone.kind });
  }

  #startWriting(): void {
    if (this.#insideWriting.getStore() === true || this.#writing !== null) return;
    this.#writing = this.#outside(() => this.#insideWriting.run(true, () => this.#write()));
  }

  async #write(): Promise<void> {
    // Behind whatever the present turn of the loop still raises.
    await Promise.resolve();
    while (this.#unwritten.size > 0) {
      const batch = [...this.#unwritten.values()].slice(0, BATCH);
      try {
        await this.#options.store.transaction((store) => this.#writeBatch(store, batch));
      } catch (error) {
        this.#retryLater(error);
        break;
      }
      // What was repeated meanwhile has a higher count, and is still to be written.
      for (const record of batch) if (this.#unwritten.get(record.id) === record) this.#unwritten.delete(record.id);
      this.#retry?.cancel();
      this.#retry = null;
    }
    this.#writing = null;
  }

  /** Of attempts in a row that fail, the log hears once. */
  #retryLater(error: unknown): void {
    if (this.#retry === null) {
      const waiting = this.#unwritten.size;
      this.#complain('alert.not-kept', 'alerts could not be written yet', { waiting, error: String(error) });
    }
    this.#retry?.cancel();
    this.#retry = this.#outside(() => this.#options.clock.after(RETRY_MS, () => this.#startWriting()));
  }

  async #writeBatch(store: Store, batch: readonly AlertRecord[]): Promise<void> {
    const collection = store.collection(ALERTS);
    for (const record of batch) await collection.put(record.id, record);
    const excess = (await collection.count()) - this.#keep;
    if (excess <= 0) return;
    const oldest = await collection.query({ orderBy: 'lastMs', limit: Math.min(excess, 10_000) });
    for (const { id } of oldest) await collection.delete(id);
  }

  #complain(event: string, message: string, fields: LogFields): void {
    try {
      this.#options.log.write('error', event, message, fields);
    } catch {
      // Neither store nor log: there is nobody left to tell, and who raises must not suffer for it.
    }
  }
}

/** As the store sorts them. */
function newestFirst(one: AlertRecord, other: AlertRecord): number {
  return other.lastMs - one.lastMs || (one.id < other.id ? 1 : -1);
}

/** The alert with its texts cut to size, as data that a store takes. */
function bounded({ kind, key, severity, message, fields }: Alert): Alert {
  const kept = Object.entries(fields ?? {})
    .slice(0, FIELD_LIMIT)
    .map(([name, value]) => [cut(name, KEY_LIMIT), plain(value)]);
  const more = kept.length === 0 ? {} : { fields: Object.fromEntries(kept) as LogFields };
  return { kind, key: cut(key, KEY_LIMIT), severity, message: cut(message, MESSAGE_LIMIT), ...more };
}

function plain(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return cut(String(value as { toString(): string }), MESSAGE_LIMIT);
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
