import { join } from 'node:path';
import { request } from 'node:https';
import { type GatewayProcess, startGateway } from '../../framing/gateway-process.ts';
import { pinnedTo, runToEnd, startServer } from '../child.ts';
import { CAPACITY } from './limited-upstream.ts';
import { freePort } from '../../framing/free-port.ts';

const SECONDS = 8;
/** Of what the upstream can do: more than that and a queue grows. */
const BEST_SHARE = 0.9;
const ADMIN_EVERY_MS = 100;

/** What was served in time while three times as much was asked as can be done. */
export interface OverloadOutcome {
  /** Of what is served at best. */
  readonly goodputPct: number;
  /** How much of each priority was served. */
  readonly servedPct: Readonly<Record<'low' | 'normal' | 'high', number>>;
  readonly adminP99Ms: number;
}

interface Load {
  readonly goodPerSecond: number;
  readonly pct: OverloadOutcome['servedPct'];
}

/** Asks nearly as much as the upstream can do, then three times as much, of all priorities alike. */
export async function measureOverload(): Promise<OverloadOutcome> {
  const port = await freePort();
  const script = join(import.meta.dirname, 'limited-responder.ts');
  const upstream = await startServer([process.execPath, script, String(port)], port, { core: 'load' });
  const gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  work:
    routes: ['GET /low', 'GET /normal', 'GET /high']
    upstream: 'http://127.0.0.1:${port}'
    auth: public
    operations: { 'GET /low': { priority: low }, 'GET /high': { priority: high } }
`,
    { before: pinnedTo('contestant') },
  );
  try {
    const best = await offer(gateway, BEST_SHARE * CAPACITY);
    const admin = watchAdmin(gateway);
    const over = await offer(gateway, 3 * CAPACITY);
    return {
      goodputPct: (over.goodPerSecond / best.goodPerSecond) * 100,
      servedPct: over.pct,
      adminP99Ms: await admin(),
    };
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
}

async function offer({ https }: GatewayProcess, perSecond: number): Promise<Load> {
  const script = join(import.meta.dirname, 'overload-load.ts');
  const args = [String(https), String(perSecond), String(SECONDS)];
  return JSON.parse(await runToEnd([process.execPath, script, ...args], 'load', 30_000)) as Load;
}

/** Asks the admin port whether it is ready, ten times a second; gives the 99th of a hundred times that took. */
function watchAdmin({ admin, ca }: GatewayProcess): () => Promise<number> {
  const took: Promise<number>[] = [];
  const timer = setInterval(() => took.push(askAdmin(admin, ca)), ADMIN_EVERY_MS);
  return async () => {
    clearInterval(timer);
    const sorted = (await Promise.all(took)).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  };
}

/** Infinite where there is no answer. */
function askAdmin(port: number, ca: string): Promise<number> {
  const begun = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  const sent = request({ host: '127.0.0.1', servername: 'localhost', port, ca, path: '/readyz', agent: false });
  sent.on('response', (reply) => {
    reply.resume();
    reply.on('end', () => resolve(reply.statusCode === 200 ? performance.now() - begun : Number.POSITIVE_INFINITY));
  });
  sent.on('error', () => resolve(Number.POSITIVE_INFINITY));
  sent.end();
  return promise;
}
