import { err } from '../base/index.ts';
import type { Alerts, Clock, Egress, Log, Random, Timer } from '../ports/index.ts';
import { fetchIssuerKeys, type FetchedKeys } from './issuer-keys-fetch.ts';
import type { IssuerSource } from './issuer-source.ts';
import { KEYS_STALE_AFTER_MS, type KeyRow } from './key-row.ts';

const MINUTE_MS = 60_000;
/** Keys are fetched at least this often, whatever the issuer says: what it has withdrawn must not verify for long. */
const REFRESH_MS = { least: MINUTE_MS, most: 10 * MINUTE_MS };
const RETRY_MS = { first: 5_000, most: 5 * MINUTE_MS };
/** Reasons for skipped keys that one line of the log tells. */
const TOLD_LIMIT = 5;

/** What keeping an issuer's keys needs of the world. */
export interface KeeperPorts {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** Counts each time that the keys of this issuer could not be had. */
  readonly failed?: (issuer: string) => void;
}

/** How an issuer's keys are. Times in milliseconds since 1970; null where it never came so far. */
export interface IssuerKeysStatus {
  readonly name: string;
  readonly issuer: string;
  /** Where the key set was, the last time it was reached. */
  readonly url: string | null;
  readonly keys: number;
  readonly fetchedAtMs: number | null;
  /** Why the last fetch failed; null after one that did not. */
  readonly fault: string | null;
}

/** The keys of an issuer as they were last fetched; `table` is the name of its live table. */
export interface HeldKeys {
  readonly table: string;
  readonly url: string;
  readonly rows: readonly KeyRow[];
  readonly atMs: number;
}

/**
 * Keeps the keys of one issuer. While started it fetches them when they are due, about every ten minutes or sooner
 * where the issuer says so; after a failure in 5, 10, 20 … seconds, at most 5 minutes. `publish` gets the rows of each
 * fetch that succeeds, with its time; keys that could not be fetched anew stay, with the time of their own fetch.
 */
export class KeyKeeper {
  #source: IssuerSource;
  readonly #ports: KeeperPorts;
  readonly #publish: (rows: ReadonlyMap<string, KeyRow>, filledAtMs: number) => void;
  #started = false;
  /** Whether anything was published since the start. */
  #published = false;
  #running: Promise<void> | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #fault: string | null = null;
  #held: { readonly fetched: FetchedKeys; readonly atMs: number } | null = null;

  constructor(
    source: IssuerSource,
    ports: KeeperPorts,
    publish: (rows: ReadonlyMap<string, KeyRow>, filledAtMs: number) => void,
  ) {
    this.#source = source;
    this.#ports = ports;
    this.#publish = publish;
  }

  get source(): IssuerSource {
    return this.#source;
  }

