import { readFileSync } from 'node:fs';
import { useOfTree } from './process-tree.ts';

/** How far a machine was not ours alone while something was measured, in percent of all its cores' time. */
export interface Noise {
  readonly others_busy_pct: number;
  readonly stolen_pct: number;
}

interface Times {
  readonly total: number;
  readonly busy: number;
  readonly stolen: number;
  readonly own: number;
}

/**
 * Begins to watch; the function it gives tells what happened since. Figures of a busy machine are too high, for all
 * contestants: caches are shared, and a guest cannot see what its host does to its clock.
 */
export function watchNoise(): () => Noise {
  const before = readTimes();
  return () => {
    const after = readTimes();
    const total = after.total - before.total;
    const others = after.busy - before.busy - (after.own - before.own);
    const percent = (ticks: number): number => Math.max(0, Math.round((ticks / total) * 1000) / 10);
    return { others_busy_pct: percent(others), stolen_pct: percent(after.stolen - before.stolen) };
  };
}

/** The first line of /proc/stat (proc_stat(5)), in hundredths of a second. */
function readTimes(): Times {
  const [, line = ''] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, stolen = 0] = line
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softIrq;
  const { cpuMicroseconds, endedCpuMicroseconds } = useOfTree(process.pid);
  return { total: busy + idle + wait + stolen, busy, stolen, own: (cpuMicroseconds + endedCpuMicroseconds) / 10_000 };
}

/** Says it in words. */
export function printNoise({ others_busy_pct: others, stolen_pct: stolen }: Noise): void {
  console.log(
    `meanwhile others kept the machine busy for ${others} % of its time, and ${stolen} % of it was stolen by its host`,
  );
}
