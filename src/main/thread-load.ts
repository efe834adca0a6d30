import { performance } from 'node:perf_hooks';

const DRAWN = 1_024;

/** Gives the share of time, from 0 to 1, in which this thread had something to do since it was asked last. */
export function createUtilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/** Gives numbers from 0 up to 1; randomness is drawn for many of them at once, since a crowd asks. */
export function createChance(fill: (bytes: Uint8Array) => void): () => number {
  const numbers = new Uint32Array(DRAWN);
  let at = DRAWN;
  return () => {
    if (at === DRAWN) {
      fill(new Uint8Array(numbers.buffer));
      at = 0;
    }
    return (numbers[at++] as number) / 2 ** 32;
  };
}
