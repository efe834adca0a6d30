import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { sendLoad } from './load.ts';
import { useOfTree } from './process-tree.ts';

const ROUNDS = 3;
const WARM_UP_SECONDS = 3;
const ROUND_SECONDS = 4;

/** CPU µs per request with so many gateway threads. */
export interface ThreadCosts {
  readonly one: number;
  readonly two: number;
}

/**
 * What a request costs with two gateway threads on two cores against one, over TLS, rounds in turns; both may use any
 * core, and share them with the load and the upstream. Or why it can't be told.
 */
export async function measureTwoThreads(upstreamPort: number): Promise<ThreadCosts | string> {
  const running: GatewayProcess[] = [];
  try {
    for (const threads of [1, 2]) running.push(await startGateway(configurationOf(upstreamPort, threads)));
    const costs = running.map(() => [] as number[]);
    for (const { https: port } of running) await sendLoad({ scheme: 'https', port }, WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [at, gateway] of running.entries()) costs[at]?.push(await costOf(gateway));
    }
    const [one = Number.NaN, two = Number.NaN] = costs.map((list) => list.toSorted((a, b) => a - b)[1]);
    return { one, two };
  } catch (fault) {
    return fault instanceof Error ? (fault.message.split('\n')[1] ?? fault.message) : 'unknown fault';
  } finally {
    await Promise.all(running.map((gateway) => gateway.stop()));
  }
}

async function costOf({ pid, https: port }: GatewayProcess): Promise<number> {
  const before = useOfTree(pid).cpuMicroseconds;
  const { requests, errors } = await sendLoad({ scheme: 'https', port }, ROUND_SECONDS);
  if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`);
  return (useOfTree(pid).cpuMicroseconds - before) / requests;
}

function configurationOf(upstreamPort: number, threads: number): string {
  return `version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: ${threads} }
admin: { port: 0 }
data: ./data
audit: off
apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
`;
}
