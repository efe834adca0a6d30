import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type Outcome, run } from './command.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';
import { askOver, VERSIONS } from './possession-scene.ts';

// What an issuer has said counts for five minutes here, so that only a revocation can end it.

const AUDIENCE = 'https://api.acme.example';

let data: string;
let issuer: LocalServer;
let upstream: LocalServer;
let gateway: GatewayProcess;

/** What is said of a token is written in it: `name~value` parts. */
function saidOf(token: string): object {
  const nowS = Math.floor(Date.now() / 1_000);
  const parts = token.split('.').map((part) => part.split('~') as [string, string]);
  const names = Object.fromEntries(parts.filter(([name, value]) => name !== 'n' && value !== undefined));
  const cnf = names['jkt'] === undefined ? {} : { cnf: { jkt: names['jkt'] } };
  return { active: true, aud: AUDIENCE, sub: 'ada', iat: nowS - 10, exp: nowS + 600, ...names, ...cnf };
}

async function answer(question: IncomingMessage, reply: ServerResponse): Promise<void> {
  let text = '';
  for await (const piece of question as AsyncIterable<Buffer>) text += piece.toString();
  reply.writeHead(200, { 'content-type': 'application/json' });
  reply.end(JSON.stringify(saidOf(new URLSearchParams(text).get('token') ?? '')));
}

