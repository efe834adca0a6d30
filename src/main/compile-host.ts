import { Worker } from 'node:worker_threads';
import { errorIssue, type Issue } from '../base/index.ts';
import { type Gathered, packGathered } from '../config/index.ts';
import type { Verifier } from '../control/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { workerFile } from './worker-file.ts';

/** Longer than this no configuration takes; a worker that does not answer has failed. */
const LIMIT_MS = 120_000;
/** Longer than this no gathering takes that goes well; a worker that nobody wants costs some 30 MB. */
const WARM_MS = 30_000;

/** What verifies configurations, each in a thread of its own. */
export interface CompileWorker extends Verifier {
  /** Starts the next worker ahead of its configuration, so that it has loaded its code when that is gathered. */
  warm(): void;
  /** Begins with a configuration before `verify` is asked for it, or for another revision of it. */
  begin(gathered: Gathered): void;
  /** Ends all workers; those who wait are told of a failure. */
  close(): void;
}

/** Compiles in a thread of its own, a new one each time: what it needed of memory is gone afterwards. */
export function createCompileWorker(clock: Clock, entry = workerFile('compile-entry-thread')): CompileWorker {
  const running = new Set<Compiling>();
  let warm: { readonly compiling: Compiling; readonly timer: Timer } | null = null;
  let begun: { readonly hash: string; readonly answer: Promise<readonly Issue[]> } | null = null;
  const start = (): Compiling => {
    const compiling = startWorker(entry);
    running.add(compiling);
    void compiling.answer.then(() => running.delete(compiling));
    return compiling;
  };
  const takeWarm = (): Compiling | null => {
    const taken = warm;
    warm = null;
    taken?.timer.cancel();
    // One that has failed while nobody needed it stands for nothing.
    return taken !== null && running.has(taken.compiling) ? taken.compiling : null;
  };
  const compile = async (gathered: Gathered): Promise<readonly Issue[]> => {
    const compiling = takeWarm() ?? start();
    const words = `the configuration could not be compiled within ${LIMIT_MS / 1_000} s`;
    const timer = clock.after(LIMIT_MS, () => compiling.end(words));
    compiling.give(gathered);
    return await compiling.answer.finally(() => timer.cancel());
  };
  return {
    warm() {
      if (warm !== null) return;
      warm = { compiling: start(), timer: clock.after(WARM_MS, () => takeWarm()?.end('nobody needed it')) };
    },
    begin(gathered) {
      begun = { hash: gathered.hash, answer: compile(gathered) };
    },
    verify(gathered) {
      const known = begun?.hash === gathered.hash ? begun.answer : null;
      begun = null;
      return known ?? compile(gathered);
    },
    close() {
      takeWarm();
      for (const compiling of running) compiling.end('the gateway ends');
    },
  };
}

/** One worker and what it answers, once; it ends with its answer. */
interface Compiling {
  readonly answer: Promise<readonly Issue[]>;
  give(gathered: Gathered): void;
  /** Ends it, with this as the answer where there is none yet. */
  end(reason: string): void;
}

function startWorker(entry: URL): Compiling {
  const worker = new Worker(entry, { name: 'compile' });
  const { promise: answer, resolve } = Promise.withResolvers<readonly Issue[]>();
  const end = (reason: string): void => resolve([errorIssue('', reason)]);
  worker.once('message', resolve);
  worker.once('error', (fault) =>
    end(`the compile worker failed: ${fault instanceof Error ? fault.message : 'unknown fault'}`),
  );
  worker.once('exit', () => end('the compile worker ended without an answer'));
  void answer.then(() => worker.terminate());
  return { answer, end, give: (gathered) => worker.postMessage(packGathered(gathered)) };
}
