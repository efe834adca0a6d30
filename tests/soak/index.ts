import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ReloadingGateway, type Way, WAYS } from '../bench/reload-evidence-gateway.ts';
import { Traffic } from '../bench/reload-evidence-traffic.ts';
import { startUpstreams } from '../bench/reload-evidence-upstreams.ts';
import { printTable } from '../bench/table.ts';
import { ROOT } from '../tidy/repository.ts';
import { sendBadClients } from './bad-clients.ts';
import { makeSoakCallers, type SoakCallers } from './callers.ts';
import { growthOf, readHeaps, type Sample, takeSample } from './samples.ts';

// `npm run soak [-- --minutes N] [-- --no-kill]`: a gateway under mixed load for two hours or as long as is said. Ends with
// one line of JSON, and with 1 where something grew or a request failed that had no right to.
const SAMPLE_MS = 10_000;
const RELOAD_MS = 20_000;
const KILL_MS = 90_000;
/** So long after a thread's death requests may fail: it is found within 2 s and replaced within 3. */
const FORGIVEN_MS = 8_000;
const LOAD = { connections: 16, perSecond: 200, slowClients: 2, slowMs: 4_000 } as const;
const TWO_HOURS = '120';

interface Counts {
  reloads: number;
  kills: number;
  readonly wrong: string[];
}

async function soak(minutes: number, kills: boolean): Promise<boolean> {
  if (process.platform !== 'linux') throw new Error('the soak reads /proc and needs Linux');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-soak-'));
  const heapFile = join(folder, 'heaps.json');
  const upstreams = await startUpstreams();
  const callers = makeSoakCallers();
  const gateway = await ReloadingGateway.start({
    upstreams: upstreams.ports,
    more: callers.configuration,
    auth: '[soak]',
    extras: { command: commandWith(), environment: { SOAK_REPORT: heapFile }, beside: { 'keys.json': callers.keys } },
  });
  try {
    return await underLoad(gateway, { minutes, kills, callers, heapFile });
  } finally {
    await gateway.stop();
    upstreams.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The product without its launcher, which takes no preload. */
function commandWith(): string[] {
  const inside = pathToFileURL(join(import.meta.dirname, 'inside.ts')).href;
  const flags = ['--disallow-code-generation-from-strings', '--disable-proto=throw', '--import', inside];
  return [process.execPath, ...flags, join(ROOT, 'src', 'main', 'index.ts')];
}

interface SoakPlan {
  readonly minutes: number;
  readonly kills: boolean;
  readonly callers: SoakCallers;
  readonly heapFile: string;
}

async function underLoad(gateway: ReloadingGateway, { minutes, kills, callers, heapFile }: SoakPlan): Promise<boolean> {
  const { https: port, ca, pid } = gateway.process;
  const traffic = new Traffic({ port, ca, ...LOAD, token: () => callers.token() });
  const bad = sendBadClients({ port, ca });
  const counts: Counts = { reloads: 0, kills: 0, wrong: [] };
  const samples: Sample[] = [];
  traffic.phase = 'quiet';
  traffic.start();
  let shown = 0;
  const beganMs = performance.now();
  const sampler = setInterval(() => {
    const sample = takeSample(pid, heapFile, (performance.now() - beganMs) / 60_000);
    samples.push(sample);
    console.log(lineOf(sample, traffic, counts));
    const news = traffic.failures.slice(shown);
    shown += news.length;
    for (const words of news) console.log(`failed so far: ${words}`);
    if (news.length > 0) console.log(`the gateway said last:\n${gateway.process.said()}`);
  }, SAMPLE_MS);
  try {
    await disturb(gateway, { traffic, counts, kills, untilMs: beganMs + minutes * 60_000 });
  } finally {
    clearInterval(sampler);
    bad.stop();
  }
  const report = await traffic.stop();
  for (const words of [...counts.wrong, ...report.failures]) console.log(`failed: ${words}`);
  const growth = growthOf(samples);
  printTable(
    ['what', 'first third', 'last third', ''],
    growth.map(({ name, first, last, flat }) => [name, first.toFixed(1), last.toFixed(1), flat ? 'flat' : 'grew']),
  );
  const grew = growth.filter(({ flat }) => !flat).map(({ name }) => name);
  const failed = report.failed - report.failedAside + counts.wrong.length;
  const figures = Object.fromEntries(growth.map(({ name, first, last }) => [name, [rounded(first), rounded(last)]]));
  const { reloads } = counts;
  const forgiven = report.failedAside;
  const told = {
    minutes,
    requests: report.requests,
    bad_clients: bad.sent(),
    reloads,
    ended: readHeaps(heapFile).ended,
  };
  console.log(
    JSON.stringify({ soak: grew.length === 0 ? 'flat' : 'grew', grew, ...told, failed, forgiven, ...figures }),
  );
  return grew.length === 0 && failed === 0;
}

interface Disturbance {
  readonly traffic: Traffic;
  readonly counts: Counts;
  readonly kills: boolean;
  readonly untilMs: number;
}

/** Reloads, and now and then the end of a thread, never both at once: their failures would be told apart by nobody. */
async function disturb(gateway: ReloadingGateway, { traffic, counts, kills, untilMs }: Disturbance): Promise<void> {
  let killAtMs = performance.now() + KILL_MS;
  while (performance.now() < untilMs) {
    await delay(Math.max(0, Math.min(RELOAD_MS, untilMs - performance.now())));
    if (performance.now() >= untilMs) return;
    if (kills && performance.now() >= killAtMs) {
      killAtMs += KILL_MS;
      traffic.phase = 'aside';
      process.kill(gateway.process.pid, 'SIGUSR2');
      counts.kills++;
      await delay(FORGIVEN_MS);
      traffic.phase = 'quiet';
    }
    const fault = await gateway.reload(WAYS[counts.reloads++ % WAYS.length] as Way);
    if (fault === null) continue;
    counts.wrong.push(fault);
    console.log(`failed so far: ${fault}`);
  }
}

function lineOf(sample: Sample, traffic: Traffic, { reloads, kills }: Counts): string {
  const { minute, rssMb, mainHeapMb, gatewayHeapMb, descriptors, threads } = sample;
  const memory = `RSS ${rssMb.toFixed(0)} MB, heap ${mainHeapMb.toFixed(0)} + ${gatewayHeapMb.toFixed(0)} MB`;
  const { all, aside } = traffic.failed;
  const counted = `${traffic.requests} requests, ${all - aside} failed, ${aside} forgiven, ${reloads} reloads, ${kills} ended`;
  return `${minute.toFixed(1)} min: ${memory}, ${descriptors} descriptors, ${threads} threads; ${counted}`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: TWO_HOURS }, 'no-kill': { type: 'boolean', default: false } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('--minutes takes a number above 0');
  process.exitCode = 2;
} else if (!(await soak(minutes, !values['no-kill']))) process.exitCode = 1;
