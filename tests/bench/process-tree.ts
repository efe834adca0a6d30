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

/**
 * CPU time, in microseconds, of the threads that live in a process and its descendants: to the nanosecond
 * (/proc/PID/task/TID/schedstat), where `useOfTree` counts hundredths of a second. What a thread that has ended used is not
 * in it, so it is for what is measured while none does.
 */
export function livingCpuOfTree(root: number): number {
  return treeOf(root).reduce((sum, { pid }) => sum + runNanosecondsOf(pid), 0) / 1_000;
}

function runNanosecondsOf(pid: number): number {
  const threads = namesIn(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, thread) => sum + Number(readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]),
    0,
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** An empty text where it has ended meanwhile. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Adds up the process with this id and its descendants, from /proc/PID/stat (proc_pid_stat(5)). */
export function useOfTree(root: number): TreeUse {
  const ours = treeOf(root);
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

/** The process with this id and its descendants. */
function treeOf(root: number): readonly Stat[] {
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? readStat(Number(name)) : []));
  const inTree = new Set([root]);
  // Ids are not ordered by age, so go on until no descendant is added.
  for (let before = 0; before !== inTree.size; ) {
    before = inTree.size;
    for (const { pid, parent } of processes) if (inTree.has(parent)) inTree.add(pid);
  }
  return processes.filter(({ pid }) => inTree.has(pid));
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
  readonly endedTicks: number;
  readonly rssPages: number;
}

function readStat(pid: number): Stat[] {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  // It ended between the listing and the reading.
  if (text === '') return [];
  // The name stands in brackets and may itself hold brackets and spaces; fields are counted from behind it.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, user = 0, system = 0] = [fields[1], fields[11], fields[12]];
  const [endedUser = 0, endedSystem = 0, rss = 0] = [fields[13], fields[14], fields[21]];
  return [{ pid, parent, cpuTicks: user + system, endedTicks: endedUser + endedSystem, rssPages: rss }];
}
