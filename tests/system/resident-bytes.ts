import { readFileSync } from 'node:fs';
import type { GatewayProcess } from '../framing/gateway-process.ts';

/** What the gateway and what it has started hold in memory; null where the system does not tell. */
export function residentBytes({ pid }: GatewayProcess): number | null {
  return process.platform === 'linux' ? bytesOf(pid) : null;
}

function bytesOf(pid: number): number {
  const told = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1');
  const own = Number(/VmRSS:\s+(\d+) kB/.exec(told('status'))?.[1]) * 1_024;
  const children = told(`task/${pid}/children`)
    .split(' ')
    .filter((word) => /^\d+$/.test(word));
  return children.reduce((sum, child) => sum + bytesOf(Number(child)), own);
}
