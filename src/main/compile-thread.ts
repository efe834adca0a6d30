import { parentPort } from 'node:worker_threads';
import { createMemoryTables, createSystemClock } from '../adapters/threads.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { GatheredParcel } from '../config/index.ts';
import { compileWhole, type KindTable, testParcel, verify } from '../gateway/index.ts';

/**
 * Runs the compile worker with these kinds: builds one configuration whole, runs its own tests on what was built, says all
 * that is wrong with it, and ends.
 */
export function runCompileThread(kinds: KindTable): void {
  // Listening keeps the thread alive while a test waits; whoever asked ends it.
  parentPort?.on('message', (parcel: GatheredParcel) => {
    void issuesOf(parcel, kinds).then((issues) => parentPort?.postMessage(issues));
  });
}

async function issuesOf(parcel: GatheredParcel, kinds: KindTable): Promise<readonly Issue[]> {
  try {
    const tables = createMemoryTables({ log: { write() {} } });
    const snapshot = compileWhole(parcel, { kinds, tables });
    const issues = snapshot.ok ? verify(snapshot.value) : snapshot.error;
    if (!snapshot.ok || issues.length > 0) return issues;
    return await testParcel(parcel, snapshot.value, createSystemClock());
  } catch (fault) {
    return [
      errorIssue(
        '',
        `the configuration can not be compiled: ${fault instanceof Error ? fault.message : 'unknown fault'}`,
      ),
    ];
  }
}
