import type { SharedTable } from '../ports/index.ts';

/** A thread that judges by tables. */
export interface TableReader {
  useTable(table: SharedTable): void;
}

/** Somebody waits until a version is in force. */
interface Wait {
  readonly name: string;
  readonly version: number;
  readonly done: () => void;
}

/**
 * Live tables over threads: each has the newest version of each, and a version is in force when every thread that
 * serves judges by it or by a later one. What it took away, such as an issuer's key, then opens nothing any more.
 */
export class TableSpread {
  /** By name; as many as the control side may declare. */
  readonly #tables = new Map<string, SharedTable>();
  /** By thread that lives: the version of each table that it has taken. */
  readonly #taken = new Map<TableReader, Map<string, number>>();
  readonly #serving = new Set<TableReader>();
  readonly #waits = new Set<Wait>();

  /** A thread that has just begun: it gets all tables, ahead of whatever it is told next, and each new one. */
  add(reader: TableReader): void {
    this.#taken.set(reader, new Map());
    for (const table of this.#tables.values()) reader.useTable(table);
  }

  /** It begins to serve: from now on it is waited for. */
  serves(reader: TableReader): void {
    this.#serving.add(reader);
  }

  /** It has ended: nobody waits for it. */
  remove(reader: TableReader): void {
    this.#taken.delete(reader);
    this.#serving.delete(reader);
    this.#settle();
  }

  /** Sends a new version to every thread. */
  use(table: SharedTable): void {
    this.#tables.set(table.declaration.name, table);
    for (const reader of this.#taken.keys()) reader.useTable(table);
  }

  /** A thread says that it judges by this version. */
  taken(reader: TableReader, name: string, version: number): void {
    const versions = this.#taken.get(reader);
    if (versions === undefined || version <= (versions.get(name) ?? 0)) return;
    versions.set(name, version);
    this.#settle();
  }

  /** Whether every thread that serves judges by this version of a table, or by a later one. */
  isInForce(name: string, version: number): boolean {
    for (const reader of this.#serving) if ((this.#taken.get(reader)?.get(name) ?? 0) < version) return false;
    return true;
  }

  /** Whether the newest version of a table is in force. A table that was never filled has nothing to wait for. */
  isSettled(name: string): boolean {
    const table = this.#tables.get(name);
    return table === undefined || table.filledAtMs === null || this.isInForce(name, table.version);
  }

  /** Resolves when the version is in force. A thread that does not take it is ended sooner or later, and then not waited for. */
  inForce(name: string, version: number): Promise<void> {
    if (this.isInForce(name, version)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waits.add({ name, version, done: resolve });
    return promise;
  }

  /** Resolves when the newest version of every table is in force. */
  async settled(): Promise<void> {
    const late = [...this.#tables.values()].filter(({ declaration }) => !this.isSettled(declaration.name));
    await Promise.all(late.map(({ declaration, version }) => this.inForce(declaration.name, version)));
  }

  #settle(): void {
    for (const wait of this.#waits) {
      if (!this.isInForce(wait.name, wait.version)) continue;
      this.#waits.delete(wait);
      wait.done();
    }
  }
}
