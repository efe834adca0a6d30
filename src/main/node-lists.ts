import { type Gathered, readList } from '../config/index.ts';
import type { ListReport } from '../control/index.ts';
import { LISTS_TABLE } from '../gateway/index.ts';
import { type ListFile, listKey, listsIn, sizeOf } from '../lists/index.ts';
import type { Alerts, SharedTable } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';
import { createNodeTables } from './node-tables.ts';

/** What the lists of a node work with. `tell` sends a new version to every thread. */
export interface NodeListsOptions {
  readonly host: Pick<HostPorts, 'files' | 'clock' | 'log'>;
  readonly alerts: Alerts;
  readonly tell: (table: SharedTable) => void;
}

/** The lists of a node that stand in files, and the way of what changes in them to the gateway threads. */
export interface NodeLists {
  /** The lists of a configuration that is to be compiled, beside those of the one in force. */
  fill(gathered: Pick<Gathered, 'config' | 'files'>): void;
  /** From now on the files of this configuration are watched, and no others. */
  follow(gathered: Pick<Gathered, 'config' | 'files'>): void;
  report(): readonly ListReport[];
  /** What is in force of each, packed. */
  rows(): ReadonlyMap<string, Uint8Array>;
  close(): void;
}

/** A file that is watched. */
interface Watched {
  readonly named: ListFile;
  readonly stop: () => void;
  state: 'idle' | 'reading' | 'again';
  /** Why the file as it is now is not in force; null where it is. */
  fault: string | null;
}

/** Opens them; nothing is watched before the first configuration. */
export function openNodeLists(options: NodeListsOptions): NodeLists {
  return new Lists(options);
}

/**
 * A changed file is read whole and packed here, and is in force in every thread as soon as it has the new version: nothing
 * is compiled for it, and no revision comes of it. What can't be read leaves what was there, and is an alert.
 */
class Lists implements NodeLists {
  readonly #options: NodeListsOptions;
  readonly #tables: ReturnType<typeof createNodeTables>;
  readonly #watched = new Map<string, Watched>();
  #rows: ReadonlyMap<string, Uint8Array> = new Map();
  /** When what is in force of each was read. */
  readonly #since = new Map<string, number>();
  #closed = false;

  constructor(options: NodeListsOptions) {
    this.#options = options;
    const { host, alerts, tell } = options;
    this.#tables = createNodeTables({ log: host.log, alerts, tell });
    this.#tables.declare(LISTS_TABLE);
  }

  fill({ config, files }: Pick<Gathered, 'config' | 'files'>): void {
    const rows = new Map(this.#rows);
    for (const named of listsIn(config)) {
      const key = listKey(named);
      const packed = files[key];
      // What is the same stays the same object, so that nobody forgets what it knows of it.
      if (packed === undefined || this.#isInForce(key, packed)) continue;
      // Of what is watched the newest is in force, or about to be: what was gathered may be older than that.
      if (this.#watched.has(key) && rows.has(key)) this.#changed(key);
      else rows.set(key, packed);
    }
    this.#put(rows);
  }

  follow({ config, files }: Pick<Gathered, 'config' | 'files'>): void {
    if (this.#closed) return;
    const wanted = new Map(listsIn(config).map((named) => [listKey(named), named]));
    for (const [key, watched] of this.#watched) {
      if (wanted.has(key)) continue;
      watched.stop();
      this.#watched.delete(key);
    }
    this.fill({ config, files });
    this.#put(new Map([...this.#rows].filter(([key]) => wanted.has(key))));
    for (const [key, named] of wanted) {
      if (!this.#watched.has(key)) this.#watch(key, named);
      // It may have changed between its gathering and now, and been read since.
      this.#changed(key);
    }
  }

  report(): readonly ListReport[] {
    return [...this.#watched].map(([key, { named, fault }]) => {
      const packed = this.#rows.get(key);
      const entries = packed === undefined ? null : sizeOf(named.kind, packed);
      return { file: named.file, kind: named.kind, entries, readAt: this.#since.get(key) ?? 0, fault };
    });
  }

  rows(): ReadonlyMap<string, Uint8Array> {
    return this.#rows;
  }

  close(): void {
    this.#closed = true;
    for (const { stop } of this.#watched.values()) stop();
    this.#watched.clear();
  }

  #watch(key: string, named: ListFile): void {
    const { files } = this.#options.host;
    const stop = files.watch(named.file, () => this.#changed(key));
    this.#watched.set(key, { named, stop, state: 'idle', fault: null });
  }

  #changed(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    if (watched.state !== 'idle') {
      watched.state = 'again';
      return;
    }
    watched.state = 'reading';
    void this.#read(key, watched)
      .catch((fault: unknown) => this.#refused(watched, fault instanceof Error ? fault.message : 'unknown fault'))
      .then(() => {
        const again = watched.state === 'again';
        watched.state = 'idle';
        if (again) this.#changed(key);
      });
  }

  async #read(key: string, watched: Watched): Promise<void> {
    const read = await readList(watched.named, this.#options.host.files);
    if (this.#watched.get(key) !== watched) return;
    if (!read.ok) {
      this.#refused(watched, read.error.text.split('\n')[0] ?? '');
      return;
    }
    const { packed, entries } = read.value;
    watched.fault = null;
    if (this.#isInForce(key, packed)) return;
    this.#put(new Map([...this.#rows, [key, packed]]));
    const { file } = watched.named;
    this.#options.host.log.write('info', 'list.replaced', 'a list has changed and is in force', { file, entries });
  }

  #refused(watched: Watched, fault: string): void {
    watched.fault = fault;
    this.#options.alerts.raise({
      kind: 'list.refused',
      key: watched.named.file,
      severity: 'high',
      message: `a list has changed and can not be taken, so the one before holds: ${fault}`,
      fields: { file: watched.named.file },
    });
  }

  #isInForce(key: string, packed: Uint8Array): boolean {
    const held = this.#rows.get(key);
    return held !== undefined && Buffer.compare(held, packed) === 0;
  }

  #put(rows: ReadonlyMap<string, Uint8Array>): void {
    const same = rows.size === this.#rows.size && [...rows].every(([key, packed]) => this.#rows.get(key) === packed);
    if (same) return;
    const nowMs = this.#options.host.clock.now();
    for (const [key, packed] of rows) if (this.#rows.get(key) !== packed) this.#since.set(key, nowMs);
    for (const key of this.#since.keys()) if (!rows.has(key)) this.#since.delete(key);
    const { version } = this.#tables.read(LISTS_TABLE.name);
    this.#rows = rows;
    this.#tables.replace(LISTS_TABLE.name, version + 1, rows, nowMs);
  }
}
