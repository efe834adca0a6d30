import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** What a process and all below it have used. */
export interface TreeUse {
  /** CPU time of user and kernel together. */
  readonly cpuMicroseconds: number;
  /** CPU time of descendants that have ended. */
  readonly endedCpuMicroseconds: number;
  readonly rssBytes: number;
}

/** Adds up the process with this id and its descendants, from /proc/PID/stat (proc_pid_stat(5)). */
export function useOfTree(root: number): TreeUse {
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? readStat(Number(name)) : []));
  const inTree = new Set([root]);
  // Ids are not ordered by age, so go on until no descendant is added.
  for (let before = 0; before !== inTree.size; ) {
    before = inTree.size;
    for (const { pid, parent } of processes) if (inTree.has(parent)) inTree.add(pid);
  }
  const ours = processes.filter(({ pid }) => inTree.has(pid));
  const ticks = ours.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0);
  const endedTicks = ours.reduce((sum, stat) => sum + stat.endedTicks, 0);
  const pages = ours.reduce((sum, { rssPages }) => sum + rssPages, 0);
  const microseconds = (count: number): number => (count / TICKS_PER_SECOND) * 1e6;
  return {
    cpuMicroseconds: microseconds(ticks),
    endedCpuMicroseconds: microseconds(endedTicks),
    rssBytes: pages * PAGE_BYTES,
  };
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
  readonly endedTicks: number;
  readonly rssPages: number;
}

function readStat(pid: number): Stat[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may itself hold brackets and spaces; fields are counted from behind it.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, user = 0, system = 0] = [fields[1], fields[11], fields[12]];
    const [endedUser = 0, endedSystem = 0, rss = 0] = [fields[13], fields[14], fields[21]];
    return [{ pid, parent, cpuTicks: user + system, endedTicks: endedUser + endedSystem, rssPages: rss }];
  } catch {
    // It ended between the listing and the reading.
    return [];
  }
}
