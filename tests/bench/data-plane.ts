import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchAlgorithm, type Callers, makeCallers } from './callers.ts';
import { startCaddy } from './contestants/caddy.ts';
import { type Absence, type Contestant, isAbsence, type Row, type Surroundings } from './contestants/contestant.ts';
import { startHaproxy } from './contestants/haproxy.ts';
import { startNginx } from './contestants/nginx.ts';
import { startNodeHttp } from './contestants/node-http.ts';
import { startPortcullis } from './contestants/portcullis.ts';
import { writeCertificate } from './certificate.ts';
import { pinnedTo } from './child.ts';
import { withBodies } from './everything-on.ts';
import { CONNECTIONS, loadGenerator, sendLoad } from './load.ts';
import { machine as describeMachine } from './machine.ts';
import { type Noise, watchNoise } from './noise.ts';
import { measureSingleFigures } from './single-figures.ts';
import { printTable } from './table.ts';
import { startUpstream } from './upstream.ts';
import { verifyReply } from './verify-reply.ts';

const ROUNDS = 3;
/** Whoever compiles while it runs has compiled what counts after so many requests; the same for all, within a time. */
const WARM_UP_REQUESTS = 100_000;
const WARM_UP_STEP_SECONDS = 3;
const WARM_UP_STEPS = 4;
const ROUND_SECONDS = 5;

/** Which key of `ratios` compares the gateway with whom. */
const RATIOS: readonly (readonly [key: string, row: Row, peer: string])[] = [
  ['plain_nginx', 'plain', 'nginx'],
  ['plain_haproxy', 'plain', 'haproxy'],
  ['plain_caddy', 'plain', 'caddy'],
  ['plain_node_http', 'plain', 'node:http + undici'],
  ['tls_nginx', 'tls', 'nginx'],
  ['tls_haproxy', 'tls', 'haproxy'],
  ['secured_haproxy_rs256', 'secured_rs256', 'haproxy'],
  ['secured_haproxy_es256', 'secured_es256', 'haproxy'],
];

/** Which key of `us` tells the gateway's own cost of which row. */
const OWN_COSTS: readonly (readonly [key: string, row: Row])[] = [
  ['plain', 'plain'],
  ['tls', 'tls'],
  ['secured', 'secured_rs256'],
  ['secured_es256', 'secured_es256'],
  ['secured_cold_token', 'secured_cold_token'],
  ['everything_on', 'everything_on'],
];

/** More than any cache of verified tokens holds, so that none is met again while it is kept. */
const COLD_TOKENS = 20_000;

/** Not as many as another row has, whose files would be in the way. */
const EVERYTHING_CALLERS = 1_000;

type Start = (surroundings: Surroundings) => Promise<Contestant | Absence>;

const PEERS: Readonly<Record<Row, readonly Start[]>> = {
  plain: [(given) => startNginx('plain', given), (given) => startHaproxy('plain', given), startCaddy, startNodeHttp],
  tls: [(given) => startNginx('tls', given), (given) => startHaproxy('tls', given)],
  secured_rs256: [(given) => startHaproxy('secured_rs256', given)],
  secured_es256: [(given) => startHaproxy('secured_es256', given)],
  secured_cold_token: [(given) => startHaproxy('secured_cold_token', given)],
  // No peer does all of this.
  everything_on: [],
};

/** The rows in which tokens are sent. */
const SECURED: readonly (readonly [row: Row, algorithm: BenchAlgorithm, requests: number])[] = [
  ['secured_rs256', 'RS256', 500],
  ['secured_es256', 'ES256', 500],
  ['secured_cold_token', 'RS256', COLD_TOKENS],
];

interface Round {
  readonly usPerRequest: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly errors: number;
}

interface Figures {
  readonly contestant: Contestant;
  readonly rounds: readonly Round[];
  readonly usPerRequest: number;
  readonly rssMb: number;
}

