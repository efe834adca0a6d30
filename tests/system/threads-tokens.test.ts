import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { COMMAND, until } from './odd/gateway.ts';

const AUDIENCE = 'https://api.acme.example';
const ISSUERS = { acme: 'https://acme.example', other: 'https://other.example' } as const;
type Issuer = keyof typeof ISSUERS;
const THREADS = 2;
/** Tokens of keys that nobody publishes, each from an address of its own, so that only the issuer's budget holds. */
const FLOOD = 60;

/** A key of its own, and its public half as issuers publish it. */
async function createKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const published: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  return { kid, privateKey, published };
}

type Key = Awaited<ReturnType<typeof createKey>>;

/** What each issuer publishes, and how often that was fetched. */
const published: Record<Issuer, JWK[]> = { acme: [], other: [] };
const fetched: Record<Issuer, number> = { acme: 0, other: 0 };
let outside: LocalServer;
let gateway: GatewayProcess;
let first: Key;

before(async () => {
  first = await createKey('one');
  published.acme = [first.published];
  published.other = [first.published];
  outside = await startLocalServer((request, reply) => {
    const issuer = (['acme', 'other'] as const).find((name) => request.url === `/${name}`);
    if (issuer === undefined) return reply.end('answered');
    fetched[issuer]++;
    return reply.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published[issuer] }));
  });
  const { url } = outside;
  const issuers = Object.entries(ISSUERS).map(
    ([name, issuer]) => `  ${name}: { issuer: '${issuer}', audience: '${AUDIENCE}', jwks: '${url}/${name}' }`,
  );
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: ${THREADS} }
admin: { port: 0 }
data: ./data
issuers:
${issuers.join('\n')}
apis:
  orders: { routes: ['GET /orders'], upstream: '${url}', auth: [acme, other], policies: { odd: {} } }
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
    .setIssuer(ISSUERS[issuer])
    .setAudience(AUDIENCE)
    .setSubject('ada')
    .setJti('1')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key.privateKey);
}

/** Asks over a connection of its own, which the system gives to any thread. */
function askWith(token: string, from = '127.0.0.1'): Promise<Reply> {
  const headers = { authorization: `Bearer ${token}` };
  return ask({ port: gateway.https, ca: gateway.ca, path: '/orders', headers, from });
}

test('a token that all threads remember opens nothing once its key is withdrawn, in none of them', async () => {
  const old = await tokenOf(first, 'acme');
  const served = new Map<string, number>();
  await until('every thread remembers the token', async () => {
    const reply = await askWith(old);
    assert.equal(reply.status, 200, reply.body);
    const thread = String(reply.headers['x-thread']);
    served.set(thread, (served.get(thread) ?? 0) + 1);
    return served.size === THREADS && [...served.values()].every((count) => count > 1) ? true : null;
  });
  const next = await createKey('two');
  published.acme = [next.published];
  // The new key is asked for by one thread; by the answer every thread has the table without the old one.
  assert.equal((await askWith(await tokenOf(next, 'acme'))).status, 200);
  for (let count = 0; count < 30; count++) assert.equal((await askWith(old)).status, 401);
  const threads = new Set<unknown>();
  const fresh = await tokenOf(next, 'acme');
  await until('every thread takes the new key', async () => {
    const reply = await askWith(fresh);
    assert.equal(reply.status, 200);
    threads.add(reply.headers['x-thread']);
    return threads.size === THREADS ? true : null;
  });
});

test('a flood of unknown keys over all threads and from many addresses costs the issuer one fetch', async () => {
  const stranger = await createKey('stranger');
  const before = fetched.other;
  const tokens = await Promise.all(
    Array.from({ length: FLOOD }, (_, count) => tokenOf(stranger, 'other', `unknown-${count}`)),
  );
  const began = performance.now();
  const replies = await Promise.all(tokens.map((token, count) => askWith(token, `127.0.0.${count + 1}`)));
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401]));
  // One in each 30 s, however long a busy machine takes for the flood.
  const budget = 1 + Math.floor((performance.now() - began) / 30_000);
  assert.ok(fetched.other - before >= 1 && fetched.other - before <= budget, `${fetched.other - before} fetches`);
  assert.equal((await askWith(await tokenOf(first, 'other'))).status, 200);
});
