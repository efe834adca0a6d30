import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { type Made, make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { BrowserClient } from '../system/browser-client.ts';
import { runToEnd } from './child.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../system/openid-provider.ts';
import { AUDIENCE, type BenchIssuer, createBenchClient, startBenchIssuer } from './credential-peers.ts';
import { machine } from './machine.ts';
import { livingCpuOfTree } from './process-tree.ts';
import { printTable } from './table.ts';

const CLIENT_SECRET = 'a-secret-of-more-than-sixteen-characters';

/** Rounds that count; of each row the cheapest does. */
const ROUNDS = 3;
/** Requests of a row in a round. */
const REQUESTS = 6_000;
/** Those of a row that no two bear the same credential. */
const FIRST_REQUESTS = 3_000;
const CONNECTIONS = 8;
const UNKNOWN_KIDS = 10_000;
/** Connections of a row of which each request has one. */
const HANDSHAKES = 600;
/** Where clients show certificates. */
const CERTIFIED_HOST = 'b2b.test';
/** Unknown kids are to come within so long, where the machine can send them. */
const FLOOD_MS = 10_000;

type Fields = Readonly<Record<string, string>>;

/** The fields of the request of this number. */
type FieldsOf = (at: number) => Fields;

interface Row {
  readonly name: string;
  readonly path: string;
  readonly count: number;
  readonly fields: FieldsOf;
  /** `kept` if left out. */
  readonly door?: Door;
}

/** How the gateway is come to: over kept connections or a new one each time, with a certificate or without. */
type Door = 'kept' | 'new' | 'certified' | 'certified-new';

/** A gateway with one API for each way to sign in, and clients of it. */
class Scene {
  readonly gateway: GatewayProcess;
  readonly #agents: Readonly<Record<Door, Agent>>;

  constructor(gateway: GatewayProcess, { chainPem: cert, keyPem: key }: Made) {
    this.gateway = gateway;
    const plain = { maxSockets: CONNECTIONS, ca: gateway.ca, servername: 'localhost' };
    const shown = { ...plain, servername: CERTIFIED_HOST, cert, key };
    const kept = { keepAlive: true };
    const whole = { keepAlive: false, maxCachedSessions: 0 };
    this.#agents = {
      kept: new Agent({ ...plain, ...kept }),
      new: new Agent({ ...plain, ...whole }),
      certified: new Agent({ ...shown, ...kept }),
      'certified-new': new Agent({ ...shown, ...whole }),
    };
  }

  /** The status of a reply, and how long it took. */
  async get(
    path: string,
    headers: Fields,
    door: Door = 'kept',
  ): Promise<{ readonly status: number; readonly ms: number }> {
    const begun = performance.now();
    const { https: port } = this.gateway;
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      headers: { host: door.startsWith('certified') ? CERTIFIED_HOST : 'localhost', ...headers },
      agent: this.#agents[door],
    });
    sent.end();
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    reply.resume();
    await once(reply, 'end');
    return { status: reply.statusCode ?? 0, ms: performance.now() - begun };
  }

  /** Sends so many requests over a few connections; how many were not served with 200. */
  async send({ path, count, door = 'kept' }: Row, fields: FieldsOf): Promise<number> {
    let next = 0;
    let failed = 0;
    const client = async (): Promise<void> => {
      while (next < count) {
        const { status } = await this.get(path, fields(next++), door);
        if (status !== 200) failed++;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    return failed;
  }

  /** CPU µs that the gateway spent on each of these requests. */
  async cost(row: Row): Promise<number> {
    const { count, fields, name } = row;
    const prepared = Array.from({ length: count }, (_, at) => fields(at));
    const before = livingCpuOfTree(this.gateway.pid);
    const failed = await this.send(row, (at) => prepared[at] ?? {});
    if (failed > 0) throw new Error(`${failed} of ${count} requests of ${name} were not served`);
    return (livingCpuOfTree(this.gateway.pid) - before) / count;
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

/**
 * What each way to sign in costs: CPU µs of the whole gateway for a request over kept-alive TLS, beside the same request
 * where anybody may call. `first`: no two requests bear the same token. `handshake`: each has a connection of its own, with
 * no session resumed. Then 10,000 tokens with names of keys that the
 * issuer does not have: how often its keys are fetched for them, and what valid requests beside them wait.
 */
export async function benchCredentials(): Promise<Record<string, unknown>> {
  const issuer = await startBenchIssuer();
  const upstream: LocalServer = await startLocalServer((_request, response) => response.end('{}'));
  const port = await freePort();
  const provider = await startProvider(port);
  const ca = await makeAuthority('CN=Partners');
  const gateway = await startGateway(configuration({ issuer, upstream, provider, port }), {
    beside: { secret: CLIENT_SECRET, 'ca.pem': ca.certPem },
  });
  const scene = new Scene(gateway, await make({ by: ca, subject: 'CN=billing' }));
  try {
    const us = await costs(scene, await rowsOf(scene, issuer));
    const unknownKids = await flood(scene, issuer);
    return { machine: machine(), us, unknown_kids: unknownKids };
  } finally {
    scene.close();
    await gateway.stop();
    upstream.stop();
    provider.stop();
    issuer.stop();
  }
}

/** Where people sign in. */
async function startProvider(port: number): Promise<OpenIdProvider> {
  const client = {
    ...{ client_id: 'gateway', client_secret: CLIENT_SECRET, response_types: ['code' as const] },
    redirect_uris: [`https://localhost:${port}/.portcullis/callback/people`],
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256' as const,
  };
  return await startOpenIdProvider({ after: () => undefined }, client);
}

interface Around {
  readonly issuer: BenchIssuer;
  readonly upstream: LocalServer;
  readonly provider: OpenIdProvider;
  readonly port: number;
}

function configuration({ issuer: { url }, upstream, provider, port }: Around): string {
  const api = (name: string, auth: string): string =>
    `  ${name}: { host: localhost, basePath: /${name}, routes: ['GET /x'], upstream: '${upstream.url}', auth: ${auth} }\n`;
  const client = `client: { id: gateway, secret: '\${file:secret}' }`;
  return `version: 1
server:
  threads: 1
  http: off
  https: { port: ${port}, certificate: local, acceptNodeBelowFloor: true, hosts: { ${CERTIFIED_HOST}: { clientCa: ./ca.pem } } }
admin: { port: 0 }
data: ./data
apiKeys: { environment: test, lifetime: 1d }
roles: { biller: { can: [bills] } }
clients: { subject: cn, certificates: [{ match: 'subject:CN=billing', issuer: CN=Partners, roles: [biller] }] }
issuers:
  acme: { issuer: '${url}', audience: '${AUDIENCE}', introspection: { ${client}, cache: 5m } }
  people:
    issuer: '${provider.issuer}'
    audience: '${AUDIENCE}'
    login: { clientId: gateway, clientSecret: '\${file:secret}', scopes: [openid, offline_access] }
apis:
  certified: { host: ${CERTIFIED_HOST}, routes: ['GET /x'], upstream: '${upstream.url}', auth: [mtls], operations: { 'GET /x': { needs: bills } } }
${api('session', '[session]')}${api('open', 'public')}${api('token', '[acme]')}${api('key', '[api-key]')}`;
}

async function rowsOf(scene: Scene, issuer: BenchIssuer): Promise<readonly Row[]> {
  const bearer = (token: string): Fields => ({ authorization: `Bearer ${token}` });
  const cached = bearer(issuer.token('ES256'));
  const opaque = bearer('opaque-token-of-somebody');
  const key = await makeKey(scene.gateway);
  const session = await signIn(scene.gateway);
  const client = createBenchClient();
  const bound = issuer.token('ES256', { cnf: { jkt: client.thumbprint } });
  const tokens = { path: '/token/x', count: REQUESTS };
  return [
    { name: 'open', path: '/open/x', count: REQUESTS, fields: () => ({}) },
    { name: 'open_handshake', path: '/open/x', count: HANDSHAKES, fields: () => ({}), door: 'new' },
    { name: 'mtls', path: '/x', count: REQUESTS, fields: () => ({}), door: 'certified' },
    { name: 'mtls_handshake', path: '/x', count: HANDSHAKES, fields: () => ({}), door: 'certified-new' },
    { name: 'jwt_cached', ...tokens, fields: () => cached },
    ...(['ES256', 'RS256', 'EdDSA'] as const).map((signing) => ({
      ...{ name: `jwt_${signing.toLowerCase()}_first`, path: '/token/x', count: FIRST_REQUESTS },
      fields: () => bearer(issuer.token(signing)),
    })),
    { name: 'introspection_cached', ...tokens, fields: () => opaque },
    {
      ...{ name: 'introspection_first', path: '/token/x', count: FIRST_REQUESTS / 3 },
      fields: () => bearer(`opaque-token-${randomUUID()}`),
    },
    ...(key === null
      ? []
      : [{ name: 'api_key', path: '/key/x', count: REQUESTS, fields: () => ({ 'x-api-key': key }) }]),
    ...(session === null ? [] : [{ name: 'session', path: '/session/x', count: REQUESTS, fields: () => session }]),
    {
      ...{ name: 'dpop', path: '/token/x', count: FIRST_REQUESTS },
      fields: () => ({ authorization: `DPoP ${bound}`, dpop: client.proof('GET', 'https://localhost/token/x', bound) }),
    },
  ];
}

/** The cookie of somebody who has signed in; null where that could not be. */
async function signIn({ https: port, ca }: GatewayProcess): Promise<Fields | null> {
  const browser = new BrowserClient({ port, ca });
  try {
    await browser.signIn('/session/x', 'people');
    return browser.session === null ? null : { cookie: `__Host-portcullis-session=${browser.session}` };
  } catch (fault) {
    console.error(fault instanceof Error ? fault.message : 'nobody could sign in');
    return null;
  }
}

/** A key that opens all, made as operators do; null where that could not be. */
async function makeKey({ folder }: GatewayProcess): Promise<string | null> {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'portcullis');
  const words = ['keys', 'create', '--name', 'bench', '--owner', 'bench', '--config', join(folder, 'portcullis.yaml')];
  try {
    const printed = await runToEnd([process.execPath, program, ...words], 'any', 60_000);
    return /pcl_\S+/.exec(printed)?.[0] ?? null;
  } catch {
    return null;
  }
}

async function costs(scene: Scene, rows: readonly Row[]): Promise<Readonly<Record<string, number>>> {
  const least = new Map<string, number>();
  const faults = new Map<string, string>();
  // The first round warms up; each row has its turn in every round, so that a noisy minute is nobody's alone.
  const turns = Array.from({ length: ROUNDS + 1 }, (_, turn) => rows.map((row) => [turn, row] as const)).flat();
  for (const [turn, row] of turns) {
    try {
      const cost = await scene.cost(row);
      if (turn > 0) least.set(row.name, Math.min(cost, least.get(row.name) ?? Number.POSITIVE_INFINITY));
    } catch (fault) {
      faults.set(row.name, fault instanceof Error ? fault.message.slice(0, 200) : 'not measured');
    }
  }
  const open = least.get('open') ?? 0;
  const printed = rows.map(({ name }): readonly string[] => {
    const cost = least.get(name);
    if (cost === undefined || faults.has(name)) return [name, faults.get(name) ?? 'not measured', ''];
    return [name, String(round(cost)), String(round(cost - open))];
  });
  printTable(['who calls', 'CPU µs a request', 'above anybody'], printed);
  return Object.fromEntries(
    [...least].filter(([name]) => !faults.has(name)).map(([name, cost]) => [name, round(cost)]),
  );
}

/** Tokens with unknown names of keys, and valid requests beside them. */
async function flood(scene: Scene, issuer: BenchIssuer): Promise<Readonly<Record<string, number>>> {
  const valid: Fields = { authorization: `Bearer ${issuer.token('ES256')}` };
  const quiet = await waits(scene, valid, () => false, 300);
  const unknown = Array.from({ length: UNKNOWN_KIDS }, (_, at) => issuer.token('ES256', { kid: `unknown-${at}` }));
  const fetches = issuer.fetches();
  const begun = performance.now();
  let running = true;
  const beside = waits(scene, valid, () => running, Number.POSITIVE_INFINITY);
  const before = livingCpuOfTree(scene.gateway.pid);
  let next = 0;
  let refused = 0;
  const client = async (): Promise<void> => {
    for (let at = next++; at < UNKNOWN_KIDS; at = next++) {
      const dueMs = (at / UNKNOWN_KIDS) * FLOOD_MS - (performance.now() - begun);
      if (dueMs > 1) await setTimeout(dueMs);
      const { status } = await scene.get('/token/x', { authorization: `Bearer ${unknown[at] ?? ''}` });
      if (status === 401) refused++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS - 1 }, client));
  running = false;
  const seconds = (performance.now() - begun) / 1_000;
  const cpu = livingCpuOfTree(scene.gateway.pid) - before;
  const loud = await beside;
  const told = {
    ...{ sent: UNKNOWN_KIDS, refused, seconds: round(seconds), fetches: issuer.fetches() - fetches },
    ...{ valid_quiet_p50_ms: round(quiet.p50), valid_beside_p50_ms: round(loud.p50), valid_failed: loud.failed },
    us_each: round(cpu / (UNKNOWN_KIDS + loud.count)),
  };
  console.log(
    `\n${told.sent} unknown names of keys in ${told.seconds} s: ${told.refused} refused, ${told.fetches} fetches of keys; a valid request waits ${told.valid_beside_p50_ms} ms beside them and ${told.valid_quiet_p50_ms} ms alone`,
  );
  return told;
}

/** How long valid requests take, one after the other, as long as `goesOn` says or up to so many. */
async function waits(
  scene: Scene,
  fields: Fields,
  goesOn: () => boolean,
  most: number,
): Promise<{ readonly p50: number; readonly failed: number; readonly count: number }> {
  const times: number[] = [];
  let failed = 0;
  while (times.length < most && (Number.isFinite(most) || goesOn())) {
    const { status, ms } = await scene.get('/token/x', fields);
    times.push(ms);
    if (status !== 200) failed++;
  }
  const sorted = times.toSorted((one, other) => one - other);
  return { p50: sorted[Math.floor(sorted.length / 2)] ?? 0, failed, count: times.length };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
