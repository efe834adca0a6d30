import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startGateway } from '../../framing/gateway-process.ts';
import { BODY_LOADS, configureBodies } from '../body-loads.ts';
import { BENCH_DESCRIPTION, type Callers, securedHead } from '../callers.ts';
import { pinnedTo, startServer } from '../child.ts';
import { configureEverything, EVERYTHING_DESCRIPTION } from '../everything-on.ts';
import type { Target } from '../load.ts';
import { manyNetworks } from '../many-networks.ts';
import { useOfTree } from '../process-tree.ts';
import { loopbackAddresses } from '../upstream.ts';
import { unaryDescriptors } from '../unary-message.ts';
import { VALIDATE_DESCRIPTION } from '../validate-loads.ts';
import { type Contestant, type Row, type Surroundings, TARGETS } from './contestant.ts';
import { freePort } from '../../framing/free-port.ts';

/** The product's http port only redirects: this entry puts the same gateway behind a listener without TLS. */
const PLAIN_ENTRY = join(import.meta.dirname, '..', 'plain-listener.ts');

/** Of the flags of bin/portcullis, the one that concerns speed. */
const FLAGS = ['--min-semi-space-size=16'];

/** The gateway with its defaults before one upstream. */
export function startPortcullis(row: Row, surroundings: Surroundings): Promise<Contestant> {
  return row in SCHEMES ? startProduct(row, surroundings) : startPlain(row, surroundings);
}

/** The configuration of the plain and TLS rows, up to the APIs. */
export const PLAIN_HEAD = `version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
audit: off
`;

/** The plain and TLS rows keep no record, as their peers keep none; the secured ones refuse what can't be recorded. */
function configure(row: Row, { upstreamPort, callers }: Surroundings): string {
  if (callers !== null && row === 'everything_on') return configureEverything(upstreamPort, callers);
  if (callers !== null) return configureSecured(upstreamPort, callers);
  if (row in TARGETS) return configureTargets(TARGETS[row] ?? 1, upstreamPort);
  if (row === 'cache_hit') return configureCache(upstreamPort);
  if (row === 'lists_100000') return configureLists(upstreamPort, 'deny: { addresses: [{ file: ./networks.txt }] }\n');
  if (row === 'lists_none') return configureLists(upstreamPort, '');
  if (row === 'ws') return configureMessages(upstreamPort);
  if (row === 'grpc') return configureCalls(upstreamPort);
  const bodies = bodiesOf(row);
  if (bodies !== null) return configureOneApi(bodies.lines, upstreamPort, row in SCHEMES);
  if (row.startsWith('validate_')) return configureValidation(row, upstreamPort);
  return `${PLAIN_HEAD}apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
`;
}

/** The plain row, with so many targets. */
function configureTargets(count: number, upstreamPort: number): string {
  const targets = loopbackAddresses(count).map((address) => `http://${address}:${upstreamPort}`);
  return `${PLAIN_HEAD}apis:
  bench: { routes: ['* /{rest...}'], upstream: { targets: [${targets.join(', ')}] }, auth: public }
`;
}

/** The plain row, with a cache of what the upstream says. */
function configureCache(upstreamPort: number): string {
  return `${PLAIN_HEAD}apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public, cache: { ttl: 1h } }
`;
}

/** The plain row, with these lists, for clients that the load names. */
function configureLists(upstreamPort: number, lists: string): string {
  return `${PLAIN_HEAD}trustedProxies: [127.0.0.1]
${lists}apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
`;
}

/** WebSockets at one path, with as many messages as the load can send. */
function configureMessages(upstreamPort: number): string {
  return `${PLAIN_HEAD}apis:
  bench:
    routes: ['GET /chat']
    upstream: 'http://127.0.0.1:${upstreamPort}'
    auth: public
    operations: { 'GET /chat': { websocket: { rate: 100000/s } } }
`;
}

