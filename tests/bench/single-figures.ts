import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startGateway } from '../framing/gateway-process.ts';
import { measureAddedLatency } from './added-latency.ts';
import type { Ground } from './contestants/contestant.ts';
import { startPortcullis } from './contestants/portcullis.ts';
import { measureGrowth } from './growth.ts';
import { measureIdleConnections } from './idle-connections.ts';
import { printTable } from './table.ts';
import { measureTwoThreads } from './two-threads.ts';
import { measureUpload } from './upload.ts';

/** Figures of the gateway alone, by the names that the bench's last line gives them. */
export interface SingleFigures {
  readonly ratios: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, number>>;
}

/** What one measurement found: its row in words, and what goes into the last line. */
interface Found {
  readonly words: string;
  readonly ratios?: Readonly<Record<string, number>>;
  readonly figures?: Readonly<Record<string, number>>;
}

const MEASUREMENTS: readonly (readonly [name: string, measure: (given: Ground) => Promise<Found>])[] = [
  ['10,000 operations', growth],
  ['two gateway threads', twoThreads],
  ['time to first byte added', addedLatency],
  ['1 GiB by POST', upload],
  ['idle TLS connections', idleConnections],
];

/** Takes them one after the other; one that can't be taken is told, and its keys are missing. */
export async function measureSingleFigures(given: Ground): Promise<SingleFigures> {
  const rows: string[][] = [];
  const ratios: Record<string, number> = {};
  const figures: Record<string, number> = {};
  for (const [name, measure] of MEASUREMENTS) {
    try {
      const found = await measure(given);
      rows.push([name, found.words]);
      Object.assign(ratios, found.ratios);
      Object.assign(figures, found.figures);
    } catch (fault) {
      rows.push([name, `not measured: ${fault instanceof Error ? fault.message.slice(0, 300) : 'unknown fault'}`]);
    }
  }
  printTable(['the gateway alone', ''], rows);
  return { ratios, figures };
}

async function growth(): Promise<Found> {
  const { match_10000_vs_10, ...figures } = await measureGrowth();
  const { served_10000_ms: served, ready_10000_ms: ready, rss_10000_mb: rss, rss_10_mb: few } = figures;
  return {
    words: `served after ${served} ms, ready after ${ready} ms, ${rss} MB against ${few} with 10; a match takes ${match_10000_vs_10} times as long`,
    ratios: { match_10000_vs_10 },
    figures,
  };
}

async function twoThreads({ upstreamPort }: Ground): Promise<Found> {
  const costs = await measureTwoThreads(upstreamPort);
  if (typeof costs === 'string') throw new Error(costs);
  const ratio = costs.two / costs.one;
  return {
    words: `${costs.two.toFixed(1)} CPU µs/request against ${costs.one.toFixed(1)} with one, over TLS: ${ratio.toFixed(2)}`,
    ratios: { cpu_2_threads_vs_1: ratio },
  };
}

async function addedLatency(given: Ground): Promise<Found> {
  const folder = join(given.folder, 'latency');
  await mkdir(folder);
  const gateway = await startPortcullis('plain', { ...given, folder, replyFields: [] });
  try {
    const { p50Ms, p99Ms, perSecond, errors } = await measureAddedLatency(gateway.target.port, given.upstreamPort);
    return {
      words: `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms at ${perSecond} requests/s, half of what it carries; ${errors} errors`,
      figures: { added_ttfb_p50_ms: p50Ms, added_ttfb_p99_ms: p99Ms, added_ttfb_requests_per_s: perSecond },
    };
  } finally {
    await gateway.stop();
  }
}

async function upload(): Promise<Found> {
  const { rssDeltaMb, seconds } = await measureUpload();
  return {
    words: `${rssDeltaMb.toFixed(1)} MB more memory at the peak, in ${seconds.toFixed(1)} s`,
    figures: { rss_upload_delta_mb: rssDeltaMb },
  };
}

async function idleConnections({ upstreamPort }: Ground): Promise<Found> {
  const gateway = await startGateway(`version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
audit: off
apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
`);
  try {
    const { connections, rssDeltaMb } = await measureIdleConnections(gateway);
    return {
      words: `${connections} of them hold ${rssDeltaMb.toFixed(0)} MB`,
      figures: { [`rss_${connections}_idle_mb`]: rssDeltaMb },
    };
  } finally {
    await gateway.stop();
  }
}
