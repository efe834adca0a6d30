import { performance } from 'node:perf_hooks';

const DRAWN = 1_024;

/**
 * A thread that gets less of a core waits for other programs. It is late by them, and would be however much it refused.
 */
const LEAST_CORE_SHARE = 0.3;

/** What a thread has used of its core, and of its loop. */
export interface ThreadUse {
  /** Milliseconds that the thread had the processor. */
  cpuMs(): number;
  /** The share of time, from 0 to 1, in which its loop had something to do since this was asked last. */
  loopShare(): number;
}

/** This thread. */
export function createThreadUse(): ThreadUse {
  let last = performance.eventLoopUtilization();
  return {
    cpuMs() {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1_000;
    },
    loopShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
  };
}

/**
 * Gives how busy a thread was since this was asked last, from 0 to 1: the share of time in which its loop had something to
 * do, or 0 where it was other programs that kept it from its work.
 */
export function createUtilization(use: ThreadUse, monotonic: () => number): () => number {
  let lastMs = monotonic();
  let lastCpuMs = use.cpuMs();
  return () => {
    const [nowMs, cpuMs] = [monotonic(), use.cpuMs()];
    const coreShare = nowMs > lastMs ? (cpuMs - lastCpuMs) / (nowMs - lastMs) : 0;
    [lastMs, lastCpuMs] = [nowMs, cpuMs];
    const loopShare = use.loopShare();
    return coreShare < LEAST_CORE_SHARE ? 0 : loopShare;
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
