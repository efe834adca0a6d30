import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type Outcome, run } from './command.ts';
import { until } from './eventually.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

const ISSUER = 'https://id.acme.example';
const OTHER = 'https://id.other.example';
const AUDIENCE = 'https://api.acme.example';

let data: string;
let upstream: LocalServer;
let gateway: GatewayProcess;
let keys: string;
let sign: (claims: object, issuer?: string) => Promise<string>;

/** One key signs for both issuers, under one name, so that nothing but `iss` tells their tokens apart. */
async function createIssuers(): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] });
  sign = (claims, issuer = ISSUER) =>
    new SignJWT({ iss: issuer, aud: AUDIENCE, exp: Math.floor(Date.now() / 1_000) + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey);
}

const configuration = (): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ${data}
issuers:
  acme: { issuer: '${ISSUER}', audience: '${AUDIENCE}', jwks: ./keys.json, skew: 5s }
  other: { issuer: '${OTHER}', audience: '${AUDIENCE}', jwks: ./keys.json }
apis:
  web: { routes: ['GET /events', 'GET /now'], upstream: 'http://127.0.0.1:${upstream.port}', auth: [acme, other] }
`;

before(async () => {
  data = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-revocation-')));
  await createIssuers();
  const server = createServer(({ url }, reply) => {
    if (url === '/now') reply.end('now');
    else reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n');
  });
  upstream = await startLocalServer(server);
  gateway = await startGateway(configuration(), { beside: { 'keys.json': keys } });
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
  await rm(data, { recursive: true, force: true });
});

/** Over a connection of its own, and so in any of the threads. */
async function statusOf(token: string): Promise<number> {
  const { https: port, ca } = gateway;
  return (await ask({ port, ca, path: '/now', headers: { authorization: `Bearer ${token}` } })).status;
}

/** What a few connections get, which is the same for all. */
async function everywhere(token: string): Promise<number> {
  const all = new Set(await Promise.all(Array.from({ length: 8 }, () => statusOf(token))));
  assert.equal(all.size, 1, [...all].join(' '));
  return [...all][0] ?? 0;
}

async function overHttp2(token: string): Promise<unknown> {
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  try {
    const stream = session.request({ ':path': '/now', authorization: `Bearer ${token}` });
    stream.resume();
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    return headers[':status'];
  } finally {
    session.close();
  }
}

async function openEvents(token: string): Promise<Promise<void>[]> {
  const { https: port, ca } = gateway;
  const headers = { authorization: `Bearer ${token}` };
  const sent = request({ host: 'localhost', port, ca, path: '/events', headers, agent: false }).end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 200);
  const ended = new Promise<void>((resolve) => {
    reply.on('error', () => {});
    reply.on('close', () => resolve());
  });
  reply.resume();
  return [ended];
}

const portcullis = (...words: readonly string[]): Promise<Outcome> =>
  run(process.execPath, [PROGRAM, ...words, '--data', data]);

const nowS = (): number => Math.floor(Date.now() / 1_000);

test('a token that is revoked is taken by no thread any more, over either protocol, and others are', async () => {
  const [token, other] = [await sign({ sub: 'ada', jti: 'j1' }), await sign({ sub: 'ada', jti: 'j2' })];
  const elsewhere = await sign({ sub: 'ada', jti: 'j1' }, OTHER);
  assert.deepEqual([await everywhere(token), await everywhere(other), await everywhere(elsewhere)], [200, 200, 200]);
  const done = await portcullis('revoke', 'token', 'j1', '--issuer', 'acme', '--author', 'grace');
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(done.stdout, /^revoked: token j1 of https:\/\/id\.acme\.example \([0-9a-f]{32}\)\nIt is in force/);
  assert.deepEqual([await everywhere(token), await everywhere(other), await everywhere(elsewhere)], [401, 200, 200]);
  assert.deepEqual([await overHttp2(token), await overHttp2(other)], [401, 200]);
});

test('streams of a session that is revoked end, and those of another stay', async () => {
  const [mine, theirs] = [await sign({ sub: 'eve', sid: 's1' }), await sign({ sub: 'eve', sid: 's2' })];
  const [ended] = await openEvents(mine);
  const [standing] = await openEvents(theirs);
  let left = false;
  const sinceMs = Date.now();
  void standing?.then(() => {
    left = true;
  });
  assert.equal((await portcullis('revoke', 'session', 's1', '--issuer', ISSUER)).code, 0);
  await ended;
  assert.ok(Date.now() - sinceMs < 20_000, 'before streams would be judged again in any case');
  assert.equal(left, false);
  assert.deepEqual([await statusOf(mine), await statusOf(theirs)], [401, 200]);
});

test('a subject is revoked up to a time, and by then unless one is said with the clocks’ difference', async () => {
  const early = await sign({ sub: 'kim', iat: nowS() - 60 });
  const late = await sign({ sub: 'kim', iat: nowS() });
  const untold = await sign({ sub: 'kim' });
  const before = new Date((nowS() - 30) * 1_000).toISOString();
  assert.equal((await portcullis('revoke', 'subject', 'kim', '--issuer', 'acme', '--before', before)).code, 0);
  assert.deepEqual([await everywhere(early), await everywhere(late), await everywhere(untold)], [401, 200, 401]);
  const ahead = await sign({ sub: 'kim', iat: nowS() + 3 });
  assert.equal(await statusOf(ahead), 200);
  assert.equal((await portcullis('revoke', 'subject', 'kim', '--issuer', 'acme')).code, 0);
  assert.deepEqual([await everywhere(late), await everywhere(ahead)], [401, 401]);
});

test('what is revoked can be listed and lifted, and stands in the ledger with who did it, and not whom', async () => {
  const token = await sign({ sub: 'zoe', client_id: 'app', jti: 'j7' });
  assert.equal((await portcullis('revoke', 'client', 'app', '--issuer', 'acme', '--reason', 'leaked')).code, 0);
  assert.equal(await everywhere(token), 401);
  const listed = JSON.parse((await portcullis('revocations', 'list', '--json')).stdout) as {
    readonly revocations: readonly { readonly id: string; readonly what: string; readonly reason: string | null }[];
  };
  const found = listed.revocations.find(({ what }) => what === 'client');
  assert.equal(found?.reason, 'leaked');
  assert.equal((await portcullis('revocations', 'lift', found?.id ?? '')).code, 0);
  assert.equal(await everywhere(token), 200);
  let shown = '';
  await until('the changes are in the ledger', async () => {
    shown = (await portcullis('audit', 'show', '--json', '--last', '200')).stdout;
    return shown.includes('revocation.lift');
  });
  assert.match(shown, /"author": ?"grace \(admin\)"/);
  assert.match(shown, /revocation\.add/);
  assert.ok(!shown.includes('kim'), 'subjects have other names in the ledger');
});

test('what is wrong with a wish is told, and nothing is revoked', async () => {
  const count = async (): Promise<unknown> =>
    (JSON.parse((await portcullis('revocations', 'list', '--json')).stdout) as { readonly count: number }).count;
  const held = await count();
  const wrong: readonly (readonly [words: readonly string[], code: number, said: RegExp])[] = [
    [['revoke', 'token', 'j1'], 1, /say of which issuer: acme, other/],
    [['revoke', 'token', 'j1', '--issuer', 'nobody'], 1, /no issuer is called so; there is acme, other/],
    [['revoke', 'token', 'j1', '--issuer', 'acme', '--before', '2026-01-01T00:00:00Z'], 1, /whenever it was issued/],
    [['revoke', 'key', 'k1'], 2, /knows no "key"/],
    [['revoke', 'subject', 'ada', '--before', 'yesterday'], 2, /takes a time such as/],
    [['revocations', 'lift', 'abc'], 2, /an id has 32 digits/],
    [['revocations', 'lift', 'a'.repeat(32)], 1, /there is no revocation of this id/],
  ];
  for (const [words, code, said] of wrong) {
    const done = await portcullis(...words);
    assert.deepEqual([done.code, said.test(done.stderr)], [code, true], `${words.join(' ')}: ${done.stderr}`);
  }
  assert.equal(await count(), held);
});

test('revocations are kept over a restart', async () => {
  const [token, other] = [await sign({ sub: 'ada', jti: 'j1' }), await sign({ sub: 'ada', jti: 'j3' })];
  assert.deepEqual([await statusOf(token), await statusOf(other)], [401, 200]);
  await gateway.stop();
  gateway = await startGateway(configuration(), { beside: { 'keys.json': keys } });
  assert.deepEqual([await everywhere(token), await everywhere(other)], [401, 200]);
});