before(async () => {
  data = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-asked-')));
  issuer = await startLocalServer((question, reply) => void answer(question, reply));
  upstream = await startLocalServer(
    createServer(({ url }, reply) => {
      if (url === '/now') reply.end('now');
      else reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n');
    }),
  );
  gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ${data}
issuers:
  acme:
    issuer: '${issuer.url}'
    audience: '${AUDIENCE}'
    introspection: { endpoint: '${issuer.url}/ask', client: { id: gateway, secret: '\${file:secret}' }, cache: 5m }
apis:
  web: { routes: ['GET /events', 'GET /now'], upstream: '${upstream.url}', auth: [acme] }
`,
    { beside: { secret: 'the secret of the gateway' } },
  );
});

after(async () => {
  await gateway?.stop();
  issuer?.stop();
  upstream?.stop();
  await rm(data, { recursive: true, force: true });
});

/** What connections over both versions get, of which some come to each thread; all are told the same. */
async function everywhere(token: string, scheme = 'Bearer'): Promise<number> {
  const { https: port, ca } = gateway;
  const headers = { host: `localhost:${port}`, authorization: `${scheme} ${token}` };
  const replies = await Promise.all(
    VERSIONS.flatMap((version) =>
      Array.from({ length: 6 }, async () => await askOver({ port, ca, version, path: '/now', headers })),
    ),
  );
  const all = new Set(replies.map(({ status }) => status));
  assert.equal(all.size, 1, [...all].join(' '));
  return replies[0]?.status ?? 0;
}

async function openEvents(token: string): Promise<{ readonly isOpen: () => boolean; readonly ended: Promise<void> }> {
  const { https: port, ca } = gateway;
  const headers = { authorization: `Bearer ${token}` };
  const sent = request({ host: 'localhost', port, ca, path: '/events', headers, agent: false }).end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 200);
  let open = true;
  const ended = new Promise<void>((resolve) => {
    reply.on('error', () => {});
    reply.on('close', () => {
      open = false;
      resolve();
    });
  });
  reply.resume();
  return { isOpen: () => open, ended };
}

const portcullis = async (...words: readonly string[]): Promise<Outcome> =>
  await run(process.execPath, [PROGRAM, ...words, '--data', data]);

/** As an operator types it: the token comes from standard input. */
async function revokeText(token: string): Promise<Outcome> {
  const file = join(data, 'token.txt');
  await writeFile(file, `${token}\n`);
  const words = [process.execPath, PROGRAM, 'revoke', 'token', '--token', '-', '--data', data];
  return await run('/bin/sh', ['-c', 'file=$1; shift; exec "$@" < "$file"', 'sh', file, ...words]);
}

test('an opaque token is revoked by its text at once, in all threads and for streams, whatever was said of it', async () => {
  for (const token of ['n~1', 'n~2.jti~j-2']) {
    const other = `${token}.n~other`;
    assert.deepEqual([await everywhere(token), await everywhere(other)], [200, 200]);
    const [mine, theirs] = [await openEvents(token), await openEvents(other)];
    const done = await revokeText(token);
    assert.deepEqual([done.code, done.stderr], [0, '']);
    assert.match(done.stdout, /^revoked: token sha256:[\w-]{43} of http/);
    assert.ok(!done.stdout.includes(token));
    assert.deepEqual([await everywhere(token), await everywhere(other)], [401, 200]);
    assert.equal(await everywhere(token, 'bearer  '), 401);
    await mine.ended;
    assert.ok(theirs.isOpen());
  }
});

test('so it is by name, by session, by subject and by client', async () => {
  const cases: readonly (readonly [what: string, value: string, token: string, other: string])[] = [
    ['token', 'j-3', 'n~3.jti~j-3', 'n~3.jti~j-4'],
    ['session', 's-3', 'n~3.sid~s-3', 'n~3.sid~s-4'],
    ['subject', 'eve', 'n~3.sub~eve', 'n~3.sub~kim'],
    ['client', 'app', 'n~3.client_id~app', 'n~3.client_id~web'],
  ];
  for (const [what, value, token, other] of cases) {
    assert.deepEqual([await everywhere(token), await everywhere(other)], [200, 200], what);
    const stream = await openEvents(token);
    assert.equal((await portcullis('revoke', what, value)).code, 0);
    assert.deepEqual([await everywhere(token), await everywhere(other)], [401, 200], what);
    await stream.ended;
  }
});

test('a token whose end moves on with each answer stays revoked for a year', async () => {
  assert.equal((await revokeText('n~moving')).code, 0);
  const { revocations } = JSON.parse((await portcullis('revocations', 'list', '--json')).stdout) as {
    readonly revocations: readonly { readonly at: number; readonly until: number; readonly what: string }[];
  };
  const [newest] = revocations;
  assert.ok(newest?.what === 'token' && newest.until - newest.at >= 365 * 86_400_000);
});

test('what is no token, or no one’s, is not revoked, and what was typed is not said again', async () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const foreign = `${part({ alg: 'ES256' })}.${part({ iss: 'https://other.example', sub: 'x' })}.${'A'.repeat(86)}`;
  for (const [token, said] of [
    ['two words', /this is no token/],
    [foreign, /no issuer is called so; there is acme/],
    ['', /there is no token/],
  ] as const) {
    const done = await revokeText(token);
    assert.notEqual(done.code, 0);
    assert.match(done.stderr, said);
    assert.ok(token === '' || !(done.stdout + done.stderr).includes(token));
  }
  const both = await portcullis('revoke', 'token', 'j1', '--token', '-');
  assert.deepEqual([both.code, /one VALUE, or `token` and --token/.test(both.stderr)], [2, true]);
  const session = await portcullis('revoke', 'session', '--token', '-');
  assert.equal(session.code, 2);
});

test('a token that is bound opens nothing as a Bearer, whether or not its type is said', async () => {
  const jkt = 'A'.repeat(43);
  for (const token of [`n~4.jkt~${jkt}`, `n~4.token_type~DPoP.jkt~${jkt}`, `n~4.token_type~Bearer.jkt~${jkt}`])
    assert.equal(await everywhere(token), 401, token);
  assert.equal(await everywhere('n~4'), 200, 'one without a type that is bound to nothing is a Bearer');
  assert.equal(await everywhere('n~4.token_type~DPoP'), 401, 'one for DPoP must say by which key');
});

test('no token stands in the log or in what is kept', async () => {
  const listed = await portcullis('revocations', 'list', '--json');
  assert.doesNotMatch(gateway.said() + listed.stdout, /n~\d|two words/);
});
