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
    document: (api) => documentOf(gathered, api),
  };
}

/** Documents are shared between threads as text; each is read once for all operations of a Snapshot. */
const documents = new WeakMap<SharedArrayBuffer, unknown>();

function documentOf(gathered: Gathered, api: string): unknown {
  const bytes = Object.hasOwn(gathered.documents, api) ? gathered.documents[api] : undefined;
  if (bytes === undefined) return null;
  if (!documents.has(bytes)) documents.set(bytes, JSON.parse(Buffer.from(bytes).toString()));
  return documents.get(bytes);
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
