import type { Log, SharedTable, TableDeclaration, Tables, TableVersion } from '../../ports/index.ts';
import { packRows } from './shared-rows.ts';
import { readRows } from './shared-rows-view.ts';

// Traffic makes no tables: there is one for each issuer, at most 1,000, and those of earlier configurations stay.
const TABLE_LIMIT = 4_096;
// Listeners are written into the code of rooms: more of them means something leaks.
const LISTENER_LIMIT = 256;

/** Of tables that were never filled. */
const EMPTY = packRows(new Map());

interface Held {
  current: TableVersion<unknown>;
  /** The rows of the current version, as other threads can be sent them. */
  memory: ArrayBufferLike;
  /** The same of a table of bytes; else null. */
  bytes: ReadonlyMap<string, Uint8Array> | null;
  readonly listeners: Set<() => void>;
}

/**
 * Live tables in memory that threads can share: one packs the rows, at some microseconds a row, and each reads them where
 * they lie. A version takes 64 MiB at most, but for one of bytes, which are packed already. A listener that throws is reported to the log and hinders neither the
 * replacement nor the other listeners. More than 4,096 tables, or 256 listeners to one, are a bug and throw.
 */
export function createMemoryTables(options: { readonly log: Log }): Tables {
  const tables = new Map<string, Held>();

  const held = (name: string): Held => {
    const found = tables.get(name);
    if (found === undefined) throw new Error(`the table ${JSON.stringify(name)} was never declared`);
    return found;
  };

  const put = (given: SharedTable): void => {
    const table = held(given.declaration.name);
    table.current = nextVersion(table.current, given);
    table.memory = given.memory;
    table.bytes = given.bytes ?? null;
    for (const listener of [...table.listeners]) {
      if (table.listeners.has(listener)) call(listener, given.declaration.name, options.log);
    }
  };

  return {
    declare(declaration) {
      const known = tables.get(declaration.name);
      if (known !== undefined) return demandSame(known.current.declaration, declaration);
      checkDeclaration(declaration);
      if (tables.size >= TABLE_LIMIT) throw new RangeError(`more than ${TABLE_LIMIT} live tables`);
      const current = { declaration: { ...declaration }, version: 0, filledAtMs: null, rows: new Map() };
      tables.set(declaration.name, { current, memory: EMPTY, bytes: null, listeners: new Set() });
    },
    read: <Row>(name: string) => held(name).current as TableVersion<Row>,
    replace(name, version, rows, filledAtMs) {
      const { declaration, version: before } = held(name).current;
      demandNext(declaration, before, version, filledAtMs);
      // Before they are packed, which for many takes long.
      demandRoom(declaration, rows.size);
      const bytes = bytesOf(rows);
      if (bytes !== null) put({ declaration, version, filledAtMs, memory: EMPTY, bytes });
      else put({ declaration, version, filledAtMs, memory: packRows(rows) });
    },
    share(name) {
      const { current, memory, bytes } = held(name);
      const { declaration, version, filledAtMs } = current;
      return { declaration, version, filledAtMs, memory, ...(bytes === null ? {} : { bytes }) };
    },
    take(table) {
      demandSame(held(table.declaration.name).current.declaration, table.declaration);
      put(table);
    },
    onReplace(name, replaced) {
      const { listeners } = held(name);
      if (listeners.size >= LISTENER_LIMIT) throw new RangeError(`more than ${LISTENER_LIMIT} listeners to ${name}`);
      // Wrapped, so that one function may listen twice and each stop ends one of the two.
      const listener = (): void => replaced();
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function nextVersion(current: TableVersion<unknown>, given: SharedTable): TableVersion<unknown> {
  const { declaration } = current;
  const { version, filledAtMs } = given;
  demandNext(declaration, current.version, version, filledAtMs);
  const rows = given.bytes ?? readRows(given.memory);
  demandRoom(declaration, rows.size);
  return { declaration, version, filledAtMs, rows };
}

/** A table of bytes: a copy of the list, not of the rows. Null where the first row is none; one that has both kinds throws. */
function bytesOf(rows: ReadonlyMap<string, unknown>): ReadonlyMap<string, Uint8Array> | null {
  const copy = new Map<string, Uint8Array>();
  for (const [key, row] of rows) {
    if (row instanceof Uint8Array && row.buffer instanceof SharedArrayBuffer) copy.set(key, row);
    else if (copy.size === 0) return null;
    else throw new TypeError('a row of a table of bytes is no bytes in shared memory');
  }
  return copy.size === 0 ? null : copy;
}

function demandNext({ name }: TableDeclaration, before: number, version: number, filledAtMs: number | null): void {
  if (!Number.isSafeInteger(version) || version <= before) {
    throw new RangeError(`version ${version} of ${name} does not follow ${before}`);
  }
  if (!Number.isFinite(filledAtMs)) throw new RangeError(`${name} filled at ${filledAtMs}`);
}

function demandRoom({ name, rowLimit }: TableDeclaration, rows: number): void {
  if (rows > rowLimit) throw new RangeError(`${name} holds at most ${rowLimit} rows, not ${rows}`);
}

function checkDeclaration({ name, rowLimit, staleAfterMs }: TableDeclaration): void {
  if (!(Number.isSafeInteger(rowLimit) && rowLimit > 0)) throw new RangeError(`${name} with ${rowLimit} rows at most`);
  if (!(staleAfterMs > 0)) throw new RangeError(`${name} stale after ${staleAfterMs} ms`);
}

function demandSame(known: TableDeclaration, again: TableDeclaration): void {
  const same =
    known.rowLimit === again.rowLimit &&
    known.staleAfterMs === again.staleAfterMs &&
    known.whenStale === again.whenStale;
  if (!same) throw new Error(`the table ${JSON.stringify(known.name)} was declared before in other words`);
}

function call(listener: () => void, table: string, log: Log): void {
  try {
    listener();
  } catch (error) {
    log.write('error', 'table.listener-failed', 'what depends on a live table failed', { table, error: String(error) });
  }
}
