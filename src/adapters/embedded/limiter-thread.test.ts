// No tests here: the threads of the tests of limiter and leases, and how these speak with them.
import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { RateCharge } from '../../ports/index.ts';
import type { LimiterMemory } from './limiter-memory.ts';
import { createSharedLeases } from './shared-leases.ts';
import { createSharedLimiter } from './shared-limiter.ts';

/** What a thread is to do. It starts when the number at `gate` is no longer zero, as all others do. */
export type ThreadTask = { readonly memory: LimiterMemory; readonly gate: Int32Array<SharedArrayBuffer> } & (
  | { readonly kind: 'charge'; readonly calls: readonly (readonly RateCharge[])[]; readonly nowMs: number }
  // Charges once, on a clock of its own that began so much later.
  | { readonly kind: 'clock'; readonly charges: readonly RateCharge[]; readonly laterMs: number }
  | { readonly kind: 'lease'; readonly holder: number; readonly keys: readonly string[]; readonly limit: number }
  | { readonly kind: 'hold'; readonly holder: number; readonly keys: readonly string[]; readonly limit: number }
);

/** What came of it: for each call whether it passed, or how many leases were got. */
export interface ThreadAnswer {
  readonly allowed: readonly boolean[];
  /** The most leases that were held at once, as this thread saw it; of `hold`, how many it has. */
  readonly held: number;
}

/** Starts a thread; `answer` comes when its task is done. */
export function startThread(task: ThreadTask): { readonly worker: Worker; readonly answer: Promise<ThreadAnswer> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: { limiterTask: task } });
  return { worker, answer: once(worker, 'message').then(([answer]) => answer as ThreadAnswer) };
}

function run(task: ThreadTask): ThreadAnswer {
  Atomics.wait(task.gate, 0, 0);
  switch (task.kind) {
    case 'charge': {
      const limiter = createSharedLimiter({ memory: task.memory, offsetMs: 0 });
      return { allowed: task.calls.map((call) => limiter.charge(call, task.nowMs).every(passes)), held: 0 };
    }
    case 'clock': {
      const now = performance.now.bind(performance);
      performance.now = () => now() - task.laterMs;
      const limiter = createSharedLimiter({ memory: task.memory });
      return { allowed: [limiter.charge(task.charges, performance.now()).every(passes)], held: 0 };
    }
    case 'lease':
      return takeAndRelease(task);
    case 'hold': {
      const leases = createSharedLeases(task);
      const allowed = task.keys.map((key) => leases.take(key, task.limit) !== null);
      return { allowed, held: allowed.filter(Boolean).length };
    }
  }
}

/** Takes and gives back; the second number of `gate` is how many are held over all threads, the third how often that was too many. */
function takeAndRelease(task: ThreadTask & { readonly kind: 'lease' }): ThreadAnswer {
  const leases = createSharedLeases(task);
  let most = 0;
  const allowed = task.keys.map((key) => {
    const lease = leases.take(key, task.limit);
    if (lease === null) return false;
    const held = Atomics.add(task.gate, 1, 1) + 1;
    most = Math.max(most, held);
    if (held > task.limit) Atomics.add(task.gate, 2, 1);
    Atomics.sub(task.gate, 1, 1);
    lease.release();
    return true;
  });
  return { allowed, held: most };
}

function passes({ allowed }: { readonly allowed: boolean }): boolean {
  return allowed;
}

const given = (workerData as { readonly limiterTask?: ThreadTask } | null)?.limiterTask;
if (given !== undefined && parentPort !== null) {
  parentPort.postMessage(run(given));
  // One that holds leases lives on with them until it is ended.
  if (given.kind === 'hold') parentPort.on('message', () => {});
}
