import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { createMemoryTables } from '../../src/adapters/index.ts';
import { parseTemplate } from '../../src/openapi/index.ts';
import { Router } from '../../src/gateway/router.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { growthDescription, growthPath } from './growth-description.ts';
import { type GrowthIssuer, makeGrowthIssuers } from './growth-issuers.ts';
import { measureSlices } from './growth-slices.ts';
import { useOfTree } from './process-tree.ts';

/** What the numbers of operations cost. Times are milliseconds of wall time from the start of the process. */
export interface GrowthFigures {
  /** Time of a match among 10,000 operations by that among 10: 1 is flat. */
  readonly match_10000_vs_10: number;
  /** The longest time that a gateway thread works without serving while it prepares 10,000 operations, in milliseconds. */
  readonly slice_10000_ms: number;
  /** Until the ports are open and traffic is served. */
  readonly served_10000_ms: number;
  /** Until `/readyz` says `ready`: everything was built once. */
  readonly ready_10000_ms: number;
  /** CPU time until then. */
  readonly ready_10000_cpu_ms: number;
  /** Of the whole process with one gateway thread, after the first use of 100 operations. */
  readonly rss_10000_mb: number;
  /** The same with 10 operations. */
  readonly rss_10_mb: number;
  /** With 10 operations and 1,000 issuers, each with its own keys, of which a hundred have been used. */
  readonly ready_1000_issuers_ms: number;
  readonly rss_1000_issuers_mb: number;
  /** How long a gateway thread does not serve while it takes a live table of 100,000 rows, in milliseconds. */
  readonly table_100000_take_ms: number;
  /** The first and only reading of a row of it, in microseconds. */
  readonly table_100000_row_us: number;
}

const MANY = 10_000;
const FEW = 10;
const ISSUERS = 1_000;
const ROWS = 100_000;
const READY_LIMIT_MS = 60_000;
const POLL_MS = 20;

/** Takes all figures, within a minute. */
export async function measureGrowth(): Promise<GrowthFigures> {
  const slices = await measureSlices(MANY);
  const match = matchNanoseconds(MANY) / matchNanoseconds(FEW);
  const many = await measureStart(MANY);
  const few = await measureStart(FEW);
  const issuers = await measureStart(FEW, ISSUERS);
  const table = measureTable(ROWS);
  return {
    match_10000_vs_10: Math.round(match * 100) / 100,
    slice_10000_ms: Math.round(slices.longestMs * 100) / 100,
    served_10000_ms: many.servedMs,
    ready_10000_ms: many.readyMs,
    ready_10000_cpu_ms: many.readyCpuMs,
    rss_10000_mb: many.rssMb,
    rss_10_mb: few.rssMb,
    ready_1000_issuers_ms: issuers.readyMs,
    rss_1000_issuers_mb: issuers.rssMb,
    table_100000_take_ms: Math.round(table.takeMs * 100) / 100,
    table_100000_row_us: Math.round(table.rowMicroseconds * 10) / 10,
  };
}

const FINDS = 20_000;
const RUNS = 15;
/** As many as the smallest configuration has, so that all have the same share of the caches. */
const PATHS = 8;

/** Time to find a route among those of so many operations, the best of several runs. */
export function matchNanoseconds(operations: number): number {
  const { paths } = JSON.parse(growthDescription(operations)) as { paths: Record<string, Record<string, unknown>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) => {
    const template = parseTemplate(path);
    if (!template.ok) throw new Error(template.error);
    const { segments } = template.value;
    return Object.keys(methods).map((name) => ({ host: null, method: name.toUpperCase(), segments, target: name }));
  });
  const { router } = Router.build(routes, () => true);
  const resources = Math.ceil(operations / 5);
  const asked = Array.from({ length: PATHS }, (_, index) => {
    const path = growthPath(Math.floor((index * resources) / PATHS));
    return index % 4 === 3 ? `${path}/none` : path;
  });
  const times = Array.from({ length: RUNS }, () => {
    const before = process.hrtime.bigint();
    for (let index = 0; index < FINDS; index++) router.find('x.example', asked[index % PATHS] as string, 'GET');
    return Number(process.hrtime.bigint() - before) / FINDS;
  });
  return Math.min(...times);
}

interface StartFigures {
  readonly servedMs: number;
  readonly readyMs: number;
  readonly rssMb: number;
  /** CPU time of all threads until it was ready: on a machine that does other things too, this says more. */
  readonly readyCpuMs: number;
}

const HUNDRED = 100;