/**
 * CPU time per request of the gateway and of its peers, all in one run: kept-alive GETs answered with 220 bytes of JSON,
 * without TLS and with it, and with tokens: there the gateway checks the token, rights, a limit and the parameters and
 * records the request, while HAProxy, which has no cache of verified tokens, checks the signature and counts. Each contestant has one core to itself; rounds go in turn, so that a slow minute of the
 * machine hits all alike, and the median counts.
 */
export async function benchDataPlane(): Promise<Record<string, unknown>> {
  if (process.platform !== 'linux') throw new Error('this bench reads CPU time from /proc and needs Linux');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const upstream = await startUpstream(folder);
    try {
      console.log(`upstream: ${upstream.name}; load: ${loadGenerator()}, ${CONNECTIONS} connections; ${placement()}\n`);
      const surroundings = { folder, upstreamPort: upstream.port, callers: null, ...(await writeCertificate(folder)) };
      const noise = watchNoise();
      const figures = [...(await measureRow('plain', surroundings)), ...(await measureRow('tls', surroundings))];
      for (const [row, algorithm, requests] of SECURED) {
        const callers = await makeCallers(folder, algorithm, requests);
        figures.push(...(await measureRow(row, { ...surroundings, callers })));
      }
      const callers = await withBodies(folder, await makeCallers(folder, 'RS256', EVERYTHING_CALLERS));
      figures.push(...(await measureRow('everything_on', { ...surroundings, callers })));
      const { machine, ratios, us } = report(figures, noise());
      const single = await measureSingleFigures(surroundings);
      return { machine, ratios: { ...ratios, ...roundedAll(single.ratios) }, us, ...roundedAll(single.figures) };
    } finally {
      await upstream.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function placement(): string {
  return pinnedTo('load').length > 0
    ? 'load and upstream on core 0, the contestant on core 1'
    : 'cores not chosen: figures are rough';
}

async function measureRow(row: Row, surroundings: Omit<Surroundings, 'replyFields'>): Promise<Figures[]> {
  const contestants: Contestant[] = [];
  try {
    const ours = await startPortcullis(row, { ...surroundings, replyFields: [] });
    contestants.push(ours);
    const { callers } = surroundings;
    const replyFields = await addedFields(ours, surroundings.upstreamPort, callers);
    for (const start of PEERS[row]) {
      const entry = await start({ ...surroundings, replyFields });
      if (isAbsence(entry)) console.log(`${row}: without ${entry.name}: ${entry.reason}`);
      else contestants.push(entry);
    }
    for (const { name, configuration } of contestants) console.log(`--- ${row}: ${name}\n${configuration}`);
    return await runRounds(contestants, callers);
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.stop()));
  }
}

/** What the gateway adds to the upstream's own reply; an id and the connection's fields differ from reply to reply. */
async function addedFields(
  ours: Contestant,
  upstreamPort: number,
  callers: Callers | null,
): Promise<Surroundings['replyFields']> {
  const upstream = await verifyReply({ scheme: 'http', port: upstreamPort });
  const passed = await verifyReply(ours.target, await firstRequest(callers));
  const varying = new Set(['x-request-id', 'connection', 'keep-alive', 'date', 'ratelimit', 'ratelimit-policy']);
  return Object.entries(passed).filter(([name]) => !(name in upstream) && !varying.has(name));
}

/** One of the requests that the load will hold. */
async function firstRequest(callers: Callers | null): Promise<Parameters<typeof verifyReply>[1]> {
  if (callers === null) return undefined;
  const [line = ''] = (await readFile(callers.requestsFile, 'utf8')).split('\n', 1);
  const [path = '/', token = '', body] = line.split('\t');
  const authorization = `Bearer ${token}`;
  if (body === undefined) return { path, headers: { authorization } };
  return { path, headers: { authorization, 'content-type': 'application/json' }, body };
}

