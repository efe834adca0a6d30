// No tests here: a thread that is sent tables as a gateway thread is, and answers what it reads in them.
import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { SharedTable } from '../../ports/index.ts';
import { createMemoryTables } from './memory-tables.ts';

/** A table, and the keys that are looked up in it. */
export interface LookupTask {
  readonly table: SharedTable;
  readonly keys: readonly string[];
}

/** What the thread found; null where there was no row. Its own heap before and after it took the table. */
export interface LookupAnswer {
  readonly size: number;
  readonly version: number;
  readonly found: readonly unknown[];
  readonly heapBytes: { readonly before: number; readonly after: number };
}

/** Starts a thread that answers each task in turn. */
export function startReader(): { ask(task: LookupTask): Promise<LookupAnswer>; end(): Promise<unknown> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: { readsTables: true } });
  return {
    ask: async (task) => {
      const answer = once(worker, 'message');
      worker.postMessage(task);
      return ((await answer) as [LookupAnswer])[0];
    },
    end: () => worker.terminate(),
  };
}

if ((workerData as { readsTables?: true } | null)?.readsTables === true) {
  const tables = createMemoryTables({ log: { write() {} } });
  const before = process.memoryUsage().heapUsed;
  parentPort?.on('message', ({ table, keys }: LookupTask) => {
    tables.declare(table.declaration);
    tables.take(table);
    const { rows, version } = tables.read(table.declaration.name);
    const heapBytes = { before, after: process.memoryUsage().heapUsed };
    const found = keys.map((key) => rows.get(key) ?? null);
    parentPort?.postMessage({ size: rows.size, version, found, heapBytes } satisfies LookupAnswer);
  });
}