/**
 * Starts the product with a description of so many operations, so many issuers and one gateway thread, and uses a hundred
 * operations, with tokens where there is more than one issuer.
 */
export async function measureStart(operations: number, issuerCount = 1): Promise<StartFigures> {
  const issuers = makeGrowthIssuers(issuerCount);
  const keys = Object.fromEntries(issuers.map(({ file, keySet }) => [file, keySet]));
  const beside = { 'growth.json': growthDescription(operations), ...keys };
  const configuration = configurationWith(issuers);
  const before = performance.now();
  const gateway = await startGateway(configuration, { beside });
  try {
    const servedMs = Math.round(performance.now() - before);
    await untilReady(gateway);
    const readyMs = Math.round(performance.now() - before);
    const readyCpuMs = Math.round(useOfTree(gateway.pid).cpuMicroseconds / 1_000);
    const resources = Math.ceil(operations / 5);
    for (let index = 0; index < HUNDRED; index++) {
      const at = Math.floor((index * issuerCount) / HUNDRED);
      const path = `/g${Math.floor(at / ISSUERS_PER_API)}${growthPath(Math.floor((index * resources) / HUNDRED))}`;
      const token = issuerCount > 1 ? (issuers[at]?.token ?? null) : null;
      const { status } = await ask(gateway, { port: gateway.https, path, token });
      // Nobody has signed in, or may not do this, which a plan that was built says: 503 would say that it could not be.
      const wanted = token === null ? 401 : 403;
      if (status !== wanted) throw new Error(`an operation of ${operations} answered ${status}`);
    }
    return { servedMs, readyMs, readyCpuMs, rssMb: Math.round(useOfTree(gateway.pid).rssBytes / 1_048_576) };
  } finally {
    await gateway.stop();
  }
}

/** An API takes so many issuers at most. */
const ISSUERS_PER_API = 100;

/** One API for each hundred issuers, all over one description. */
function configurationWith(issuers: readonly GrowthIssuer[]): string {
  const written = issuers.map(
    ({ name, issuer, file }) => `  ${name}: { issuer: '${issuer}', audience: growth, jwks: ./${file} }\n`,
  );
  const groups = Map.groupBy(issuers, (_, at) => Math.floor(at / ISSUERS_PER_API));
  const apis = [...groups].map(
    ([group, members]) => `  growth${group}:
    openapi: ./growth.json
    basePath: /g${group}
    upstream: http://127.0.0.1:9
    auth: [${members.map(({ name }) => name).join(', ')}]
    limit: 1000/min per user
`,
  );
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
${written.join('')}apis:
${apis.join('')}`;
}

/** Takes a table as a gateway thread does, and reads each row once. */
function measureTable(rows: number): { readonly takeMs: number; readonly rowMicroseconds: number } {
  const log = { write() {} };
  const declaration = { name: 'growth', rowLimit: rows, staleAfterMs: 60_000, whenStale: 'serve' } as const;
  const [control, thread] = [createMemoryTables({ log }), createMemoryTables({ log })];
  for (const tables of [control, thread]) tables.declare(declaration);
  const entries = Array.from(
    { length: rows },
    (_, at) => [`token-${at * 7919}`, { until: at, why: 'revoked' }] as const,
  );
  control.replace('growth', 1, new Map(entries), 1);
  const shared = control.share('growth');
  const before = performance.now();
  thread.take(shared);
  const taken = performance.now();
  const version = thread.read<{ readonly until: number }>('growth');
  for (const [key, row] of entries) {
    if (version.rows.get(key)?.until !== row.until) throw new Error('a row of the table is lost');
  }
  return { takeMs: taken - before, rowMicroseconds: ((performance.now() - taken) * 1_000) / rows };
}

async function untilReady(gateway: GatewayProcess): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  while ((await ask(gateway, { port: gateway.admin, path: '/readyz', token: null })).text !== 'ready\n') {
    if (performance.now() > deadline) throw new Error(`the gateway was not ready after ${READY_LIMIT_MS} ms`);
    await delay(POLL_MS);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Question {
  readonly port: number;
  readonly path: string;
  /** Null for nobody. */
  readonly token: string | null;
}

function ask({ ca }: GatewayProcess, { port, path, token }: Question): Promise<Answer> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const where = { host: '127.0.0.1', port, path, headers, ca, servername: 'localhost', agent: false };
  return new Promise((resolve, reject) => {
    const call = request(where, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => (text += part));
      reply.once('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    call.once('error', reject).end();
  });
}
