import { bytes, type Outcome } from './case.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { RecordingOrigin } from './origin.ts';
import { type Address, RawClient } from './raw-client.ts';

/**
 * Cases run in lanes, one at a time in each, so that whatever reaches a lane's origin belongs to its present case.
 * A lane has APIs of its own: the corpus says `api.test`, the lane with letter q says `api.tesq`, as many bytes.
 */
export interface Lane {
  readonly letter: string;
  readonly origin: RecordingOrigin;
  /** The port of another server between gateway and origin, or null where the gateway speaks to the origin itself. */
  readonly peerPort: number | null;
  barriers: number;
}

/** What all of them say: what a body tells is not what the cases are about. */
const EVERY = ['auth: public', 'upstreamErrors: pass'];

/** What the APIs of a lane are called in the corpus, and what is special about each. */
const APIS: Readonly<Record<string, readonly string[]>> = {
  api: ["routes: ['* /{rest...}']"],
  small: ["routes: ['* /{rest...}']", 'body: 1KiB'],
  route: ["routes: ['GET /admin', 'GET /public/{rest...}', 'GET /items/{id}', 'GET /barrier/{id}']"],
  chat: [
    "routes: ['GET /chat', 'POST /chat', 'GET /plain', 'GET /reply', 'GET /barrier/{id}']",
    "operations: { 'GET /chat': { websocket: on }, 'GET /reply': { websocket: on } }",
  ],
  methods: ["routes: ['GET /only', 'POST /only/{id}', 'GET /barrier/{id}']"],
};

const LETTERS = 'abcdefghijklmnopqrsuvwxyz';

/** Opens as many lanes, 25 at most. */
export async function openLanes(count: number): Promise<Lane[]> {
  const letters = [...LETTERS].slice(0, count);
  return Promise.all(
    letters.map(async (letter) => ({ letter, origin: await RecordingOrigin.start(), peerPort: null, barriers: 0 })),
  );
}

/** Closes what the lanes hold open. */
export async function closeLanes(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.map(({ origin }) => origin.stop()));
}

/** The configuration of a gateway that serves all of them. */
export function configurationFor(lanes: readonly Lane[]): string {
  const apis = lanes.flatMap(({ letter, origin, peerPort }) =>
    Object.entries(APIS).map(
      ([name, keys]) =>
        `  ${name}-${letter}: { host: ${name}.tes${letter}, upstream: 'http://127.0.0.1:${peerPort ?? origin.port}', ${[...EVERY, ...keys].join(', ')} }`,
    ),
  );
  return [
    'version: 1',
    'server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 } }',
    'admin: { port: 0 }',
    'data: ./data',
    'apis:',
    ...apis,
    '',
  ].join('\n');
}

/** Puts a lane's names for those of the corpus; the number of bytes and the case of letters stay. */
export function inLane(input: Buffer, { letter }: Lane): Buffer {
  const text = input.toString('latin1');
  return bytes(text.replace(/(?<=\.tes)t/gi, (last) => (last === 'T' ? letter.toUpperCase() : letter)));
}

/** The same for what must come of a request. */
export function outcomeInLane(outcome: Outcome, lane: Lane): Outcome {
  if (outcome.kind !== 'forwarded') return outcome;
  return {
    ...outcome,
    target: inLane(bytes(outcome.target), lane).toString('latin1'),
    body: inLane(outcome.body, lane),
  };
}

/** The name for the TLS handshake: the API that the bytes name in Host, else `api`. */
export function serverNameFor(input: Buffer, { letter }: Lane): string {
  const named = /^host:[ \t]*([a-z]+)\.tes/im.exec(input.toString('latin1'))?.[1]?.toLowerCase();
  const api = named !== undefined && Object.hasOwn(APIS, named) ? named : 'api';
  return `${api}.tes${letter}`;
}

/** Where a client of this lane connects to. */
export function addressOf(gateway: GatewayProcess, transport: 'tls' | 'tcp' | 'http', serverName: string): Address {
  const port = transport === 'http' ? gateway.http : gateway.https;
  return { port, serverName: transport === 'tls' ? serverName : null, ca: gateway.ca };
}

/**
 * Sends a request that cannot be taken for another and waits for its own answer: on the given connection, to show that
 * both ends still agree where messages begin, or on a new one. Says what is wrong, or null.
 */
export async function passBarrier(lane: Lane, address: Address, onto: RawClient | null): Promise<string | null> {
  const target = `/barrier/${++lane.barriers}`;
  const client = onto ?? (await RawClient.connect(address));
  const from = client.received.length;
  const request = `GET ${target} HTTP/1.1\r\nHost: ${address.serverName}\r\n\r\n`;
  await client.send(Buffer.from(request), 'whole', () => false);
  const answered = await client.signal.holds(
    () => client.received.includes(`"target":"${target}"`, from) || client.closed,
  );
  const text = client.received.subarray(from).toString('latin1');
  if (onto === null) client.destroy();
  if (answered && text.startsWith('HTTP/1.1 200') && text.includes(`"target":"${target}"`)) return null;
  return `the next request ${onto === null ? 'on a new connection' : 'on the same connection'} got ${JSON.stringify(text.slice(0, 120))}`;
}
