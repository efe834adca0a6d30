import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ReloadingGateway, type Way, WAYS } from '../bench/reload-evidence-gateway.ts';
import { Traffic, type TrafficReport } from '../bench/reload-evidence-traffic.ts';
import { startUpstreams } from '../bench/reload-evidence-upstreams.ts';
import { printTable } from '../bench/table.ts';
import { LiveCertificate } from '../mixed/live-certificate.ts';
import { startMixedApis } from '../mixed/mixed-apis.ts';
import type { TrafficCount } from '../mixed/traffic.ts';
import { ROOT } from '../tidy/repository.ts';
import { sendBadClients } from './bad-clients.ts';
import { makeSoakCallers, type SoakCallers } from './callers.ts';
import { MixedLoad, rotateUnder } from './mixed.ts';
import { type Growth, growthOf, readHeaps, type Sample, takeSample } from './samples.ts';

// `npm run soak [-- --minutes N] [--per-second N] [--no-kill]`: a gateway under all kinds of traffic for two hours or as long as is said.
// Ends with one line of JSON, and with 1 where something grew or a request failed that had no right to.
const SAMPLE_MS = 10_000;
const RELOAD_MS = 20_000;
const KILL_MS = 90_000;
/** So long after a thread's death requests may fail: it is found within 2 s and replaced within 3. */
const FORGIVEN_MS = 8_000;
const LOAD = { connections: 16, slowClients: 2, slowMs: 4_000 } as const;
/** The first minute counts for nothing, and of less than a second one nobody can say what grows. */
const LEAST_MINUTES = 2;
const TWO_HOURS = '120';
const PER_SECOND = '200';

interface Counts {
  reloads: number;
  rotations: number;
  kills: number;
  readonly wrong: string[];
}

