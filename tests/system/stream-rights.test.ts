import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { WebSocket, WebSocketServer } from 'ws';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { descriptorSet, ECHO, SERVICE } from './grpc-fixture.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

const LONG_S = 3_600;
/** So long a token lives that is to end under its streams, which must all have begun by then. */
const SHORT_S = 5;

/** An issuer that is a file, upstreams of all kinds of streams, and the gateway between them. */
let issuer: FileIssuer;
let web: LocalServer;
let sockets: WebSocketServer;
let calls: grpc.Server;
let gateway: GatewayProcess;

function configuration(web: number, calls: number): string {
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json, claims: { roles: roles } } }
roles: { watcher: { can: [live] } }
apis:
  web:
    routes: ['GET /events', 'GET /chat']
    upstream: http://127.0.0.1:${web}
    auth: [acme]
    operations: { 'GET /events': { needs: live }, 'GET /chat': { needs: live, websocket: on } }
  calls:
    descriptors: ./echo.binpb
    upstream: http://127.0.0.1:${calls}
    auth: [acme]
    operations: { ${SERVICE}/*: { needs: live } }
`;
}

before(async () => {
  issuer = await createFileIssuer();
  const server = createServer((_request, reply) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n');
  });
  sockets = new WebSocketServer({ server });
  web = await startLocalServer(server);
  calls = new grpc.Server();
  const talk = (call: grpc.ServerDuplexStream<Buffer, Buffer>) => call.on('data', (piece: Buffer) => call.write(piece));
  calls.addService({ Talk: ECHO.Talk }, { Talk: talk });
  const port = await promisify(calls.bindAsync.bind(calls))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  gateway = await startGateway(configuration(web.port, port), {
    beside: { 'keys.json': issuer.keys, 'echo.binpb': descriptorSet() },
  });
});

after(async () => {
  await gateway?.stop();
  calls?.forceShutdown();
  sockets?.close();
  web?.stop();
});

async function tokenOf(expiresAtS: number): Promise<string> {
  return await issuer.tokenOf({ subject: 'ada', roles: ['watcher'], issuedAtS: expiresAtS - LONG_S, expiresAtS });
}

/** Streams of each kind that have begun, and what each ends with. */
interface Streams {
  readonly call: Promise<grpc.StatusObject>;
  readonly socket: Promise<number>;
  /** True where the reply is whole. */
  readonly events: Promise<boolean>;
}

async function openAll(token: string): Promise<Streams> {
  const headers = { authorization: `Bearer ${token}` };
  const [call, socket, events] = await Promise.all([openCall(headers), openSocket(headers), openEvents(headers)]);
  // Each is a function, since a promise in a promise would be waited for.
  return { call: call(), socket: socket(), events: events() };
}

async function openCall({ authorization }: { readonly authorization: string }) {
  const client = new grpc.Client(`localhost:${gateway.https}`, grpc.credentials.createSsl(Buffer.from(gateway.ca)));
  const metadata = new grpc.Metadata();
  metadata.set('authorization', authorization);
  const { path, requestSerialize, responseDeserialize } = ECHO.Talk;
  const made = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
  const begun = Promise.withResolvers<void>();
  const status = Promise.withResolvers<grpc.StatusObject>();
  made.on('data', () => begun.resolve());
  made.on('error', (fault) => begun.reject(fault));
  made.on('status', (ended: grpc.StatusObject) => {
    client.close();
    status.resolve(ended);
  });
  made.write(Buffer.from('first'));
  await begun.promise;
  return () => status.promise;
}

async function openSocket(headers: Readonly<Record<string, string>>) {
  const client = new WebSocket(`wss://localhost:${gateway.https}/chat`, { ca: gateway.ca, headers });
  const closed = new Promise<number>((resolve) => {
    client.once('close', resolve);
  });
  await once(client, 'open');
  return () => closed;
}

async function openEvents(headers: Readonly<Record<string, string>>) {
  const { https: port, ca } = gateway;
  const sent = request({ host: 'localhost', port, ca, path: '/events', headers, agent: false }).end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 200);
  const ended = new Promise<boolean>((resolve) => {
    reply.on('error', () => {});
    reply.on('close', () => resolve(reply.complete));
  });
  reply.resume();
  return () => ended;
}

/** A row of `audit show --json`, as far as it is looked at. */
interface Row {
  readonly kind: string;
  readonly operation: string | null;
  readonly verdict: string;
  readonly completion: {
    readonly status: number;
    readonly problem: string | null;
    readonly grpcStatus?: string;
  } | null;
}

