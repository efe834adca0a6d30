import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { err, ok, type Result } from '../../base/index.ts';

/** A folder that this process has to itself. */
export interface FolderLock {
  release(): void;
}

const LOCK = 'lock';
const OWNER = 'lock.pid';
const FILE_MODE = 0o600;
/** SQLITE_BUSY, https://www.sqlite.org/rescode.html. */
const BUSY = 5;

/**
 * Takes a folder for this process alone, until it is released or the process ends, however it ends: the lock is the
 * operating system's, on a database file that nothing is ever written to. A second taker, also in this process, gets
 * words that name the process which has it. The folder exists, on a local disk.
 */
export function lockFolder(folder: string, pid: number): Result<FolderLock, string> {
  let database: DatabaseSync | null = null;
  try {
    // Made here, for SQLite would leave its mode to the umask. Closing a descriptor would drop a lock that this process
    // has: a file that is there is never opened but by SQLite.
    make(join(folder, LOCK));
    database = new DatabaseSync(join(folder, LOCK), { timeout: 0 });
    // In memory, or a second file would appear beside it.
    database.exec('pragma journal_mode = memory; begin exclusive');
    writeFileSync(join(folder, OWNER), `${pid}\n`, { mode: FILE_MODE });
    const held = database;
    return ok({ release: () => held.close() });
  } catch (error) {
    database?.close();
    if (isBusy(error))
      return err(
        `another portcullis${ownerOf(folder)} uses the data folder ${folder}: stop it, or choose another folder`,
      );
    return err(
      `the data folder ${folder} can not be used: ${error instanceof Error ? error.message : 'unknown fault'}`,
    );
  }
}

function make(path: string): void {
  try {
    closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, FILE_MODE));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === BUSY;
}

/** Who has it, as far as can be told: it may have been taken this very moment. */
function ownerOf(folder: string): string {
  try {
    const text = readFileSync(join(folder, OWNER), 'utf8');
    return /^[1-9][0-9]{0,9}\n$/.test(text) ? ` (process ${text.trim()})` : '';
  } catch {
    return '';
  }
}
