import { createMemoryTables } from '../adapters/index.ts';
import type { Log, Tables, TableVersion } from '../ports/index.ts';

/** The control side's live tables: what is put into one goes on to every gateway thread, in that order. */
export function createNodeTables(options: {
  readonly log: Log;
  readonly tell: (table: TableVersion<unknown>) => void;
}): Tables {
  const tables = createMemoryTables({ log: options.log });
  return {
    declare: (declaration) => tables.declare(declaration),
    read: (name) => tables.read(name),
    replace(name, version, rows, filledAtMs) {
      tables.replace(name, version, rows, filledAtMs);
      options.tell(tables.read(name));
    },
    onReplace: (name, replaced) => tables.onReplace(name, replaced),
  };
}