async function runRounds(contestants: readonly Contestant[], callers: Callers | null): Promise<Figures[]> {
  const requestsFile = callers?.requestsFile ?? null;
  const first = await firstRequest(callers);
  const rounds = new Map<Contestant, Round[]>(contestants.map((contestant) => [contestant, []]));
  for (const contestant of contestants) {
    await verifyReply(contestant.target, first);
    await warmUp(contestant, requestsFile);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) rounds.get(contestant)?.push(await runRound(contestant, requestsFile));
  }
  return contestants.map((contestant) => {
    const done = rounds.get(contestant) ?? [];
    const rssMb = contestant.use().rssBytes / 2 ** 20;
    return { contestant, rounds: done, usPerRequest: median(done.map(({ usPerRequest }) => usPerRequest)), rssMb };
  });
}

async function warmUp({ target }: Contestant, requestsFile: string | null): Promise<void> {
  let done = 0;
  for (let step = 0; step < WARM_UP_STEPS && done < WARM_UP_REQUESTS; step++)
    done += (await sendLoad(target, WARM_UP_STEP_SECONDS, requestsFile)).requests;
}

async function runRound({ target, use }: Contestant, requestsFile: string | null): Promise<Round> {
  const before = use();
  const { requests, seconds, errors, p99Ms } = await sendLoad(target, ROUND_SECONDS, requestsFile);
  const spent = use().cpuMicroseconds - before.cpuMicroseconds;
  return { usPerRequest: spent / requests, perSecond: requests / seconds, p99Ms, errors };
}

interface Report {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly ratios: Readonly<Record<string, number>>;
  readonly us: Readonly<Record<string, number>>;
}

function report(figures: readonly Figures[], noise: Noise): Report {
  const find = (row: Row, name: string): Figures | undefined =>
    figures.find(({ contestant }) => contestant.row === row && contestant.name === name);
  const rows = figures.map((entry) => {
    const { contestant, rounds, usPerRequest, rssMb } = entry;
    const ours = find(contestant.row, 'portcullis');
    const costs = rounds.map((round) => round.usPerRequest);
    return [
      contestant.row,
      contestant.name,
      usPerRequest.toFixed(1),
      `${Math.min(...costs).toFixed(1)}–${Math.max(...costs).toFixed(1)}`,
      ours === undefined || ours === entry ? '' : (ours.usPerRequest / usPerRequest).toFixed(2),
      median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
      median(rounds.map(({ p99Ms }) => p99Ms)).toFixed(2),
      rssMb.toFixed(0),
      String(rounds.reduce((sum, { errors }) => sum + errors, 0)),
    ];
  });
  printTable(
    ['row', 'who', 'CPU µs/request', 'rounds', 'ours/theirs', 'requests/s', 'p99 ms', 'RSS MB', 'errors'],
    rows,
  );
  console.log(
    '\nHAProxy keeps no cache of verified tokens: it checks a signature for each request. Ours keeps one, so look at secured_cold_token too.',
  );
  const { others_busy_pct: others, stolen_pct: stolen } = noise;
  console.log(
    `meanwhile others kept the machine busy for ${others} % of its time, and ${stolen} % of it was stolen by its host`,
  );
  const ratios = RATIOS.flatMap(([key, row, peer]) => {
    const [ours, theirs] = [find(row, 'portcullis'), find(row, peer)];
    return ours === undefined || theirs === undefined
      ? []
      : [[key, rounded(ours.usPerRequest / theirs.usPerRequest)] as const];
  });
  const us = OWN_COSTS.flatMap(([key, row]) => {
    const ours = find(row, 'portcullis');
    return ours === undefined ? [] : [[key, rounded(ours.usPerRequest)] as const];
  });
  return {
    machine: { ...describeMachine(), ...noise },
    ratios: Object.fromEntries(ratios),
    us: Object.fromEntries(us),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function roundedAll(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, rounded(value)]));
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
