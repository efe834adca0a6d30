import type { Snapshot } from '../../src/gateway/index.ts';
import type { Tables } from '../../src/ports/index.ts';

/** Rows of live tables by the table's name. */
export type GivenRows = Readonly<Record<string, ReadonlyMap<string, unknown>>>;

/** Fills the live tables that a Snapshot needs where there is no control side that would: with these rows, or with none. */
export function fillTables({ tables: needed }: Snapshot, tables: Tables, nowMs: number, rows: GivenRows = {}): void {
  for (const { declaration } of needed) {
    tables.declare(declaration);
    if (tables.read(declaration.name).version > 0) continue;
    tables.replace(declaration.name, 1, rows[declaration.name] ?? new Map(), nowMs);
  }
}
