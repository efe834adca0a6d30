import {
  type Absence,
  type Contestant,
  type Ground,
  isAbsence,
  type Row,
  type Surroundings,
} from './contestants/contestant.ts';
import { startPortcullis } from './contestants/portcullis.ts';
import { sendLoad, type Target } from './load.ts';
import { type LoadRequest, readRequests } from './request-lines.ts';
import { printTable } from './table.ts';
import { verifyReply } from './verify-reply.ts';

const ROUNDS = 3;
/** Whoever compiles while it runs has compiled what counts after so many requests; the same for all, within a time. */
const WARM_UP_REQUESTS = 100_000;
const WARM_UP_STEP_SECONDS = 3;

/** How long each contestant of a row is under load. */
export interface Pace {
  /** Steps of 3 s before anything counts, at most. */
  readonly warmUpSteps: number;
  readonly roundSeconds: number;
}

/** What is sent to all contestants of a row: the requests of a file, or GET /; and at which pace. */
export interface RowLoad {
  readonly requestsFile: string | null;
  readonly pace: Pace;
}

/** For what the figures of a bench rest upon. */
export const FULL_PACE: Pace = { warmUpSteps: 4, roundSeconds: 5 };

/** Starts a contestant. */
export type Start = (surroundings: Surroundings) => Promise<Contestant | Absence>;

/** What one round of load brought. */
export interface Round {
  readonly usPerRequest: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** What a contestant showed. */
export interface Figures {
  readonly contestant: Contestant;
  readonly rounds: readonly Round[];
  readonly usPerRequest: number;
  readonly rssMb: number;
}

/**
 * Measures the gateway beside these peers. Each has one core to itself; rounds go in turn, so that a slow minute of the
 * machine hits all alike, and the median counts. The load sends the requests of the file, those of the callers unless
 * another is named.
 */
export async function measureRow(
  row: Row,
  peers: readonly Start[],
  surroundings: Ground,
  load: Partial<RowLoad> = {},
): Promise<Figures[]> {
  const { requestsFile = surroundings.callers?.requestsFile ?? null, pace = FULL_PACE } = load;
  const contestants: Contestant[] = [];
  try {
    const ours = await startPortcullis(row, { ...surroundings, replyFields: [] });
    contestants.push(ours);
    const replyFields = await addedFields(ours, surroundings.upstreamPort, requestsFile);
    for (const start of peers) {
      const entry = await start({ ...surroundings, replyFields });
      if (isAbsence(entry)) console.log(`${row}: without ${entry.name}: ${entry.reason}`);
      else contestants.push(entry);
    }
    for (const { name, configuration } of contestants) console.log(`--- ${row}: ${name}\n${shortened(configuration)}`);
    return await runRounds(contestants, { requestsFile, pace });
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.stop()));
  }
}

/** Without most of what stands in a very long line, such as a thousand targets. */
function shortened(configuration: string): string {
  return configuration.replaceAll(/^(.{300}).{100,}(.{100})$/gm, '$1 … $2');
}

/** What the upstream of a row speaks, where it is not HTTP/1.1 with replies to GETs. */
const SPOKEN_UPSTREAM: Readonly<Partial<Record<Row, Target['scheme']>>> = {
  ws: 'ws',
  grpc: 'grpc',
  validate_grpc: 'grpc',
};

/** What the gateway adds to the upstream's own reply; an id and the connection's fields differ from reply to reply. */
async function addedFields(
  ours: Contestant,
  upstreamPort: number,
  requestsFile: string | null,
): Promise<Surroundings['replyFields']> {
  const upstream = await verifyReply({ scheme: SPOKEN_UPSTREAM[ours.row] ?? 'http', port: upstreamPort });
  const passed = await verifyReply(ours.target, firstRequest(requestsFile));
  const varying = new Set(['x-request-id', 'connection', 'keep-alive', 'date', 'ratelimit', 'ratelimit-policy']);
  return Object.entries(passed).filter(([name]) => !(name in upstream) && !varying.has(name));
}

/** One of the requests that the load will hold. */
function firstRequest(requestsFile: string | null): LoadRequest | undefined {
  return requestsFile === null ? undefined : readRequests(requestsFile)[0];
}

