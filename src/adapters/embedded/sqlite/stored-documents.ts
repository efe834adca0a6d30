import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { err, ok, type Result } from '../../../base/index.ts';
import type { CollectionDeclaration, Keyring, StoreFault } from '../../../ports/index.ts';
import { reasonOf, storeFault } from './database.ts';
import { type Declaration, decodeRow, type DocumentRow, tableOf } from './document.ts';

/** Documents of a store that nobody has open. */
export interface StoredDocuments {
  /** One without secret fields; null where it is not there, or its collection is not. The error says why it can't be read. */
  get<T extends object>(declaration: CollectionDeclaration<T>, id: string): Result<T | null, string>;
  close(): void;
}

/** No document that is read here has a secret, so no key is needed; one that has been planted does not open. */
const NO_KEYRING = {
  seal: () => {
    throw new Error('nothing is sealed here');
  },
  open: () => err('can not be opened without keys'),
} as unknown as Keyring;

/**
 * Opens the file of a store for reading alone, without its keys: no document in it is changed. While a process has it open
 * for itself this is refused as `locked`; one that opens it meanwhile has to wait, so it is not to be kept open.
 */
export function openStoredDocuments(path: string): Result<StoredDocuments, StoreFault> {
  let database: DatabaseSync | null = null;
  try {
    // What is not there would be made.
    statSync(path);
    const held = new DatabaseSync(path, { timeout: 0, defensive: true, allowExtension: false });
    database = held;
    // First of all, so that the index of its log lies in memory, and no file of it stays behind.
    held.exec('pragma locking_mode = exclusive; pragma query_only = on');
    // Takes the lock, and finds out whether it can be read at all.
    held.prepare('select count(*) from sqlite_schema').get();
    return ok({ get: (declaration, id) => read(held, declaration, id), close: () => held.close() });
  } catch (error) {
    database?.close();
    return storeFault(path, reasonOf(error), messageOf(error));
  }
}

function read<T extends object>(
  database: DatabaseSync,
  declaration: CollectionDeclaration<T>,
  id: string,
): Result<T | null, string> {
  const known = declaration as unknown as Declaration;
  const table = tableOf(known);
  try {
    const isThere = database.prepare("select 1 from sqlite_schema where type = 'table' and name = ?").get(table);
    if (isThere === undefined) return ok(null);
    // A table's name is made of a declaration's, which is letters and lines.
    const row = database.prepare(`select version, json, sealed from ${table} where id = ?`).get(id);
    return ok(row === undefined ? null : (decodeRow(known, id, row as unknown as DocumentRow, NO_KEYRING) as T));
  } catch (error) {
    return err(messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
