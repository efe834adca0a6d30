import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { machine } from './machine.ts';
import { ReloadingGateway, type Way, WAYS } from './reload-evidence-gateway.ts';
import type { Phase, TrafficPlan, TrafficReport } from './reload-evidence-traffic.ts';
import type { Variant } from './reload-evidence-upstreams.ts';
import { printTable } from './table.ts';

const RELOADS = 24;
const WINDOW_MS = 2_000;
const WARM_UP_MS = 3_000;
/** A rate that two cores carry with room to spare: beyond it, waiting would hide what a reload costs. */
const LOAD = { connections: 16, perSecond: 300, slowClients: 3, slowMs: 3_000 } as const;

/**
 * Reloads a gateway under load, by the admin API, by SIGHUP and by a changed file in turns, and counts what failed: small
 * requests and bodies both ways over kept connections, uploads and downloads that take longer than a reload. Each reload
 * changes upstream and routes, and right behind it every new request must be judged by it. Windows with a reload and
 * without take turns, so that both p99 are of the same minute; the load has a fixed rate and does not wait for replies.
 */
export async function reloadEvidence(): Promise<Record<string, unknown>> {
  const load = await startLoad();
  try {
    const gateway = await ReloadingGateway.start({ upstreams: load.ports });
    try {
      const { https: port, ca } = gateway.process;
      console.log(`--- the configuration, before the first reload\n${gateway.configuration}`);
      load.begin({ port, ca, ...LOAD });
      await delay(WARM_UP_MS);
      const { wrong, tookMs } = await takeTurns(gateway, load);
      return reportOf(await load.end(), { wrong, tookMs });
    } finally {
      await gateway.stop();
    }
  } finally {
    await load.close();
  }
}

interface Turns {
  readonly wrong: readonly string[];
  readonly tookMs: readonly number[];
}

async function takeTurns(gateway: ReloadingGateway, load: Load): Promise<Turns> {
  const wrong: string[] = [];
  const tookMs: number[] = [];
  for (let turn = 0; turn < RELOADS; turn++) {
    load.mark('quiet');
    const quiet = delay(WINDOW_MS);
    // As in the other windows; handshakes cost what requests then lack.
    const amiss = await gateway.probe();
    if (amiss !== null) wrong.push(`between reloads: ${amiss}`);
    await quiet;
    load.mark('reload');
    const over = delay(WINDOW_MS);
    const beganMs = performance.now();
    const way = WAYS[turn % WAYS.length] as Way;
    const fault = await gateway.reload(way, () => tookMs.push(performance.now() - beganMs));
    if (fault !== null) wrong.push(`${way}: ${fault}`);
    await over;
  }
  load.mark('aside');
  return { wrong, tookMs };
}

function reportOf(report: TrafficReport, { wrong, tookMs }: Turns) {
  const [quiet, reload] = [report.latenciesMs.quiet, report.latenciesMs.reload];
  printTable(
    ['windows', 'requests', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms'],
    [
      ['without a reload', ...figuresOf(quiet)],
      ['with one', ...figuresOf(reload)],
    ],
  );
  for (const words of [...wrong, ...report.failures]) console.log(`failed: ${words}`);
  return {
    machine: machine(),
    reloads: tookMs.length,
    requests: report.requests,
    slow: report.slow,
    failed: report.failed + wrong.length,
    by_variant: report.variants,
    p99_quiet_ms: rounded(percentile(quiet, 0.99)),
    p99_reload_ms: rounded(percentile(reload, 0.99)),
    p99_ratio: rounded(percentile(reload, 0.99) / percentile(quiet, 0.99)),
    reload_p50_ms: rounded(percentile(tookMs, 0.5)),
  };
}

function figuresOf(latencies: readonly number[]): string[] {
  return [String(latencies.length), ...[0.5, 0.99, 0.999, 1].map((part) => percentile(latencies, part).toFixed(2))];
}

interface Load {
  readonly ports: Readonly<Record<Variant, number>>;
  begin(plan: TrafficPlan): void;
  mark(phase: Phase): void;
  end(): Promise<TrafficReport>;
  close(): Promise<unknown>;
}

async function startLoad(): Promise<Load> {
  const worker = new Worker(new URL('./reload-evidence-worker.ts', import.meta.url));
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const { ports } = await next<{ ports: Readonly<Record<Variant, number>> }>();
  return {
    ports,
    begin: (plan) => worker.postMessage({ start: plan }),
    mark: (phase) => worker.postMessage({ phase }),
    end() {
      const report = next<{ report: TrafficReport }>();
      worker.postMessage({ stop: true });
      return report.then((answer) => answer.report);
    },
    close: () => worker.terminate(),
  };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
