import { parentPort } from 'node:worker_threads';
import { createMemoryTables } from '../adapters/index.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { compile, verify } from '../gateway/index.ts';
import { createOfflineKinds } from './kinds.ts';

/** The entry of the compile worker: builds one configuration whole, says all that is wrong with it, and ends. */
parentPort?.once('message', (gathered: Gathered) => {
  parentPort?.postMessage(issuesOf(gathered));
});

function issuesOf(gathered: Gathered): readonly Issue[] {
  try {
    const tables = createMemoryTables({ log: { write() {} } });
    const snapshot = compile(gathered, { kinds: createOfflineKinds(), tables });
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
