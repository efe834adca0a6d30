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

/**
 * Live tables: what changes faster than configuration (keys, revocations, blocks). The control side fills them,
 * each thread reads the newest version by reference. Rows are data that can be sent to a thread.
 */
export interface Tables {
  /** Makes the table known; declaring it again with the same words is fine, with others an error. */
  declare(declaration: TableDeclaration): void;
  /** The newest version. An undeclared name is a bug and throws. */
  read<Row>(name: string): TableVersion<Row>;
  /** Puts new rows in place of all old ones. Versions must grow; more rows than the limit throw and change nothing. */
  replace<Row>(name: string, version: number, rows: ReadonlyMap<string, Row>, filledAtMs: number): void;
  /** Calls back after each replacement. Returns how to stop. */
  onReplace(name: string, replaced: () => void): () => void;
}
