import { Secret } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Sources } from '../policy/index.ts';
import type { TableVersion } from '../ports/index.ts';

/** Reads live tables; the Tables port is one. */
export interface TableReader {
  read<Row>(name: string): TableVersion<Row>;
}

/** The gathered data as policies see them. Whatever was not asked for beforehand is not there, and asking is a bug. */
export function sourcesOf(gathered: Gathered, tables: TableReader): Sources {
  return {
    file: (path) => found(gathered.files, path, 'file'),
    // Secrets travel between threads as bytes and are wrapped again here.
    secret: (reference) => new Secret(found(gathered.secrets, reference, 'secret')),
    table:
      <Row>(name: string) =>
      () =>
        tables.read<Row>(name),
  };
}

function found(table: Readonly<Record<string, Uint8Array>>, name: string, what: string): Uint8Array {
  const bytes = Object.hasOwn(table, name) ? table[name] : undefined;
  if (bytes === undefined) throw new Error(`the ${what} ${name} was not asked for by the policy's sources`);
  return bytes;
}
