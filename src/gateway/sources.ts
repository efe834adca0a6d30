import { Secret } from '../base/index.ts';
import type { Configured } from '../config/compiled.ts';
import type { ListMaterial } from '../lists/index.ts';
import type { Sources } from '../policy/index.ts';
import type { TableVersion } from '../ports/index.ts';

/** Reads live tables; the Tables port is one. */
export interface TableReader {
  read<Row>(name: string): TableVersion<Row>;
}

/** A configuration as policies see it. Whatever was not asked for beforehand is not there, and asking is a bug. */
export function sourcesOf(configured: Configured, tables: TableReader, lists: ListMaterial): Sources {
  return {
    file: (path) => found(configured.files, path, 'file'),
    // Secrets travel between threads as bytes and are wrapped again here.
    secret: (reference) => new Secret(found(configured.secrets, reference, 'secret')),
    table:
      <Row>(name: string) =>
      () =>
        tables.read<Row>(name),
    document: (api) => configured.document(api),
    lists,
  };
}

/**
 * The tables as requests read them. Not the policy decides what age means but the table: one that says `deny` throws
 * once it is older than its `staleAfterMs`, which makes the reading step a deny with an alarm; one that says `serve`
 * is given at any age, and its `filledAtMs` tells the step how old it is. One that was never filled throws in any
 * case. `now` is wall time in milliseconds, as `filledAtMs` is.
 */
export function judgedTables(tables: TableReader, now: () => number): TableReader {
  return {
    read<Row>(name: string) {
      const version = tables.read<Row>(name);
      const { filledAtMs, declaration } = version;
      if (filledAtMs === null) throw new Error(`the table ${name} was never filled`);
      const ageMs = now() - filledAtMs;
      if (declaration.whenStale === 'deny' && ageMs > declaration.staleAfterMs)
        throw new Error(`the table ${name} is stale: it was filled ${ageMs} ms ago`);
      return version;
    },
  };
}

function found(table: Readonly<Record<string, Uint8Array>>, name: string, what: string): Uint8Array {
  const bytes = Object.hasOwn(table, name) ? table[name] : undefined;
  if (bytes === undefined) throw new Error(`the ${what} ${name} was not asked for by the policy's sources`);
  return bytes;
}
