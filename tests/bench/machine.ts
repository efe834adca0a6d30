import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { findProgram, versionOf } from './child.ts';

const PROGRAMS: readonly (readonly [name: string, argument: string])[] = [
  ['nginx', '-v'],
  ['haproxy', '-v'],
  ['caddy', 'version'],
  ['varnishd', '-V'],
  ['wrk', '-v'],
];

/** On what the figures were taken. */
export function machine(): Record<string, unknown> {
  const versions = PROGRAMS.flatMap(([name, argument]) => {
    const program = findProgram(name);
    return program === null ? [] : [[name, versionOf(program, argument)] as const];
  });
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    ...Object.fromEntries(versions),
  };
}