/** The plain row, with everything held against a description: requests, and the replies too where those are measured. */
function configureValidation(row: Row, upstreamPort: number): string {
  const validate = row === 'validate_response_10kb' ? 'strict' : 'requests';
  return `${PLAIN_HEAD}apis:
  bench: { openapi: ./bench.openapi.yaml, upstream: 'http://127.0.0.1:${upstreamPort}', auth: public, validate: ${validate} }
`;
}

/** How an API is told of the bodies of a row, and what lies beside; null for rows without any. */
function bodiesOf(row: Row): ReturnType<typeof configureBodies> | null {
  for (const load of BODY_LOADS) {
    if (row === `validate_${load}`) return configureBodies(load, true);
    if (row === `unvalidated_${load}`) return configureBodies(load, false);
  }
  return null;
}

/** The plain row with other lines of its API; `isHttp2`: its upstream speaks HTTP/2 in any case. */
function configureOneApi(lines: string, upstreamPort: number, isHttp2: boolean): string {
  const protocol = isHttp2 && !lines.startsWith('descriptors:') ? ', protocol: h2' : '';
  return `${PLAIN_HEAD}apis:
  bench:
    ${lines}
    upstream: { targets: ['http://127.0.0.1:${upstreamPort}']${protocol} }
    auth: public
`;
}

/** A gRPC service with one method, from its descriptors. */
function configureCalls(upstreamPort: number): string {
  return `${PLAIN_HEAD}apis:
  bench: { descriptors: ./bench.binpb, upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
`;
}

/** The configuration of the rows with tokens: a limit per user, validated parameters, and a ledger that is required. */
export function configureSecured(upstreamPort: number, callers: Callers): string {
  return `${securedHead(callers)}apis:
  bench:
    openapi: ./bench.openapi.yaml
    upstream: 'http://127.0.0.1:${upstreamPort}'
    auth: [bench]
    limit: 1000000/min per user
`;
}

const SCHEMES: Readonly<Partial<Record<Row, Target['scheme']>>> = {
  tls: 'https',
  h2: 'h2',
  ws: 'wss',
  grpc: 'grpcs',
  validate_grpc: 'grpcs',
  unvalidated_grpc: 'grpcs',
};

async function startProduct(row: Row, surroundings: Surroundings): Promise<Contestant> {
  const configuration = configure(row, surroundings);
  const beside = row === 'grpc' ? { 'bench.binpb': unaryDescriptors() } : (bodiesOf(row)?.beside ?? {});
  const gateway = await startGateway(configuration, { before: pinnedTo('contestant'), beside });
  return {
    name: 'portcullis',
    row,
    target: { scheme: SCHEMES[row] ?? 'https', port: gateway.https },
    configuration,
    use: () => useOfTree(gateway.pid),
    stop: gateway.stop,
  };
}

function descriptionOf(row: Row): string {
  if (row.startsWith('validate_')) return VALIDATE_DESCRIPTION;
  return row === 'everything_on' ? EVERYTHING_DESCRIPTION : BENCH_DESCRIPTION;
}

async function startPlain(row: Row, surroundings: Surroundings): Promise<Contestant> {
  const configuration = configure(row, surroundings);
  const folder = join(surroundings.folder, `portcullis-${row}`);
  await mkdir(folder);
  await writeFile(join(folder, 'bench.openapi.yaml'), descriptionOf(row));
  for (const [name, content] of Object.entries(bodiesOf(row)?.beside ?? {}))
    await writeFile(join(folder, name), content);
  if (row === 'lists_100000') await writeFile(join(folder, 'networks.txt'), manyNetworks());
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, configuration);
  const port = await freePort();
  const child = await startServer([process.execPath, ...FLAGS, PLAIN_ENTRY, file, String(port)], port, {
    core: 'contestant',
  });
  return {
    name: 'portcullis',
    row,
    target: { scheme: 'http', port },
    configuration: `${configuration}(behind a listener without TLS: plain-listener.ts)\n`,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}
