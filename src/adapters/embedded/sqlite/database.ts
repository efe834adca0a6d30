import { openSync, closeSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { err, ok, type Result } from '../../../base/index.ts';
import type { StoreFault } from '../../../ports/index.ts';

// 'Port' in ASCII: tells our files from those of other programs.
const APPLICATION_ID = 0x506f7274;
const FILE_FORMAT = 1;
const FILE_MODE = 0o600;
const STATEMENT_LIMIT = 256;

// https://www.sqlite.org/rescode.html; the lower byte is the primary code.
const FAULTS: Readonly<Record<number, StoreFault['reason']>> = {
  5: 'locked',
  6: 'locked',
  8: 'not-writable',
  11: 'corrupt',
  14: 'not-writable',
  26: 'corrupt',
};

const WORDS: Readonly<Record<StoreFault['reason'], string>> = {
  locked: 'is in use by another process: stop it, or choose another data folder',
  'not-writable': 'cannot be written: see who owns it and its folder, and whether the disk is read-only',
  corrupt: 'is damaged or no database at all: put it aside and restore a backup',
  'newer-version': 'was written by a newer version of this program: run that one',
  'wrong-key': 'was written under other keys: bring back its key file or passphrase',
  other: 'could not be opened',
};

/** A fault in words for the operator. */
export function storeFault(path: string, reason: StoreFault['reason'], more?: string): Result<never, StoreFault> {
  return err({ reason, detail: `the database ${path} ${WORDS[reason]}${more === undefined ? '' : ` (${more})`}` });
}

/** How a database is opened: for how long a lock of another is waited for, and whether several may have it open at once. */
export interface DatabaseOptions {
  readonly lockWaitMs: number;
  readonly shared: boolean;
}

/**
 * Opens a database file, making it, for the owner only, if it is missing; its folder exists. Where it is not `shared` it
 * is for this process alone. The lock is the operating system's on the file itself: it ends with the process however that
 * ends, and a second opener, also in this process, gets `locked` after `lockWaitMs`. Do not read the file by other means
 * meanwhile: closing any descriptor of it drops the lock (https://www.sqlite.org/howtocorrupt.html §2.2).
 *
 * A shared one is locked for each transaction only, and journals into a file beside it instead of a log with an index in
 * shared memory: that would not do for several machines (https://www.sqlite.org/wal.html).
 */
export function openDatabase(path: string, { lockWaitMs, shared }: DatabaseOptions): Result<DatabaseSync, StoreFault> {
  let database: DatabaseSync | null = null;
  try {
    makeFile(path);
    database = new DatabaseSync(path, {
      timeout: lockWaitMs,
      defensive: true,
      allowExtension: false,
      enableDoubleQuotedStringLiterals: false,
    });
    configure(database, shared);
    const refused = judge(database, path);
    if (refused === null) return ok(database);
    database.close();
    return refused;
  } catch (error) {
    database?.close();
    return storeFault(path, reasonOf(error), error instanceof Error ? error.message : String(error));
  }
}

function makeFile(path: string): void {
  try {
    // Made here, for SQLite would leave its mode to the umask. Never opened when it exists: see above.
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function configure(database: DatabaseSync, shared: boolean): void {
  // First of all, so that no index of the log in shared memory is ever made for others.
  database.exec(`pragma locking_mode = ${shared ? 'normal' : 'exclusive'}`);
  database.exec(`pragma journal_mode = ${shared ? 'delete' : 'wal'}`);
  database.exec('pragma synchronous = full');
  database.exec('pragma trusted_schema = off');
  database.exec('pragma secure_delete = on');
  database.exec('pragma temp_store = memory');
  // Takes the lock, and finds out whether anything can be written.
  database.exec('begin exclusive; commit');
}

function judge(database: DatabaseSync, path: string): Result<never, StoreFault> | null {
  const tables = Number(valueOf(database, 'select count(*) from sqlite_schema'));
  const owner = Number(valueOf(database, 'pragma application_id'));
  if (tables === 0 && owner === 0) {
    database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${FILE_FORMAT}`);
  } else if (owner !== APPLICATION_ID) {
    return storeFault(path, 'other', 'it belongs to another program');
  }
  if (Number(valueOf(database, 'pragma user_version')) > FILE_FORMAT) return storeFault(path, 'newer-version');
  // Damage is better found now than by a request; one error is enough to know.
  const found = valueOf(database, 'pragma quick_check(1)');
  return found === 'ok' ? null : storeFault(path, 'corrupt', String(found));
}

function valueOf(database: DatabaseSync, query: string): unknown {
  return Object.values(database.prepare(query).get() ?? {})[0];
}

/** What kind of fault an error of the database or the file system is. */
export function reasonOf(error: unknown): StoreFault['reason'] {
  if (error instanceof Error && 'errcode' in error) return FAULTS[Number(error.errcode) & 0xff] ?? 'other';
  return ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error)) ? 'not-writable' : 'other';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/**
 * What Kysely's SQLite dialect asks of a database. Prepared statements are kept, 256 at most, the oldest goes. A rollback
 * outside of a transaction does nothing: SQLite itself rolls back when the disk is full, and an error of the second
 * rollback would hide the first (https://www.sqlite.org/lang_transaction.html §3). A transaction on a shared database
 * takes the lock for writing at its begin: taken later, it is refused where another has written meanwhile (§2.2).
 */
export function forKysely(database: DatabaseSync, shared = false): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(text) {
      if (text === 'rollback' && !database.isTransaction) return NO_STATEMENT;
      const sent = shared && text === 'begin' ? 'begin immediate' : text;
      const statement = prepared.get(text) ?? adapt(database.prepare(sent));
      prepared.delete(text);
      prepared.set(text, statement);
      for (const oldest of prepared.keys()) {
        if (prepared.size <= STATEMENT_LIMIT) break;
        prepared.delete(oldest);
      }
      return statement;
    },
  };
}

const NO_STATEMENT: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

function adapt(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}
