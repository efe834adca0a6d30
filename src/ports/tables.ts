/** What holds when a live table is older than its `staleAfterMs`: its rows still serve, or what needs them denies. */
export type WhenStale = 'serve' | 'deny';

/** A live table's promise: what it is called, how much it may hold, and what age means for it. */
export interface TableDeclaration {
  readonly name: string;
  readonly rowLimit: number;
  readonly staleAfterMs: number;
  readonly whenStale: WhenStale;
}

/** One version of a live table; never changed, only replaced. `filledAtMs` is null before the first filling. */
export interface TableVersion<Row> {
  readonly declaration: TableDeclaration;
  readonly version: number;
  readonly filledAtMs: number | null;
  readonly rows: ReadonlyMap<string, Row>;
}

/** One version of a live table as it is sent to another thread. The rows of all but a small one lie in memory that both share. */
export interface SharedTable {
  readonly declaration: TableDeclaration;
  readonly version: number;
  readonly filledAtMs: number | null;
  /** Written once, before it is sent; only `take` reads it. */
  readonly memory: ArrayBufferLike;
  /** The rows of a table of bytes, which lie in shared memory. */
  readonly bytes?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Live tables: what changes faster than configuration (keys, revocations, blocks). The control side fills them,
 * each thread reads the newest version by reference.
 *
 * Rows are plain data, the same in every thread: null, booleans, finite numbers other than -0, texts, and lists and
 * plain objects of these. `rows` gives the same object for the same row as long as it is among those used last. Or every
 * row of a version is bytes in shared memory (`Uint8Array` over `SharedArrayBuffer`), and `rows` gives these.
 */
export interface Tables {
  /** Makes the table known; declaring it again with the same words is fine, with others an error. */
  declare(declaration: TableDeclaration): void;
  /** The newest version. An undeclared name is a bug and throws. */
  read<Row>(name: string): TableVersion<Row>;
  /**
   * Puts new rows in place of all old ones. Versions must grow; more rows than the limit, more bytes than a table may
   * have, or a row that is no plain data, throw and change nothing.
   */
  replace<Row>(name: string, version: number, rows: ReadonlyMap<string, Row>, filledAtMs: number): void;
  /** The newest version, to be sent to another thread. Nothing is copied. */
  share(name: string): SharedTable;
  /** Puts a version that was sent in place of the one before, as `replace` does. Nothing is copied but the rows of a small table. */
  take(table: SharedTable): void;
  /** Calls back after each replacement. Returns how to stop. */
  onReplace(name: string, replaced: () => void): () => void;
}
