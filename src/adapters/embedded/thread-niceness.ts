import { setPriority } from 'node:os';

/**
 * Lets other threads of the process have the processor before this one: of those that want it, one at 2 gets two thirds
 * of what one at 0 gets. Only Linux knows threads here; elsewhere, and where the system says no, nothing is done.
 */
export function yieldToOtherThreads(platform: NodeJS.Platform, niceness: number): boolean {
  if (platform !== 'linux') return false;
  try {
    setPriority(0, niceness);
    return true;
  } catch {
    return false;
  }
}
