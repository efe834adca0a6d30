import { Worker } from 'node:worker_threads';
import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Verifier } from '../control/index.ts';
import type { Clock } from '../ports/index.ts';
import { workerFile } from './worker-file.ts';

/** Longer than this no configuration takes; a worker that does not answer has failed. */
const LIMIT_MS = 120_000;

/** Compiles in a thread of its own, a new one each time: what it needed of memory is gone afterwards. */
export function createCompileWorker(clock: Clock): Verifier {
  return {
    verify: (gathered: Gathered) =>
      new Promise<readonly Issue[]>((resolve) => {
        const worker = new Worker(workerFile('compile-thread'), { name: 'compile' });
        const end = (issues: readonly Issue[]): void => {
          timer.cancel();
          resolve(issues);
          void worker.terminate();
        };
        const timer = clock.after(LIMIT_MS, () =>
          end([errorIssue('', `the configuration could not be compiled within ${LIMIT_MS / 1_000} s`)]),
        );
        worker.once('message', end);
        worker.once('error', (fault) =>
          end([
            errorIssue('', `the compile worker failed: ${fault instanceof Error ? fault.message : 'unknown fault'}`),
          ]),
        );
        worker.once('exit', () => end([errorIssue('', 'the compile worker ended without an answer')]));
        worker.postMessage(gathered);
      }),
  };
}
