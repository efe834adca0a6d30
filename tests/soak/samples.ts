import { readdirSync, readFileSync } from 'node:fs';
import type { HeapReport } from './inside.ts';

/** What a process holds at one moment. */
export interface Sample {
  readonly minute: number;
  readonly rssMb: number;
  readonly mainHeapMb: number;
  readonly gatewayHeapMb: number;
  readonly descriptors: number;
  readonly threads: number;
}

const MB = 2 ** 20;

/** Reads it from /proc, and from the report that the process writes about its heaps; those are 0 before the first. */
export function takeSample(pid: number, heapFile: string, minute: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const numberOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const { heaps } = readHeaps(heapFile);
  const gateways = Object.entries(heaps).filter(([name]) => name.startsWith('gateway'));
  return {
    minute,
    rssMb: numberOf('VmRSS') / 1024,
    mainHeapMb: (heaps['main'] ?? 0) / MB,
    gatewayHeapMb: gateways.reduce((sum, [, bytes]) => sum + bytes, 0) / MB,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: numberOf('Threads'),
  };
}

/** The newest report, or an empty one where none can be read. */
export function readHeaps(file: string): HeapReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as HeapReport;
  } catch {
    return { heaps: {}, ended: 0 };
  }
}

/** How the last third of the samples compares with the first. */
export interface Growth {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Within what is no leak. */
  readonly flat: boolean;
}

/**
 * What may differ without being a leak: garbage that waits for its collector moves memory to and fro, and connections come
 * and go. A real leak of a soak's hundreds of thousands of requests is far above.
 */
const SLACK: readonly (readonly [name: keyof Sample, part: number, more: number])[] = [
  ['rssMb', 0.1, 20],
  ['mainHeapMb', 0.2, 15],
  ['gatewayHeapMb', 0.2, 15],
  ['descriptors', 0.1, 30],
  ['threads', 0, 1],
];

/** The median of the first third against that of the last; samples of the first minute, when caches fill, count for nothing. */
export function growthOf(samples: readonly Sample[]): Growth[] {
  const settled = samples.filter(({ minute }) => minute >= 1);
  const third = Math.max(1, Math.floor(settled.length / 3));
  return SLACK.map(([name, part, more]) => {
    const first = median(settled.slice(0, third).map((sample) => sample[name]));
    const last = median(settled.slice(-third).map((sample) => sample[name]));
    return { name, first, last, flat: last <= first * (1 + part) + more };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