/** What the ledger says of the ends of the newest three streams, once all of it is written; in the order of operations. */
async function recordedEnds(): Promise<readonly unknown[]> {
  const words = [PROGRAM, 'audit', 'show', '--json', '--last', '10', '--data', join(gateway.folder, 'data')];
  let rows: readonly Row[] = [];
  await until('three streams have ended in the ledger', async () => {
    const { stdout } = await run(process.execPath, words);
    const { rows: all } = JSON.parse(stdout) as { readonly rows: readonly Row[] };
    rows = all.filter(({ kind }) => kind === 'request').slice(-3);
    return rows.length === 3 && rows.every(({ completion }) => completion !== null);
  });
  return rows
    .toSorted((one, other) => (String(one.operation) < String(other.operation) ? -1 : 1))
    .map(({ operation, verdict, completion }) => [
      ...[operation, verdict, completion?.status, completion?.problem],
      completion?.grpcStatus ?? null,
    ]);
}

/** Puts another text in the place of the configuration; gives the one that stood there. */
async function rewrite(edit: (text: string) => string): Promise<string> {
  const file = join(gateway.folder, 'portcullis.yaml');
  const text = await readFile(file, 'utf8');
  const next = edit(text);
  assert.notEqual(next, text);
  await writeFile(`${file}.next`, next);
  await rename(`${file}.next`, file);
  return text;
}

/** What a request for the stream of events is answered with; the stream is left at once. */
async function statusOf(token: string): Promise<number | undefined> {
  const { https: port, ca } = gateway;
  const headers = { authorization: `Bearer ${token}` };
  const sent = request({ host: 'localhost', port, ca, path: '/events', headers, agent: false }).end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  reply.destroy();
  return reply.statusCode;
}

const TALK = `calls/${SERVICE}/Talk`;

test('streams of every kind end when the token they began with does, and the ledger says why', async () => {
  const expiresAtS = Math.ceil(Date.now() / 1_000) + SHORT_S;
  const { call, socket, events } = await openAll(await tokenOf(expiresAtS));
  const status = await call;
  assert.ok(Date.now() >= expiresAtS * 1_000, 'no stream ends before its token');
  assert.deepEqual([status.code, await socket, await events], [grpc.status.UNAUTHENTICATED, 1008, true]);
  assert.deepEqual(await recordedEnds(), [
    [TALK, 'pass', 200, 'invalid-token', 'UNAUTHENTICATED'],
    ['web/GET /chat', 'pass', 101, 'invalid-token', null],
    ['web/GET /events', 'pass', 200, 'invalid-token', null],
  ]);
});

test('streams stand while their API is closed for others, until their token ends', async () => {
  const expiresAtS = Math.ceil(Date.now() / 1_000) + SHORT_S;
  const token = await tokenOf(expiresAtS);
  const { call, socket, events } = await openAll(token);
  const closed = 'maintenance: { allow: { roles: [mender] } }';
  const text = await rewrite((before) =>
    before
      .replace('roles: { ', 'roles: { mender: { can: [mend] }, ')
      .replace("routes: ['GET", `${closed}\n    routes: ['GET`),
  );
  await until('others are closed out', async () => (await statusOf(token)) === 503);
  assert.ok(Date.now() < expiresAtS * 1_000, 'closed while they stood');
  await call;
  assert.deepEqual([await socket, await events], [1008, true]);
  assert.ok(Date.now() >= expiresAtS * 1_000, 'no stream ends before its token');
  await rewrite(() => text);
  const later = await tokenOf(expiresAtS + LONG_S);
  await until('it is open again', async () => (await statusOf(later)) === 200);
});

test('streams of every kind end when a reload takes the right from their caller’s role', async () => {
  const { call, socket, events } = await openAll(await tokenOf(Math.floor(Date.now() / 1_000) + LONG_S));
  await rewrite((text) => text.replace('roles: { watcher: { can: [live] } }', 'roles: { watcher: { can: [other] } }'));
  const { code } = await call;
  assert.deepEqual([code, await socket, await events], [grpc.status.PERMISSION_DENIED, 1008, true]);
  assert.deepEqual(await recordedEnds(), [
    [TALK, 'pass', 200, 'forbidden', 'PERMISSION_DENIED'],
    ['web/GET /chat', 'pass', 101, 'forbidden', null],
    ['web/GET /events', 'pass', 200, 'forbidden', null],
  ]);
});
