import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type GatewayProcess, startGateway } from '../../framing/gateway-process.ts';
import { askAdmin } from '../admin.ts';
import type { Reply } from '../https-client.ts';
import { type LocalServer, startLocalServer } from '../local-server.ts';
import { askOver, type VERSIONS } from '../possession-scene.ts';
import { type ForgingKey, forgingKey, shownKey, tokenOf } from './forged.ts';

/** A version of HTTP that clients speak. */
export type Version = (typeof VERSIONS)[number];

/** What is asked of the gateway. */
export interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** What came of it. */
export interface Became {
  readonly reply: Reply;
  /** What the upstream heard meanwhile. */
  readonly arrived: readonly Arrived[];
}

interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** Whom the tokens are for, and who issues them. */
export const AUDIENCE = 'https://api.acme.example';
export const ISSUER = 'https://id.acme.example';
const OTHER = 'https://id.other.example';
export const TENANT = '11111111-2222-3333-4444-555555555555';
const SECRET = 'a-secret-that-is-long-enough';

/** Claims as the issuer writes them, with these put over. */
export function claims(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  const rights = { roles: ['reader'], client_id: 'shop', jti: 'j-1' };
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: now - 5, exp: now + 600, ...rights, ...more };
}

/** A gateway with issuers of several kinds, all of whose keys are known here. */
export class CredentialScene {
  readonly gateway: GatewayProcess;
  readonly keys: Keys;
  /** An API key that may read. */
  readonly apiKey: string;
  /** Where no token may make anybody call. */
  readonly trap: Trap;
  readonly #heard: Arrived[];
  readonly #stops: readonly (() => void)[];

  private constructor(
    gateway: GatewayProcess,
    given: Pick<CredentialScene, 'keys' | 'apiKey' | 'trap'>,
    heard: Arrived[],
    stops: readonly (() => void)[],
  ) {
    this.gateway = gateway;
    this.keys = given.keys;
    this.apiKey = given.apiKey;
    this.trap = given.trap;
    this.#heard = heard;
    this.#stops = stops;
  }

