import { writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import workers, { isMainThread, type Worker, type WorkerOptions } from 'node:worker_threads';

// Loaded into the gateway's process before it starts. It keeps count of the threads, ends a gateway thread on SIGUSR2, and
// writes what the heaps hold to a file now and then. The product itself has no such door.
const PERIOD_MS = 5_000;

/** What is written: bytes of live objects and their room, by thread; threads of the same name follow each other. */
export interface HeapReport {
  readonly heaps: Readonly<Record<string, number>>;
  /** Gateway threads that SIGUSR2 has ended. */
  readonly ended: number;
}

function watch(file: string): void {
  const living = new Map<Worker, string>();
  let ended = 0;
  const Plain = workers.Worker;
  workers.Worker = class extends Plain {
    constructor(filename: string | URL, options?: WorkerOptions) {
      super(filename, options);
      living.set(this, options?.name ?? 'unnamed');
      this.once('exit', () => living.delete(this));
    }
  };
  syncBuiltinESMExports();
  process.on('SIGUSR2', () => {
    const gateways = [...living].filter(([, name]) => name.startsWith('gateway'));
    const [victim] = gateways[ended % Math.max(1, gateways.length)] ?? [];
    if (victim === undefined) return;
    ended++;
    void victim.terminate();
  });
  const report = async (): Promise<void> => {
    const heaps: Record<string, number> = { main: process.memoryUsage().heapUsed };
    for (const [worker, name] of living) {
      // One that ends meanwhile has no heap any more.
      const { used_heap_size: used } = await worker.getHeapStatistics().catch(() => ({ used_heap_size: 0 }));
      heaps[name] = (heaps[name] ?? 0) + used;
    }
    await writeFile(file, JSON.stringify({ heaps, ended } satisfies HeapReport));
  };
  setInterval(() => void report(), PERIOD_MS).unref();
}

const file = process.env['SOAK_REPORT'];
if (isMainThread && file !== undefined) watch(file);
