import { join } from 'node:path';
import { runToEnd } from './child.ts';
import { machine as describeMachine } from './machine.ts';
import { FEATURES } from './memory-features.ts';
import { printTable } from './table.ts';

const TIMEOUT_MS = 120_000;

/** Megabytes. */
interface Memory {
  readonly held: number;
  readonly peak: number;
}

/**
 * What each feature takes of memory above a configuration that only forwards: what a gateway thread holds for as long as the
 * configuration is in force, and the most that the building of it took. Each in a process of its own.
 */
export async function benchMemory(): Promise<Record<string, unknown>> {
  const none = await measure('none');
  const mb: Record<string, number> = {};
  const rows: string[][] = [];
  for (const name of Object.keys(FEATURES)) {
    if (name === 'none') continue;
    const { held, peak } = await measure(name);
    const [more, most] = [held - none.held, peak - none.peak].map((each) => Math.round(each * 10) / 10) as [
      number,
      number,
    ];
    mb[name] = more;
    mb[`${name}_peak`] = most;
    rows.push([name, more.toFixed(1), most.toFixed(1)]);
  }
  console.log(`a configuration that only forwards holds ${none.held.toFixed(1)} MB; above it:`);
  printTable(['feature', 'held, MB', 'most while it is built, MB'], rows);
  return { machine: describeMachine(), mb };
}

async function measure(name: string): Promise<Memory> {
  const script = join(import.meta.dirname, 'memory-of.ts');
  const printed = await runToEnd([process.execPath, '--expose-gc', script, name], 'any', TIMEOUT_MS);
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Memory;
}
