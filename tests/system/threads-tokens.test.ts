import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import type { Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { COMMAND, until } from './odd/gateway.ts';
import { askOver, VERSIONS } from './possession-scene.ts';

const AUDIENCE = 'https://api.acme.example';
/** Each is one of its own, since what is asked of an issuer is bounded in time. */
const ISSUERS = ['withdrawn', 'withdrawnh', 'flooded', 'floodedh', 'rotated', 'rotatedh'] as const;
type Issuer = (typeof ISSUERS)[number];
const issuerUrl = (issuer: Issuer): string => `https://${issuer}.example`;
/** Of those the one for this version of HTTP. */
const issuerFor = (what: 'withdrawn' | 'flooded' | 'rotated', version: Version): Issuer =>
  version === 'h2' ? `${what}h` : what;
const THREADS = 2;
/** Tokens of keys that nobody publishes, each from an address of its own, so that only the issuer's budget holds. */
const FLOOD = 60;
/** Between two fetches of one issuer that requests have asked for. */
const COOL_DOWN_MS = 30_000;

type Version = (typeof VERSIONS)[number];

/** A key of its own, and its public half as issuers publish it. */
async function createKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const published: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  return { kid, privateKey, published };
}

type Key = Awaited<ReturnType<typeof createKey>>;

/** What each issuer publishes, and how often that was fetched. */
const published = new Map<Issuer, JWK[]>();
const fetched = new Map<Issuer, number>();
const fetchesOf = (issuer: Issuer): number => fetched.get(issuer) ?? 0;
let outside: LocalServer;
let gateway: GatewayProcess;
let first: Key;

before(async () => {
  first = await createKey('one');
  for (const issuer of ISSUERS) published.set(issuer, [first.published]);
  outside = await startLocalServer((request, reply) => {
    const issuer = ISSUERS.find((name) => request.url === `/${name}`);
    if (issuer === undefined) return reply.end('answered');
    fetched.set(issuer, fetchesOf(issuer) + 1);
    const keys = published.get(issuer);
    return reply.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
  });
  const { url } = outside;
  const issuers = ISSUERS.map(
    (name) => `  ${name}: { issuer: '${issuerUrl(name)}', audience: '${AUDIENCE}', jwks: '${url}/${name}' }`,
  );
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: ${THREADS} }
admin: { port: 0 }
data: ./data
issuers:
${issuers.join('\n')}
apis:
  orders: { routes: ['GET /orders'], upstream: '${url}', auth: [${ISSUERS.join(', ')}], policies: { odd: {} } }
`,
    { command: COMMAND },
  );
});

after(async () => {
  await gateway?.stop();
  outside?.stop();
});

function tokenOf(key: Key, issuer: Issuer, kid = key.kid): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
    .setIssuer(issuerUrl(issuer))
    .setAudience(AUDIENCE)
    .setSubject('ada')
    .setJti('1')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key.privateKey);
}

/** Asks over a connection of its own, which the system gives to any thread. */
function askWith(version: Version, token: string, from = '127.0.0.1'): Promise<Reply> {
  const headers = { host: `localhost:${gateway.https}`, authorization: `Bearer ${token}` };
  return askOver({ port: gateway.https, ca: gateway.ca, version, path: '/orders', headers, from });
}

for (const version of VERSIONS) {
  test(`a token that all threads remember opens nothing once its key is withdrawn, in none of them: ${version}`, () =>
    withdraw(version));

  test(`a flood of unknown keys over all threads and from many addresses costs the issuer one fetch: ${version}`, () =>
    flood(version));
}

test('while one network floods, whoever comes with a key that is really new is let in within the cool-down', async () => {
  await Promise.all(VERSIONS.map((version) => rotateUnder(version)));
});

async function withdraw(version: Version): Promise<void> {
  const issuer = issuerFor('withdrawn', version);
  const old = await tokenOf(first, issuer);
  const served = new Map<string, number>();
  await until('every thread remembers the token', async () => {
    const reply = await askWith(version, old);
    assert.equal(reply.status, 200, reply.body);
    const thread = String(reply.headers['x-thread']);
    served.set(thread, (served.get(thread) ?? 0) + 1);
    return served.size === THREADS && [...served.values()].every((count) => count > 1) ? true : null;
  });
  const next = await createKey('two');
  published.set(issuer, [next.published]);
  // The new key is asked for by one thread; by the answer every thread has the table without the old one.
  assert.equal((await askWith(version, await tokenOf(next, issuer))).status, 200);
  for (let count = 0; count < 30; count++) assert.equal((await askWith(version, old)).status, 401);
  const threads = new Set<unknown>();
  const fresh = await tokenOf(next, issuer);
  await until('every thread takes the new key', async () => {
    const reply = await askWith(version, fresh);
    assert.equal(reply.status, 200);
    threads.add(reply.headers['x-thread']);
    return threads.size === THREADS ? true : null;
  });
}

async function flood(version: Version): Promise<void> {
  const issuer = issuerFor('flooded', version);
  const stranger = await createKey('stranger');
  const before = fetchesOf(issuer);
  const tokens = await Promise.all(
    Array.from({ length: FLOOD }, (_, count) => tokenOf(stranger, issuer, `unknown-${count}`)),
  );
  const began = performance.now();
  const replies = await Promise.all(tokens.map((token, count) => askWith(version, token, `127.0.0.${count + 1}`)));
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401]));
  // One in each cool-down, however long a busy machine takes for the flood.
  const budget = 1 + Math.floor((performance.now() - began) / COOL_DOWN_MS);
  const fetches = fetchesOf(issuer) - before;
  assert.ok(fetches >= 1 && fetches <= budget, `${fetches} fetches`);
  assert.equal((await askWith(version, await tokenOf(first, issuer))).status, 200);
}

/** The worst moment: the issuer has a new key just after the flood has made the gateway ask. */
async function rotateUnder(version: Version): Promise<void> {
  const issuer = issuerFor('rotated', version);
  const stranger = await createKey('stranger');
  const before = fetchesOf(issuer);
  const ended = new AbortController();
  const flooding = (async () => {
    for (let count = 0; !ended.signal.aborted; count++) {
      const tokens = Array.from({ length: 8 }, (_, at) => tokenOf(stranger, issuer, `made-up-${count}-${at}`));
      await Promise.all(tokens.map(async (token) => askWith(version, await token, '127.0.1.1')));
      await pause(50);
    }
  })();
  await until('the flood has spent the budget', () => Promise.resolve(fetchesOf(issuer) > before ? true : null));
  const began = performance.now();
  const next = await createKey('two');
  published.set(issuer, [first.published, next.published]);
  const token = await tokenOf(next, issuer);
  let status = 0;
  while (status !== 200 && performance.now() - began < 2 * COOL_DOWN_MS) {
    ({ status } = await askWith(version, token, '127.0.2.1'));
    if (status !== 200) await pause(250);
  }
  const tookMs = performance.now() - began;
  ended.abort();
  await flooding;
  assert.equal(status, 200);
  assert.ok(tookMs < COOL_DOWN_MS + 5_000, `${Math.round(tookMs)} ms`);
  assert.equal(fetchesOf(issuer) - before, 2, 'one for the flood, one for the key');
}