async function runRounds(contestants: readonly Contestant[], load: RowLoad): Promise<Figures[]> {
  const first = firstRequest(load.requestsFile);
  const rounds = new Map<Contestant, Round[]>(contestants.map((contestant) => [contestant, []]));
  for (const contestant of contestants) {
    await verifyReply(contestant.target, first);
    await warmUp(contestant, load);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) rounds.get(contestant)?.push(await runRound(contestant, load));
  }
  return contestants.map((contestant) => {
    const done = rounds.get(contestant) ?? [];
    const rssMb = contestant.use().rssBytes / 2 ** 20;
    return { contestant, rounds: done, usPerRequest: median(done.map(({ usPerRequest }) => usPerRequest)), rssMb };
  });
}

async function warmUp({ target }: Contestant, { requestsFile, pace }: RowLoad): Promise<void> {
  let done = 0;
  for (let step = 0; step < pace.warmUpSteps && done < WARM_UP_REQUESTS; step++)
    done += (await sendLoad(target, WARM_UP_STEP_SECONDS, requestsFile)).requests;
}

async function runRound({ target, use }: Contestant, { requestsFile, pace }: RowLoad): Promise<Round> {
  const before = use();
  const { requests, seconds, errors, p99Ms } = await sendLoad(target, pace.roundSeconds, requestsFile);
  const spent = use().cpuMicroseconds - before.cpuMicroseconds;
  return { usPerRequest: spent / requests, perSecond: requests / seconds, p99Ms, errors };
}

/** Prints a table of all, one line each, with the ratio to the gateway's own cost in the same row. */
export function printFigures(figures: readonly Figures[]): void {
  const rows = figures.map((entry) => {
    const { contestant, rounds, usPerRequest, rssMb } = entry;
    const ours = figureOf(figures, contestant.row, 'portcullis');
    const costs = rounds.map((round) => round.usPerRequest);
    return [
      contestant.row,
      contestant.name,
      usPerRequest.toFixed(1),
      `${Math.min(...costs).toFixed(1)}–${Math.max(...costs).toFixed(1)}`,
      ours === undefined || ours === entry ? '' : (ours.usPerRequest / usPerRequest).toFixed(2),
      median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
      p99Of(rounds),
      rssMb.toFixed(0),
      String(rounds.reduce((sum, { errors }) => sum + errors, 0)),
    ];
  });
  printTable(
    ['row', 'who', 'CPU µs/request', 'rounds', 'ours/theirs', 'requests/s', 'p99 ms', 'RSS MB', 'errors'],
    rows,
  );
}

/** Empty where the load generator tells none. */
function p99Of(rounds: readonly Round[]): string {
  const p99Ms = median(rounds.map((round) => round.p99Ms));
  return Number.isNaN(p99Ms) ? '' : p99Ms.toFixed(2);
}

/** The figures of one of them, where it took part. */
export function figureOf(figures: readonly Figures[], row: Row, name: string): Figures | undefined {
  return figures.find(({ contestant }) => contestant.row === row && contestant.name === name);
}

/** Which key of the ratios compares the gateway with whom, and which key tells its own cost of which row. */
export interface Comparisons {
  readonly ratios: readonly (readonly [key: string, row: Row, peer: string])[];
  readonly own: readonly (readonly [key: string, row: Row])[];
}

/** The ratios of CPU time, and the gateway's own in microseconds a request; without those that could not be measured. */
export function compare(
  figures: readonly Figures[],
  { ratios, own }: Comparisons,
): { readonly ratios: Record<string, number>; readonly us: Record<string, number> } {
  const compared = ratios.flatMap(([key, row, peer]) => {
    const [ours, theirs] = [figureOf(figures, row, 'portcullis'), figureOf(figures, row, peer)];
    return ours === undefined || theirs === undefined
      ? []
      : [[key, rounded(ours.usPerRequest / theirs.usPerRequest)] as const];
  });
  const costs = own.flatMap(([key, row]) => {
    const ours = figureOf(figures, row, 'portcullis');
    return ours === undefined ? [] : [[key, rounded(ours.usPerRequest)] as const];
  });
  return { ratios: Object.fromEntries(compared), us: Object.fromEntries(costs) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** To three places. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
