import type { Log, TableDeclaration, Tables, TableVersion } from '../../ports/index.ts';

// Traffic makes no tables: there is one for each issuer, at most 1,000, and those of earlier configurations stay.
const TABLE_LIMIT = 4_096;
// Listeners are written into the code of rooms: more of them means something leaks.
const LISTENER_LIMIT = 256;

interface Held {
  current: TableVersion<unknown>;
  readonly listeners: Set<() => void>;
}

/**
 * Live tables in this thread's memory. A listener that throws is reported to the log and hinders neither the
 * replacement nor the other listeners. More than 4,096 tables, or 256 listeners to one, are a bug and throw.
 */
export function createMemoryTables(options: { readonly log: Log }): Tables {
  const tables = new Map<string, Held>();

  const held = (name: string): Held => {
    const found = tables.get(name);
    if (found === undefined) throw new Error(`the table ${JSON.stringify(name)} was never declared`);
    return found;
  };

  return {
    declare(declaration) {
      const known = tables.get(declaration.name);
      if (known !== undefined) return demandSame(known.current.declaration, declaration);
      checkDeclaration(declaration);
      if (tables.size >= TABLE_LIMIT) throw new RangeError(`more than ${TABLE_LIMIT} live tables`);
      const current = { declaration: { ...declaration }, version: 0, filledAtMs: null, rows: new Map() };
      tables.set(declaration.name, { current, listeners: new Set() });
    },
    read: <Row>(name: string) => held(name).current as TableVersion<Row>,
    replace(name, version, rows, filledAtMs) {
      const table = held(name);
      table.current = nextVersion(table.current, version, rows, filledAtMs);
      for (const listener of [...table.listeners]) {
        if (table.listeners.has(listener)) call(listener, name, options.log);
      }
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

function nextVersion<Row>(
  current: TableVersion<unknown>,
  version: number,
  rows: ReadonlyMap<string, Row>,
  filledAtMs: number,
): TableVersion<Row> {
  const { declaration } = current;
  if (!Number.isSafeInteger(version) || version <= current.version) {
    throw new RangeError(`version ${version} of ${declaration.name} does not follow ${current.version}`);
  }
  if (rows.size > declaration.rowLimit) {
    throw new RangeError(`${declaration.name} holds at most ${declaration.rowLimit} rows, not ${rows.size}`);
  }
  if (!Number.isFinite(filledAtMs)) throw new RangeError(`${declaration.name} filled at ${filledAtMs}`);
  // Copied: who filled the table may go on changing its own map.
  return { declaration, version, filledAtMs, rows: new Map(rows) };
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