  /** The same issuer, for whom others may vouch now: what comes next is asked by them. */
  follow(source: IssuerSource): void {
    const isOther = source.ca !== this.#source.ca;
    this.#source = source;
    if (isOther && this.#started) void this.refresh();
  }

  /** Takes keys fetched in an earlier run, unless there are any already. */
  restore({ url, rows, atMs }: Omit<HeldKeys, 'table'>): void {
    this.#held ??= { fetched: { url, rows, skipped: [], dateMs: null, maxAgeMs: null }, atMs };
  }

  /** The keys as they were last fetched, or null. */
  get held(): Omit<HeldKeys, 'table'> | null {
    if (this.#held === null) return null;
    const { fetched, atMs } = this.#held;
    return { url: fetched.url, rows: fetched.rows, atMs };
  }

  /** Begins to keep: keys held from an earlier time are published at once. Resolves when the first fetch has ended. */
  start(): Promise<void> {
    this.#started = true;
    this.#published = false;
    if (this.#held !== null) this.#publishRows(this.#held.fetched.rows, this.#held.atMs);
    return this.refresh();
  }

  /** Nothing is fetched or published after this, until it is started again. */
  stop(): void {
    this.#started = false;
    this.#timer?.cancel();
  }

  /** The fetch that is under way, or null. */
  get running(): Promise<void> | null {
    return this.#running;
  }

  /** Fetches now; who asks while a fetch is under way waits for that one. Never rejects. */
  refresh(): Promise<void> {
    this.#timer?.cancel();
    this.#running ??= this.#refresh().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Nobody waits for the first fetch any longer: without keys, that is what the table says. */
  settle(): void {
    if (!this.#started || this.#published) return;
    this.#publishRows([], 0);
    this.#alarm('it has not answered yet');
  }

  status(): IssuerKeysStatus {
    const { name, issuer } = this.source;
    const url = this.#held?.fetched.url ?? null;
    const keys = this.#held?.fetched.rows.length ?? 0;
    return { name, issuer, url, keys, fetchedAtMs: this.#held?.atMs ?? null, fault: this.#fault };
  }

  async #refresh(): Promise<void> {
    const { ca } = this.#source;
    const fetched = await fetchIssuerKeys(this.#source, this.#ports.egress).catch((fault: unknown) =>
      err(`a fault of the program: ${String(fault)}`),
    );
    if (!this.#started) return;
    // What those say who vouched when it was asked does not count any more.
    if (this.#source.ca !== ca) await this.#refresh();
    else if (fetched.ok) this.#succeed(fetched.value);
    else this.#fail(fetched.error);
  }

  #succeed(fetched: FetchedKeys): void {
    const { clock, log } = this.#ports;
    const before = this.#held?.fetched ?? null;
    this.#held = { fetched, atMs: clock.now() };
    this.#publishRows(fetched.rows, this.#held.atMs);
    this.#logChange(before, fetched);
    if (this.#fault !== null) {
      log.write('info', 'issuer.keys-back', 'the keys of an issuer can be fetched again', { issuer: this.source.name });
    }
    this.#fault = null;
    this.#failures = 0;
    const waitMs = Math.min(Math.max(fetched.maxAgeMs ?? REFRESH_MS.most, REFRESH_MS.least), REFRESH_MS.most);
    this.#refreshAfter(waitMs);
  }

  #fail(fault: string): void {
    this.#failures += 1;
    if (!this.#published) this.#publishRows([], 0);
    this.#alarm(fault);
    this.#refreshAfter(Math.min(RETRY_MS.first * 2 ** Math.min(this.#failures - 1, 10), RETRY_MS.most));
  }

  #publishRows(rows: readonly KeyRow[], filledAtMs: number): void {
    this.#published = true;
    this.#publish(new Map(rows.map((row) => [row.thumbprint, row])), filledAtMs);
  }

  /** Up to a tenth sooner or later, by chance, so that many nodes do not come at once. */
  #refreshAfter(delayMs: number): void {
    const bytes = new Uint8Array(4);
    this.#ports.random.fill(bytes);
    const fraction = new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.after(Math.round(delayMs * (0.9 + 0.2 * fraction)), () => void this.refresh());
  }

  #alarm(fault: string): void {
    this.#fault = fault;
    const { name } = this.source;
    this.#ports.failed?.(name);
    const ageMs = this.#held === null ? null : this.#ports.clock.now() - this.#held.atMs;
    const serves = ageMs !== null && ageMs <= KEYS_STALE_AFTER_MS;
    const then = serves ? 'the ones known serve until they are a day old' : 'its tokens are refused';
    this.#ports.alerts.raise({
      kind: 'issuer.keys-unavailable',
      // That tokens are refused is another occasion than that keys grow old: neither hides the other.
      key: serves ? name : `${name} refused`,
      severity: 'high',
      message: `the keys of the issuer ${name} can't be fetched; ${then}`,
      fields: { issuer: name, fault },
    });
  }

  #logChange(before: FetchedKeys | null, after: FetchedKeys): void {
    const { log } = this.#ports;
    const issuer = this.source.name;
    if (before === null) {
      log.write('info', 'issuer.keys-fetched', 'the keys of an issuer were fetched', {
        issuer,
        keys: after.rows.length,
        url: after.url,
      });
    } else {
      for (const { kid, thumbprint } of missingFrom(before.rows, after.rows)) {
        log.write('info', 'issuer.key-added', 'an issuer has a new key', { issuer, kid, thumbprint });
      }
      for (const { kid, thumbprint } of missingFrom(after.rows, before.rows)) {
        log.write('info', 'issuer.key-removed', 'an issuer has withdrawn a key', { issuer, kid, thumbprint });
      }
    }
    const { skipped } = after;
    if (skipped.length === 0 || skipped.join() === before?.skipped.join()) return;
    log.write('warn', 'issuer.key-skipped', 'keys of an issuer cannot be used', {
      issuer,
      skipped: skipped.length,
      reasons: skipped.slice(0, TOLD_LIMIT).join('; '),
    });
  }
}

function missingFrom(rows: readonly KeyRow[], others: readonly KeyRow[]): readonly KeyRow[] {
  const known = new Set(rows.map(({ thumbprint }) => thumbprint));
  return others.filter(({ thumbprint }) => !known.has(thumbprint));
}
