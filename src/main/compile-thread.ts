import { parentPort } from 'node:worker_threads';
import { createMemoryTables } from '../adapters/threads.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { GatheredParcel } from '../config/index.ts';
import { compileWhole, type KindTable, verify } from '../gateway/index.ts';

/** Runs the compile worker with these kinds: builds one configuration whole, says all that is wrong with it, and ends. */
export function runCompileThread(kinds: KindTable): void {
  parentPort?.once('message', (parcel: GatheredParcel) => {
    parentPort?.postMessage(issuesOf(parcel, kinds));
  });
}

function issuesOf(parcel: GatheredParcel, kinds: KindTable): readonly Issue[] {
  try {
    const tables = createMemoryTables({ log: { write() {} } });
    const snapshot = compileWhole(parcel, { kinds, tables });
    return snapshot.ok ? verify(snapshot.value) : snapshot.error;
  } catch (fault) {
    return [
      errorIssue(
        '',
        `the configuration can not be compiled: ${fault instanceof Error ? fault.message : 'unknown fault'}`,
      ),
    ];
  }
}
