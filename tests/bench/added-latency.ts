import { join } from 'node:path';
import { runToEnd } from './child.ts';

const CLIENT = join(import.meta.dirname, 'added-latency-client.ts');
const CONNECTIONS = 32;
const CAPACITY_SECONDS = 4;
const WINDOWS = 3;
const WINDOW_SECONDS = 5;

/** Milliseconds that the gateway adds until the first byte of a reply, and the rate at which that was measured. */
export interface AddedLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  readonly errors: number;
}

interface Window {
  readonly perSecond: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Time to the first byte through the gateway, less that of the upstream asked directly, at half of what the gateway can
 * carry of these clients. Requests come at a fixed rate, so that one that is slow does not spare the next; windows with
 * and without the gateway take turns, and medians over the windows count.
 */
export async function measureAddedLatency(gatewayPort: number, upstreamPort: number): Promise<AddedLatency> {
  const { perSecond: capacity } = await runWindow(gatewayPort, CAPACITY_SECONDS, 0);
  const rate = Math.round(capacity / 2);
  const windows: Window[][] = [[], []];
  for (let turn = 0; turn < WINDOWS; turn++) {
    for (const [at, port] of [upstreamPort, gatewayPort].entries()) {
      windows[at]?.push(await runWindow(port, WINDOW_SECONDS, rate));
    }
  }
  const [direct = [], passed = []] = windows;
  const added = (key: 'p50Ms' | 'p99Ms'): number => medianOf(passed, key) - medianOf(direct, key);
  const errors = [...direct, ...passed].reduce((sum, window) => sum + window.errors, 0);
  return { p50Ms: added('p50Ms'), p99Ms: added('p99Ms'), perSecond: rate, errors };
}

function medianOf(windows: readonly Window[], key: 'p50Ms' | 'p99Ms'): number {
  const sorted = windows.map((window) => window[key]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function runWindow(port: number, seconds: number, rate: number): Promise<Window> {
  const command = [process.execPath, CLIENT, ...[port, CONNECTIONS, seconds, rate].map(String)];
  const printed = await runToEnd(command, 'load', (seconds + 15) * 1000);
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Window;
}
