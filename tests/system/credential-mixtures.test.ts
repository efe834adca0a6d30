import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type Made, make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { FrameClient } from '../http2/frame-client.ts';
import { askAdmin } from './admin.ts';
import { BrowserClient } from './browser-client.ts';
import {
  Dice,
  type Identity,
  type Known,
  type Lines,
  type Mixture,
  Mixtures,
  type Way,
} from './credential-mixtures.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER } from './file-issuer.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';

// Whatever stands beside what in a head, one caller comes of it or none: the one whose only credential it is.

/** Where clients are asked for certificates, which then all of them show. */
const PARTNERS = 'partners.test';

/** Operations by their first segment, with the ways to call that each takes. */
const OPERATIONS = {
  tokens: ['acme'],
  keys: ['api-key'],
  pages: ['session'],
  certificates: ['mtls'],
  either: ['acme', 'api-key'],
  browsers: ['acme', 'session'],
  callers: ['api-key', 'session'],
  shown: ['acme', 'mtls'],
  all: ['acme', 'api-key', 'session'],
} as const satisfies Record<string, readonly Way[]>;

const ROUNDS = 60;
const SECRET = 'a-secret-of-more-than-sixteen-characters';

let upstream: LocalServer;
let provider: OpenIdProvider;
let gateway: GatewayProcess;
let client: Made;
let known: Known;
let heard: IncomingMessage[] = [];

before(async () => {
  upstream = await startLocalServer((request, reply) => {
    heard.push(request);
    reply.end('reached');
  });
  const port = await freePort();
  provider = await startOpenIdProvider(
    { after: () => undefined },
    {
      ...{ client_id: 'gateway', client_secret: SECRET, response_types: ['code'] },
      redirect_uris: [`https://localhost:${port}/.portcullis/callback/people`],
      id_token_signed_response_alg: 'ES256',
    },
  );
  const authority = await makeAuthority('CN=Partners');
  client = await make({ by: authority, subject: 'CN=p', names: [{ type: 'dns', value: 'a.partner.test' }] });
  const issuer = await createFileIssuer();
  const stranger = await createFileIssuer();
  gateway = await startGateway(configuration(port), {
    beside: { 'keys.json': issuer.keys, 'ca.pem': authority.certPem, secret: SECRET },
  });
  const tokens = await Promise.all(
    ['token-ada', 'token-bob'].map(async (subject) => ({
      ...{ subject, secret: await issuer.tokenOf({ subject, roles: [] }) },
    })),
  );
  const past = { issuedAtS: 1_000_000_000, expiresAtS: 1_000_003_600 };
  known = {
    tokens,
    badTokens: [
      await stranger.tokenOf({ subject: 'token-ada', roles: [] }),
      await issuer.tokenOf({ subject: 'token-ada', roles: [], ...past }),
    ],
    keys: [await makeKey('one'), await makeKey('two')],
    sessions: [await signIn('session-eve'), await signIn('session-fay')],
    certificate: { subject: 'certificate-partner', secret: '' },
  };
});

after(async () => {
  await gateway?.stop();
  provider?.stop();
  upstream?.stop();
});

function configuration(port: number): string {
  const api = ([name, ways]: readonly [string, readonly Way[]]): string =>
    `  ${name}: { host: ${hostOf(ways)}, routes: ['GET /${name}'], upstream: '${upstream.url}', auth: [${ways.join(', ')}] }`;
  return `version: 1
server: { threads: 1, connectionsPerAddress: 10000, http: off, https: { port: ${port}, certificate: local, acceptNodeBelowFloor: true, hosts: { ${PARTNERS}: { clientCa: ./ca.pem } } } }
admin: { port: 0 }
data: ./data
issuers:
  acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json, claims: { roles: roles } }
  people:
    issuer: '${provider.issuer}'
    audience: '${FILE_AUDIENCE}'
    login: { clientId: gateway, clientSecret: '\${file:secret}' }
clients: { certificates: [{ match: 'dns:*.partner.test', subject: certificate-partner }] }
apis:
${Object.entries(OPERATIONS).map(api).join('\n')}
`;
}

function hostOf(ways: readonly Way[]): string {
  return ways.includes('mtls') ? PARTNERS : 'localhost';
}

async function makeKey(name: string): Promise<Identity> {
  const body = JSON.stringify({ name, owner: name });
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  const reply = await askAdmin(gateway, '/v1/keys', { method: 'POST', headers, body });
  const { key } = JSON.parse(reply.body) as { readonly key: string };
  const became = await send('http/1.1', 'keys', { lines: [['x-api-key', key]], showsCertificate: false });
  assert.ok(became.subject !== null, reply.body);
  return { subject: became.subject, secret: key };
}

async function signIn(subject: string): Promise<Identity> {
  provider.account = subject;
  const browser = new BrowserClient({ port: gateway.https, ca: gateway.ca });
  await browser.signIn('/pages', 'people');
  return { subject, secret: browser.session ?? assert.fail('no session') };
}

function operations(): readonly (readonly [keyof typeof OPERATIONS, readonly Way[]])[] {
  return Object.entries(OPERATIONS) as never;
}

/** Who is let in by one credential: at the partners' host a token stands beside a certificate that it is not bound to. */
function expectedOf(taken: readonly Way[], way: Way, subject: string): string | null {
  if (!taken.includes('mtls')) return taken.includes(way) ? subject : null;
  if (way === 'mtls') return subject;
  return taken.includes('acme') && way === 'acme' ? null : known.certificate.subject;
}

