import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { counted } from '../system/admin.ts';
import { FrameClient, type Http2Address } from './frame-client.ts';
import { Http2Origin } from './origin.ts';

const POLL_MS = 50;
const POLL_DEADLINE_MS = 8_000;

/** A gateway of one thread that passes everything on to an origin of its own. */
export interface Http2Subject {
  readonly gateway: GatewayProcess;
  readonly origin: Http2Origin;
  readonly address: Http2Address;
  stop(): Promise<void>;
}

/** Starts it. The API has no host, so that any name may ask for it. */
export async function startSubject(): Promise<Http2Subject> {
  const origin = await Http2Origin.start();
  const configuration = `version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  all: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${origin.port}', auth: public }
`;
  try {
    const gateway = await startGateway(configuration);
    const stop = async (): Promise<void> => {
      await gateway.stop();
      await origin.stop();
    };
    return { gateway, origin, address: { port: gateway.https, ca: gateway.ca }, stop };
  } catch (error) {
    await origin.stop();
    throw error;
  }
}

/** How many streams and connections the gateway has ended for this reason. */
export async function countFaults({ gateway }: Http2Subject, reason: string): Promise<number> {
  return await counted(gateway, `portcullis_http2_faults_total{reason="${reason}"}`);
}

/** How many requests have begun and ended without an answer. */
export async function countUnanswered({ gateway }: Http2Subject): Promise<number> {
  return await counted(gateway, 'portcullis_requests_total{api="all",status="none"}');
}

/** Whether the condition comes to hold before the deadline. */
export async function comesToHold(condition: () => Promise<boolean>, deadlineMs = POLL_DEADLINE_MS): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, POLL_MS);
    await promise;
  }
  return true;
}

/** Whether somebody who does nothing wrong is served, over a connection of their own, as often as this. */
export async function servesOthers({ address }: Http2Subject, times = 5): Promise<boolean> {
  const client = await FrameClient.open(address);
  try {
    for (let time = 0; time < times; time++) if (!(await client.serves())) return false;
    return true;
  } finally {
    client.destroy();
  }
}
