import type { IndexedHeap } from './heap.ts';

/** The least of a heap of entries that is none of `tried`, as its place among `entries`; -1 where there is none. */
export function leastUntried<E>(heap: IndexedHeap, entries: readonly E[], tried: readonly E[]): number {
  const least = heap.least;
  if (least === -1 || tried.length === 0 || !tried.includes(entries[least] as E)) return least;
  const passed = passTried(heap, entries, tried);
  const found = heap.least;
  for (const index of passed) heap.set(index, heap.keyOf(index), heap.secondOf(index));
  return found;
}

/** Takes those out that were tried and stand before the least that was not; there are as many as tries at most. */
function passTried<E>(heap: IndexedHeap, entries: readonly E[], tried: readonly E[]): readonly number[] {
  const passed: number[] = [];
  while (heap.least !== -1 && tried.includes(entries[heap.least] as E)) {
    passed.push(heap.least);
    heap.remove(heap.least);
  }
  return passed;
}
