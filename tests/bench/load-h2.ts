import { runToEnd } from './child.ts';
import type { LoadResult } from './load.ts';

/** Connections, and streams of each at a time: as many requests at once as the other rows have. */
export const H2_CONNECTIONS = 4;
export const H2_STREAMS = 8;

/** A gateway ends a connection after 10,000 requests, and the load generator would not come back. */
const CONNECTION_REQUESTS = 9_000;

/** What is asked: GET / unless options of h2load say otherwise; so often on each connection of one run. */
interface Asked {
  readonly path: string;
  readonly options: readonly string[];
  readonly connectionRequests: number;
}

const PLAIN: Asked = { path: '/', options: [], connectionRequests: CONNECTION_REQUESTS };

/**
 * Sends GET /, or what is asked in place of it, over HTTP/2 from the load core with h2load, one run behind the other until
 * the time is over. It tells no quantiles of latency. Throws where HTTP/2 was not agreed on.
 */
export async function sendStreams(port: number, seconds: number, asked: Asked = PLAIN): Promise<LoadResult> {
  const begun = performance.now();
  const total = { requests: 0, seconds: 0, errors: 0 };
  while (performance.now() - begun < seconds * 1_000) {
    const run = readH2load(await runToEnd(commandFor(port, asked), 'load', 60_000));
    total.requests += run.requests;
    total.seconds += run.seconds;
    total.errors += run.errors;
  }
  return { ...total, p99Ms: Number.NaN };
}

function commandFor(port: number, { path, options, connectionRequests }: Asked): readonly string[] {
  const total = String(H2_CONNECTIONS * connectionRequests);
  const numbers = ['-n', total, '-c', String(H2_CONNECTIONS), '-m', String(H2_STREAMS)];
  return ['h2load', ...numbers, '-t', '1', ...options, `https://127.0.0.1:${port}${path}`];
}

function readH2load(printed: string): Pick<LoadResult, 'requests' | 'seconds' | 'errors'> {
  if (!printed.includes('Application protocol: h2')) throw new Error(`not HTTP/2: ${printed.slice(-500)}`);
  const [, took, unit] = /finished in ([\d.]+)(us|ms|s|m)/.exec(printed) ?? [];
  const [, total, done, succeeded] =
    /requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded/.exec(printed) ?? [];
  const [, ok] = /status codes: (\d+) 2xx/.exec(printed) ?? [];
  if (took === undefined || total === undefined) throw new Error(`h2load printed no count: ${printed.slice(-500)}`);
  const factor = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit as 'us' | 'ms' | 's' | 'm'];
  const errors = Number(total) - Math.min(Number(succeeded), Number(ok));
  return { requests: Number(done), seconds: Number(took) * factor, errors };
}
