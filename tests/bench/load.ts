import { join } from 'node:path';
import { findProgram, runToEnd } from './child.ts';
import { sendStreams } from './load-h2.ts';
import { sendMessages } from './load-messages.ts';
import { sendUnaryCalls } from './load-unary.ts';

/** How hard a contestant is pressed: as many connections, each with one request at a time, kept alive. */
export const CONNECTIONS = 32;

/** What a load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Replies other than 2xx, and connections that broke. */
  readonly errors: number;
  readonly p99Ms: number;
}

/** Where to send the load. */
export interface Target {
  /**
   * `h2`: https with HTTP/2. `ws` and `wss`: WebSocket messages, without TLS and with it. `grpc` and `grpcs`: unary calls
   * over HTTP/2, without TLS and with it.
   */
  readonly scheme: 'http' | 'https' | 'h2' | 'ws' | 'wss' | 'grpc' | 'grpcs';
  readonly port: number;
}

/** The name of the load generator that will be used. */
export function loadGenerator(): 'wrk' | 'node' {
  return findProgram('wrk') === null ? 'node' : 'wrk';
}

/**
 * Sends GET / over kept-alive connections for so many seconds, from the load core; or in turn the requests of a file
 * that `writeRequests` wrote, of unary calls the first.
 */
export async function sendLoad(
  { scheme, port }: Target,
  seconds: number,
  requestsFile: string | null = null,
): Promise<LoadResult> {
  if (scheme === 'h2') return await sendStreams(port, seconds);
  if (scheme === 'ws' || scheme === 'wss') return await sendMessages(scheme, port, seconds);
  if (scheme === 'grpc' || scheme === 'grpcs') return await sendUnaryCalls(port, seconds, requestsFile);
  const url = `${scheme}://127.0.0.1:${port}/`;
  const timeoutMs = seconds * 1000 + 15_000;
  if (loadGenerator() === 'wrk') {
    const script = requestsFile === null ? [] : ['-s', join(import.meta.dirname, 'requests.lua')];
    const command = ['wrk', '--latency', '-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, ...script, url];
    if (requestsFile !== null) command.push('--', requestsFile);
    return readWrk(await runToEnd(command, 'load', timeoutMs));
  }
  const script = join(import.meta.dirname, 'load-generator.ts');
  const printed = await runToEnd(
    [
      process.execPath,
      script,
      url,
      String(CONNECTIONS),
      String(seconds),
      ...(requestsFile === null ? [] : [requestsFile]),
    ],
    'load',
    timeoutMs,
  );
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as LoadResult;
}

function readWrk(printed: string): LoadResult {
  const [, requests, time, unit] = /(\d+) requests in ([\d.]+)(m?s|m)/.exec(printed) ?? [];
  if (requests === undefined || time === undefined) throw new Error(`wrk printed no count: ${printed.slice(-500)}`);
  const seconds = Number(time) * (unit === 'm' ? 60 : unit === 'ms' ? 0.001 : 1);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(printed)?.[1] ?? 0);
  const broken = [.../(?:connect|read|write|timeout) (\d+)/g[Symbol.matchAll](printed)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  const [, p99, p99Unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(printed) ?? [];
  const p99Ms = Number(p99 ?? Number.NaN) * (p99Unit === 'us' ? 0.001 : p99Unit === 's' ? 1000 : 1);
  return { requests: Number(requests), seconds, errors: refused + broken, p99Ms };
}