async function soak({ minutes, perSecond, kills }: SoakOptions): Promise<boolean> {
  if (process.platform !== 'linux') throw new Error('the soak reads /proc and needs Linux');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-soak-'));
  const heapFile = join(folder, 'heaps.json');
  const upstreams = await startUpstreams();
  const apis = await startMixedApis();
  const certificate = await LiveCertificate.make(folder);
  const callers = makeSoakCallers();
  const beside = { 'keys.json': callers.keys, ...apis.beside };
  const gateway = await ReloadingGateway.start({
    upstreams: upstreams.ports,
    more: callers.configuration,
    apis: apis.lines(),
    auth: '[soak]',
    certificate,
    extras: { command: commandWith(), environment: { SOAK_REPORT: heapFile, ...apis.environment }, beside },
  });
  try {
    return await underLoad(gateway, { minutes, perSecond, kills, callers, certificate, heapFile });
  } finally {
    await gateway.stop();
    upstreams.stop();
    await apis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The product without its launcher, which takes no preload. */
function commandWith(): string[] {
  const inside = pathToFileURL(join(import.meta.dirname, 'inside.ts')).href;
  const flags = ['--disallow-code-generation-from-strings', '--disable-proto=throw', '--import', inside];
  return [process.execPath, ...flags, join(ROOT, 'src', 'main', 'index.ts')];
}

/** What is asked for by the command's options. */
interface SoakOptions {
  readonly minutes: number;
  /** Small requests with tokens. */
  readonly perSecond: number;
  readonly kills: boolean;
}

interface SoakPlan extends SoakOptions {
  readonly callers: SoakCallers;
  readonly certificate: LiveCertificate;
  readonly heapFile: string;
}

async function underLoad(gateway: ReloadingGateway, plan: SoakPlan): Promise<boolean> {
  const { minutes, perSecond, kills, callers, certificate, heapFile } = plan;
  const { https: port, pid } = gateway.process;
  const address = { port, ca: gateway.ca };
  const traffic = new Traffic({ ...address, ...LOAD, perSecond, token: () => callers.token() });
  const mixed = new MixedLoad(address, gateway.process.egress);
  const bad = sendBadClients(address);
  const counts: Counts = { reloads: 0, rotations: 0, kills: 0, wrong: [] };
  const samples: Sample[] = [];
  traffic.phase = 'quiet';
  traffic.start();
  const tell = newsOf({ gateway, traffic, mixed });
  const beganMs = performance.now();
  const sampler = setInterval(() => {
    const sample = takeSample(pid, heapFile, (performance.now() - beganMs) / 60_000);
    samples.push(sample);
    console.log(lineOf(sample, { traffic, mixed, counts }));
    tell();
  }, SAMPLE_MS);
  try {
    const untilMs = beganMs + minutes * 60_000;
    await disturb(gateway, { traffic, mixed, counts, certificate, kills, untilMs });
  } finally {
    clearInterval(sampler);
    bad.stop();
  }
  const small = await traffic.stop();
  const standing = await mixed.stop();
  const growth = growthOf(samples);
  const { reloads, rotations, wrong } = counts;
  const { ended } = readHeaps(heapFile);
  return report(growth, { minutes, bad_clients: bad.sent(), reloads, rotations, ended }, { small, standing, wrong });
}

/** Tells of each failure once, with what the gateway said last. */
function newsOf({ gateway, traffic, mixed }: Pick<Disturbance, 'traffic' | 'mixed'> & { gateway: ReloadingGateway }) {
  let shown = 0;
  return () => {
    const failures = [...traffic.failures, ...mixed.counts.flatMap(wordsOf)];
    if (failures.length > shown) {
      for (const words of failures) console.log(`failed so far: ${words}`);
      console.log(`the gateway said last:\n${gateway.process.said()}`);
    }
    shown = failures.length;
  };
}

const wordsOf = ({ kind, failures }: TrafficCount): string[] => failures.map((words) => `${kind}: ${words}`);

interface Outcome {
  readonly small: TrafficReport;
  readonly standing: readonly TrafficCount[];
  readonly wrong: readonly string[];
}

/** Prints all, and says whether it is as it must be. */
function report(growth: readonly Growth[], told: object, { small, standing, wrong }: Outcome): boolean {
  for (const words of [...wrong, ...small.failures, ...standing.flatMap(wordsOf)]) console.log(`failed: ${words}`);
  printTable(
    ['what', 'first third', 'last third', ''],
    growth.map(({ name, first, last, flat }) => [name, first.toFixed(1), last.toFixed(1), flat ? 'flat' : 'grew']),
  );
  printTable(
    ['traffic', 'right', 'failed', 'forgiven'],
    standing.map(({ kind, right, failed, forgiven }) => [kind, `${right}`, `${failed}`, `${forgiven}`]),
  );
  const grew = growth.filter(({ flat }) => !flat).map(({ name }) => name);
  const sumOf = (what: 'right' | 'failed' | 'forgiven'): number => standing.reduce((sum, each) => sum + each[what], 0);
  const failed = small.failed - small.failedAside + wrong.length + sumOf('failed');
  const idle = standing.filter(({ right }) => right === 0).map(({ kind }) => kind);
  const counted = {
    requests: small.requests,
    mixed: sumOf('right'),
    idle,
    failed,
    forgiven: small.failedAside + sumOf('forgiven'),
  };
  const figures = Object.fromEntries(growth.map(({ name, first, last }) => [name, [rounded(first), rounded(last)]]));
  console.log(JSON.stringify({ soak: grew.length === 0 ? 'flat' : 'grew', grew, ...told, ...counted, ...figures }));
  return grew.length === 0 && failed === 0 && idle.length === 0;
}

interface Disturbance {
  readonly traffic: Traffic;
  readonly mixed: MixedLoad;
  readonly counts: Counts;
  readonly certificate: LiveCertificate;
  readonly kills: boolean;
  readonly untilMs: number;
}

/** New certificates, reloads, and now and then the end of a thread, never two at once: nobody could tell whose a failure is. */
async function disturb(gateway: ReloadingGateway, plan: Disturbance): Promise<void> {
  const { traffic, mixed, counts, certificate, kills, untilMs } = plan;
  const { https: port } = gateway.process;
  const note = (fault: string | null): void => {
    if (fault === null) return;
    counts.wrong.push(fault);
    console.log(`failed so far: ${fault}`);
  };
  const rest = (ms: number): Promise<void> => delay(Math.max(0, Math.min(ms, untilMs - performance.now())));
  let killAtMs = performance.now() + KILL_MS;
  while (performance.now() < untilMs) {
    await rest(RELOAD_MS / 2);
    counts.rotations++;
    note(await rotateUnder(certificate, { port, ca: gateway.ca }));
    await rest(RELOAD_MS / 2);
    if (performance.now() >= untilMs) return;
    if (kills && performance.now() >= killAtMs) {
      killAtMs += KILL_MS;
      traffic.phase = 'aside';
      mixed.forgive(true);
      process.kill(gateway.process.pid, 'SIGUSR2');
      counts.kills++;
      await delay(FORGIVEN_MS);
      traffic.phase = 'quiet';
      mixed.forgive(false);
    }
    note(await gateway.reload(WAYS[counts.reloads++ % WAYS.length] as Way));
  }
}

function lineOf(sample: Sample, { traffic, mixed, counts }: Pick<Disturbance, 'traffic' | 'mixed' | 'counts'>): string {
  const { minute, rssMb, mainHeapMb, gatewayHeapMb, descriptors, threads } = sample;
  const memory = `RSS ${rssMb.toFixed(0)} MB, heap ${mainHeapMb.toFixed(0)} + ${gatewayHeapMb.toFixed(0)} MB`;
  const { all, aside } = traffic.failed;
  const standing = mixed.counts;
  const right = standing.reduce((sum, each) => sum + each.right, traffic.requests);
  const failed = standing.reduce((sum, each) => sum + each.failed, all - aside);
  const forgiven = standing.reduce((sum, each) => sum + each.forgiven, aside);
  const { reloads, rotations, kills } = counts;
  const done = `${reloads} reloads, ${rotations} certificates, ${kills} ended`;
  const counted = `${right} requests, ${failed} failed, ${forgiven} forgiven, ${done}`;
  return `${minute.toFixed(1)} min: ${memory}, ${descriptors} descriptors, ${threads} threads; ${counted}`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: TWO_HOURS },
    'per-second': { type: 'string', default: PER_SECOND },
    'no-kill': { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const perSecond = Number(values['per-second']);
if (!(minutes >= LEAST_MINUTES && perSecond > 0)) {
  console.error(`--minutes takes a number from ${LEAST_MINUTES} on, --per-second one above 0`);
  process.exitCode = 2;
} else if (!(await soak({ minutes, perSecond, kills: !values['no-kill'] }))) process.exitCode = 1;