  static async start(): Promise<CredentialScene> {
    const heard: Arrived[] = [];
    const upstream = await startLocalServer(({ method = '', url = '', headers }, response) => {
      heard.push({ method, url, headers });
      response.end('reached');
    });
    const introspection = await startLocalServer((request, response) => void answer(request, response));
    const trap = await openTrap();
    const keys = makeKeys();
    const gateway = await startGateway(configurationOf(upstream, introspection), {
      environment: { SECRET },
      beside: filesOf(keys),
    });
    const text = JSON.stringify({ name: 'reader', roles: ['reader'] });
    const headers = { 'content-type': 'application/json', 'content-length': String(text.length) };
    const { body } = await askAdmin(gateway, '/v1/keys', { method: 'POST', headers, body: text });
    const { key: apiKey } = JSON.parse(body) as { readonly key: string };
    // Whoever made a proof before the gateway began is asked for a nonce, and times in proofs are whole seconds.
    await pause(1_100);
    const stops = [() => upstream.stop(), () => introspection.stop(), () => trap.stop()];
    return new CredentialScene(gateway, { keys, apiKey, trap }, heard, stops);
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    for (const stop of this.#stops) stop();
  }

  /** Asks over one version of HTTP, one at a time, so that what arrived is of this request. */
  async send(version: Version, { path = '/orders/7', method = 'GET', headers = {} }: Sent): Promise<Became> {
    const before = this.#heard.length;
    const { https: port, ca } = this.gateway;
    const host = `localhost:${port}`;
    const reply = await askOver({ port, ca, version, path, method, headers: { host, ...headers } });
    return { reply, arrived: this.#heard.slice(before) };
  }

  /** A token that is as it should be, but for what is given. */
  token(more: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}): string {
    const { one } = this.keys;
    return tokenOf(one, { alg: 'ES256', kid: 'one', typ: 'JWT', ...header }, claims(more));
  }
}

type Keys = ReturnType<typeof makeKeys>;

function makeKeys() {
  return {
    one: forgingKey('one'),
    two: forgingKey('two'),
    rsa: forgingKey('rsa', 'RS256'),
    /** Published, and too short to be used. */
    weak: forgingKey('weak', 'RS256', 1024),
    /** Nobody's. */
    stranger: forgingKey('one'),
    /** Another issuer's, under the same name. */
    other: forgingKey('one'),
    /** An issuer's only one. */
    sole: forgingKey('sole'),
  };
}

function filesOf(keys: Keys): Record<string, string> {
  const set = (...of: readonly ForgingKey[]): string => JSON.stringify({ keys: of.map(shownKey) });
  return {
    'keys.json': set(keys.one, keys.two, keys.rsa, keys.weak),
    'other.json': set(keys.other),
    'sole.json': set(keys.sole),
  };
}

function configurationOf({ url }: LocalServer, introspection: LocalServer): string {
  const own = `issuer: '${ISSUER}', audience: '${AUDIENCE}', claims: { roles: roles }, jwks: ./keys.json`;
  const asked = `audience: '${AUDIENCE}', claims: { roles: roles }`;
  const client = `client: { id: gateway, secret: '\${env:SECRET}' }, timeout: 500ms`;
  const api = (path: string, auth: string, more = ''): string =>
    `  ${path}: { routes: ['GET /${path}'], upstream: '${url}', auth: [${auth}], operations: { 'GET /${path}': { needs: read } }${more} }`;
  return `version: 1
server: { threads: 1, http: off, https: { port: 0, certificate: local } }
admin: { port: 0 }
data: ./data
issuers:
  acme: { ${own}, algorithms: [ES256, RS256] }
  profiled: { ${own}, typ: at+jwt }
  other: { issuer: '${OTHER}', audience: '${AUDIENCE}', claims: { roles: roles }, jwks: ./other.json }
  sole: { issuer: '${ISSUER}', audience: '${AUDIENCE}', claims: { roles: roles }, jwks: ./sole.json }
  entra:
    issuer: 'https://login.example/{tenantid}/v2.0'
    tenants: [${TENANT}]
    audience: '${AUDIENCE}'
    claims: { roles: roles, tenant: tid }
    jwks: ./keys.json
  google: { ${own.replace(ISSUER, 'https://accounts.example')}, hd: [acme.example] }
  asked: { issuer: 'https://asked.example', ${asked}, introspection: { endpoint: '${introspection.url}/one', ${client} } }
  also: { issuer: 'https://also.example', ${asked}, introspection: { endpoint: '${introspection.url}/two', ${client} } }
  people:
    issuer: '${introspection.url}'
    audience: '${AUDIENCE}'
    login: { clientId: gateway, clientSecret: '\${env:SECRET}' }
roles: { reader: { can: [read] } }
apis:
  orders:
    routes: ['GET /orders/{id}', 'DELETE /orders/{id}']
    upstream: '${url}'
    auth: [acme]
    operations: { 'GET /orders/{id}': { needs: read }, 'DELETE /orders/{id}': { needs: remove } }
  chat: { routes: ['GET /chat'], upstream: '${url}', auth: [acme], operations: { 'GET /chat': { websocket: on } } }
  open: { routes: ['GET /open/{rest...}'], upstream: '${url}', auth: public }
${[
  api('profiled', 'profiled'),
  api('other', 'other'),
  api('sole', 'sole'),
  api('entra', 'entra'),
  api('google', 'google'),
  api('asked', 'asked'),
  api('also', 'also'),
  api('keyed', 'api-key'),
  api('any', 'acme, api-key'),
  api('pages', 'session'),
  api('both', 'acme, session'),
  api('nonce', 'acme', ', dpop: { nonce: required }'),
].join('\n')}
`;
}

const GOOD = new Set(['somebody', 'another', 'a-third'].map((who) => `good-token-of-${who}`));

/** What is said of a token is in its name. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url?.startsWith('/.well-known/') === true) return describe(request, response);
  let text = '';
  for await (const piece of request as AsyncIterable<Buffer>) text += piece.toString();
  const token = new URLSearchParams(text).get('token') ?? '';
  const server = request.url === '/one' ? 'https://asked.example' : 'https://also.example';
  const active = { active: true, token_type: 'Bearer', ...claims({ iss: server }) };
  const says = (body: unknown, status = 200, type = 'application/json'): void => {
    response.writeHead(status, { 'content-type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  if (GOOD.has(token)) says(active);
  else if (token === 'split-token-of-somebody') says(server.includes('asked') ? active : { active: false });
  else if (token.startsWith('failed')) says(active, 500);
  else if (token.startsWith('page')) says(JSON.stringify(active), 200, 'text/html');
  else if (token.startsWith('lacking')) says({ ...active, active: undefined });
  else if (token.startsWith('text')) says({ ...active, active: 'true' });
  else if (token.startsWith('late')) setTimeout(() => says(active), 3_000).unref();
  else says({ active: false });
}

/** The metadata of a provider, which is called to nobody's sign-in. */
function describe({ headers }: IncomingMessage, response: ServerResponse): void {
  const issuer = `http://${headers.host}`;
  const places = {
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  };
  const algorithms = { id_token_signing_alg_values_supported: ['ES256'], subject_types_supported: ['public'] };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ issuer, ...places, ...algorithms, response_types_supported: ['code'] }));
}

/** A listener that counts who comes. */
interface Trap {
  readonly url: string;
  calls(): number;
  stop(): void;
}

async function openTrap(): Promise<Trap> {
  let calls = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    calls++;
    open.add(socket);
    socket.on('error', () => {}).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    url: `http://127.0.0.1:${port}/keys`,
    calls: () => calls,
    stop: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
