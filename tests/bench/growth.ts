import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { parseTemplate } from '../../src/openapi/index.ts';
import { Router } from '../../src/gateway/router.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { growthDescription, growthPath } from './growth-description.ts';
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
}

const MANY = 10_000;
const FEW = 10;
const READY_LIMIT_MS = 60_000;
const POLL_MS = 20;

/** Takes all figures, within a minute. */
export async function measureGrowth(): Promise<GrowthFigures> {
  const slices = await measureSlices(MANY);
  const match = matchNanoseconds(MANY) / matchNanoseconds(FEW);
  const many = await measureStart(MANY);
  const few = await measureStart(FEW);
  return {
    match_10000_vs_10: Math.round(match * 100) / 100,
    slice_10000_ms: Math.round(slices.longestMs * 100) / 100,
    served_10000_ms: many.servedMs,
    ready_10000_ms: many.readyMs,
    ready_10000_cpu_ms: many.readyCpuMs,
    rss_10000_mb: many.rssMb,
    rss_10_mb: few.rssMb,
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

/** Starts the product with a description of so many operations and one gateway thread, and uses a hundred of them. */
export async function measureStart(operations: number): Promise<StartFigures> {
  const before = performance.now();
  const beside = { 'growth.json': growthDescription(operations), 'keys.json': keySet() };
  const gateway = await startGateway(CONFIGURATION, { beside });
  try {
    const servedMs = Math.round(performance.now() - before);
    await untilReady(gateway);
    const readyMs = Math.round(performance.now() - before);
    const readyCpuMs = Math.round(useOfTree(gateway.pid).cpuMicroseconds / 1_000);
    const resources = Math.ceil(operations / 5);
    for (let index = 0; index < HUNDRED; index++) {
      const path = growthPath(Math.floor((index * resources) / HUNDRED));
      const { status } = await ask(gateway, gateway.https, path);
      // Nobody has signed in, which is said by a plan that was built: 503 would say that it could not be.
      if (status !== 401) throw new Error(`an operation of ${operations} answered ${status}`);
    }
    return { servedMs, readyMs, readyCpuMs, rssMb: Math.round(useOfTree(gateway.pid).rssBytes / 1_048_576) };
  } finally {
    await gateway.stop();
  }
}

const CONFIGURATION = `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  bench: { issuer: 'https://id.example', audience: growth, jwks: ./keys.json }
apis:
  growth:
    openapi: ./growth.json
    upstream: http://127.0.0.1:9
    auth: [bench]
    limit: 1000/min per user
`;

function keySet(): string {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  return JSON.stringify({ keys: [{ ...key, kid: 'growth', alg: 'ES256', use: 'sig' }] });
}

async function untilReady(gateway: GatewayProcess): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  while ((await ask(gateway, gateway.admin, '/readyz')).text !== 'ready\n') {
    if (performance.now() > deadline) throw new Error(`the gateway was not ready after ${READY_LIMIT_MS} ms`);
    await delay(POLL_MS);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask({ ca }: GatewayProcess, port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, ca, servername: 'localhost', agent: false }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => (text += part));
      reply.once('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    call.once('error', reject).end();
  });
}
