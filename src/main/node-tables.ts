import { createMemoryTables } from '../adapters/index.ts';
import type { Alerts, Log, SharedTable, Tables } from '../ports/index.ts';

/**
 * The control side's live tables: what is put into one goes on to every gateway thread, in that order. A version that
 * can't be taken is an alert, and the one before stays everywhere: who fills a table can do nothing about it, and must
 * not end the program by it. A table that was never declared is a bug and throws.
 */
export function createNodeTables(options: {
  readonly log: Log;
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly tell: (table: SharedTable) => void;
}): Tables {
  const { log, alerts, tell } = options;
  const tables = createMemoryTables({ log });
  return {
    declare: (declaration) => tables.declare(declaration),
    read: (name) => tables.read(name),
    share: (name) => tables.share(name),
    take(table) {
      tables.take(table);
      tell(table);
    },
    replace(name, version, rows, filledAtMs) {
      const before = tables.read(name).version;
      try {
        tables.replace(name, version, rows, filledAtMs);
      } catch (fault) {
        const detail = fault instanceof Error ? fault.message : 'unknown fault';
        const message = `a new version of the live table ${name} can not be taken: ${detail}; version ${before} stays`;
        alerts.raise({
          kind: 'table.refused',
          key: name,
          severity: 'critical',
          message,
          fields: { table: name, version },
        });
        return;
      }
      tell(tables.share(name));
    },
    onReplace: (name, replaced) => tables.onReplace(name, replaced),
  };
}