/** What came of a request: its status, and whom the upstream was told of; null where it was told nothing. */
interface Became {
  readonly status: number;
  readonly subject: string | null;
  /** What must not have arrived. */
  readonly leaked: readonly string[];
}

async function send(
  version: 'http/1.1' | 'h2',
  name: keyof typeof OPERATIONS,
  { lines, showsCertificate }: Pick<Mixture, 'lines' | 'showsCertificate'>,
): Promise<Became> {
  const shown = showsCertificate ? { cert: client.chainPem, key: client.keyPem } : {};
  const asked = { path: `/${name}`, host: hostOf(OPERATIONS[name]), lines, shown };
  heard = [];
  const status = await (version === 'h2' ? overHttp2(asked) : overHttp1(asked));
  assert.ok(heard.length <= 1, 'one request reaches the upstream once');
  const [arrived] = heard;
  if (arrived === undefined) return { status, subject: null, leaked: [] };
  const { headers, rawHeaders } = arrived;
  const said = headers['x-portcullis-subject'];
  const texts = rawHeaders.join('\n');
  const secrets = secretsIn(lines, OPERATIONS[name]);
  return { status, subject: String(said), leaked: ['root', ...secrets].filter((secret) => texts.includes(secret)) };
}

/** What of a head must stay behind: sessions always, and tokens and keys where the API reads their field. */
function secretsIn(lines: Lines, ways: readonly Way[]): readonly string[] {
  const readsField = ways.includes('acme') || ways.includes('api-key');
  return lines.flatMap(([name, value]) => {
    if (name.toLowerCase() === 'cookie') return value.match(/(?<=__host-portcullis-session="?)[\w-]{43}/gi) ?? [];
    return readsField && name.toLowerCase() === 'authorization' ? (value.match(/[\w.-]{43,}/g) ?? []) : [];
  });
}

interface Asked {
  readonly path: string;
  readonly host: string;
  readonly lines: Lines;
  readonly shown: { readonly cert?: string; readonly key?: string };
}

/** The status of the answer to a head as it stands here, byte for byte. */
async function overHttp1({ path, host, lines, shown }: Asked): Promise<number> {
  const { https: port, ca } = gateway;
  // The name of the partners' host stands in no certificate of the test.
  const name = { servername: host, checkServerIdentity: () => undefined };
  const socket = connectTls({ host: '127.0.0.1', port, ca, ...name, ...shown, ALPNProtocols: ['http/1.1'] });
  const fields = lines.map(([field, value]) => `${field}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields.join('')}\r\n`);
  try {
    let said = '';
    while (!said.includes('\r\n\r\n')) {
      const [piece] = (await once(socket, 'data')) as [Buffer];
      said += piece.toString('latin1');
    }
    return Number(said.slice(9, 12));
  } finally {
    socket.destroy();
  }
}

/** The same over HTTP/2, whose libraries send no field twice. */
async function overHttp2({ path, host, lines, shown: { cert, key } }: Asked): Promise<number> {
  const { https: port, ca } = gateway;
  const shown = cert === undefined || key === undefined ? {} : { shown: { cert, key } };
  const session = await FrameClient.open({ port, ca, serverName: host, ...shown });
  try {
    const id = await session.ask({ path, authority: host, fields: lines });
    await session.signal.holds(() => session.isAnswered(id) || session.closed);
    return session.statusOf(id) ?? 0;
  } finally {
    session.destroy();
  }
}

for (const version of ['http/1.1', 'h2'] as const) {
  test(`over ${version} each of those who are known is let in by what is theirs, and by nothing else`, async () => {
    const { tokens, keys, sessions, certificate } = known;
    const ways: readonly (readonly [Way, Identity, Lines])[] = [
      ...tokens.map((one) => ['acme', one, [['authorization', `Bearer ${one.secret}`]]] as const),
      ...keys.map((one) => ['api-key', one, [['x-api-key', one.secret]]] as const),
      ...sessions.map((one) => ['session', one, [['cookie', `__Host-portcullis-session=${one.secret}`]]] as const),
      ['mtls', certificate, []],
    ];
    assert.equal(new Set(ways.map(([, { subject }]) => subject)).size, ways.length);
    for (const [name, taken] of operations()) {
      for (const [way, { subject }, lines] of ways) {
        const became = await send(version, name, { lines, showsCertificate: taken.includes('mtls') });
        assert.equal(became.subject, expectedOf(taken, way, subject), `${name} by ${way}: ${became.status}`);
        assert.deepEqual(became.leaked, [], `${name} by ${way}`);
      }
    }
  });

  test(`over ${version} no mixture of credentials lets in two, somebody else, or who was not verified`, async () => {
    const seed = process.env['MIXTURES_SEED'] ?? randomBytes(4).toString('hex');
    const mixtures = new Mixtures(known, new Dice(`${version} ${seed}`), version);
    let passed = 0;
    for (const [name, ways] of operations()) {
      for (let round = 0; round < ROUNDS; round++) {
        const mixture = mixtures.next(ways);
        const became = await send(version, name, mixture);
        const told = JSON.stringify({ seed, name, ...mixture, became }, null, 1);
        assert.deepEqual(became.leaked, [], told);
        if (became.subject !== null || !mixture.mayBeRefused) assert.equal(became.subject, mixture.expected, told);
        assert.ok(became.subject !== null || [400, 401, 403].includes(became.status), told);
        if (became.subject !== null) passed++;
      }
    }
    assert.ok(passed >= ROUNDS / 4, `${passed} were let in with the seed ${seed}: too few to say anything`);
  });
}
