import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** How full a thread's heap is: `near` is time to replace it, at `full` it must end now. */
export type HeapState = 'near' | 'full';

/** From here on a thread is replaced: what is left is enough for its last requests, unless it takes all at once. */
const NEAR_PART = 0.8;

/**
 * What V8 gives a heap above the limit that we keep. Where it reaches its own limit it allows 16 MiB more, and if a single
 * allocation or the survivors of the young generation need more than that, it ends the process and not the thread.
 */
const HEADROOM_MB = 64;
/** Three parts of 16 MiB each: what V8 may have to move at once. By itself it would take twice that. */
const YOUNG_GENERATION_MB = 48;

/** The limits that V8 gets for a thread whose heap may have this much. */
export function heapResources(limitMb: number): { maxOldGenerationSizeMb: number; maxYoungGenerationSizeMb: number } {
  return { maxOldGenerationSizeMb: limitMb + HEADROOM_MB, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
}

/**
 * What a heap is, by what it holds after a collection; null while there is room. Behind a `whole` one little of it is
 * garbage. Behind others much may be, and only the limit itself counts.
 */
export function judgeHeap(usedBytes: number, limitMb: number, whole: boolean): HeapState | null {
  const part = usedBytes / (limitMb * 2 ** 20);
  if (part >= 1) return 'full';
  return whole && part >= NEAR_PART ? 'near' : null;
}

/**
 * Looks at the heap of this thread after each garbage collection, in a turn of the event loop, and tells each state once.
 * Collections come with every few MiB that a thread takes, so this sees a leak before V8 does, however fast it is.
 */
export function watchHeap(limitMb: number, told: (state: HeapState) => void): void {
  const known = new Set<HeapState>();
  const observer = new PerformanceObserver((list) => {
    const state = judgeHeap(getHeapStatistics().used_heap_size, limitMb, list.getEntries().some(isWhole));
    if (state === null || known.has(state)) return;
    known.add(state);
    told(state);
  });
  observer.observe({ entryTypes: ['gc'] });
}

function isWhole(collection: PerformanceEntry): boolean {
  // The detail of a collection is its kind and flags; the types of Node know a detail only where users make it.
  const { detail } = collection as PerformanceEntry & { readonly detail?: { readonly kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
